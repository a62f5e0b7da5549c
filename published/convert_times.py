"""How long a conversion takes: the time and the touches from the first touch in the window to it."""

from __future__ import annotations

from dataclasses import dataclass

from published.journeys import journeys_of
from published.publication import Published
from published.view import View

HOUR, DAY = 3600, 86_400  # seconds
# Ends of the bins in seconds, exclusive; the last bin has no end.
BIN_ENDS = (HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 21 * DAY, 30 * DAY)


@dataclass(frozen=True)
class Quartiles:
    """A quarter of conversions took at most `lower`, half `median`, three quarters `upper`; between two conversions
    the value is interpolated."""

    lower: float
    median: float
    upper: float


@dataclass(frozen=True)
class ConvertTimes:
    """The conversions of one type that have a touch: `bins` counts them by time, in the order of BIN_ENDS and beyond.

    `days` are of 86,400 s from the first touch of the path; `touches` is the length of the path.
    """

    conversion_type: str
    conversions: int
    bins: tuple[int, ...]
    days: Quartiles
    touches: Quartiles


def read_convert_times(published: Published, view: View) -> ConvertTimes | None:
    """Time and touches to convert, of the conversions of the view; None without a touch, or without the table."""
    journeys = journeys_of(published, view)
    if journeys is None:
        return None
    quartiles = ", ".join(
        f"percentile_cont({share}) within group (order by {measure}) as {measure}_{name}"
        for measure in ("days", "touched")
        for name, share in (("lower", 0.25), ("median", 0.5), ("upper", 0.75))
    )
    starts = (0, *BIN_ENDS)
    bins = ", ".join(
        f"sum(case when seconds >= {start} {f'and seconds < {end}' if end else ''} then 1 else 0 end) as bin_{place}"
        for place, (start, end) in enumerate(zip(starts, (*BIN_ENDS, None), strict=True))
    )
    row = journeys.rows(
        f"""
        , timed as (
            select seconds, seconds / {DAY} as days, touched from (
                select cast(extract(epoch from (ended_at - path[1]['touched_at'])) as double) as seconds,
                       cast(touches as double) as touched
                from converted where touches > 0
            )
        )
        select count(*) as conversions, {bins}, {quartiles} from timed
        """
    )[0]
    if not row["conversions"]:
        return None
    days, touches = (
        Quartiles(*(row[f"{measure}_{name}"] for name in ("lower", "median", "upper")))
        for measure in ("days", "touched")
    )
    counts = tuple(int(row[f"bin_{place}"]) for place in range(len(starts)))
    return ConvertTimes(journeys.conversion_type, row["conversions"], counts, days, touches)
