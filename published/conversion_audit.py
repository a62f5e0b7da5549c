"""One conversion: its path with each model's credit and the rule that decided each touch, and the landed rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from published.audited_number import moment_sql
from published.delta_files import Row
from published.landed_ids import LandedIds
from published.landed_records import LandedRecord, landed_events, landed_rows_of_conversion
from published.model_order import in_report_order
from published.publication import Published, quoted
from published.unattributed_cause import JourneyWindow, read_cause
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_TOUCHPOINTS,
)
from warehouse.terms import NO_TOUCH


@dataclass(frozen=True)
class ModelCredit:
    """What one model gives to one touch: a share of the conversion, and of its net value."""

    credit: float
    value: Decimal


NO_CREDIT = ModelCredit(0.0, Decimal(0))


@dataclass(frozen=True)
class AuditedTouch:
    """One touch of the path; `position` counts from 1 in order of (touched_at, touchpoint_id).

    `channel_rule` decided its channel, by the fields that `channel_trace` names. `credit` is by model, in report order;
    a model that is not in it gives nothing. touchpoint_id is personal. `landed` is None where the event is not found.
    """

    position: int
    touchpoint_id: str
    touched_at: datetime
    interaction: str
    channel: str
    channel_rule: str
    channel_trace: str
    source: str | None
    medium: str | None
    campaign: str | None
    campaign_id: str | None
    credit: dict[str, ModelCredit]
    landed: LandedRecord | None

    def credit_of(self, model: str) -> ModelCredit:
        """What the model gives to it."""
        return self.credit.get(model, NO_CREDIT)


@dataclass(frozen=True)
class AuditedConversion:
    """One conversion. Values are in `currency`, report values in `report_currency`; net is less what was refunded.

    `models` are the models that credit it, in report order, each with the version of its fit ('rules' for rules); none
    where its type or day gets no credit. `unattributed` is the credit of the row without a touch, by model, and `cause`
    why it has none, if so. `landed` are the rows of its order and of its events. person_id and order_id are personal.
    """

    conversion_id: str
    conversion_type: str
    is_final: bool
    converted_at: datetime
    value: Decimal
    refunded_value: Decimal
    currency: str
    report_value: Decimal
    report_gross_value: Decimal
    report_currency: str
    is_first_purchase: bool
    person_id: str
    order_id: str | None
    models: dict[str, str]
    touches: tuple[AuditedTouch, ...]
    unattributed: dict[str, ModelCredit]
    cause: str | None
    landed: tuple[LandedRecord, ...]

    @property
    def is_unattributed(self) -> bool:
        """Whether no touch is credited for it, although its type and day are."""
        return bool(self.unattributed)

    def credited(self, model: str) -> ModelCredit:
        """What a model gives to all touches together: a credit of 1, and the net value."""
        parts = [*(touch.credit_of(model) for touch in self.touches), self.unattributed.get(model, NO_CREDIT)]
        return ModelCredit(sum(part.credit for part in parts), sum((part.value for part in parts), Decimal(0)))

    def adds_up(self, model: str) -> bool:
        """Whether the credits of a model are the whole conversion."""
        credited = self.credited(model)
        return abs(credited.credit - 1) <= 1e-6 and credited.value == self.report_value

    @property
    def records(self) -> tuple[LandedRecord, ...]:
        """All landed rows: of the touches in order, then of the conversion."""
        return (*(touch.landed for touch in self.touches if touch.landed), *self.landed)


def read_conversion(
    published: Published,
    conversion_id: str,
    *,
    window: JourneyWindow | None = None,
    secret: bytes | None = None,
) -> AuditedConversion | None:
    """The conversion of that id; None where the publication has none, or the tables are not published.

    `window` is what settings say of the path: without it no cause is looked for. `secret` is the key of tokens, where
    tables hold them in place of ids: without it the landed rows are not found there. Of rows landed later than the
    publication those of the conversion are given too: refunds, and versions of its order.
    """
    if not published.has(SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS, GOLD_ATTRIBUTION_CREDITS):
        return None
    is_it = f"conversion_id = {quoted(conversion_id)}"
    found = published.rows(f"select * from silver_conversions where {is_it}", SILVER_CONVERSIONS)
    if not found:
        return None
    (conversion,) = found
    at = moment_sql(conversion["converted_at"])
    journeys = published.rows(f"select path from silver_journeys where {is_it} and ended_at = {at}", SILVER_JOURNEYS)
    credits = published.rows(
        "select model, model_version, touchpoint_id, credit, credited_value as value "
        f"from gold_attribution_credits where {is_it} and converted_at = {at}",
        GOLD_ATTRIBUTION_CREDITS,
    )
    ids, path = LandedIds(secret), journeys[0]["path"] if journeys else []
    unattributed = _by_model(credits, NO_TOUCH)
    versions = {row["model"]: row["model_version"] for row in credits}
    return AuditedConversion(
        **{name: conversion[name] for name in COPIED},
        models={model: versions[model] for model in in_report_order(versions)},
        touches=_touches(published, path, credits, ids),
        unattributed=unattributed,
        cause=read_cause(published, conversion, _order_of(published, conversion), window)
        if unattributed and window
        else None,
        landed=landed_rows_of_conversion(published, conversion, ids),
    )


COPIED = (
    "conversion_id", "conversion_type", "is_final", "converted_at", "value", "refunded_value", "currency",
    "report_value", "report_gross_value", "report_currency", "is_first_purchase", "person_id", "order_id",
)  # fmt: skip


def _touches(
    published: Published, path: Sequence[Row], credits: Sequence[Row], ids: LandedIds
) -> tuple[AuditedTouch, ...]:
    if not path:
        return ()
    moments = [touch["touched_at"] for touch in path]
    touch_ids = ", ".join(quoted(touch["touchpoint_id"]) for touch in path)
    decided = {
        row["touchpoint_id"]: row
        for row in published.rows(
            f"""
            select touchpoint_id, interaction, channel_rule, channel_trace from silver_touchpoints
            where touched_at >= {moment_sql(min(moments))} and touched_at <= {moment_sql(max(moments))}
              and touchpoint_id in ({touch_ids})
            """,
            SILVER_TOUCHPOINTS,
        )
    }
    landed = landed_events(published, {touch["touchpoint_id"]: touch["touched_at"] for touch in path}, ids)
    return tuple(
        AuditedTouch(
            position=position,
            **touch,
            **{name: decided.get(touch["touchpoint_id"], {}).get(name, "") for name in DECIDED},
            credit=_by_model(credits, touch["touchpoint_id"]),
            landed=landed.get(touch["touchpoint_id"]),
        )
        for position, touch in enumerate(path, start=1)
    )


DECIDED = ("interaction", "channel_rule", "channel_trace")


def _by_model(credits: Sequence[Row], touchpoint_id: str) -> dict[str, ModelCredit]:
    of_touch = {row["model"]: row for row in credits if row["touchpoint_id"] == touchpoint_id}
    return {
        model: ModelCredit(of_touch[model]["credit"], of_touch[model]["value"]) for model in in_report_order(of_touch)
    }


def _order_of(published: Published, conversion: Row) -> Row | None:
    if conversion["order_id"] is None or not published.has(SILVER_ORDERS):
        return None
    found = published.rows(
        "select seen_person_id, seen_on, seen_consent_ads from silver_orders "
        f"where order_id = {quoted(conversion['order_id'])}",
        SILVER_ORDERS,
    )
    return found[0] if found else None
