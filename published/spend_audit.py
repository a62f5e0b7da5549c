"""The landed rows of ad exports behind a number of spend, and whether they add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal

from published.audit import Cursor, require_limit
from published.audited_number import NumberFilters, number_filters
from published.campaign_sql import named_spend
from published.delta_files import Row
from published.landed_spend import LandedExports, LandedSpend
from published.landed_tables import rows_behind
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import BRONZE_AD_SPEND, GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND

# A text for each row of silver.ad_spend: its key, whose columns may be null.
ROW_KEY = "md5(concat_ws('|', {}))".format(
    ", ".join(f"coalesce('_' || cast({name} as varchar), '')" for name in SILVER_AD_SPEND.key)
)


@dataclass(frozen=True)
class SpendBehind:
    """One row of silver.ad_spend: `spend` in the account's currency and in the reporting one, and the landed rows."""

    spend_date: date
    platform: str
    account_id: str | None
    campaign_id: str | None
    campaign: str | None
    source: str | None
    medium: str | None
    channel: str
    channel_rule: str
    spend: Decimal
    currency: str
    report_spend: Decimal
    report_currency: str
    landed: tuple[LandedSpend, ...]

    @property
    def adds_up(self) -> bool:
        """Whether the landed rows are the cost."""
        return sum((row.spend for row in self.landed), Decimal(0)) == self.spend


@dataclass(frozen=True)
class SpendRowsBehind:
    """A page of the rows of spend behind a number, the largest first, then by the hash of their key.

    `number` is what gold.channel_performance has, `summed` what all `count` rows (not this page alone) add up to, both
    in the reporting currency. `after` is the cursor of the next page, None on the last.
    """

    filters: NumberFilters
    currency: str
    number: Decimal
    summed: Decimal
    count: int
    rows: tuple[SpendBehind, ...]
    after: str | None

    @property
    def adds_up(self) -> bool:
        """Whether the rows are the number, and the landed rows of this page are theirs."""
        return self.summed == self.number and all(row.adds_up for row in self.rows)


def read_spend_behind(
    published: Published,
    view: View,
    *,
    timezone: str,
    channel: str | None = None,
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    day: date | None = None,
    limit: int = 50,
    after: str | None = None,
) -> SpendRowsBehind | None:
    """The rows of spend that make the number with these filters, each with its landed rows.

    Parameters and errors as for `read_conversions_behind`; spend is the same under every model and type. None where
    spend is not published.
    """
    if not published.has(GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND):
        return None
    require_limit(limit)
    last = Cursor.of(after) if after else None
    filters = number_filters(published, view, channel=channel, source=source, medium=medium, campaign=campaign, day=day)
    (number,) = published.rows(
        "select max(currency) as currency, coalesce(sum(spend), 0) as spend from gold_channel_performance "
        f"where {' and '.join(filters.conditions)}",
        GOLD_CHANNEL_PERFORMANCE,
    )
    dimensions = [
        f"{'' if name == 'channel' else 'gold_'}{name} = {quoted(text)}" for name, text in filters.dimensions.items()
    ]
    since = [f"date >= date '{filters.first_day}'"] if filters.first_day else []
    chosen = f"""
        with {named_spend()},
        chosen as (
            select *, {ROW_KEY} as row_key, count(*) over () as rows, sum(report_spend) over () as summed from spend
            where {" and ".join([*since, f"date <= date '{filters.last_day}'", *dimensions])}
        )
        select * from chosen
    """
    from_cursor = f"where {last.is_before('report_spend', 'row_key')}" if last else ""
    rows = published.rows(
        f"{chosen} {from_cursor} order by report_spend desc, row_key limit {limit + 1}", SILVER_AD_SPEND
    )
    sums = rows or (published.rows(f"{chosen} limit 1", SILVER_AD_SPEND) if last else [])
    page = rows[:limit]
    return SpendRowsBehind(
        filters=filters,
        currency=number["currency"] or "",
        number=number["spend"],
        summed=sums[0]["summed"] if sums else Decimal(0),
        count=sums[0]["rows"] if sums else 0,
        rows=_with_landed(published, page, timezone),
        after=str(Cursor(page[-1]["report_spend"], page[-1]["row_key"])) if len(rows) > limit else None,
    )


def _with_landed(published: Published, rows: Sequence[Row], timezone: str) -> tuple[SpendBehind, ...]:
    """The rows, each with the landed rows that count for it."""
    if not rows:
        return ()
    days = [row["spend_date"] for row in rows]
    platforms = ", ".join(sorted({quoted(row["platform"]) for row in rows}))
    one = timedelta(days=1)  # an hour of the export's day may be of the next or the last day here
    landed = rows_behind(
        published,
        f"""
        select * from bronze_ad_spend
        where platform in ({platforms})
          and spend_date >= date '{min(days) - one}' and spend_date <= date '{max(days) + one}'
        order by source_file, source_line
        """,
        BRONZE_AD_SPEND,
        of=SILVER_AD_SPEND,
    )
    exports = LandedExports(landed, timezone)
    names = [field.name for field in fields(SpendBehind) if field.name != "landed"]
    return tuple(SpendBehind(**{name: row[name] for name in names}, landed=exports.of(row)) for row in rows)
