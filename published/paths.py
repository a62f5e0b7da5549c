"""Paths: the channels that people touched before a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from published.choices import read_choices
from published.performance import ratio
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_PATH_SUMMARY

TOP_PATHS = 10
MOST_TOUCHES = 8


@dataclass(frozen=True)
class PathFigures:
    """One path of channels. `days_to_convert` is a mean in days of 86,400 s."""

    path: tuple[str, ...]
    conversions: int
    non_conversions: int
    value: Decimal
    days_to_convert: float | None

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        """The channels, each with its number of touches in a row: A, A, B gives (A, 2), (B, 1)."""
        return tuple((channel, len(list(run))) for channel, run in groupby(self.path))

    @property
    def conversion_rate(self) -> float:
        """The share of this path's journeys that converted."""
        return ratio(self.conversions, self.conversions + self.non_conversions) or 0.0


@dataclass(frozen=True)
class PathSummary:
    """gold.path_summary of one conversion type.

    `top` are the paths with the most conversions, ties by value, then by path; `top_mixed` are those with more than one
    channel. Conversions without a touch are in neither; they are counted in `untouched`. `by_touches[n]` counts
    conversions after n touches; the last entry, MOST_TOUCHES, counts those after that many or more.
    """

    conversion_type: str
    currency: str
    top: tuple[PathFigures, ...]
    top_mixed: tuple[PathFigures, ...]
    by_touches: dict[int, int]
    untouched: int
    distinct_paths: int

    @property
    def touched(self) -> int:
        """Conversions with at least one touch."""
        return sum(self.by_touches.values())


def read_paths(published: Published, view: View) -> PathSummary | None:
    """The paths to conversions of the view's type; None if gold.path_summary is not published or has no such path.

    No other field of the view applies: a path has no day and is the same under every model. UsageError when the view
    names an unknown type.
    """
    if not published.has(GOLD_PATH_SUMMARY):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    counts = published.rows(
        f"""
        select least(cardinality(path), {MOST_TOUCHES}) as touches, max(currency) as currency,
               sum(conversions) as conversions, sum(case when conversions > 0 then 1 else 0 end) as paths
        from gold_path_summary where conversion_type = {quoted(conversion_type)} group by 1 order by 1
        """,
        GOLD_PATH_SUMMARY,
    )
    by_touches = {int(row["touches"]): int(row["conversions"]) for row in counts}
    if not sum(by_touches.values()):
        return None
    return PathSummary(
        conversion_type=conversion_type,
        currency=counts[0]["currency"],
        top=_top(published, conversion_type, channels=1),
        top_mixed=_top(published, conversion_type, channels=2),
        untouched=by_touches.pop(0, 0),
        by_touches={touches: count for touches, count in by_touches.items() if count},
        distinct_paths=sum(int(row["paths"]) for row in counts if row["touches"]),
    )


def _top(published: Published, conversion_type: str, *, channels: int) -> tuple[PathFigures, ...]:
    """The paths with the most conversions, of those with at least `channels` different channels."""
    rows = published.rows(
        f"""
        select path, conversions, non_conversions, value, days_to_convert from gold_path_summary
        where conversion_type = {quoted(conversion_type)} and conversions > 0
          and cardinality(array_distinct(path)) >= {channels}
        order by conversions desc, value desc, array_to_string(path, ' > ') limit {TOP_PATHS}
        """,
        GOLD_PATH_SUMMARY,
    )
    return tuple(
        PathFigures(
            tuple(row["path"]), row["conversions"], row["non_conversions"], row["value"], row["days_to_convert"]
        )
        for row in rows
    )
