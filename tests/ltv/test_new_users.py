"""New users: who was new when, as whom they were known at each age, and for whom a purchase counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from behaviour_oracle import day_of, known_at
from behaviour_world import (
    ZONE,
    World,
    day_after,
    events,
    made,
    order,
    purchase,
    random_world,
    silver,
    tie,
    touch,
    visit,
    with_untied_devices,
)
from pyspark.sql import SparkSession

from ltv.behaviour.early_periods import Days
from ltv.behaviour.early_rows import at_ages, collect_early_rows
from ltv.behaviour.new_users import (
    as_seen,
    looked_at,
    new_users_of,
    purchases_of_new_users,
    sightings_of,
)
from ltv.early_value import seen_new_users
from ltv.knobs import NewUsers
from ltv.person_features import end_of

AGES = (1, 7, 14)
LAST = dt.date(2026, 4, 30)  # the world's days end here
KNOBS = NewUsers(early_days=365)
A_RECORD = visit("user:old", -30.0)  # the first visit on record
DEVICE = "device:ann's phone"


def ages_of(spark: SparkSession, world: World, until: dt.date = LAST) -> list[tuple[str, str, str, int]]:
    """(as whom seen, person, first day, age) of all new users that ever were."""
    new_users = new_users_of(sightings_of(silver(spark, world), timezone=ZONE))
    rows = looked_at(new_users, AGES, timezone=ZONE, until=end_of(until, ZONE)).collect()
    return sorted((row["seen_as"], row["person_id"], str(row["first_day"]), row["age_days"]) for row in rows)


def bought(spark: SparkSession, world: World) -> list[tuple[str, str, Decimal]]:
    """(person, first day, value) of the purchases that count for new users."""
    sightings = sightings_of(silver(spark, world), timezone=ZONE)
    new_users = new_users_of(sightings)
    purchases = purchases_of_new_users(sightings, new_users)
    days = new_users.select("person_id", "first_at", "first_day").distinct()
    rows = purchases.join(days, ["person_id", "first_at"], how="inner").collect()
    return sorted((row["person_id"], str(row["first_day"]), row["value"]) for row in rows)


def test_a_visitor_is_the_device_until_the_login_and_the_person_afterwards(spark: SparkSession) -> None:
    world: World = {"sessions": [visit("ann", 10.0), visit("ann", 19.5)], "identities": [tie("ann", 0, 19.5)]}
    first_day = "2026-01-11"
    assert ages_of(spark, world) == [
        ("ann", "ann", first_day, 14),
        (DEVICE, "ann", first_day, 1),
        (DEVICE, "ann", first_day, 7),
    ]


def test_whom_a_login_finds_on_a_device_that_had_been_here_before_is_seen_from_that_login_on(
    spark: SparkSession,
) -> None:
    # The login ties the visits of its last days; who came before them is not known.
    stranger = visit("ann", 1.0, person_id=DEVICE)
    world: World = {
        "sessions": [stranger, visit("ann", 10.0), visit("ann", 19.5)],
        "identities": [tie("ann", 5, 19.5)],
    }
    assert ages_of(spark, world) == [
        ("ann", "ann", "2026-01-11", 14),
        *((DEVICE, DEVICE, "2026-01-02", age) for age in AGES),
    ]


def test_an_age_ends_with_its_local_day_and_is_not_there_before(spark: SparkSession) -> None:
    at_night = visit("ann", 10.6)  # 14:24 UTC, 23:24 in Seoul; it ends at 23:34
    world: World = {"sessions": [at_night]}
    assert [row[2:] for row in ages_of(spark, world, dt.date(2026, 1, 16))] == [("2026-01-11", 1)]
    assert [row[2:] for row in ages_of(spark, world, dt.date(2026, 1, 17))] == [("2026-01-11", 1), ("2026-01-11", 7)]
    over_midnight = visit("ann", 10.62)  # ends on the next day, when it is known
    assert {row[2] for row in ages_of(spark, {"sessions": [over_midnight]})} == {"2026-01-12"}


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Seoul"])
def test_the_end_of_a_day_is_midnight_of_the_zone_also_where_clocks_change(spark: SparkSession, zone: str) -> None:
    world: World = {"sessions": [visit("ann", 59 + day, person_id=f"user:{day}") for day in range(40)]}
    new_users = new_users_of(sightings_of(silver(spark, world), timezone=zone))
    rows = looked_at(new_users, AGES, timezone=zone, until=end_of(LAST, zone)).collect()
    assert len(rows) > 100
    for row in rows:
        last = row["first_day"] + dt.timedelta(days=row["age_days"] - 1)
        assert row["as_of"].replace(tzinfo=dt.UTC) == end_of(last, zone)


def test_a_device_of_somebody_known_before_was_a_new_user_until_the_login_and_brings_nothing_more(
    spark: SparkSession,
) -> None:
    of_old = [purchase("ann", 1), purchase("ann", 40, 30), purchase("ann", 60, 50)]
    world: World = {
        "sessions": [visit("ann", 30.0)],
        "conversions": of_old,
        "orders": [order(one) for one in of_old],
        "identities": [tie("ann", 20, 40)],
    }
    first_days = {(row[0], row[2]) for row in ages_of(spark, world)}
    assert first_days == {("ann", "2026-01-02"), (DEVICE, "2026-01-31")}
    assert {row[:2] for row in bought(spark, world)} == {("ann", "2026-01-02")}


def test_a_purchase_counts_once_for_whom_the_buyer_was_known_as(spark: SparkSession) -> None:
    # A guest buys on the phone before the login that ties it; the laptop was ann's and older, as is known later.
    guest, own, late = purchase("ann", 10.2, 10), purchase("ann", 12, 20), purchase("ann", 50, 40)
    laptop = visit("ann", 5.0, anonymous_id="laptop")
    world: World = {
        "sessions": [visit("ann", 10.0), visit("ann", 12.0), laptop],
        "conversions": [guest, own, late],
        "orders": [order(guest, seen_on="ann's phone"), order(own), order(late)],
        "identities": [tie("ann", 0, 12), tie("ann", 0, 20, anonymous_id="laptop")],
    }
    assert bought(spark, world) == [
        ("ann", "2026-01-06", Decimal(40)),
        ("ann", "2026-01-11", Decimal(10)),
        ("ann", "2026-01-11", Decimal(20)),
    ]


def test_what_is_learned_from_are_rows_of_each_age_and_their_purchases_after_it(spark: SparkSession) -> None:
    guest, early, late = purchase("ann", 10.2, 10), purchase("ann", 18, 20), purchase("ann", 50, 40)
    world: World = {
        "sessions": [visit("ann", 10.0), visit("ann", 18.0), A_RECORD],
        "conversions": [guest, early, late],
        "orders": [order(guest, seen_on="ann's phone"), order(early), order(late)],
        "identities": [tie("ann", 0, 18)],
    }
    data = collect_early_rows(silver(spark, world), until=LAST, timezone=ZONE, most=1000, seed=1)
    assert data is not None
    assert data.rows["age_days"].tolist() == [1, 7, 14]
    assert data.rows["purchases_90d"].tolist() == [1, 1, 2]
    assert data.later.to_numpy().tolist() == [[0, 8, 20], [0, 40, 40], [1, 8, 20], [1, 40, 40], [2, 40, 40]]
    week = data.of(7, Days(dt.date(2026, 1, 11), dt.date(2026, 1, 11)))
    assert [tuple(map(list, data.brought(week, days))) for days in (8, 9, 365)] == [
        ([0.0], [0.0]),
        ([20.0], [1.0]),
        ([60.0], [2.0]),
    ]


# -------------------------------------------------------------------------------------------- an independent oracle


def facts_of(world: World) -> list[dict[str, Any]]:
    """Visits and purchases with at, known (when they were known as the person's) and the device."""
    ties, seen_on = world["identities"], {row["order_id"]: row.get("seen_on") for row in world["orders"]}
    facts = []
    for row in world["sessions"]:
        if not row["is_bot"]:
            known = max(row["ended_at"], known_at(row, "anonymous_id", row["started_at"], ties))
            facts.append({**row, "at": row["ended_at"], "known": known, "device": row["anonymous_id"]})
    for row in world["conversions"]:
        if row["conversion_type"] == "purchase":
            device = seen_on.get(row["order_id"])
            known = known_at({**row, "device": device}, "device", row["converted_at"], ties)
            facts.append({**row, "at": row["converted_at"], "known": known, "device": device})
    return facts


def as_whom(fact: Mapping[str, Any], moment: dt.datetime) -> str:
    return fact["person_id"] if fact["known"] < moment else f"device:{fact['device']}"


def first_of(facts: list[dict[str, Any]], whom: str, moment: dt.datetime) -> list[dict[str, Any]]:
    """The earliest facts, of one instant, that were seen as `whom` up to a moment; none where they are not seen so any
    more."""
    before = [fact for fact in facts if fact["at"] < moment]
    seen = [fact for fact in before if as_whom(fact, moment) == whom]
    once = [fact for fact in before if fact["known"] > fact["at"] and f"device:{fact['device']}" == whom]
    at = min((fact["at"] for fact in seen + once), default=None)
    return [fact for fact in seen if fact["at"] == at]  # none: the device was a person's before


def shown(world: World, until: dt.date) -> set[tuple[str, str, dt.date, int, dt.date]]:
    """(shown as, seen as, first day, age, day of the moment) by definition, of who was known at the end of a day."""
    end, found, facts = end_of(until, ZONE), set(), facts_of(world)
    for whom in {as_whom(fact, end) for fact in facts if fact["at"] < end}:
        firsts = first_of(facts, whom, end)
        if not firsts or whom == A_RECORD["person_id"]:
            continue  # who came first may have been here before the record
        at = firsts[0]["at"]
        for age in AGES:
            last = day_of(at, ZONE) + dt.timedelta(days=age - 1)
            then = end_of(last, ZONE)
            # Of a device that had been here before nobody knew that this was somebody new.
            new = {seen for fact in firsts if fact in first_of(facts, seen := as_whom(fact, then), then)}
            if last <= until and new:
                found.add((whom, min(new), day_of(at, ZONE), age, last))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_new_users_of_a_random_world_are_those_of_the_definition(spark: SparkSession, seed: int) -> None:
    world = with_untied_devices(random_world(seed, persons=60))
    world["sessions"].append(A_RECORD)
    assert len(shown(world, LAST)) > 50
    for until in (LAST, dt.date(2026, 2, 20)):
        rows = seen_new_users(silver(spark, world), KNOBS, as_of=until, timezone=ZONE).collect()
        found = {
            (
                row["shown_as"],
                row["seen_as"],
                row["first_day"],
                row["age_days"],
                day_of(row["as_of"].replace(tzinfo=dt.UTC), ZONE) - dt.timedelta(days=1),
            )
            for row in rows
        }
        assert found == shown(world, until)
        assert len(found) == len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_every_purchase_of_a_random_world_counts_once(spark: SparkSession, seed: int) -> None:
    world = random_world(seed, persons=60)
    values = [row["report_gross_value"] for row in world["conversions"] if row["conversion_type"] == "purchase"]
    counted = bought(spark, world)
    assert len(counted) == len(values)
    assert sum(value for *_, value in counted) == sum(values)


def test_what_was_done_before_the_login_is_the_devices_own_until_then(spark: SparkSession) -> None:
    guest, ann, phone = purchase("user:ann", 12, 30), "user:ann", "device:user:ann's phone"
    world: World = {
        "sessions": [visit(ann, 10.0), visit(ann, 11.0), visit(ann, 19.5), A_RECORD],
        "activity": [
            events(ann, 10.0, "add_to_cart", 3, known_on=day_after(19.5)),
            events(ann, 19.5, "add_to_cart", 2),
        ],
        "touchpoints": [touch(ann, 10.0, channel="Paid Search"), touch(ann, 11.0, channel="Email")],
        "conversions": [guest],
        "orders": [order(guest, seen_on="user:ann's phone")],
        "identities": [tie(ann, 0, 19.5)],
    }
    looked = made(seen_new_users(silver(spark, world), KNOBS, as_of=LAST, timezone=ZONE))
    rows = at_ages(looked, as_seen(silver(spark, world), looked, timezone=ZONE), timezone=ZONE).collect()
    names = ("seen_as", "is_known", "visits_30d", "cart_adds_30d", "channels_90d", "purchases_90d", "channel")
    assert {row["age_days"]: tuple(row[name] for name in names) for row in rows} == {
        1: (phone, False, 1, 3, 1, 0, "Paid Search"),
        7: (phone, False, 2, 3, 2, 1, "Paid Search"),
        14: (ann, True, 3, 5, 2, 1, "Paid Search"),
    }
    assert {row["shown_as"] for row in rows} == {ann}
