"""What each segment of customers is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from published.customers import HORIZON_DAYS, newest_day
from published.publication import Published
from warehouse.tables import GOLD_CUSTOMER_VALUE
from warehouse.tables.gold_customer_value import SEGMENTS


@dataclass(frozen=True)
class SegmentFigures:
    """One segment; None = customers without one, whom an earlier release scored. `value` is expected within
    HORIZON_DAYS."""

    segment: str | None
    customers: int
    p_alive: float
    value: Decimal


@dataclass(frozen=True)
class SegmentValues:
    """gold.customer_value at its newest as_of, by segment in the order of the contract, those without one last."""

    as_of: date
    currency: str
    segments: tuple[SegmentFigures, ...]

    @property
    def customers(self) -> int:
        """All customers."""
        return sum(each.customers for each in self.segments)

    @property
    def value(self) -> Decimal:
        """What all are expected to bring."""
        return sum((each.value for each in self.segments), Decimal(0))


def read_segments(published: Published) -> SegmentValues | None:
    """The segments; None where customer value is not published, is empty, or has no segments."""
    if not published.has_column(GOLD_CUSTOMER_VALUE, "segment") or (as_of := newest_day(published)) is None:
        return None
    rows = published.rows(
        f"""
        select segment, count(*) as customers, avg(p_alive) as p_alive, sum(clv_{HORIZON_DAYS}d) as value,
               max(currency) as currency
        from gold_customer_value where as_of = date '{as_of.isoformat()}' group by segment
        """,
        GOLD_CUSTOMER_VALUE,
    )
    if not any(row["segment"] for row in rows):
        return None
    found = {row["segment"]: row for row in rows}
    order = [*SEGMENTS, *sorted({name for name in found if name} - set(SEGMENTS)), None]
    return SegmentValues(
        as_of,
        rows[0]["currency"],
        tuple(
            SegmentFigures(name, found[name]["customers"], found[name]["p_alive"], found[name]["value"])
            for name in order
            if name in found
        ),
    )
