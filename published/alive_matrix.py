"""Who is still active: customers by how often they bought and how long they have been silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from published.customers import HORIZON_DAYS, newest_day
from published.days import start_of
from published.publication import Published
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_RETENTION_LIST

# First number of purchase days of a band; a band ends before the next one begins.
PURCHASES = (1, 2, 3, 4, 6, 11)
# Most days since the last purchase of a band, inclusive; the last band has no end.
SILENCE = (7, 14, 30, 60, 90, 180, 365, None)
CELL = re.compile(r"p(\d+)-s(\d+)")


class Cell(NamedTuple):
    """A cell of the matrix: the places of its bands in PURCHASES and SILENCE."""

    purchases: int
    silence: int

    @property
    def key(self) -> str:
        """Its name in addresses."""
        return f"p{self.purchases}-s{self.silence}"


class CellFigures(NamedTuple):
    """The customers of one cell: how many, their mean p_alive, and their expected value within HORIZON_DAYS."""

    cell: Cell
    customers: int
    p_alive: float
    value: Decimal


class Customer(NamedTuple):
    """A customer of a cell. `value_at_risk` is that of gold.retention_list; None for who is not on it."""

    person_id: str
    purchase_days: int
    last_order_on: date
    p_alive: float
    expected_value: Decimal
    value_at_risk: Decimal | None
    segment: str | None


@dataclass(frozen=True)
class AliveMatrix:
    """gold.customer_value at its newest as_of, by cell; cells without a customer are left out."""

    as_of: date
    currency: str
    cells: tuple[CellFigures, ...]


@dataclass(frozen=True)
class CellCustomers:
    """Customers of a cell, of `customers` in it: most value at risk first, then most expected value, ties by person_id.

    `listed` begins after the first `skipped`.
    """

    cell: Cell
    currency: str
    customers: int
    listed: tuple[Customer, ...]
    skipped: int = 0

    @property
    def after(self) -> int | None:
        """How many customers stand before the next page; None on the last."""
        end = self.skipped + len(self.listed)
        return end if end < self.customers else None


def cell_of(key: str | None) -> Cell | None:
    """The cell that an address names, or None."""
    found = CELL.fullmatch(key or "")
    if found is None:
        return None
    cell = Cell(int(found[1]), int(found[2]))
    return cell if cell.purchases < len(PURCHASES) and cell.silence < len(SILENCE) else None


def read_alive_matrix(published: Published, timezone: str) -> AliveMatrix | None:
    """The matrix; None where customer value is not published or empty."""
    if not published.has(GOLD_CUSTOMER_VALUE, GOLD_CUSTOMER_SUMMARY):
        return None
    as_of = newest_day(published)
    if as_of is None:
        return None
    rows = published.rows(
        f"""
        select {_bands(as_of, timezone)}, count(*) as customers, avg(p_alive) as p_alive,
               max(worth.currency) as currency, sum(clv_{HORIZON_DAYS}d) as value
        from {_joined(as_of)} group by 1, 2 order by 1, 2
        """,
        GOLD_CUSTOMER_VALUE,
        GOLD_CUSTOMER_SUMMARY,
    )
    if not rows:
        return None
    cells = tuple(
        CellFigures(Cell(row["purchases"], row["silence"]), row["customers"], row["p_alive"], row["value"])
        for row in rows
    )
    return AliveMatrix(as_of, rows[0]["currency"], cells)


def read_cell(published: Published, timezone: str, cell: Cell, *, most: int, skip: int = 0) -> CellCustomers | None:
    """The first `most` customers of a cell after `skip` of them; None where customer value is not published or nobody
    is there. In one publication the order is always the same, so pages have each customer once."""
    if not published.has(GOLD_CUSTOMER_VALUE, GOLD_CUSTOMER_SUMMARY):
        return None
    as_of = newest_day(published)
    if as_of is None:
        return None
    segment = "segment" if published.has_column(GOLD_CUSTOMER_VALUE, "segment") else "cast(null as string)"
    is_listed = published.has(GOLD_RETENTION_LIST)
    listed = """
        left join (select person_id, as_of, value_at_risk from gold_retention_list) as list
          on list.person_id = worth.person_id and list.as_of = worth.as_of
    """
    rows = published.rows(
        f"""
        select worth.person_id, frequency + 1 as purchase_days,
               cast(last_order_at at time zone '{timezone}' as date) as last_order_on, p_alive,
               clv_{HORIZON_DAYS}d as expected_value,
               {"list.value_at_risk" if is_listed else "cast(null as decimal(28, 6)) as value_at_risk"},
               {segment} as segment, worth.currency, count(*) over () as customers
        from {_joined(as_of)} {listed if is_listed else ""} where {_in_cell(cell, as_of, timezone)}
        order by value_at_risk desc nulls last, expected_value desc, person_id limit {int(most)} offset {int(skip)}
        """,
        GOLD_CUSTOMER_VALUE,
        GOLD_CUSTOMER_SUMMARY,
        *([GOLD_RETENTION_LIST] if is_listed else []),
    )
    if not rows:
        return None
    listed_customers = tuple(Customer(*(row[name] for name in Customer._fields)) for row in rows)
    return CellCustomers(cell, rows[0]["currency"], rows[0]["customers"], listed_customers, skip)


def _joined(as_of: date) -> str:
    day = f"date '{as_of.isoformat()}'"
    return f"""(select * from gold_customer_value where as_of = {day}) as worth
        join (select * from gold_customer_summary where as_of = {day}) as history
          on history.person_id = worth.person_id"""


def _bands(as_of: date, timezone: str) -> str:
    """The places of a customer's bands, as SQL."""
    often = " ".join(f"when frequency + 1 < {end} then {place}" for place, end in enumerate(PURCHASES[1:]))
    silent = " ".join(
        f"when last_order_at >= {start_of(as_of - timedelta(days=days), timezone)} then {place}"
        for place, days in enumerate(SILENCE)
        if days is not None
    )
    return (
        f"case {often} ELSE {len(PURCHASES) - 1} end as purchases, case {silent} ELSE {len(SILENCE) - 1} end as silence"
    )


def _in_cell(cell: Cell, as_of: date, timezone: str) -> str:
    """Whether a customer is in the cell, as SQL."""
    most, least = SILENCE[cell.silence], SILENCE[cell.silence - 1] if cell.silence else None
    conditions = [f"frequency + 1 >= {PURCHASES[cell.purchases]}"]
    if cell.purchases + 1 < len(PURCHASES):
        conditions.append(f"frequency + 1 < {PURCHASES[cell.purchases + 1]}")
    if most is not None:
        conditions.append(f"last_order_at >= {start_of(as_of - timedelta(days=most), timezone)}")
    if least is not None:
        conditions.append(f"last_order_at < {start_of(as_of - timedelta(days=least), timezone)}")
    return " and ".join(conditions)
