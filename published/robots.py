"""How many visits are robots', and by what."""

from __future__ import annotations

from dataclasses import dataclass

from published.performance import ratio
from published.publication import Published
from published.view import View
from warehouse.tables import SILVER_ROBOTS
from warehouse.terms import PEOPLE

MOST_REASONS = 15


@dataclass(frozen=True)
class RobotReason:
    """The visits that one name, word or rule shows to be robots'."""

    reason: str
    visits: int
    events: int


@dataclass(frozen=True)
class RobotTraffic:
    """Robots' visits and events among all of a view's days; `reasons` with the most visits first."""

    visits: int
    robot_visits: int
    events: int
    robot_events: int
    reasons: tuple[RobotReason, ...]

    @property
    def share(self) -> float | None:
        """The part of all visits that is robots'."""
        return ratio(self.robot_visits, self.visits)


def read_robots(published: Published, view: View) -> RobotTraffic | None:
    """Robots' part of the visits; None where there are no visits, and where the table is not published."""
    if not published.has(SILVER_ROBOTS):
        return None
    rows = published.rows(
        f"""
        select bot_reason, sum(sessions) as visits, sum(events) as events from silver_robots
        where {view.within_days} group by bot_reason order by visits desc, bot_reason
        """,
        SILVER_ROBOTS,
    )
    if not rows:
        return None
    robots = [
        RobotReason(row["bot_reason"], row["visits"], row["events"]) for row in rows if row["bot_reason"] != PEOPLE
    ]
    return RobotTraffic(
        visits=sum(row["visits"] for row in rows),
        robot_visits=sum(robot.visits for robot in robots),
        events=sum(row["events"] for row in rows),
        robot_events=sum(robot.events for robot in robots),
        reasons=_shown(robots),
    )


def _shown(robots: list[RobotReason]) -> tuple[RobotReason, ...]:
    """The reasons with the most visits, and the sum of the others."""
    most, others = robots[:MOST_REASONS], robots[MOST_REASONS:]
    if not others:
        return tuple(most)
    rest = RobotReason("", sum(robot.visits for robot in others), sum(robot.events for robot in others))
    return (*most, rest)
