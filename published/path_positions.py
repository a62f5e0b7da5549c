"""Where in their paths channels stand: alone, at the start, in the middle, or at the end."""

from __future__ import annotations

from dataclasses import dataclass

from published.journeys import EVERY_TOUCH, journeys_of
from published.publication import Published
from published.view import View

STAGES = ("alone", "early", "middle", "late")


@dataclass(frozen=True)
class ChannelPositions:
    """The touches of one channel: the only one of a path, or in the first, middle or last third of a longer one."""

    channel: str
    alone: int
    early: int
    middle: int
    late: int

    @property
    def touches(self) -> int:
        """All of its touches."""
        return self.alone + self.early + self.middle + self.late


@dataclass(frozen=True)
class PathPositions:
    """Every channel in the paths to conversions of one type, most touches first, ties by name."""

    conversion_type: str
    channels: tuple[ChannelPositions, ...]

    def of_stage(self, stage: str) -> int:
        """The touches of all channels in a stage."""
        return sum(getattr(channel, stage) for channel in self.channels)


def read_positions(published: Published, view: View) -> PathPositions | None:
    """Touches by channel and stage, of the conversions of the view; None without a touch, or without the table.

    A touch is early where its middle lies in the first third of the path, so two touches are one early and one late,
    four are one, two and one; nothing falls on a border.
    """
    journeys = journeys_of(published, view)
    if journeys is None:
        return None
    rows = journeys.rows(
        f"""
        , {EVERY_TOUCH}
        select channel,
               sum(case when touches = 1 then 1 else 0 end) as alone,
               sum(case when touches > 1 and 3 * (2 * position - 1) < 2 * touches then 1 else 0 end) as early,
               sum(case when touches > 1 and 3 * (2 * position - 1) > 2 * touches
                         and 3 * (2 * position - 1) < 4 * touches then 1 else 0 end) as middle,
               sum(case when touches > 1 and 3 * (2 * position - 1) > 4 * touches then 1 else 0 end) as late
        from every_touch group by channel order by count(*) desc, channel
        """
    )
    if not rows:
        return None
    channels = tuple(ChannelPositions(row["channel"], *(int(row[stage]) for stage in STAGES)) for row in rows)
    return PathPositions(journeys.conversion_type, channels)
