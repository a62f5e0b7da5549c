"""Versions of models as the tables know them: in use, judged, held, drift, effects; and value by channel."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from published.model_versions import (
    Held,
    InUse,
    read_backtest,
    read_drift,
    read_drift_history,
    read_effects,
    read_fits,
    read_held,
    read_in_use,
)
from published.publication import Published, read_published
from published.value_by_channel import read_value_by_channel
from tests.published_lake import AS_OF, PUBLISHED_AT, publish, write_table
from warehouse.tables import (
    GOLD_CHANNEL_EFFECTS,
    GOLD_CUSTOMER_SUMMARY,
    GOLD_FORECAST_ACCURACY,
    GOLD_VALUE_BACKTEST,
    GOLD_VALUE_TOTALS,
    OPS_MODEL_MONITOR,
)

FITTED = AS_OF - timedelta(days=12)
BOUNDS = {"lower": 80.0, "upper": 120.0, "lower_if_model_holds": 90.0, "upper_if_model_holds": 110.0}


def total(channel: str, measure: str, days: int, predicted: float, as_of: date = AS_OF) -> dict[str, Any]:
    return {
        **{"as_of": as_of, "acquisition_channel": channel, "measure": measure, "days": days, "predicted": predicted},
        **BOUNDS,
        **{"own_error": 0.1, "origins": 5, "interval_level": 0.95, "margin": 1.0, "annual_discount_rate": 0.1},
        **{"currency": "KRW", "model_version": "customer-value/3", "model_as_of": FITTED},
    }


def forecast(days: int, *, held: bool, channel: str = "(all)", until: date = AS_OF) -> dict[str, Any]:
    return {
        **{"as_of": until - timedelta(days=days), "until": until, "acquisition_channel": channel, "days": days},
        **{"measure": "value", "predicted": 100.0, "actual": 99.0, "held": held, "held_if_model_holds": False},
        **BOUNDS,
        **{"currency": "KRW", "model_version": "customer-value/2"},
    }


def judged(cutoff: date, model: str, actual: float, *, held: bool | None) -> dict[str, Any]:
    return {
        **{"model_version": "customer-value/3", "cutoff": cutoff, "until": cutoff + timedelta(days=60)},
        **{"model": model, "measure": "purchases", "customers": 10, "predicted": 100.0, "actual": actual, "held": held},
        **BOUNDS,
    }


def effect(version: str, model: str, channel: str, share: float, as_of: date = AS_OF) -> dict[str, Any]:
    return {
        **{"model_version": version, "model": model, "conversion_type": "purchase", "channel": channel},
        **{"markov_order": 1 if model == "markov" else None, "removal_effect": share / 2, "share": share},
        **{"value_removal_effect": 0.0, "value_share": 0.0, "as_of": as_of},
    }


def looked(run: str, check: str, hours: int, *, alarm: bool, version: str = "customer-value/3") -> dict[str, Any]:
    return {
        **{"run_id": run, "as_of": AS_OF, "model_version": version, "model_as_of": FITTED},
        **{"check_name": check, "subject": "a window", "since": FITTED, "until": AS_OF, "p_value": 0.2},
        **{"is_alarm": alarm, "detail": "words", "checked_at": PUBLISHED_AT + timedelta(hours=hours)},
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    lake = tmp_path_factory.mktemp("models") / "lake"
    early, late = AS_OF - timedelta(days=120), AS_OF - timedelta(days=60)
    tables = {
        GOLD_VALUE_TOTALS: [
            total("(all)", "value", 30, 500.0),
            total("Search", "value", 30, 100.0),
            total("Search", "value", 365, 300.0),
            total("Search", "purchases", 365, 30.0),
            total("Email", "value", 365, 400.0),
            total("Search", "value", 365, 999.0, AS_OF - timedelta(days=1)),
        ],
        GOLD_FORECAST_ACCURACY: [
            forecast(30, held=True),
            forecast(90, held=False),
            forecast(30, held=True, channel="Search"),
            forecast(30, held=True, until=AS_OF + timedelta(days=1)),
        ],
        GOLD_VALUE_BACKTEST: [
            judged(early, "value_model", 95.0, held=True),
            judged(early, "purchase_rate", 95.0, held=None),
            judged(late, "value_model", 115.0, held=True),
        ],
        GOLD_CHANNEL_EFFECTS: [
            effect("channel-attribution/1", "markov", "Search", 1.0, FITTED),
            effect("channel-attribution/2", "markov", "Search", 0.25),
            effect("channel-attribution/2", "markov", "Email", 0.75),
            effect("channel-attribution/2", "shapley", "Search", 0.4),
        ],
    }
    publish(lake, {table: write_table(lake, table, rows) for table, rows in tables.items()})
    write_table(
        lake,
        OPS_MODEL_MONITOR,
        [
            looked("run-0", "inputs", -30, alarm=True),
            looked("run-1", "inputs", -2, alarm=False),
            looked("run-1", "purchases", -2, alarm=True),
            looked("run-1", "churn_share", -2, alarm=True, version="churn/1"),
            looked("run-2", "purchases", 24, alarm=True),
        ],
    )
    return read_published(str(lake))


def test_the_versions_in_use_are_those_of_the_newest_figures(published: Published) -> None:
    found = read_in_use(published)
    assert found == (InUse("customer-value/3", AS_OF, FITTED), InUse("channel-attribution/2", AS_OF, AS_OF))
    assert [one.age_days for one in found] == [12, 0]


def test_forecasts_of_all_customers_that_have_come_due_are_counted_apart_from_back_tests(published: Published) -> None:
    assert read_held(published) == (
        Held("customer-value/2", "value", False, compared=2, held=1, held_if_model_holds=0),
        # 95 lies within 90 to 110, 115 does not
        Held("customer-value/3", "purchases", True, compared=2, held=2, held_if_model_holds=1),
    )


def test_back_tests_are_newest_first_with_the_model_before_its_baselines(published: Published) -> None:
    found = [(row["cutoff"], row["model"]) for row in read_backtest(published)]
    early, late = AS_OF - timedelta(days=120), AS_OF - timedelta(days=60)
    assert found == [(late, "value_model"), (early, "value_model"), (early, "purchase_rate")]


def test_drift_is_what_the_run_that_published_found_with_alarms_first(published: Published) -> None:
    assert [(row["run_id"], row["check_name"]) for row in read_drift(published)] == [
        ("run-1", "purchases"),
        ("run-1", "churn_share"),
        ("run-1", "inputs"),
    ]
    # run-2 looked after this publication.
    found = read_drift_history(published)
    assert [(row["run_id"], row["model_version"], row["checks"], row["alarms"]) for row in found] == [
        ("run-1", "customer-value/3", 2, 1),
        ("run-1", "churn/1", 1, 1),
        ("run-0", "customer-value/3", 1, 1),
    ]


def test_effects_are_those_of_the_newest_fit_with_both_models_side_by_side(published: Published) -> None:
    rows = read_effects(published, "purchase")
    assert [(row["channel"], row["markov_share"], row["shapley_share"]) for row in rows] == [
        ("Email", 0.75, None),
        ("Search", 0.25, 0.4),
    ]
    assert read_effects(published, "sign_up") == []
    assert [row["model_version"] for row in read_fits(published)] == ["channel-attribution/2", "channel-attribution/1"]


def test_value_by_channel_is_of_the_longest_horizon_and_the_newest_day(published: Published) -> None:
    found = read_value_by_channel(published)
    assert found is not None
    assert (found.as_of, found.days, found.level) == (AS_OF, 365, 0.95)
    assert [(one.channel, one.value, one.purchases, one.upper) for one in found.channels] == [
        ("Email", 400.0, None, 120.0),
        ("Search", 300.0, 30.0, 120.0),
    ]
    # Scores are not published: how many customers there are is not known, so nothing is per customer.
    assert [one.each(one.value) for one in found.channels] == [None, None]


def test_a_lake_without_models_has_nothing_to_show(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_CUSTOMER_SUMMARY: write_table(tmp_path, GOLD_CUSTOMER_SUMMARY, [])})
    found = read_published(str(tmp_path))
    assert (read_in_use(found), read_held(found)) == ((), ())
    assert read_backtest(found) == read_drift(found) == read_effects(found, "purchase") == read_fits(found) == []
    assert read_value_by_channel(found) is None
