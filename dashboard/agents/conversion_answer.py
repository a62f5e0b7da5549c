"""An audited conversion as an answer, without what names a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from dashboard.agents.answers import AgentAnswer, text
from published.conversion_audit import AuditedConversion, AuditedTouch, ModelCredit
from published.landed_lines import LandedLine
from published.landed_records import LandedRecord
from warehouse.local_files import shown

MOST_TOUCHES = 200
MOST_RECORDS = 100
NOT_FOUND = "the landed row is not found"


class Share(BaseModel):
    """What a model gives: a share of the conversion, and of its net value."""

    credit: str
    value: str


class Landed(BaseModel):
    """Where a landed row is."""

    table: str
    what: Annotated[str, Field(description="The event's name, or the status of the order.")]
    at: str
    file: str
    line: int | None
    problem: Annotated[str | None, Field(description="Why there is no line.")]
    counts: Annotated[bool, Field(description="False for a version that a newer one replaced.")]


class Touch(BaseModel):
    """One touch of the path."""

    position: int
    touched_at: str
    interaction: str
    channel: str
    channel_rule: Annotated[str, Field(description="The rule that decided its channel.")]
    channel_trace: Annotated[str, Field(description="The fields by which the rule decided.")]
    source: str | None
    medium: str | None
    campaign: str | None
    credit: Annotated[dict[str, Share], Field(description="By model; a model that is missing gives nothing.")]
    landed: Landed | None


class ConversionAnswer(AgentAnswer):
    """One conversion: values, path, credit and landed rows."""

    conversion: str
    conversion_type: str
    converted_at: str
    is_first_purchase: bool
    is_final: bool
    net_value: Annotated[str, Field(description="In currency, less what was refunded.")]
    gross_value: str
    models: Annotated[dict[str, str], Field(description="The models that credit it, each with the version of its fit.")]
    adds_up: Annotated[dict[str, bool], Field(description="Whether the credit of each model is the whole conversion.")]
    touches: list[Touch]
    unattributed: Annotated[dict[str, Share], Field(description="Credit that no touch has, by model.")]
    cause: Annotated[str | None, Field(description="Why it has no touch.")]
    landed: Annotated[list[Landed], Field(description="The landed rows of its order and events.")]


def conversion_answer(
    head: Mapping[str, str],
    handle: str,
    found: AuditedConversion,
    lines: Mapping[LandedRecord, LandedLine],
) -> ConversionAnswer:
    """The conversion under the name `handle`, with at most MOST_TOUCHES touches and MOST_RECORDS landed rows."""
    left_out = [
        f"{len(every) - most} more {what} are not shown"
        for what, every, most in (("touches", found.touches, MOST_TOUCHES), ("landed rows", found.landed, MOST_RECORDS))
        if len(every) > most
    ]
    return ConversionAnswer(
        **{**head, "currency": found.report_currency},
        notes=left_out,
        conversion=handle,
        conversion_type=text(found.conversion_type),
        converted_at=text(found.converted_at),
        is_first_purchase=found.is_first_purchase,
        is_final=found.is_final,
        net_value=text(found.report_value),
        gross_value=text(found.report_gross_value),
        models=found.models,
        adds_up={model: found.adds_up(model) for model in found.models},
        touches=[_touch(touch, lines) for touch in found.touches[:MOST_TOUCHES]],
        unattributed=_shares(found.unattributed),
        cause=found.cause,
        landed=[_landed(record, lines) for record in found.landed[:MOST_RECORDS]],
    )


def _touch(touch: AuditedTouch, lines: Mapping[LandedRecord, LandedLine]) -> Touch:
    names = {name: getattr(touch, name) for name in ("source", "medium", "campaign")}
    return Touch(
        position=touch.position,
        touched_at=text(touch.touched_at),
        interaction=touch.interaction,
        channel=text(touch.channel),
        channel_rule=text(touch.channel_rule),
        channel_trace=text(touch.channel_trace),
        **{name: None if value is None else text(value) for name, value in names.items()},
        credit=_shares(touch.credit),
        landed=_landed(touch.landed, lines) if touch.landed else None,
    )


def _shares(credit: Mapping[str, ModelCredit]) -> dict[str, Share]:
    return {model: Share(credit=text(part.credit), value=text(part.value)) for model, part in credit.items()}


def _landed(record: LandedRecord, lines: Mapping[LandedRecord, LandedLine]) -> Landed:
    found = lines.get(record)
    return Landed(
        table=record.table,
        what=text(record.what),
        at=text(record.at),
        file=shown(record.file),
        line=found.line if found else record.line,
        problem=found.problem if found else NOT_FOUND,
        counts=record.counts,
    )
