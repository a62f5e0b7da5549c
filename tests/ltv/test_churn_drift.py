"""When predictions of churn that have come due are an alarm, and what is only chance or what all customers share."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t

from ltv.churn_drift import (
    MOST_PERIODS,
    TYPICAL,
    TYPICAL_PERIODS,
    DueChurn,
    PastShift,
    former_shifts,
    judge_churn,
    judge_churn_inputs,
    nothing_due,
    shift_test,
)
from ltv.findings import Finding
from ltv.stability import Stability

TODAY, FITTED = dt.date(2026, 6, 30), dt.date(2026, 6, 10)


def due(*groups: tuple[float, int, int], horizon: str = "7d", days: int = 7, version: str = "churn/2") -> DueChurn:
    """Predictions that come due today: probability, how many customers had it, how many of them left."""
    probability, customers, left = np.array(groups, dtype=float).T
    return DueChurn(
        horizon=horizon,
        as_of=TODAY - dt.timedelta(days=days),
        until=TODAY,
        model_version=version,
        base_rate=0.5,
        probability=probability,
        customers=customers,
        left=left,
    )


def judge(*found: DueChurn, past: tuple[PastShift, ...] = (), least_change: float = 0.1) -> list[Finding]:
    return judge_churn(found, past, version="churn/2", fitted=FITTED, level=0.01, least_change=least_change)


def test_the_shift_is_what_added_to_all_log_odds_expects_as_many_as_left() -> None:
    # Of 100 at even odds 60 left: odds of 1.5 instead of 1.
    assert due((0.5, 100, 60)).shift == pytest.approx(math.log(1.5))
    # Odds of 1 and of 1/4 doubled are 2/3 and 1/3.
    assert due((0.5, 300, 200), (0.2, 300, 100)).shift == pytest.approx(math.log(2))
    assert due((0.5, 100, 50), (0.2, 100, 20)).shift == pytest.approx(0, abs=1e-12)
    assert due((0.5, 100, 100)).shift == pytest.approx(5)  # where all left, there is no end
    assert due((0.5, 100, 0)).shift == pytest.approx(-5)


def test_shares_as_predicted_are_no_alarm_and_say_so() -> None:
    share, score = judge(due((0.8, 1000, 805), (0.2, 1000, 198)))
    assert (share.check, share.subject, share.is_alarm) == ("churn_share", "7d", False)
    assert (share.since, share.until) == (TODAY - dt.timedelta(days=7), TODAY)
    assert share.detail == ("50.1% of 2,000 customers left, 50.0% were expected (odds +1%, 0.1 standard deviations)")
    assert share.change == pytest.approx(math.expm1(3 / 320), rel=1e-3)
    assert (score.check, score.is_alarm) == ("churn_brier", False)
    assert score.detail == "Brier score 0.1579, 0.2500 with the base rate 50.0% for all"
    assert score.statistic == pytest.approx((805 * 0.04 + 195 * 0.64 + 198 * 0.64 + 802 * 0.04) / 2000)
    assert share.limit == score.limit == pytest.approx(0.01 / 3)


def test_what_moves_all_customers_of_a_day_a_little_is_no_alarm_however_many_they_are() -> None:
    # A tenth more odds: of a million independent customers 50 standard deviations, of a day one of them.
    share, _ = judge(due((0.5, 1_000_000, 525_000)))
    assert share.statistic == pytest.approx(1.0, abs=0.05)
    assert not share.is_alarm


def test_odds_that_double_are_an_alarm_in_a_large_shop_and_chance_in_a_small_one() -> None:
    share, _ = judge(due((0.5, 3000, 2000)))
    assert share.is_alarm
    assert share.change == pytest.approx(1.0)
    assert share.detail.endswith(": beyond chance")
    assert not judge(due((0.5, 60, 40)))[0].is_alarm
    tiny, score = judge(due((0.5, 30, 29)))
    assert (tiny.detail, tiny.limit) == ("29 of 30 customers left: too few to compare", None)
    assert score.detail == "too few to compare"


def test_a_change_below_the_least_one_is_no_alarm_however_sure() -> None:
    (share, _) = judge(due((0.5, 3000, 2000)), least_change=1.01)
    assert not share.is_alarm
    assert share.detail.endswith("beyond chance, but below drift.least_change")


def test_the_p_value_is_students_with_a_degree_for_each_former_period_and_ten_for_what_is_assumed() -> None:
    found, former = due((0.5, 4000, 2200)), [0.05, -0.2, 0.1]
    tested = shift_test(found, former)
    variance = (TYPICAL_PERIODS * (TYPICAL**2 + 1 / 1000) + 0.05**2 + 0.2**2 + 0.1**2) / (TYPICAL_PERIODS + 3)
    statistic = math.log(2200 / 1800) / math.sqrt(variance)
    assert tested.statistic == pytest.approx(statistic)
    assert tested.p_value == pytest.approx(2 * t.sf(statistic, TYPICAL_PERIODS + 3))


def test_a_shop_that_always_moved_much_has_no_alarm_where_a_steady_one_has() -> None:
    found = due((0.5, 3000, 2000))

    def periods(shift: float) -> tuple[PastShift, ...]:
        days = (FITTED - dt.timedelta(days=7 * number) for number in range(12))
        return tuple(
            PastShift("7d", day - dt.timedelta(days=7), day, shift * (-1) ** number) for number, day in enumerate(days)
        )

    assert judge(found, past=periods(0.02))[0].is_alarm
    assert not judge(found, past=periods(0.5))[0].is_alarm


def test_former_periods_are_those_before_that_lie_apart_the_newest_first() -> None:
    found = due((0.5, 1000, 500))

    def past(until: int, shift: float, horizon: str = "7d") -> PastShift:
        last = TODAY - dt.timedelta(days=until)
        return PastShift(horizon, last - dt.timedelta(days=7), last, shift)

    daily = [past(days, days / 100) for days in range(40)]
    assert former_shifts([*daily, past(7, 9.0, "14d")], found) == [0.07, 0.14, 0.21, 0.28, 0.35]
    assert len(former_shifts([past(days, 0.1) for days in range(500)], found)) == MOST_PERIODS


def test_periods_of_the_champion_itself_do_not_say_what_is_usual() -> None:
    # Otherwise an alarm that lasts would end by itself.
    own = tuple(
        PastShift("7d", FITTED + dt.timedelta(days=day), FITTED + dt.timedelta(days=day + 7), 0.7) for day in (0, 3)
    )
    assert judge(due((0.5, 3000, 2000)), past=own)[0].is_alarm


def test_predictions_of_a_former_champion_are_on_record_and_no_alarm() -> None:
    now, before, _, _ = judge(due((0.5, 3000, 1500)), due((0.5, 3000, 2000), horizon="30d", days=30, version="churn/1"))
    assert before.detail.startswith("by churn/1, champion then: 66.7% of 3,000 customers left")
    assert (before.is_alarm, before.limit, before.change) == (False, None, pytest.approx(1.0))
    assert now.limit == pytest.approx(0.01 / 3)  # which shares its level with no other


def test_horizons_share_the_level() -> None:
    found = judge(due((0.5, 3000, 1500)), due((0.5, 3000, 1500), horizon="14d", days=14))
    assert [(one.check, one.subject) for one in found] == [
        ("churn_share", "7d"),
        ("churn_share", "14d"),
        ("churn_brier", "7d"),
        ("churn_brier", "14d"),
    ]
    assert [one.limit for one in found] == [pytest.approx(0.01 / 6)] * 4


def test_predictions_that_are_worse_than_one_number_for_all_are_an_alarm_although_the_share_holds() -> None:
    share, score = judge(due((0.8, 1000, 300), (0.2, 1000, 700)))
    assert not share.is_alarm
    assert score.is_alarm
    assert score.detail == "Brier score 0.4600, 0.2500 with the base rate 50.0% for all: worse beyond chance"
    # A hair worse is two predictions of nothing.
    hair = replace(due((0.51, 500_000, 245_000), (0.49, 500_000, 255_000)))
    assert not judge(hair)[1].is_alarm


def test_inputs_are_an_alarm_from_a_quarter_on_and_share_the_level() -> None:
    found = judge_churn_inputs(
        {"visits_30d": Stability(index=0.3, p_value=1e-9), "clicks_30d": Stability(index=0.1, p_value=1e-9), "x": None},
        since=FITTED,
        until=TODAY,
        level=0.01,
    )
    assert [(one.subject, one.is_alarm, one.detail) for one in found] == [
        ("visits_30d", True, "PSI 0.30: has shifted"),
        ("clicks_30d", False, "PSI 0.10: worth a look"),
        ("x", False, "too few to compare"),
    ]
    assert {one.check for one in found} == {"churn_inputs"}
    assert found[0].limit == pytest.approx(0.01 / 9)


def test_where_nothing_has_come_due_one_row_says_so() -> None:
    (found, none) = nothing_due(FITTED, TODAY), judge()
    assert (found.check, found.is_alarm) == ("churn_share", False)
    assert found.detail == "the fit is of 2026-06-10: no prediction has come due"
    assert none == []
