"""The monitor of early value on tables: which new users count, and what they have brought since the age."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from behaviour_oracle import known_at
from behaviour_world import ZONE, World, day_after, order, purchase, random_world, silver, tie
from pyspark.sql import DataFrame, SparkSession

from ltv.early_drift import BroughtSoFar
from ltv.early_monitor import brought_so_far, came_of, find_early_value_drift, made_in, since_fit
from ltv.knobs import Drift
from ltv.person_features import end_of
from warehouse.tables.gold_early_value import GOLD_EARLY_VALUE

DRIFT = Drift(alarm_level=0.01, least_change=0.1, exit="warn")
FITTED, TODAY = day_after(40), day_after(60)
DAY = dt.timedelta(days=1)
EVENLY = {horizon: [round(day / horizon, 6) for day in range(horizon + 1)] for horizon in (30, 90)}
CONTENT = {
    "as_of": FITTED.isoformat(),
    "models": [
        {"age_days": 1, "horizon_days": 30, "came": {"all": EVENLY[30]}},
        {"age_days": 7, "horizon_days": 30, "came": {"bought": EVENLY[30], "not_yet": [0.0] * 30 + [1.0]}},
        {"age_days": 7, "horizon_days": 90, "came": {"all": EVENLY[90]}},
    ],
}


def row(person: str, first_day: dt.date, age: int = 7, horizon: int = 30, **more: Any) -> dict[str, Any]:
    given = {
        "person_id": person,
        "as_of": TODAY,
        "first_day": first_day,
        "age_days": age,
        "horizon_days": horizon,
        "acquisition_channel": "Email",
        "acquisition_campaign": "(not set)",
        "has_bought": True,
        "value_to_date": Decimal(0),
        "buys_probability": 0.2,
        "amount_if_buys": 50.0,
        "predicted_value": 10.0,
        "standard_deviation": 30.0,
        "model_error": 0.05,
        "currency": "KRW",
        "served": "behaviour",
        "model_version": "early_value/2",
    }
    return given | more


def table(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    return spark.createDataFrame(
        [tuple(one[name] for name in GOLD_EARLY_VALUE.column_names) for one in rows], GOLD_EARLY_VALUE.ddl
    )


def brought(
    spark: SparkSession, rows: list[dict[str, Any]], world: World, as_of: dt.date = TODAY
) -> dict[str, BroughtSoFar]:
    made = made_in(silver(spark, world), since=FITTED, until=as_of, timezone=ZONE)
    found = brought_so_far(table(spark, rows), made, came_of(CONTENT), as_of=as_of)
    return {one.subject: one for one in found}


def test_new_users_count_who_reached_the_age_after_the_fit_and_before_today_as_the_champion_predicted_them_today(
    spark: SparkSession,
) -> None:
    rows = [
        row("too soon", FITTED - 6 * DAY),  # whose first week was over with the day of the fit
        row("first", FITTED - 5 * DAY),
        row("last", TODAY - 7 * DAY),
        row("just now", TODAY - 6 * DAY),  # whose first week is over with today: nothing can have come
        row("first of a day", FITTED + DAY, age=1),
        row("other version", FITTED, model_version="early_value/1"),
        row("other day", FITTED, as_of=TODAY - DAY),
    ]
    found = since_fit(table(spark, rows), version="early_value/2", fitted=FITTED, as_of=TODAY)
    assert {one["person_id"] for one in found.collect()} == {"first", "last", "first of a day"}


def test_what_comes_after_the_age_within_the_horizon_and_by_the_end_of_today_is_brought(spark: SparkSession) -> None:
    midnight, instant = 40 + 15 / 24, 1e-5  # the end of FITTED, in ZONE
    first_day = FITTED - 5 * DAY  # whose first week ends a day later
    of_ann = [
        purchase("user:ann", midnight + 0.5, 1),
        purchase("user:ann", midnight + 1 - instant, 2),
        purchase("user:ann", midnight + 1, 10),
        purchase("user:ann", midnight + 8, 20),
        purchase("user:ann", midnight + 20 - instant, 40),  # the last instant of today
        purchase("user:ann", midnight + 20, 80),
        purchase("user:ann", midnight + 24 - instant, 5),  # the last instant of 30 days
        purchase("user:ann", midnight + 24, 6),
        purchase("user:ann", midnight + 9, 500, conversion_type="sign_up", order_id=None),
    ]
    world: World = {"conversions": [*of_ann, purchase("user:bob", midnight + 2, 7)]}
    rows = [row("user:ann", first_day), row("user:ann", first_day, horizon=90), row("user:cem", first_day)]
    found = brought(spark, rows, world)
    assert {name: one.brought.tolist() for name, one in found.items()} == {"7d_of_30d": [70], "7d_of_90d": [70]}
    assert found["7d_of_30d"].came.tolist() == pytest.approx([26 / 30], abs=1e-6)
    assert found["7d_of_90d"].came.tolist() == pytest.approx([26 / 90], abs=1e-6)
    over = brought(spark, rows, world, as_of=FITTED + 40 * DAY)
    assert {name: one.brought.tolist() for name, one in over.items()} == {"7d_of_30d": [155], "7d_of_90d": [161]}
    assert over["7d_of_30d"].came.tolist() == [1.0]


def test_a_day_that_has_passed_sees_a_device_as_it_was_known_then(spark: SparkSession) -> None:
    bought = purchase("user:ann", 50.0, 30)
    world: World = {
        "conversions": [bought],
        "orders": [order(bought, seen_on="user:ann's phone")],
        "identities": [tie("user:ann", 45, 65)],  # the login came after TODAY
    }
    rows = [row(person, FITTED - 3 * DAY) for person in ("device:user:ann's phone", "user:ann")]
    (one,) = brought(spark, rows[:1], world).values()
    assert one.brought.tolist() == [30]
    (other,) = brought(spark, rows[1:], world).values()
    assert other.brought.tolist() == [0]
    tied_then = world | {"identities": [tie("user:ann", 45, 55)]}
    (other,) = brought(spark, rows[1:], tied_then).values()
    assert other.brought.tolist() == [30]


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_are_those_of_persons_one_by_one(spark: SparkSession, seed: int) -> None:
    world, random = random_world(seed, persons=50), np.random.default_rng(seed)
    ids = [f"user:{seed}-{number}" for number in range(50)]
    rows = [
        row(
            person,
            FITTED + (2 - age + int(random.integers(7))) * DAY,
            age,
            horizon,
            has_bought=bool(random.random() < 0.5),
            buys_probability=float(random.random()),
            amount_if_buys=float(random.uniform(1, 99)),
            standard_deviation=float(random.uniform(1, 99)),
        )
        for person in [*ids, *(f"device:{one}'s phone" for one in ids)]
        for age, horizon in ((1, 30), (7, 30), (7, 90))
    ]
    found = brought(spark, rows, world)
    assert {name: one.brought.sum() > 0 for name, one in found.items()} == dict.fromkeys(found, True)
    for (age, horizon), expected in one_by_one(rows, world).items():
        one = found[f"{age}d_of_{horizon}d"]
        sums = {name: getattr(one, name) for name in ("users", "buyers", "value", "value_squared", "variance")}
        assert len(one.came) == len(expected)
        assert {name: sum(values) for name, values in sums.items()} == pytest.approx(
            {name: sum(group[name] for group in expected.values()) for name in sums}
        )
        for name in ("value", "brought"):
            of_group = sorted(group["came"] * group[name] for group in expected.values())
            assert sorted((one.came * getattr(one, name)).tolist()) == pytest.approx(of_group)


def one_by_one(rows: list[dict[str, Any]], world: World) -> dict[tuple[int, int], dict[Any, dict[str, float]]]:
    """By age and horizon, then by state and first day."""
    shares = {(one["age_days"], one["horizon_days"]): one["came"] for one in CONTENT["models"]}  # type: ignore[index]
    devices = {one["order_id"]: one.get("seen_on") for one in world["orders"]}
    end, bought = end_of(TODAY, ZONE), defaultdict(list)
    for made in world["conversions"]:
        if made["conversion_type"] == "purchase" and made["converted_at"] < end:
            device = devices.get(made["order_id"])
            known = known_at({**made, "device": device}, "device", made["converted_at"], world["identities"])
            day = (made["converted_at"] + dt.timedelta(hours=9)).date()
            person = made["person_id"] if known < end else f"device:{device}"
            bought[person].append((day, float(made["report_gross_value"])))
    found: dict[tuple[int, int], dict[Any, dict[str, float]]] = defaultdict(dict)
    for one in rows:
        key = one["age_days"], one["horizon_days"]
        first = one["first_day"]
        came = shares[key].get("all") or shares[key]["bought" if one["has_bought"] else "not_yet"]
        group = found[key].setdefault((one["has_bought"], first), defaultdict(float))
        value = one["buys_probability"] * one["amount_if_buys"]
        group["came"] = came[min((TODAY - first).days + 1, one["horizon_days"])]
        group["users"] += 1
        group["buyers"] += one["buys_probability"]
        group["value"] += value
        group["value_squared"] += value**2
        group["variance"] += one["standard_deviation"] ** 2
        group["brought"] += sum(
            amount
            for day, amount in bought[one["person_id"]]
            if one["age_days"] <= (day - first).days < one["horizon_days"]
        )
    return found


def find(spark: SparkSession, rows: list[dict[str, Any]], buyers: int = 0) -> list[tuple[str, bool, str]]:
    """Each buyer buys for 20."""
    found = find_early_value_drift(
        CONTENT,
        table(spark, rows),
        silver(spark, {"conversions": [purchase(f"user:{number}", 55.0, 20) for number in range(buyers)]}),
        version="early_value/2",
        as_of=TODAY,
        timezone=ZONE,
        drift=DRIFT,
    )
    return [(one.subject, one.is_alarm, one.detail) for one in found]


def test_a_run_has_a_row_for_each_age_and_horizon_and_otherwise_one_that_says_nobody_is_there(
    spark: SparkSession,
) -> None:
    first_day = TODAY - 14 * DAY  # half of 30 days have passed: 10 x 15 / 30 are expected of each
    rows = [row(f"user:{number}", first_day) for number in range(400)]
    rows += [row(f"user:{number}", first_day, age=1) for number in range(20)]
    few = ("1d_of_30d", False, "of 20 new users 2.0 buyers are expected by now: too few to compare")
    as_expected = "400 new users brought 2,000 after day 7, 2,000 were expected by now (+0%, 0.0 standard deviations)"
    assert find(spark, rows, buyers=100) == [few, ("7d_of_30d", False, as_expected)]
    less = "400 new users brought 600 after day 7, 2,000 were expected by now (-70%, 3.1 standard deviations)"
    assert find(spark, rows, buyers=30) == [few, ("7d_of_30d", True, f"{less}: beyond chance")]
    nobody = f"the fit is of {FITTED}: no new user has reached an age since"
    assert find(spark, []) == [("since the fit", False, nobody)]
