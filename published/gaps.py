"""How much of the credit has no channel that marketing works on, week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from published.metric_figures import performance_where
from published.metrics import metric
from published.publication import Published
from published.view import View
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE


@dataclass(frozen=True)
class WeekOfGaps:
    """A week from Monday on: how many of its days the view has, its conversions, and the shares of them that are
    unattributed and direct, by their metrics. A share is None without conversions."""

    monday: date
    days: int
    conversions: float
    unattributed: float | None
    direct: float | None


def read_gaps(published: Published, view: View) -> tuple[WeekOfGaps, ...]:
    """The weeks of the view, oldest first, under its first model; none where gold.channel_performance is missing."""
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return ()
    rows = published.rows(
        f"""
        select cast(date_trunc('week', date) as date) as monday, count(distinct date) as days,
               {metric("credited_conversions").formula} as conversions,
               {metric("unattributed_share").formula} as unattributed, {metric("direct_share").formula} as direct
        from gold_channel_performance where {performance_where(published, view)}
        group by cast(date_trunc('week', date) as date) order by monday
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    return tuple(WeekOfGaps(**row) for row in rows)
