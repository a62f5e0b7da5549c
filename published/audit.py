"""The conversions behind a number of gold.channel_performance, and whether they add up to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Self

from published.audited_number import NumberFilters, number_filters
from published.campaign_sql import named_credits
from published.publication import Published, quoted
from published.view import View
from warehouse.errors import UsageError
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND

MOST_ROWS = 1_000  # of one page
TOLERANCE = 1e-6  # of sums of credit, which are doubles; money must be equal
AMOUNT = re.compile(r"-?[0-9]{1,22}(?:\.[0-9]{1,6})?")
MOMENTS = {"touch": "touched_at", "conversion": "converted_at"}
PERFORMANCE_SUMS = """
    coalesce(round(sum(credited_conversions), 9), 0) as credit, coalesce(sum(credited_value), 0) as value,
    coalesce(sum(gross_value), 0) as gross_value, coalesce(round(sum(new_customers), 9), 0) as new_customers
"""
# Of all conversions behind the number, beside each row of a page.
SUMS_OF_ALL = """
    count(*) over () as conversions, round(sum(credit) over (), 9) as all_credit, sum(value) over () as all_value,
    sum(gross_value) over () as all_gross_value,
    round(sum(case when is_first_purchase then credit else 0.0 end) over (), 9) as all_new_customers
"""


@dataclass(frozen=True)
class CreditSums:
    """Sums of credit: of conversions, of net and gross value in the reporting currency, and of first purchases."""

    conversions: float
    value: Decimal
    gross_value: Decimal
    new_customers: float

    def agrees_with(self, other: Self) -> bool:
        """Whether both are the same: money to the last digit, credit to a millionth of it."""
        floats = ((self.conversions, other.conversions), (self.new_customers, other.new_customers))
        is_near = all(abs(one - two) <= TOLERANCE * max(1.0, abs(one), abs(two)) for one, two in floats)
        return is_near and (self.value, self.gross_value) == (other.value, other.gross_value)


class Cursor(NamedTuple):
    """The last row of a page, by its amount and its key; as text `amount,key`."""

    amount: Decimal
    key: str

    def __str__(self) -> str:
        """The form that a link carries."""
        return f"{self.amount:f},{self.key}"

    @classmethod
    def of(cls, text: str) -> Self:
        """The cursor that `str` gave. UsageError where it is none."""
        amount, _, key = text.partition(",")
        if not AMOUNT.fullmatch(amount) or not key:
            raise UsageError(f"{text[:80]!r} is no page of this list: begin again without `after`")
        return cls(Decimal(amount), key)

    def is_before(self, amount: str, key: str) -> str:
        """The SQL condition of the rows after it, by amount (largest first), then by key."""
        last = f"cast('{self.amount:f}' as decimal(28,6))"
        return f"({amount} < {last} or ({amount} = {last} and {key} > {quoted(self.key)}))"


@dataclass(frozen=True)
class ConversionBehind:
    """One conversion, and what the number has of it: `touches` of its path with their credit and values."""

    conversion_id: str
    conversion_type: str
    converted_at: datetime
    is_first_purchase: bool
    touches: int
    credit: float
    value: Decimal
    gross_value: Decimal


SUMS = ("credit", "value", "gross_value", "new_customers")
NOTHING = CreditSums(0.0, Decimal(0), Decimal(0), 0.0)
COLUMNS = tuple(field.name for field in fields(ConversionBehind))


@dataclass(frozen=True)
class ConversionsBehind:
    """A page of the conversions behind a number, with the most credited net value first, then by conversion_id.

    `number` is what gold.channel_performance has, `summed` what all `conversions` (not this page alone) add up to.
    `after` is the cursor of the next page, None on the last.
    """

    filters: NumberFilters
    currency: str
    number: CreditSums
    summed: CreditSums
    conversions: int
    rows: tuple[ConversionBehind, ...]
    after: str | None

    @property
    def adds_up(self) -> bool:
        """Whether the conversions are the number."""
        return self.summed.agrees_with(self.number)


def read_conversions_behind(
    published: Published,
    view: View,
    *,
    timezone: str,
    channel: str | None = None,
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    day: date | None = None,
    model: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> ConversionsBehind | None:
    """The conversions whose credit makes the number with these filters (see `number_filters`).

    `timezone` is report.timezone, by which moments have their day. The channel '(unattributed)' gives the conversions
    without a touch. At most MOST_ROWS rows from the cursor `after` on. None where credits are not published. UsageError
    for an unknown model or type, a day outside of the view, a limit out of range and a cursor that is none.
    """
    if not published.has(GOLD_CHANNEL_PERFORMANCE, GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND):
        return None
    require_limit(limit)
    last = Cursor.of(after) if after else None
    filters = number_filters(
        published, view, channel=channel, source=source, medium=medium, campaign=campaign, day=day, model=model
    )
    credits = _credits(filters, timezone)
    tables = (GOLD_ATTRIBUTION_CREDITS, *([SILVER_AD_SPEND] if filters.names_campaign else []))
    (number,) = published.rows(
        f"""
        select max(currency) as currency, {PERFORMANCE_SUMS}
        from gold_channel_performance where {" and ".join(filters.conditions)}
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    behind = f"""
        {credits}, behind as (
            select conversion_id, conversion_type, converted_at, bool_or(is_first_purchase) as is_first_purchase,
                   count(*) as touches, sum(credit) as credit, sum(credited_value) as value,
                   sum(gross_value) as gross_value
            from chosen group by conversion_id, conversion_type, converted_at
        ),
        summed as (select *, {SUMS_OF_ALL} from behind)
        select * from summed
    """
    from_cursor = f"where {last.is_before('value', 'conversion_id')}" if last else ""
    rows = published.rows(f"{behind} {from_cursor} order by value desc, conversion_id limit {limit + 1}", *tables)
    # Every row has the sums; after the last one there is none that could.
    sums = rows or (published.rows(f"{behind} limit 1", *tables) if last else [])
    page = rows[:limit]
    return ConversionsBehind(
        filters=filters,
        currency=number["currency"] or "",
        number=CreditSums(*(number[name] for name in SUMS)),
        summed=CreditSums(*(sums[0][f"all_{name}"] for name in SUMS)) if sums else NOTHING,
        conversions=sums[0]["conversions"] if sums else 0,
        rows=tuple(ConversionBehind(**{name: row[name] for name in COLUMNS}) for row in page),
        after=str(Cursor(page[-1]["value"], page[-1]["conversion_id"])) if len(rows) > limit else None,
    )


def require_limit(limit: int) -> None:
    """UsageError where a page would have no row, or too many."""
    if not 1 <= limit <= MOST_ROWS:
        raise UsageError(f"limit {limit}: a page has 1 to {MOST_ROWS:,} rows")


def _credits(filters: NumberFilters, timezone: str) -> str:
    """CTEs that end with `chosen`: the credit rows of the number."""
    moment = MOMENTS[filters.date_basis]
    conditions = [
        f"model = {quoted(filters.model)}",
        f"conversion_type = {quoted(filters.conversion_type)}",
        *filters.moments(moment, timezone),
        *([f"channel = {quoted(filters.channel)}"] if filters.channel is not None else []),
    ]
    of_slice = f"select * from gold_attribution_credits where {' and '.join(conditions)}"
    if not filters.names_campaign:
        return f"with chosen as ({of_slice})"
    dated = f"select *, to_local_time({moment} at time zone {quoted(timezone)})::date as date from ({of_slice})"
    named = " and ".join(filters.dimension_conditions)
    return f"with {named_credits(dated)}, chosen as (select * from credits where {named})"
