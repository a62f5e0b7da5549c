"""How far each input reaches, beside the day that was published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from published.delta_files import Row
from published.publication import Published
from warehouse.contracts import Table
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES, BRONZE_LANDED_FILES


@dataclass(frozen=True)
class InputFreshness:
    """One input: its files, the one that was written last and when, and the newest day of its rows.

    `last_day` is a day of the reporting zone, None where its rows have no moment that is on record. `behind` says how
    many days it is before the day that was published; below 0 it reaches beyond it.
    """

    source: str
    files: int
    newest_file: str
    written_at: datetime
    last_day: date | None
    behind: int | None


def read_freshness(published: Published, timezone: str) -> tuple[InputFreshness, ...]:
    """Every input that has landed, the one furthest behind first. No clock is asked: days are compared with as_of."""
    rows = published.newest_rows(
        """
        select source, count(*) as files, last_value(file order by modified_at, file) as newest_file,
               max(modified_at) as written_at, max(last_at) as last_at
        from bronze_landed_files where status = 'done' group by source order by source
        """,
        BRONZE_LANDED_FILES,
    )
    days = {
        "ad_spend": _last_date(published, BRONZE_AD_SPEND, "spend_date"),
        "exchange_rates": _last_date(published, BRONZE_EXCHANGE_RATES, "rate_date"),
    }
    found = list(_inputs(rows, days, published.as_of, timezone))
    return tuple(sorted(found, key=lambda each: (each.behind is None, -(each.behind or 0), each.source)))


def _inputs(rows: list[Row], days: dict[str, date | None], as_of: date, timezone: str) -> Iterator[InputFreshness]:
    for row in rows:
        moment = row.pop("last_at")
        last = moment.astimezone(ZoneInfo(timezone)).date() if moment else days.get(row["source"])
        yield InputFreshness(**row, last_day=last, behind=(as_of - last).days if last else None)


def _last_date(published: Published, table: Table, column: str) -> date | None:
    name = f"{table.layer}_{table.name}"
    rows = published.newest_rows(f"select max({column}) as last_day from {name}", table)
    return rows[0]["last_day"] if rows else None
