"""Buyers whom tracker and shop name differently: how many orders show it, and which of them became one person."""

from __future__ import annotations

from dataclasses import dataclass

from published.publication import Published
from warehouse.tables import SILVER_ALIASES, SILVER_ORDERS


@dataclass(frozen=True)
class SameBuyers:
    """Orders that events and feed both name (`in_both`), of which `differ` carry another user in the event.

    `by_outcome` has logins and orders by what became of them; `apart` orders are still of two persons.
    """

    in_both: int
    differ: int
    apart: int
    by_outcome: dict[str, tuple[int, int]]


def read_same_buyers(published: Published) -> SameBuyers | None:
    """None where the tables are not published, or no order is in both feeds."""
    if not published.has(SILVER_ALIASES, SILVER_ORDERS):
        return None
    orders = published.rows(
        """
        select count(seen_person_id) as in_both,
               coalesce(sum(case when seen_person_id <> person_id then 1 else 0 end), 0) as apart
        from silver_orders where origin = 'orders'
        """,
        SILVER_ORDERS,
    )[0]
    if not orders["in_both"]:
        return None
    rows = published.rows(
        """
        select outcome, count(*) as logins, sum(orders) as orders from silver_aliases group by outcome order by outcome
        """,
        SILVER_ALIASES,
    )
    by_outcome = {row["outcome"]: (int(row["logins"]), int(row["orders"])) for row in rows}
    return SameBuyers(
        in_both=int(orders["in_both"]),
        differ=sum(number for _, number in by_outcome.values()),
        apart=int(orders["apart"]),
        by_outcome=by_outcome,
    )
