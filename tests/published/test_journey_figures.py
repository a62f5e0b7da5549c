"""Figures of paths: by days, channel and customers, beside plain counting over the same journeys."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from published.assists import read_assists
from published.convert_times import BIN_ENDS, read_convert_times
from published.journey_paths import read_journey_paths
from published.path_flow import BEGINS, MOST_CHANNELS, OTHERS, read_flow
from published.path_positions import STAGES, read_positions
from published.publication import Published
from published.view import View
from tests.journey_lake import ENDED_AT, conversion_row, journey, published_journeys

PURCHASES = View(conversion_type="purchase")
READERS = (read_journey_paths, read_positions, read_assists, read_convert_times, read_flow)
SMALL = [
    journey("1", "Search", value=100, hours=0.5),
    journey("2", "Display Search", value=200, hours=24, is_first=True),
    journey("3", "Search Email Email Search", value=300, hours=72),
    journey("4", "Email Direct", value=400, hours=240, campaign="spring"),
    journey("5", "", value=500),
    journey("6", "Search"),
    journey("7", "Display Search"),
    journey("8", "Social", conversion_type="sign_up", value=0),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Published:
    conversions = [conversion_row(name, "USD" if name in "235" else "KRW") for name in "123458"]
    return published_journeys(tmp_path_factory.mktemp("journeys"), SMALL, conversions)


def test_a_touch_is_alone_or_in_a_third_of_its_path(small: Published) -> None:
    found = read_positions(small, PURCHASES)
    assert found is not None
    counts = {each.channel: tuple(getattr(each, stage) for stage in STAGES) for each in found.channels}
    # Of two touches one is early and one late; of four one, two and one.
    assert counts == {
        "Search": (1, 1, 0, 2),
        "Email": (0, 1, 2, 0),
        "Direct": (0, 0, 0, 1),
        "Display": (0, 1, 0, 0),
    }
    assert found.channels[0].touches == 4
    assert found.of_stage("late") == 3


def test_a_channel_assists_where_another_closes(small: Published) -> None:
    found = read_assists(small, PURCHASES)
    assert found is not None
    assert [(c.channel, c.conversions, c.assisted, c.assists, c.last, c.value) for c in found.channels] == [
        ("Email", 2, 2, 2, 0, 700),
        ("Display", 1, 1, 1, 0, 200),
        ("Direct", 1, 0, 0, 1, 0),
        # Journey 3 begins and ends with Search: assisted by the metric's definition, and no assist.
        ("Search", 3, 1, 0, 3, 0),
    ]
    assert (found.conversions, found.with_assist) == (4, 3)
    assert [c.ratio for c in found.channels] == [None, None, 0, 0]


def test_times_and_touches_to_convert(small: Published) -> None:
    found = read_convert_times(small, PURCHASES)
    assert found is not None
    assert found.bins == (1, 0, 1, 1, 1, 0, 0, 0)  # 0.5 h; 1, 3 and 10 days, each at the beginning of its bin or inside
    assert (found.days.lower, found.days.median, found.days.upper) == pytest.approx((0.755208333, 2.0, 4.75))
    assert found.touches.median == 2


def test_the_flow_ends_at_the_last_touch_and_short_paths_begin_later(small: Published) -> None:
    found = read_flow(small, PURCHASES)
    assert found is not None
    assert found.conversions == 4
    assert set(found.links) == {
        (1, "Search", "Email", 1),
        (2, "Email", "Email", 1),
        (2, BEGINS, "Display", 1),
        (2, BEGINS, "Email", 1),
        (3, "Display", "Search", 1),
        (3, "Email", "Search", 1),
        (3, "Email", "Direct", 1),
        (3, BEGINS, "Search", 1),
    }
    assert found.channels == ("Search", "Email", "Direct", "Display")  # by touches among the last four


def test_paths_have_the_journeys_beside_them_that_did_not_convert(small: Published) -> None:
    found = read_journey_paths(small, PURCHASES)
    assert found is not None
    figures = {each.path: (each.conversions, each.non_conversions, each.value) for each in found.top}
    assert figures == {
        ("Email", "Direct"): (1, 0, 400),
        ("Search", "Email", "Email", "Search"): (1, 0, 300),
        ("Display", "Search"): (1, 1, 200),
        ("Search",): (1, 1, 100),
    }
    assert [each.path for each in found.top] == list(figures), "by conversions, then value"
    assert ("Search",) not in [each.path for each in found.top_mixed]
    assert (found.untouched, found.by_touches, found.distinct_paths) == (1, {1: 1, 2: 2, 4: 1}, 4)


@pytest.mark.parametrize(
    ("view", "conversions"),
    [
        (View(channel="Search"), {"1", "2", "3"}),
        (View(channel="Email", campaign="spring"), {"4"}),
        (View(channel="Email", campaign="(not set)"), {"3"}),
        (View(customers="new"), {"2"}),
        (View(customers="returning"), {"1", "3", "4"}),
        (View(currency="USD"), {"2", "3"}),
        (View(currency="KRW", channel="Search"), {"1"}),
        (View(channel="No'where"), set()),
        (View(last_day=ENDED_AT.date() - timedelta(days=1)), set()),
    ],
)
def test_every_reader_follows_the_filters(small: Published, view: View, conversions: set[str]) -> None:
    view = replace(view, conversion_type="purchase")
    found = read_assists(small, view)
    assert (found.conversions if found else 0) == len(conversions)
    times, flow, paths = read_convert_times(small, view), read_flow(small, view), read_journey_paths(small, view)
    assert (times.conversions if times else 0) == len(conversions)
    assert (flow.conversions if flow else 0) == len(conversions)
    assert (paths.touched if paths else 0) == len(conversions)


def test_a_conversion_counts_on_its_day_in_the_reporting_zone(tmp_path: Path) -> None:
    # 15:30 UTC on the 20th is half past midnight of the 21st in Seoul.
    late = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
    published = published_journeys(tmp_path, [journey("1", "Search", value=1, ended_at=late)])
    for day, timezone, count in (
        (date(2026, 3, 20), "UTC", 1),
        (date(2026, 3, 20), "Asia/Seoul", 0),
        (date(2026, 3, 21), "Asia/Seoul", 1),
    ):
        found = read_convert_times(published, View(first_day=day, last_day=day, timezone=timezone))
        assert (found.conversions if found else 0) == count


def test_channels_beyond_the_most_frequent_flow_together(tmp_path: Path) -> None:
    names = [f"C{place:02}" for place in range(12)]
    journeys = [
        journey(f"{name}-{number}", name, value=1) for place, name in enumerate(names) for number in range(12 - place)
    ]
    found = read_flow(published_journeys(tmp_path, journeys), PURCHASES)
    assert found is not None
    assert found.channels == (*names[: MOST_CHANNELS - 1], OTHERS)
    assert sum(link.conversions for link in found.links if link.target == OTHERS) == 5 + 4 + 3 + 2 + 1


@pytest.mark.parametrize("reader", READERS)
def test_a_lake_without_journeys_has_no_figures(published: Published, tmp_path: Path, reader: Any) -> None:
    assert reader(published, View()) is None
    assert reader(published_journeys(tmp_path, []), View()) is None


def test_random_journeys_agree_with_plain_counting(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    journeys = [
        journey(
            f"j{number:03}",
            " ".join(chance.choice("ABCDE") for _ in range(min(int(chance.expovariate(0.4)), 9))),
            value=chance.choice([None, 10, 25]),
            hours=chance.uniform(0.1, 1000),
        )
        for number in range(400)
    ]
    published = published_journeys(tmp_path, journeys)
    converted = [each for each in journeys if each["conversion_id"] and each["path"]]
    paths = [tuple(touch["channel"] for touch in each["path"]) for each in converted]

    positions = Counter(
        (channel, "alone" if len(path) == 1 else STAGES[1 + int((place + 0.5) / len(path) * 3)])
        for path in paths
        for place, channel in enumerate(path)
    )
    found = read_positions(published, PURCHASES)
    assert found is not None
    assert {(c.channel, s): getattr(c, s) for c in found.channels for s in STAGES if getattr(c, s)} == positions

    assists = read_assists(published, PURCHASES)
    assert assists is not None
    for each in assists.channels:
        inside = [place for place, path in enumerate(paths) if each.channel in path]
        helped = [place for place in inside if paths[place][-1] != each.channel]
        assert each.conversions == len(inside)
        assert each.assisted == sum(each.channel in path[:-1] for path in paths)
        assert (each.assists, each.last) == (len(helped), len(inside) - len(helped))
        assert each.value == sum((converted[place]["report_value"] for place in helped), Decimal(0))
    assert assists.with_assist == sum(len(set(path)) > 1 for path in paths)

    times = read_convert_times(published, PURCHASES)
    seconds = [(each["ended_at"] - each["path"][0]["touched_at"]).total_seconds() for each in converted]
    assert times is not None
    assert times.bins == tuple(Counter(sum(s >= end for end in BIN_ENDS) for s in seconds)[bin_] for bin_ in range(8))
    expected = [value / 86_400 for value in quantiles(seconds, n=4, method="inclusive")]
    assert (times.days.lower, times.days.median, times.days.upper) == pytest.approx(tuple(expected))

    flow = read_flow(published, PURCHASES)
    assert flow is not None
    ends = [("",) * 4 + path for path in paths]
    links = Counter((step, p[step - 5], p[step - 4]) for p in ends for step in (1, 2, 3) if p[step - 4])
    assert {link[:3]: link.conversions for link in flow.links} == links

    ranked = read_journey_paths(published, PURCHASES)
    assert ranked is not None
    counts = Counter(paths)
    others = Counter(tuple(t["channel"] for t in each["path"]) for each in journeys if not each["conversion_id"])
    assert len(ranked.top) == 10
    assert all(
        (each.conversions, each.non_conversions) == (counts[each.path], others[each.path]) for each in ranked.top
    )
    assert sorted(-each.conversions for each in ranked.top) == sorted(-n for n in counts.values())[:10]
    assert ranked.distinct_paths == len(counts)
