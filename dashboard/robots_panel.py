"""The panel about robots: their part of the visits, and what shows them."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.performance import ratio
from published.robots import RobotTraffic, read_robots


def robots_panel(figures: Figures, words: Words) -> Panel | None:
    """Robots' part of the visits by reason; None where no visits are published."""
    traffic = read_robots(figures.published, figures.view)
    if traffic is None:
        return None
    if not traffic.robot_visits:
        return Panel("robots", words("robots.title"), words("robots.none", visits=formats.count(traffic.visits)))
    return Panel(
        "robots",
        words("robots.title"),
        words(
            "robots.sentence",
            part=formats.share(traffic.share),
            visits=formats.count(traffic.visits),
            events=formats.share(ratio(traffic.robot_events, traffic.events)),
        ),
        table=_table(traffic, words),
        folded=True,
        note=words("robots.note"),
    )


def _table(traffic: RobotTraffic, words: Words) -> PageTable:
    return PageTable(
        caption=words("robots.caption"),
        columns=columns(words("robots.reason"), words("robots.visits"), words("robots.share"), words("robots.events")),
        rows=table_rows(
            [
                [
                    robot.reason or words("robots.others"),
                    formats.count(robot.visits),
                    formats.share(ratio(robot.visits, traffic.visits)),
                    formats.count(robot.events),
                ]
                for robot in traffic.reasons
            ]
        ),
        foot=(
            words("robots.all"),
            formats.count(traffic.robot_visits),
            formats.share(traffic.share),
            formats.count(traffic.robot_events),
        ),
    )
