"""Robots' part of the visits, on the page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from dashboard.robots_panel import robots_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.publication import read_published
from published.robots import read_robots
from published.view import EVERYTHING, View
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import SILVER_ROBOTS


def row(reason: str, sessions: int, *, days_ago: int = 0) -> dict[str, Any]:
    return {
        "date": AS_OF - timedelta(days=days_ago),
        "bot_reason": reason,
        "sessions": sessions,
        "events": 10 * sessions,
        "page_views": sessions,
    }


ROWS = [
    row("(people)", 800),
    row("(people)", 100, days_ago=1),
    row("curl/", 20),
    row("bot", 30),
    row("bot", 50, days_ago=1),
]


def lake_with(tmp_path: Path, rows: list[dict[str, Any]]) -> str:
    publish(tmp_path, {SILVER_ROBOTS: write_table(tmp_path, SILVER_ROBOTS, rows)})
    return str(tmp_path)


def test_robots_are_counted_by_what_shows_them_and_shared_among_all_visits(tmp_path: Path) -> None:
    lake = lake_with(tmp_path, ROWS)

    panel = robots_panel(read_figures(lake), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "10% of 1,000 visits, with 10% of their events, are robots' or the shop's own. They give no touches."
    )
    assert panel.table is not None
    assert panel.table.rows == (("bot", "80", "8%", "800"), ("curl/", "20", "2%", "200"))
    assert panel.table.foot == ("All robots", "100", "10%", "1,000")


def test_a_view_of_some_days_counts_the_visits_of_these_days(tmp_path: Path) -> None:
    published = read_published(lake_with(tmp_path, ROWS))

    traffic = read_robots(published, View(last_day=AS_OF - timedelta(days=1)))

    assert traffic is not None
    assert (traffic.visits, traffic.robot_visits) == (150, 50)


def test_more_than_fifteen_reasons_are_shown_with_the_others_as_one(tmp_path: Path) -> None:
    published = read_published(lake_with(tmp_path, [row(f"robot {place:02}", 100 - place) for place in range(20)]))

    traffic = read_robots(published, EVERYTHING)

    assert traffic is not None
    assert [one.reason for one in traffic.reasons] == [f"robot {place:02}" for place in range(15)] + [""]
    assert traffic.reasons[-1].visits == sum(100 - place for place in range(15, 20))


def test_a_page_without_robots_says_so_and_one_without_visits_has_no_panel(tmp_path: Path) -> None:
    people, nobody = tmp_path / "people", tmp_path / "nobody"

    shown = robots_panel(read_figures(lake_with(people, [row("(people)", 5)])), words_in("en"))
    hidden = robots_panel(read_figures(lake_with(nobody, [])), words_in("en"))

    assert shown is not None
    assert shown.sentence == "None of 5 visits is a robot's."
    assert hidden is None
