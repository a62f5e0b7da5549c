"""What is an alarm: forecasts that missed, and inputs that shifted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from ltv.findings import DueForecast, judge_calibration, judge_inputs
from ltv.stability import Stability, stability

TODAY = dt.date(2026, 6, 30)


def due(days: int, *ended: tuple[int, bool], measure: str = "purchases") -> list[DueForecast]:
    """Forecasts of so many days, each by how many days ago it ended, and whether its interval held."""
    return [
        DueForecast(
            measure=measure,
            days=days,
            as_of=TODAY - dt.timedelta(days=ago + days),
            until=TODAY - dt.timedelta(days=ago),
            held=held,
        )
        for ago, held in ended
    ]


def test_one_missed_forecast_is_chance_and_three_in_a_row_are_none() -> None:
    (once,) = judge_calibration(due(30, (0, False), (30, True), (60, True)), interval_level=0.95, level=0.01)
    assert (once.subject, once.statistic, once.is_alarm) == ("purchases of 30 days", 1.0, False)
    assert once.p_value == pytest.approx(1 - 0.95**3)
    assert once.detail == "1 of 3 forecasts lie outside of their 95% intervals"
    (often,) = judge_calibration(due(30, (0, False), (30, False), (60, False)), interval_level=0.95, level=0.01)
    assert (often.statistic, often.is_alarm) == (3.0, True)
    assert often.p_value == pytest.approx(0.05**3)
    assert (often.since, often.until) == (TODAY - dt.timedelta(days=90), TODAY)


def test_forecasts_whose_periods_overlap_count_once() -> None:
    # A daily run makes thirty forecasts of nearly one period: the newest counts, then the first that ended before it.
    daily = due(30, *((ago, False) for ago in range(45)))
    (found,) = judge_calibration(daily, interval_level=0.95, level=0.01)
    assert found.statistic == 2.0
    assert not found.is_alarm


def test_measures_and_horizons_are_judged_apart_and_share_the_level() -> None:
    found = judge_calibration(
        [*due(30, (0, True)), *due(90, (0, True)), *due(30, (0, False), measure="value")],
        interval_level=0.95,
        level=0.012,
    )
    assert [one.subject for one in found] == ["purchases of 30 days", "purchases of 90 days", "value of 30 days"]
    assert [one.limit for one in found] == [pytest.approx(0.001)] * 3
    assert judge_calibration([], interval_level=0.95, level=0.01) == []


def test_the_index_of_equal_shares_is_0_and_of_a_shift_that_of_its_formula() -> None:
    before = {1.0: 5000, 2.0: 3000, 3.0: 2000}
    same = stability(before, {1.0: 500, 2.0: 300, 3.0: 200})
    assert same is not None
    assert same.index == 0.0
    assert same.p_value > 0.99
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    moved = stability(before, {1.0: 2000, 2.0: 3000, 3.0: 5000})
    assert moved is not None
    assert moved.index == pytest.approx(float(np.sum((p - q) * np.log(p / q))), abs=1e-3)
    assert moved.p_value < 1e-12


def test_chance_in_small_counts_is_taken_off_the_index() -> None:
    rng = np.random.default_rng(3)
    shares = np.full(10, 0.1)
    found = [
        stability(
            dict(enumerate(rng.multinomial(150, shares).tolist())),
            dict(enumerate(rng.multinomial(150, shares).tolist())),
        )
        for _ in range(1000)
    ]
    known = [one for one in found if one is not None]
    assert len(known) == 1000
    plain = 9 * (2 / 150)  # what chance makes of PSI on average, 0.12: worth a look by the convention
    assert np.mean([one.index for one in known]) < plain / 3
    assert 0.03 < np.mean([one.p_value < 0.05 for one in known]) < 0.08


def test_fine_bins_of_numbers_are_joined_in_order_and_rare_names_to_one() -> None:
    # 1 and 2 together have a tenth; a move between them alone is no shift
    before, lately = {1.0: 40, 2.0: 60, 3.0: 900}, {1.0: 100, 2.0: 0, 3.0: 900}
    found = stability(before, lately)
    assert found is not None
    assert found.index == 0.0
    names = stability({"Email": 500, "Search": 490, "Radio": 10}, {"Email": 500, "Search": 490, "Flyer": 10})
    assert names is not None
    assert names.index == 0.0
    new = stability({"Email": 500, "Search": 500}, {"Email": 300, "Search": 300, "TikTok": 400})
    assert new is not None
    assert new.index > 0.25, "a channel that was not there before is a shift"


def test_with_fewer_than_a_hundred_rows_nothing_is_compared() -> None:
    assert stability({1.0: 99}, {1.0: 5000}) is None
    (row,) = judge_inputs({"gaps": None}, since=TODAY, until=TODAY, level=0.01)
    assert (row.detail, row.is_alarm, row.statistic) == ("too few to compare", False, None)


@pytest.mark.parametrize(
    ("index", "p_value", "is_alarm", "meaning"),
    [
        (0.26, 1e-9, True, "has shifted"),
        (0.26, 0.01, False, "worth a look"),
        (0.24, 1e-9, False, "worth a look"),
        (0.02, 1e-9, False, "as before the fit"),
    ],
)
def test_an_input_is_an_alarm_from_a_quarter_on_where_it_is_beyond_chance(
    index: float, p_value: float, is_alarm: bool, meaning: str
) -> None:
    stable = Stability(index=index, p_value=p_value)
    (row,) = judge_inputs({"gaps": stable}, since=TODAY, until=TODAY, level=0.01)
    assert row.is_alarm is is_alarm
    assert row.detail == f"PSI {index:.2f}: {meaning}"
