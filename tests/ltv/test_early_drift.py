"""When what new users have brought since the fit is an alarm, and what is only chance or a few large amounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from early_shop import AGE, HORIZON, UNTIL, early_rows
from scipy.stats import gamma, norm

from ltv.behaviour.early_rows import EarlyRows
from ltv.behaviour.early_training import TrainedAge, columns_of, train_early_value
from ltv.behaviour.newer_users import SHIFT
from ltv.early_drift import BroughtSoFar, expected_by_now, judge_early_value, total_test
from ltv.early_value_model import CHANNEL, PURCHASES, predicted
from ltv.findings import Finding

DAY = dt.timedelta(days=1)
TODAY, LEVEL = UNTIL + 28 * DAY, 0.01  # four weeks after the fit; the default of drift.alarm_level


def so_far(
    *persons: tuple[float, float, float, float], spread: float = 0.5, model_error: float = 0.0, **more: Any
) -> BroughtSoFar:
    """A row for each person: share of the value that is expected by now, probability and amount of the whole horizon,
    what was brought."""
    came, buys, amount, brought = np.array(persons, dtype=float).T
    whole = predicted(buys, amount, spread)
    given = {"age_days": 7, "horizon_days": 30, "users": np.ones(len(came))} | more
    return BroughtSoFar(
        model_error=model_error,
        came=came,
        buyers=buys,
        value=whole.value,
        value_squared=whole.value**2,
        variance=whole.deviation**2,
        brought=brought,
        **given,
    )


def judge(*found: BroughtSoFar, least_change: float = 0.1) -> list[Finding]:
    return judge_early_value(found, fitted=UNTIL, as_of=TODAY, level=LEVEL, least_change=least_change)


def test_the_p_value_is_that_of_a_gamma_distribution_whose_variance_is_chance_model_error_and_a_usual_move() -> None:
    persons = [(0.5, 0.4, 50.0, 30.0), (0.2, 0.1, 80.0, 0.0), (1.0, 0.3, 20.0, 25.0)] * 40
    tested = total_test(so_far(*persons, spread=0.5, model_error=0.07))
    mean = sum(came * buys * amount for came, buys, amount, _ in persons)
    chance = sum(c * p * amount**2 * 1.5 - (c * p * amount) ** 2 for c, p, amount, _ in persons)
    variance = chance + (0.07 * mean) ** 2 + (SHIFT * mean) ** 2
    actual = sum(brought for *_, brought in persons)
    of_total = gamma(mean**2 / variance, scale=variance / mean)
    assert actual > mean
    assert (tested.expected, tested.actual) == pytest.approx((mean, actual))
    assert tested.p_value == pytest.approx(2 * of_total.sf(actual))
    assert tested.change == pytest.approx(actual / mean - 1)
    assert tested.statistic == pytest.approx((actual - mean) / variance**0.5)
    less = total_test(so_far(*((came, buys, amount, b / 10) for came, buys, amount, b in persons), model_error=0.07))
    assert actual / 10 < mean / 2
    assert less.p_value == pytest.approx(2 * of_total.cdf(actual / 10))


def test_the_chance_of_a_total_is_that_of_persons_who_buy_by_now_with_a_part_of_their_probability() -> None:
    random = np.random.default_rng(1)
    persons = [(0.5, 0.4, 50.0, 0.0), (0.25, 0.2, 80.0, 0.0)] * 20
    came, buys, amount, _ = np.array(persons).T
    comes = random.random((40_000, 40)) < came * buys
    totals = (comes * random.gamma(2.0, amount / 2, (40_000, 40))).sum(axis=1)
    found = so_far(*persons, spread=0.5)
    assert found.expected == pytest.approx(totals.mean(), rel=0.01)
    assert found.chance == pytest.approx(totals.var(), rel=0.03)
    assert found.expected_buyers == pytest.approx(comes.sum(axis=1).mean(), rel=0.01)


def test_persons_who_are_alike_may_share_a_row() -> None:
    alone = so_far(*[(0.5, 0.4, 50.0, 30.0)] * 60, *[(0.2, 0.1, 80.0, 0.0)] * 90)
    of_rows = {
        name: np.array([getattr(alone, name)[:60].sum(), getattr(alone, name)[60:].sum()])
        for name in ("users", "buyers", "value", "value_squared", "variance", "brought")
    }
    together = replace(alone, came=np.array([0.5, 0.2]), **of_rows)
    found, expected = (vars(total_test(one)) for one in (together, alone))
    assert found == pytest.approx(expected)


def test_it_is_the_distribution_of_the_intervals_of_campaigns() -> None:
    # View first_week_value_by_campaign, in SQL: Wilson and Hilferty's bounds, of 95%.
    found = so_far(*[(1.0, 0.25, 60.0, 0.0)] * 400, spread=0.8)
    errors = float(np.sqrt(found.chance + (SHIFT * found.expected) ** 2) / found.expected)
    for sign in (-1, 1):
        bound = found.expected * (1 - errors**2 / 9 + sign * norm.isf(0.025) * errors / 3) ** 3
        at_bound = replace(found, brought=np.array([bound] + [0.0] * 399))
        assert total_test(at_bound).p_value == pytest.approx(0.05, abs=0.001)


def test_as_much_as_expected_is_no_alarm_and_says_so() -> None:
    (found,) = judge(so_far(*[(0.5, 0.2, 100.0, 10.4)] * 500))
    assert (found.check, found.subject, found.is_alarm) == ("early_total", "7d_of_30d", False)
    assert (found.since, found.until) == (UNTIL, TODAY)
    assert found.detail == (
        "500 new users brought 5,200 after day 7, 5,000 were expected by now (+4%, 0.2 standard deviations)"
    )
    assert (found.limit, found.change) == (LEVEL, pytest.approx(0.04))


@pytest.mark.parametrize("times", [0.4, 2.0])
def test_much_less_and_much_more_are_an_alarm_of_many_and_chance_of_few(times: float) -> None:
    (found,) = judge(so_far(*[(0.5, 0.2, 100.0, 10.0 * times)] * 2000))
    assert found.is_alarm
    assert found.detail.endswith(": beyond chance")
    (few,) = judge(so_far(*[(0.5, 0.2, 100.0, 10.0 * times)] * 110))
    assert (few.is_alarm, few.limit) == (False, LEVEL)


def test_a_few_large_amounts_are_no_alarm_where_amounts_are_known_to_differ_so() -> None:
    # 25 buyers of 100 are expected. One order of 4,000 more than doubles that.
    persons = [(0.5, 0.1, 100.0, 5.0)] * 499 + [(0.5, 0.1, 100.0, 4000.0)]
    (even,), (uneven,) = judge(so_far(*persons, spread=0.5)), judge(so_far(*persons, spread=16.0))
    assert even.change == uneven.change == pytest.approx(1.6, abs=0.01)
    assert (even.is_alarm, uneven.is_alarm) == (True, False)


def test_a_change_below_the_least_one_is_no_alarm_however_sure() -> None:
    (found,) = judge(so_far(*[(0.5, 0.2, 100.0, 5.0)] * 9000), least_change=0.6)
    assert not found.is_alarm
    assert found.detail.endswith("beyond chance, but below drift.least_change")


def test_fewer_than_ten_expected_buyers_are_too_few_and_take_no_part_of_the_level() -> None:
    many = so_far(*[(0.5, 0.2, 100.0, 10.0)] * 500)
    few = so_far(*[(0.5, 0.2, 100.0, 0.0)] * 99, horizon_days=90)
    other = replace(many, age_days=14)
    first, none, last = judge(many, few, other)
    assert none.detail == "of 99 new users 9.9 buyers are expected by now: too few to compare"
    assert (none.subject, none.is_alarm) == ("7d_of_90d", False)
    assert (none.limit, none.p_value, none.change) == (None, None, None)
    assert [first.limit, last.limit] == [LEVEL / 2] * 2
    assert last.subject == "14d_of_30d"


def test_where_nobody_has_reached_an_age_since_the_fit_one_row_says_so() -> None:
    (found,) = judge()
    assert (found.check, found.subject, found.is_alarm) == ("early_total", "since the fit", False)
    assert found.detail == "the fit is of 2026-06-30: no new user has reached an age since"


# ------------------------------------------------------------------------------------------------------ simulated shops


@pytest.fixture(scope="module")
def champions() -> list[TrainedAge]:
    """Of twenty shops, each trained on 3,000 new users of 136 days."""
    found = [train_early_value(early_rows(seed, predicts=True)).models for seed in range(20)]
    return [one for (one,) in found]


def four_weeks(champion: TrainedAge, seed: int, *, moved: float = 1.0) -> Finding:
    """What is found four weeks after the fit in a shop that has three times as many new users as when it was learned;
    what they bring is `moved` times as much from the fit on."""
    first = UNTIL - (AGE - 2) * DAY  # whose age is over on the day after the fit
    data = early_rows(
        1000 + seed, users=2200, predicts=True, moved=moved, since=first - DAY, first_day=first, until=TODAY
    )
    (found,) = judge(brought_by(champion, data))
    return found


def brought_by(champion: TrainedAge, data: EarlyRows) -> BroughtSoFar:
    """Person by person."""
    rows = data.rows[[first <= TODAY - AGE * DAY for first in data.rows["first_day"]]]
    seen = np.array([min((TODAY - first).days + 1, HORIZON) for first in rows["first_day"]])
    whole = champion.model.predict(columns_of(rows), rows[CHANNEL].to_numpy(dtype=object))
    came = {name: np.array(shares) for name, shares in champion.came.items()}
    brought, _ = data.brought(rows, seen)
    return BroughtSoFar(
        age_days=AGE,
        horizon_days=HORIZON,
        model_error=champion.model.model_error,
        came=expected_by_now(came, (rows[PURCHASES] > 0).to_numpy(), seen),
        users=np.ones(len(rows)),
        buyers=whole.buys,
        value=whole.value,
        value_squared=whole.value**2,
        variance=whole.deviation**2,
        brought=brought,
    )


def sets(champions: list[TrainedAge], number: int, **more: Any) -> Iterator[Finding]:
    for seed in range(number):
        yield four_weeks(champions[seed % len(champions)], seed, **more)


def test_steady_shops_have_an_alarm_in_no_more_of_200_sets_than_the_level_and_chance_allow(
    champions: list[TrainedAge],
) -> None:
    found = list(sets(champions, 200))
    assert sum(one.is_alarm for one in found) <= 5  # of 200 at the level of .01, 2 on average and 5 in 98 of 100
    below = sum((one.p_value or 0) < 0.05 for one in found)
    assert below <= 17  # of 10 on average


def test_a_shop_that_halves_is_found_in_most_of_50_sets(champions: list[TrainedAge]) -> None:
    found = list(sets(champions, 50, moved=0.5))
    assert sum(one.is_alarm for one in found) >= 40
    assert np.median([one.change or 0 for one in found]) == pytest.approx(-0.5, abs=0.05)
