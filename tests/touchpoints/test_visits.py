"""Visits: which events are one session, whose session it is, and which events are touches."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest
from bronze_rows import Silver, at, build_all, collected, events, frame, hit_knobs, orders, robot_limits, visits
from pyspark.sql import SparkSession
from visit_oracle import Result, World, result_of_oracle

from touchpoints.hits import build_hits
from touchpoints.source_list import load_sources
from touchpoints.visits import build_visits, slim_visits
from warehouse.tables import SILVER_IDENTITIES

AD: dict[str, Any] = {"source": "google", "medium": "cpc", "campaign": "spring", "click_id": "g1"}
OTHER_AD: dict[str, Any] = {**AD, "click_id": "g2"}
MAIL: dict[str, Any] = {"source": "news", "medium": "email", "campaign": "april"}


def hit(minutes: float, *, microseconds: int = 0, **fields: Any) -> dict[str, Any]:
    return {"event_at": at(minutes, microseconds=microseconds), **fields}


# name of the device: its events in order, then for each its session ('-' outside of any) and '*' where it is a touch
CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "exactly 30 minutes are one visit": ([hit(0), hit(30), hit(60)], "A* A A"),
    "a microsecond more is another": ([hit(0), hit(30, microseconds=1)], "A* B*"),
    "a login splits a visit that others began": (
        [hit(0, user_id="ann"), hit(1), hit(2, user_id="bob"), hit(3)],
        "A* B* B B",
    ),
    "a login of the one who was there all along does not": ([hit(0), hit(1, user_id="ann"), hit(2)], "A* A A"),
    "a login for nobody does not": ([hit(0), hit(1, user_id="anonymous"), hit(2, user_id="0")], "A* A A"),
    "a login on a shared tablet long ago leaves later strangers alone": (
        [hit(0, user_id="ann"), hit(60 * 24 * 30), hit(60 * 24 * 30, microseconds=1)],
        "A* B* C*",
    ),
    "ad and server events open and continue no session": (
        [
            hit(0, event_name="ad_impression", source="google"),
            hit(1, platform="server", event_name="purchase"),
            hit(2),
            hit(20, platform="server"),
            hit(30, event_name="ad_click", click_id="x"),
            hit(33),
        ],
        "-* - A* - -* B*",
    ),
    "a server event with a campaign is no touch either": ([hit(0), hit(1, platform="server", **AD)], "A* -"),
    "the same campaign again is no new touch": ([hit(0, **AD), hit(1), hit(2, **AD)], "A* A A"),
    "another click of one campaign is": ([hit(0, **AD), hit(1, **OTHER_AD), hit(2, **OTHER_AD)], "A* A* A"),
    "another source, medium or campaign is": (
        [
            hit(0, **AD),
            hit(1, **{**AD, "source": "bing"}),
            hit(2, **{**AD, "source": "bing", "medium": "email"}),
            hit(3, **{**AD, "source": "bing", "medium": "email", "campaign": "fall"}),
        ],
        "A* A* A* A*",
    ),
    "other content or term is not": ([hit(0, **AD, content="red"), hit(1, **AD, content="blue", term="x")], "A* A"),
    "a campaign after a Direct start is a touch, pages without origin are none": (
        [hit(0), hit(1), hit(2, **MAIL), hit(3), hit(4, **MAIL)],
        "A* A A* A A",
    ),
    "back to the first campaign is a touch again": ([hit(0, **AD), hit(1, **MAIL), hit(2, **AD)], "A* A* A*"),
    "one campaign in two visits is a touch of each": ([hit(0, **MAIL), hit(40, **MAIL)], "A* B*"),
    "an ad event between two pages of a campaign changes nothing": (
        [hit(0, **AD), hit(1, event_name="ad_impression", **MAIL), hit(2, **AD)],
        "A* -* A",
    ),
    "sent session ids decide where both sides have them": (
        [hit(0, sent_session_id="1"), hit(50, sent_session_id="1"), hit(51, sent_session_id="2"), hit(52), hit(90)],
        "A* A B* B C*",
    ),
    "sent session ids do not hold two people together": (
        [hit(0, sent_session_id="1", user_id="ann"), hit(1, sent_session_id="1", user_id="bob")],
        "A* B*",
    ),
    "of the sender's sessions A, B, A, B on one device two are visits": (
        [hit(minute, sent_session_id=name) for minute, name in enumerate("ABAB")],
        "A* B* A B",
    ),
    "and of A, B, C, A, B, C three": (
        [hit(minute, sent_session_id=name) for minute, name in enumerate("ABCABC")],
        "A* B* C* A B C",
    ),
    "each keeps its own campaign: back in it, the same campaign is no new touch": (
        [
            hit(0, sent_session_id="1", **AD),
            hit(1, sent_session_id="2", **MAIL),
            hit(2, sent_session_id="1", **AD),
            hit(3, sent_session_id="2", **AD),
            hit(4, sent_session_id="1"),
        ],
        "A* B* A B* A",
    ),
    "an event without an id is of the visit of the event before it": (
        [hit(0, sent_session_id="1"), hit(1, sent_session_id="2"), hit(2), hit(3, sent_session_id="1"), hit(4)],
        "A* B* B A A",
    ),
    "the first id continues a visit that began without one, and its campaign": (
        [hit(0, **AD), hit(1, sent_session_id="1", **AD), hit(2, sent_session_id="2"), hit(3, sent_session_id="1")],
        "A* A B* A",
    ),
    "but not after more than 30 minutes": ([hit(0), hit(31, sent_session_id="1"), hit(32)], "A* B* B"),
    "an id that comes again after more than 24 hours is another visit": (
        [hit(0, sent_session_id="1"), hit(60 * 24, sent_session_id="1"), hit(60 * 49, sent_session_id="1")],
        "A* A B*",
    ),
    "a click on a campaign in the middle of a visit is a touch of its own": (
        [hit(0), hit(5, **AD), hit(6), hit(7, event_name="purchase")],
        "A* A* A A",
    ),
    "a visit of pings alone is one without a touch": (
        [hit(0, **AD), hit(60, event_name="page_ping"), hit(61, event_name="page_ping")],
        "A* B B",
    ),
    "a ping with a campaign, and a campaign after a ping, are touches": (
        [hit(0, event_name="heartbeat", **AD), hit(60, event_name="heartbeat"), hit(61), hit(62, **AD)],
        "A* B B B*",
    ),
    "a page view that was sent twice under two ids is no second touch": ([hit(0, **AD), hit(0, **AD)], "A* A"),
    "events of one moment are in order of their ids": ([hit(0), hit(0, **AD), hit(0, **AD)], "A* A* A"),
}


# Visits that are cut: a day is as long as one may be.
DAY = 60 * 24
CUT_CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "exactly 24 hours are one visit, a microsecond more is another": (
        [hit(0, sent_session_id="1"), hit(DAY, sent_session_id="1"), hit(DAY, microseconds=1, sent_session_id="1")],
        "A* A B*",
    ),
    "an event every 20 minutes is a visit a day": (
        [hit(20 * number) for number in range(2 * 72 + 2)],
        " ".join(["A*", *["A"] * 72, "B*", *["B"] * 71, "C*"]),
    ),
    "what is cut off does not know the campaign of before": (
        [hit(20 * number, **(AD if number in (0, 72, 75) else {})) for number in range(77)],
        " ".join(["A*", *["A"] * 72, "B*", "B", "B*", "B"]),
    ),
    "nor does it repeat a campaign that it begins with": (
        [hit(20 * number, **(AD if number in (0, 73, 75) else {})) for number in range(77)],
        " ".join(["A*", *["A"] * 72, "B*", "B", "B", "B"]),
    ),
}


ZEROS = "00000000-0000-0000-0000-000000000000"
# Beside them, people who share devices, and orders that name only a device.
PEOPLE: list[dict[str, Any]] = [
    {"event_id": "login", "anonymous_id": "tablet", "user_id": "ann", "event_at": at(0)},
    {"event_id": "page", "anonymous_id": "tablet", "event_at": at(10)},
    {"event_id": "app", "user_id": "bob", "event_at": at(0)},
    {"event_id": "stranger", "anonymous_id": "phone", "event_at": at(0)},
    # Two events without any id: neither one person nor one visit.
    {"event_id": "guest 1", "user_id": "guest", "event_at": at(0)},
    {"event_id": "guest 2", "user_id": "guest", "event_at": at(1)},
    # Phones that do not give their id are no device: a login on one of them does not claim the events of others.
    {"event_id": "without id 1", "anonymous_id": ZEROS, "event_at": at(0)},
    {"event_id": "without id 2", "anonymous_id": "Undefined", "event_at": at(1)},
    {"event_id": "without id, login", "anonymous_id": ZEROS, "user_id": "dan", "event_at": at(2)},
]
ORDERS: list[dict[str, Any]] = [
    {"order_id": "at the login", "anonymous_id": "tablet", "order_at": at(0)},
    {"order_id": "too late", "anonymous_id": "tablet", "order_at": at(0, days=31)},
    {"order_id": "guest's", "anonymous_id": "tablet", "user_id": "GUEST", "order_at": at(5)},
    {"order_id": "ann's", "anonymous_id": "tablet", "user_id": "ann", "order_at": at(0)},
    {"order_id": "nobody's", "user_id": "undefined", "order_at": at(0)},
    {"order_id": "nobody's either", "anonymous_id": ZEROS, "order_at": at(3)},
    {"order_id": "corrected", "anonymous_id": "phone", "order_at": at(0), "updated_at": at(1)},
    {"order_id": "corrected", "anonymous_id": "tablet", "order_at": at(1), "updated_at": at(2)},
]


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> Silver:
    rows = [row for case, (device_hits, _) in CASES.items() for row in rows_of(case, device_hits)]
    return build_all(spark, rows + PEOPLE, ORDERS)


@pytest.mark.parametrize("case", CASES)
def test_in_visits(case: str, built: Silver) -> None:
    assert shown(case, built) == CASES[case][1]


def shown(case: str, built: Silver) -> str:
    mine = sorted((row for row in built.visits if row["anonymous_id"] == case), key=lambda row: row["event_id"])

    letters: dict[str | None, str] = {None: "-"}
    for row in mine:
        letters.setdefault(row["session_id"], "ABCDEFGH"[len(letters) - 1])

    return " ".join(letters[row["session_id"]] + ("*" if row["is_touch"] else "") for row in mine)


@pytest.fixture(scope="module", params=[True, False], ids=["beside sessions of the sender", "alone"])
def cut(spark: SparkSession, request: pytest.FixtureRequest) -> Silver:
    names = [case for case in CUT_CASES if request.param or "sent_session_id" not in CUT_CASES[case][0][0]]
    return build_all(spark, [row for case in names for row in rows_of(case, CUT_CASES[case][0])])


@pytest.mark.parametrize("case", CUT_CASES)
def test_a_visit_is_cut_after_24_hours(case: str, cut: Silver) -> None:
    if any(row["anonymous_id"] == case for row in cut.visits):
        assert shown(case, cut) == CUT_CASES[case][1]
    starts = [row["session_id"] for row in cut.visits if row["is_session_start"]]
    assert len(starts) == len(set(starts)) == len(cut.sessions)


def rows_of(case: str, device_hits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"event_id": f"{case}/{number:03}", "anonymous_id": case, **row} for number, row in enumerate(device_hits)]


def test_a_visit_that_a_ping_starts_has_a_channel_as_others_have(built: Silver) -> None:
    device = "a visit of pings alone is one without a touch"
    first, of_pings = sorted(
        (row for row in built.sessions if row["anonymous_id"] == device), key=lambda row: row["started_at"]
    )
    assert (first["channel"], of_pings["channel"], of_pings["page_views"]) == ("google", "Direct", 0)


def test_every_event_and_every_anonymous_order_is_one_row_with_a_person(built: Silver) -> None:
    rows = [row for row in built.visits if row["anonymous_id"] not in CASES]

    assert sorted((row["event_id"], row["person_id"], row["session_id"] is not None) for row in rows) == [
        ("app", "user:bob", True),
        ("guest 1", "event:guest 1", True),
        ("guest 2", "event:guest 2", True),
        ("login", "user:ann", True),
        ("order:at the login", "user:ann", False),
        ("order:corrected", "user:ann", False),
        ("order:guest's", "user:ann", False),
        ("order:too late", "device:tablet", False),
        ("page", "user:ann", True),
        ("stranger", "device:phone", True),
        ("without id 1", "event:without id 1", True),
        ("without id 2", "event:without id 2", True),
        ("without id, login", "user:dan", True),
    ]
    assert len({row["session_id"] for row in rows if row["session_id"]}) == 8


def test_an_event_is_known_to_be_its_persons_at_once_or_by_the_later_login_that_ties_its_device(
    spark: SparkSession,
) -> None:
    rows = [
        {"event_id": "before ann's login", "event_at": at(0)},
        {"event_id": "ann's login", "event_at": at(10), "user_id": "ann"},
        {"event_id": "after it", "event_at": at(20)},
        {"event_id": "after ann, before bob's", "event_at": at(40)},
        {"event_id": "bob's login", "event_at": at(60), "user_id": "bob"},
        {"event_id": "nobody's", "event_at": at(days=40)},
        {"event_id": "of a login from the server", "event_at": at(5), "user_id": "ann", "platform": "server"},
    ]
    tablet = [{"anonymous_id": "tablet", **row} for row in rows]
    order = {"order_id": "1", "anonymous_id": "tablet", "order_at": at(50)}
    seen = build_all(spark, tablet, [order]).visits
    assert {row["event_id"]: (row["person_id"], row["known_at"]) for row in seen} == {
        "before ann's login": ("user:ann", at(5)),
        "of a login from the server": ("user:ann", None),
        "ann's login": ("user:ann", None),
        "after it": ("user:bob", at(60)),
        "after ann, before bob's": ("user:bob", at(60)),
        "order:1": ("user:bob", at(60)),
        "bob's login": ("user:bob", None),
        "nobody's": ("device:tablet", None),
    }


def test_session_ids_are_of_device_and_first_event_so_that_a_late_login_renames_none(built: Silver) -> None:
    starts = {row["session_id"]: row["event_id"] for row in built.visits if row["is_session_start"]}

    for row in built.visits:
        if row["session_id"] and row["anonymous_id"]:
            first = f"a:{row['anonymous_id']}|{starts[row['session_id']]}"
            assert row["session_id"] == hashlib.md5(first.encode(), usedforsecurity=False).hexdigest()


def test_two_events_whose_ids_put_together_read_alike_are_two_sessions(spark: SparkSession) -> None:
    hostile = [
        {"event_id": "Q|Z", "anonymous_id": "P", "event_at": at(0)},
        {"event_id": "Z", "anonymous_id": "P|Q", "event_at": at(0)},
        {"event_id": "Z\\", "anonymous_id": "P|Q", "event_at": at(40)},
        {"event_id": "Q\\|Z", "anonymous_id": "P", "event_at": at(40)},
    ]

    silver = build_all(spark, hostile, [])

    assert len({row["session_id"] for row in silver.visits}) == 4
    assert len({row["session_id"] for row in silver.sessions}) == len(silver.sessions) == 4


def test_slim_visits_have_ids_of_touches_orders_money_events_and_conversions_only(spark: SparkSession) -> None:
    cases = [
        # event_name, touch, row_kind: its id is kept
        ("page_view", True, 2, True),
        ("page_view", False, 2, False),
        ("view_item", False, 2, False),
        ("sign_up", False, 2, True),
        ("purchase", False, 2, True),
        ("refund", False, 2, True),
        ("order", False, 1, True),
    ]
    rows = [
        {"event_id": str(number), "event_name": name, "is_touch": touch, "row_kind": kind, "source": "news"}
        for number, (name, touch, kind, _) in enumerate(cases)
    ]

    slim = collected(slim_visits(visits(spark, rows), conversion_types=["sign_up"], personal=hit_knobs()))

    assert [row["event_id"] is not None for row in slim] == [has_id for *_, has_id in cases]
    assert [row["source"] for row in slim] == ["news", *[None] * 6]


def test_which_pages_and_referrers_make_a_touch(spark: SparkSession) -> None:
    pages = [
        # event_id, referrer, page, touch
        ("0", None, "https://shop.example/", True),
        ("1", "https://www.shop.example/a", "https://shop.example/b", False),
        ("2", "https://checkout.paypal.com/pay", "https://shop.example/thanks", False),
        ("3", "https://accounts.google.com/signin", "https://shop.example/account", False),
        ("4", "https://www.google.com/", "https://shop.example/c", True),
        ("5", "https://www.google.com/", "https://shop.example/d", False),
        ("6", "https://www.google.com/", "https://shop.example/d?gclid=abc", True),
        ("7", "https://shop.example/d?gclid=abc", "https://shop.example/e", False),
        ("8", "https://blog.other.example/post", "https://shop.example/e", True),
        ("9", None, "https://shop.example/?utm_source=news&utm_medium=email", True),
    ]
    event_frame = events(
        spark,
        [
            *(
                {"event_id": name, "anonymous_id": "d", "event_at": at(index), "referrer": referrer, "page_url": page}
                for index, (name, referrer, page, _) in enumerate(pages)
            ),
            {"event_id": "robot", "anonymous_id": "r", "user_agent": "curl/8.4.0", "event_at": at(0)},
            {"event_id": "our own", "anonymous_id": "o", "ip": "10.0.0.7", "event_at": at(0)},
        ],
    )
    hits = build_hits(
        event_frame,
        hit_knobs(own_domains=["shop.example"], internal_ips=["10.0.0.7"]),
        sources=load_sources("sources.yaml"),
    )

    rows = collected(
        build_visits(hits, frame(spark, SILVER_IDENTITIES.ddl, []), orders(spark, []), timeout_minutes=30, max_hours=24)
    )

    shopper = [row for row in rows if row["anonymous_id"] == "d"]
    assert {row["event_id"]: row["is_touch"] for row in shopper} == {name: touch for name, _, _, touch in pages}
    assert len({row["session_id"] for row in shopper}) == 1
    assert {row["event_id"] for row in rows if row["is_bot"]} == {"robot", "our own"}


def test_a_click_id_that_organic_clicks_have_too_gives_way_to_the_site_they_came_from(spark: SparkSession) -> None:
    cases = [
        # referrer, what follows the page's ? -> source, medium
        ("https://www.instagram.com/", "fbclid=1", "instagram", "referral"),
        ("https://www.google.com/", "fbclid=1", "google", "organic"),
        ("https://l.facebook.com/", "fbclid=1", "facebook", "social"),
        ("https://shop.example/", "fbclid=1", "facebook", "social"),
        (None, "fbclid=1", "facebook", "social"),
        ("https://www.google.com/", "fbclid=1&utm_campaign=spring", "facebook", "social"),
        ("https://www.google.com/", "fbclid=1&utm_source=news", "news", None),
        ("https://blog.other.example/", "gclid=1", "google", "cpc"),  # proves an ad
    ]
    pages = [(referrer, f"https://shop.example/?{query}") for referrer, query, _, _ in cases]
    event_rows = [
        {"event_id": str(number), "anonymous_id": "d", "event_at": at(), "referrer": referrer, "page_url": page}
        for number, (referrer, page) in enumerate(pages)
    ]

    hits = collected(
        build_hits(
            events(spark, event_rows),
            hit_knobs(own_domains=["shop.example"], internal_ips=[]),
            sources=load_sources("sources.yaml"),
        )
    )

    found = {row["event_id"]: (row["source"], row["medium"]) for row in hits}
    assert [found[str(number)] for number in range(len(cases))] == [(source, medium) for _, _, source, medium in cases]
    assert all(row["has_origin"] and row["click_id"] == "1" for row in hits)


def test_many_random_histories_have_the_visits_and_touches_of_the_plain_python_oracle(spark: SparkSession) -> None:
    chance = random.Random(20260301)
    worlds = [World.random(f"w{number:03}", chance) for number in range(300)]
    rows = [row for world in worlds for row in world.events]
    # File and line stay with an order: they, not the row's place, decide which version is newer.
    order_rows = [
        {"source_line": line, **row} for line, row in enumerate(row for world in worlds for row in world.orders)
    ]
    chance.shuffle(rows)
    chance.shuffle(order_rows)

    limits = robot_limits(max_events=World.MAX_EVENTS)
    silver = build_all(spark, rows, order_rows, login_window_days=World.LOGIN_WINDOW_DAYS, limits=limits)

    built = Result.of(silver)
    for world in sorted(worlds, key=lambda world: len(world.events)):
        assert built.only(world.name) == result_of_oracle(world), f"first differing history: {world}"
    # The comparison proves something only where the histories have logins, robots and touches.
    assert len({person for person in built.persons.values() if person.startswith("user:")}) > 200
    assert sum(session.is_bot for session in built.sessions.values()) > 20
    assert len(built.touches) > 800
