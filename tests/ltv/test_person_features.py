"""Features of persons: what each is, and that nothing counts which was not known at the moment."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import Any

import pytest
from behaviour_oracle import features_of
from behaviour_world import (
    DAYS,
    ZONE,
    World,
    after,
    as_known_on,
    day_after,
    events,
    order,
    purchase,
    random_world,
    silver,
    tie,
    touch,
    visit,
)
from pyspark.sql import SparkSession

from ltv.behaviour.features import person_features
from ltv.knobs import SeenPersons
from ltv.person_features import build_person_features, check_person_features, end_of, moments_of
from warehouse.tables.gold_person_features import BUILT

AS_OF = dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)  # midnight in Seoul, after 31 March
LAST_DAY = dt.date(2026, 3, 31)
NAMES = [column.name for column in BUILT]
Moment = tuple[str, dt.datetime]


def made(spark: SparkSession, world: World, moments: Iterable[Moment]) -> dict[Moment, dict[str, Any]]:
    wanted = spark.createDataFrame(list(moments), "person_id string, as_of timestamp")
    rows = person_features(wanted, silver(spark, world), timezone=ZONE).collect()
    return {
        (row["person_id"], row["as_of"].replace(tzinfo=dt.UTC)): {name: row[name] for name in NAMES} for row in rows
    }


def at(days_before: float) -> float:
    """Days after the start of the world, of a moment so many days before AS_OF."""
    return (AS_OF - after(0)) / dt.timedelta(days=1) - days_before


def features(spark: SparkSession, world: World) -> dict[str, Any]:
    return made(spark, world, [("ann", AS_OF)])["ann", AS_OF]


def differing(left: dict[str, Any], right: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (left[name], right[name]) for name in NAMES if not is_close(left[name], right[name])}


def is_close(left: float | None, right: float | None) -> bool:
    return left == right or (None not in (left, right) and math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12))


def test_visits_purchases_and_events_before_the_moment_are_counted_in_their_windows(spark: SparkSession) -> None:
    bought = purchase("ann", at(50), 30), purchase("ann", at(10), 50)
    world: World = {
        "sessions": [visit("ann", at(age)) for age in (1, 2, 8, 40, 100)] + [visit("bob", at(1))],
        "activity": [events("ann", at(2), "view_item", 4), events("ann", at(2), "add_to_cart", 1)],
        "touchpoints": [touch("ann", at(8)), touch("ann", at(80), channel="Display", interaction="impression")],
        "conversions": [*bought],
        "orders": [order(bought[0], items=3), order(bought[1], items=1)],
    }
    found = features(spark, world)
    expected = {
        "visits_7d": 2,
        "visits_30d": 3,
        "visits_90d": 4,
        "page_views_per_visit_30d": 2.0,
        "direct_share_90d": 1.0,
        "product_views_30d": 4,
        "cart_adds_per_product_view_30d": 0.25,
        "clicks_30d": 1,
        "impressions_30d": 0,
        "channels_90d": 2,
        "purchases_90d": 2,
        "repeat_purchase_days": 1,
        "purchase_span_days": 40.0,
        "days_since_first_purchase": 49.0,  # from that day to the last day that counts
        "days_since_purchase": 9.0,
        "silence_in_purchase_gaps": 9 / 40,
        "gross_value_365d": 80.0,
        "mean_order_value": 40.0,
        "items_per_order": 2.0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["days_since_active"] == pytest.approx(1 - 10 / 1440)  # a visit counts from its end on


def test_a_person_without_rows_has_counts_of_0_and_no_days_shares_or_ratios(spark: SparkSession) -> None:
    found = features(spark, {})
    assert {column.name for column in BUILT if not column.nullable} == {n for n in NAMES if found[n] == 0}
    assert [name for name in NAMES if found[name] not in (0, None)] == ["cycle_days"]
    assert found["cycle_days"] == 30


def test_features_are_those_of_a_plain_computation_in_random_worlds(spark: SparkSession) -> None:
    world = random_world(1, persons=60)
    moments = [
        (f"user:1-{number}", moment) for number in range(60) for moment in (AS_OF, after(40.123), after(DAYS + 5))
    ]
    found = made(spark, world, moments)
    assert len(found) == len(moments)
    wrong = {moment: odd for moment in moments if (odd := differing(found[moment], features_of(*moment, world, ZONE)))}
    assert wrong == {}


def test_a_future_that_is_planted_in_every_table_is_found_in_no_feature(spark: SparkSession) -> None:
    world = random_world(2, persons=30)
    moments = [(f"user:2-{number}", AS_OF) for number in range(30)]
    planted = {name: list(rows) for name, rows in as_known_on(world, AS_OF).items()}
    for person, _ in moments:
        for later in (0, 0.001, 3):
            planted["sessions"].append(visit(person, at(-later), page_views=999))
            planted["activity"].append(events(person, at(-later), "add_to_cart", 999))
            planted["touchpoints"].append(touch(person, at(-later)))
            planted["conversions"].append(purchase(person, at(-later), 999_999))
            planted["orders"].append(order(planted["conversions"][-1], items=999))
        # Before the moment, but on a phone whose login came at it or later.
        phone = {"anonymous_id": "another"}
        planted["sessions"].append(visit(person, at(0.5), page_views=999, **phone))
        planted["touchpoints"].append(touch(person, at(0.6), **phone))
        planted["activity"].append(events(person, at(0.5), "add_to_cart", 999, known_on=day_after(at(0))))
        planted["identities"].append(tie(person, at(1), at(0), **phone))
        # And a visit that had begun, but not ended.
        planted["sessions"].append(visit(person, at(0.001), ended_at=AS_OF, page_views=999))
    known = made(spark, as_known_on(world, AS_OF), moments)
    with_future = made(spark, planted, moments)
    for moment in moments:
        assert differing(with_future[moment], known[moment]) == {}, moment


def test_moving_the_moment_back_gives_the_features_that_were_made_then(spark: SparkSession) -> None:
    world = random_world(3, persons=40)
    assert any(row["known_on"] > LAST_DAY >= row["activity_date"] for row in world["activity"])
    moments = [(f"user:3-{number}", AS_OF) for number in range(40)]
    now, then = made(spark, world, moments), made(spark, as_known_on(world, AS_OF), moments)
    assert {moment: odd for moment in moments if (odd := differing(now[moment], then[moment]))} == {}


def test_the_table_has_who_was_seen_in_the_last_days_and_the_champion_s_view_of_them(spark: SparkSession) -> None:
    world: World = {
        "sessions": [
            visit("visitor", at(1)),
            visit("long gone", at(61)),
            visit("not tied yet", at(1)),
            visit("of tomorrow", at(-0.5)),
            visit("robot", at(1), is_bot=True),
        ],
        "conversions": [purchase("buyer", at(0.001)), purchase("former buyer", at(60.001))],
        "identities": [tie("not tied yet", at(20), at(-1))],
    }
    value = spark.createDataFrame(
        [("buyer", 0.5, 1.5), ("former buyer", 0.1, 0.0)],
        "person_id string, p_alive double, expected_purchases_90d double",
    )
    rows = build_person_features(
        silver(spark, world), value, as_of=LAST_DAY, timezone=ZONE, seen=SeenPersons(seen_days=60)
    ).collect()
    assert sorted((row["person_id"], row["as_of"], row["p_alive"], row["purchases_90d"]) for row in rows) == [
        ("buyer", LAST_DAY, 0.5, 1),
        ("visitor", LAST_DAY, None, 0),
    ]


def test_a_day_ends_at_its_midnight_in_the_zone_and_each_person_has_one_moment_of_each(spark: SparkSession) -> None:
    assert end_of(LAST_DAY, ZONE) == AS_OF
    assert end_of(dt.date(2026, 3, 28), "Europe/Berlin") == dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC)
    world: World = {"sessions": [visit("ann", at(age)) for age in (1, 2, 5)]}
    found = moments_of(silver(spark, world), AS_OF, after(at(3)), timezone=ZONE, seen_days=3).collect()
    assert sorted(row["as_of"].replace(tzinfo=dt.UTC) for row in found) == [after(at(3)), AS_OF]


def test_the_check_finds_a_purchase_that_no_order_is_behind(spark: SparkSession) -> None:
    bought = silver(spark, {"conversions": [purchase("ann", at(1)), purchase("ann", at(400))]}).conversions

    def holds(purchases: int) -> list[bool]:
        features = spark.createDataFrame([(LAST_DAY, purchases)], "as_of date, purchases_365d bigint")
        return [one.passed for one in check_person_features(features, bought, as_of=LAST_DAY, timezone=ZONE)]

    assert (holds(1), holds(2)) == ([True], [False])
