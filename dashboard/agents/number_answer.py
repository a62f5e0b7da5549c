"""An audited number as an answer: what it is, the SQL that gives it, and what it is made of, without ids of persons."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from dashboard.agents.answers import AgentAnswer, text
from published.audit import ConversionBehind, CreditSums
from published.spend_audit import SpendBehind
from warehouse.local_files import shown

MOST_LANDED = 20  # places of one row of spend


class BehindConversion(BaseModel):
    """One conversion behind a number, and what the number has of it."""

    conversion: Annotated[str, Field(description="Its name for audit_conversion, while this server runs.")]
    conversion_type: str
    converted_at: str
    is_first_purchase: bool
    touches: int
    credit: str
    value: str
    gross_value: str


class BehindSpend(BaseModel):
    """One row of spend behind a number: a platform's campaign on a day."""

    day: str
    platform: str
    channel: str
    channel_rule: Annotated[str, Field(description="The rule that decided its channel.")]
    campaign: str | None
    spend: Annotated[str, Field(description="In the reporting currency.")]
    landed: Annotated[list[str], Field(description="file:line of the landed rows that it is made of.")]


class Sums(BaseModel):
    """Sums of credit: conversions, net and gross value in the reporting currency, and first purchases."""

    conversions: str
    value: str
    gross_value: str
    new_customers: str


class CreditBehind(BaseModel):
    """The conversions behind a number, and whether they add up to it."""

    count: int
    summed: Annotated[Sums, Field(description="What all of them, not only those shown, add up to.")]
    published: Annotated[Sums, Field(description="What the published table has.")]
    adds_up: bool


class CostBehind(BaseModel):
    """The rows of spend behind a number, and whether they add up to it."""

    count: int
    summed: Annotated[str, Field(description="What all of them, not only those shown, add up to.")]
    published: Annotated[str, Field(description="What the published table has.")]
    adds_up: bool


class NumberAudit(AgentAnswer):
    """What a number is, the SQL that gives it, and what it is made of."""

    metric: str
    sentence: str
    formula: str
    table: str
    value: Annotated[str | None, Field(description="The number with these filters.")]
    unit: str
    filters: dict[str, str]
    sql: str
    credit: Annotated[CreditBehind | None, Field(description="Null for metrics that are not made of credit.")]
    conversions: Annotated[list[BehindConversion], Field(description="The most credited value first.")]
    spend: Annotated[CostBehind | None, Field(description="Null where conversions are listed, or nothing costs.")]
    spend_rows: Annotated[list[BehindSpend], Field(description="The largest first.")]
    next_page: Annotated[str | None, Field(description="Give it as `after`; null on the last page.")]


def sums_of(sums: CreditSums) -> Sums:
    """Sums as text."""
    return Sums(**{name: text(getattr(sums, name)) for name in Sums.model_fields})


def conversion_behind(row: ConversionBehind, handle: str) -> BehindConversion:
    """A conversion under the name `handle`."""
    texts = ("conversion_type", "converted_at", "credit", "value", "gross_value")
    return BehindConversion(
        conversion=handle,
        is_first_purchase=row.is_first_purchase,
        touches=row.touches,
        **{name: text(getattr(row, name)) for name in texts},
    )


def cost_behind(row: SpendBehind) -> BehindSpend:
    """A row of spend with its landed lines, at most MOST_LANDED."""
    return BehindSpend(
        day=text(row.spend_date),
        platform=text(row.platform),
        channel=text(row.channel),
        channel_rule=row.channel_rule,
        campaign=None if row.campaign is None else text(row.campaign),
        spend=text(row.report_spend),
        landed=[f"{shown(landed.file)}:{landed.line}" for landed in row.landed[:MOST_LANDED]],
    )
