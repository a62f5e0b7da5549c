"""Training of early value: periods, the two parts, baselines, scores, and what is served."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from early_shop import AGE, CHANNELS, FIRST_VISIT, HORIZON, UNTIL, early_rows
from scipy.optimize import minimize

from ltv.behaviour.early_judge import chance_of_total, deviance, gain_over, group_of, model_error
from ltv.behaviour.early_periods import Days, Newer, new_since, periods_of
from ltv.behaviour.early_rows import EarlyRows
from ltv.behaviour.early_training import learned_of, newer_of, train_early_value
from ltv.behaviour.log_linear import fit_log_linear
from ltv.behaviour.newer_users import ALL, NOT_YET, Movement, movement
from ltv.behaviour.two_parts import Learned, fit_behaviour, fit_channel_mean, follow, learned_error, part_of
from ltv.churn_scorer import expit
from ltv.early_value_model import PURCHASES, Behaviour, ChannelMean, Prediction, by_from_dict, by_to_dict, predicted
from warehouse.tables.gold_person_features import BUILT

DAY = dt.timedelta(days=1)


# ------------------------------------------------------------------------------------------------------------ periods


@pytest.mark.parametrize("horizon", [30, 90, 365])
@pytest.mark.parametrize("days", [50, 60, 100, 150, 230, 300, 900])
def test_no_outcome_reaches_beyond_the_data_and_none_that_is_learned_ahead_into_the_newest_period(
    horizon: int, days: int
) -> None:
    first_visit = UNTIL - (days - 1) * DAY
    found = periods_of(horizon, until=UNTIL, first_visit=first_visit)
    known = days - 14 - (horizon - 1)  # first days that are new and whose outcome is known
    assert (found is None) == (known < 14)
    if found is None:
        return
    assert found.judged.last + (horizon - 1) * DAY == UNTIL
    assert 7 <= (found.judged.last - found.judged.first).days + 1 <= 28
    assert (found.earlier.last - found.earlier.first).days + 1 >= 7
    assert min(found.earlier.first, found.final.first) >= new_since(first_visit)
    assert found.final.last == found.judged.last
    if found.is_ahead:
        assert found.earlier.last + (horizon - 1) * DAY < found.judged.first
        for newer, learned, last_known in (
            (found.newer_than_earlier, found.earlier, found.judged.first - DAY),
            (found.newer_than_final, found.final, UNTIL),
        ):
            assert newer is not None
            assert newer.until == last_known - 3 * DAY  # what was bought later may not have landed
            assert newer.days == (learned.last + DAY, min(newer.until, learned.last + 92 * DAY))
    else:
        assert found.earlier.last == found.judged.first - DAY
        assert found.newer_than_earlier is None
        assert found.newer_than_final is None


# -------------------------------------------------------------------------------------------------------- numeric parts


def test_a_regression_of_amounts_is_the_minimum_that_a_general_search_finds() -> None:
    draw = np.random.default_rng(3)
    columns = draw.normal(size=(400, 2))
    amount = draw.gamma(2.0, 20.0, 400) * np.exp(columns @ [0.5, -0.2])

    def loss(theta: np.ndarray) -> float:
        log_mean = theta[0] + columns @ theta[1:]
        return float(np.mean(amount * np.exp(-log_mean) + log_mean) + 0.01 * (theta[1:] ** 2).sum() / 2)

    best = minimize(loss, np.array([3.0, 0.0, 0.0]), tol=1e-12).x
    assert fit_log_linear(columns, amount, ridge=0.01) == pytest.approx(best, abs=1e-4)


def test_the_standard_deviation_is_that_of_a_purchase_that_may_not_come() -> None:
    draw = np.random.default_rng(1)
    buys, mean, spread = 0.3, 50.0, 0.8
    amount = draw.gamma(1 / spread, mean * spread, 400_000) * (draw.random(400_000) < buys)
    found = predicted(np.array([buys]), np.array([mean]), spread)
    assert found.value[0] == pytest.approx(amount.mean(), rel=0.01)
    assert found.deviation[0] == pytest.approx(amount.std(), rel=0.01)
    assert predicted(np.array([1.0]), np.array([mean]), 0.0).deviation.tolist() == [0.0]


def test_a_channels_mean_is_drawn_to_that_of_all_as_by_ten_buyers() -> None:
    bought = np.array([1.0] * 4 + [0.0] * 36)
    learned = Learned(
        columns={},
        channels=np.array(["Email"] * 20 + ["Direct"] * 20, dtype=object),
        bought=bought,
        amount=bought * 30,
        part=np.zeros(40),
    )
    mean = fit_channel_mean(learned)
    assert mean.buys == 0.1
    assert mean.channels["Email"] == pytest.approx(((4 + 10) / (20 + 100), (4 * 30 + 10 * 30) / (4 + 10)))
    assert mean.channels["Direct"] == pytest.approx((10 / 120, 30))
    assert mean.predict(np.array(["new"], dtype=object)).value.tolist() == pytest.approx([0.1 * 30])


def test_scores_are_those_of_the_value_to_come_and_of_the_whole() -> None:
    later, to_date = np.array([0.0, 0.0, 40.0, 60.0]), np.array([0.0, 0.0, 0.0, 100.0])
    scores = group_of({"some": np.array([5.0, 5.0, 50.0, 60.0])}, later, to_date).scores["some"]
    assert scores.total_error == pytest.approx(20 / 200)
    assert scores.later_error == pytest.approx(20 / 100)
    assert (scores.gini, scores.auc) == (1.0, 1.0)
    turned = group_of({"some": -later}, later, to_date).scores["some"]
    assert turned.auc == 0.0


def test_a_deviance_is_zero_where_an_expectation_is_met_and_smallest_at_the_mean() -> None:
    actual = np.array([0.0, 1.0, 8.0])
    assert deviance(actual[1:], actual[1:]) == pytest.approx([0.0, 0.0], abs=1e-12)
    at = {mean: float(deviance(np.full(3, mean), actual).mean()) for mean in (2.0, 3.0, 4.0)}
    assert at[3.0] < min(at[2.0], at[4.0])
    few = gain_over(actual + 0.1, np.full(3, 3.0), actual)
    assert few.deviance > 0
    assert not few.is_real  # three persons are chance


def test_a_models_error_is_chance_of_what_it_learned_from_and_what_the_newest_period_had_beyond_chance() -> None:
    by_chance = model_error(judged_error=0.09, judged_chance=0.08, learned_then=0.06, learned_now=0.05)
    assert by_chance == 0.05
    beyond = model_error(judged_error=-0.13, judged_chance=0.04, learned_then=0.03, learned_now=0.05)
    assert beyond == pytest.approx(np.sqrt(0.05**2 + 0.13**2 - 0.05**2))


def test_a_fifth_of_the_persons_is_always_the_same() -> None:
    persons = [f"user:{number}" for number in range(1000)]
    parts = dict(zip(persons, part_of(persons).tolist(), strict=True))
    assert all(150 < list(parts.values()).count(part) < 250 for part in range(5))
    assert part_of(persons[::-1]).tolist() == [parts[person] for person in persons[::-1]]


# ------------------------------------------------------------------------------------------------------ the two parts


@pytest.fixture(scope="module")
def learned() -> Learned:
    data = early_rows(1, users=12_000, predicts=True)
    return learned_of(data, AGE, HORIZON, Days(FIRST_VISIT, UNTIL))


@pytest.fixture(scope="module")
def behaviour(learned: Learned) -> Behaviour:
    return fit_behaviour(learned)


def test_totals_hold_for_those_who_have_bought_and_for_those_who_have_not(
    learned: Learned, behaviour: Behaviour
) -> None:
    value = behaviour.predict(learned.columns, learned.channels).value
    for who in (learned.columns[PURCHASES] > 0, learned.columns[PURCHASES] == 0):
        assert value[who].sum() == pytest.approx(learned.amount[who].sum(), rel=0.02)


def test_the_variances_add_up_to_what_persons_differ_from_their_predictions(
    learned: Learned, behaviour: Behaviour
) -> None:
    found = behaviour.predict(learned.columns, learned.channels)
    squares = ((learned.amount - found.value) ** 2).sum()
    assert (found.deviation**2).sum() == pytest.approx(squares, rel=0.1)


def test_the_fit_finds_what_the_shop_was_drawn_from(behaviour: Behaviour) -> None:
    columns = {name: np.zeros(3) for name in behaviour_names(behaviour)} | {
        "visits_7d": np.array([2.0, 2.0, 4.0]),
        "visits_30d": np.array([2.0, 2.0, 4.0]),
        "cart_adds_30d": np.array([0.0, 1.0, 0.0]),
    }
    found = behaviour.predict(columns, np.array(["Email"] * 3, dtype=object))
    log_odds = np.log(0.12 / 0.88) + np.array([-0.32, 0.48, 1.0 - 0.32])
    assert found.buys == pytest.approx(expit(log_odds), abs=0.04)
    assert found.amount == pytest.approx([50.0] * 3, rel=0.15)


def behaviour_names(by: Behaviour) -> set[str]:
    return {PURCHASES} | by.bought.names | by.not_yet.names


def test_a_state_with_few_buyers_has_its_share_and_their_mean() -> None:
    data = early_rows(2, users=300, predicts=True)
    few = learned_of(data, AGE, HORIZON, Days(FIRST_VISIT, UNTIL))
    bought = few.where(few.columns[PURCHASES] > 0)
    assert 0 < bought.bought.sum() < 30
    part = fit_behaviour(few).bought
    assert part.buys.classifier is None
    share = float(expit(np.array(part.buys.low)))
    assert share == pytest.approx(bought.bought.mean(), abs=0.02)
    expected = part.predict(bought.columns, bought.channels)
    assert expected.value.sum() == pytest.approx(bought.amount.sum())


def test_what_is_stored_predicts_the_same(learned: Learned, behaviour: Behaviour) -> None:
    for by in (behaviour, fit_channel_mean(learned)):
        again: Any = by_from_dict(json.loads(json.dumps(by_to_dict(by))))
        if isinstance(again, ChannelMean):
            assert again == by
        else:
            assert again.predict(learned.columns, learned.channels).value.tolist() == (
                behaviour.predict(learned.columns, learned.channels).value.tolist()
            )


# -------------------------------------------------------------------------------------------------------- newer ones


def prediction(rows: int, *, buys: float, amount: float = 50.0) -> Prediction:
    return predicted(np.full(rows, buys), np.full(rows, amount), 0.5)


def variance_of(rows: int, buys: float) -> float:
    """Of the sum of `prediction`, as a share of it squared: (p (1 + spread) - p^2) / (rows p^2)."""
    return (buys * 1.5 - buys**2) / (rows * buys**2)


def moved_by(times: float, *, learned: int = 4000, newer: int = 2000, came: float = 0.4, buys: float = 0.1) -> Movement:
    """The movement where newer ones have brought so many times what was expected of them by now."""
    amount = np.full(newer, times * buys * came * 50)
    of_learned, of_newer = prediction(learned, buys=buys), prediction(newer, buys=buys)
    return movement(of_learned, of_newer, np.full(newer, came), amount, spread=0.5)


def test_what_newer_ones_brought_so_far_counts_beside_what_was_expected_by_then_by_inverse_variances() -> None:
    known = variance_of(4000, 0.1)
    seen = variance_of(2000, 0.1 * 0.4) + known * 0.6 / 0.4  # those who had come by then are part of all learned from
    weights = [1 / (known + 0.05**2), 1 / seen]
    factor = np.average([1.0, 1.1], weights=weights)
    assert moved_by(1.1) == pytest.approx((factor, np.sqrt(1 / sum(weights)) / factor))
    assert 1.02 < factor < 1.05


def test_what_differs_by_much_more_than_chance_is_a_move_and_counts_nearly_whole() -> None:
    assert moved_by(1.9, learned=40_000, newer=40_000).factor == pytest.approx(1.9, abs=0.02)
    assert moved_by(0.55, learned=40_000, newer=40_000).factor == pytest.approx(0.55, abs=0.02)


def test_few_purchases_are_no_move_however_many_more_than_expected() -> None:
    # Expected are 200 x .1 x .4 = 8 buyers so far, whose number and amounts chance may double.
    assert moved_by(3.0, newer=200).factor < 1.1
    # And 40 buyers of those learned from, of whom 4 had bought by the days that were seen.
    assert moved_by(3.0, learned=400, newer=20_000, came=0.1).factor < 1.3


def test_a_factor_is_never_more_than_two_nor_less_than_half() -> None:
    assert moved_by(1e9, learned=40_000, newer=40_000).factor == 2.0  # an order in the wrong currency
    assert moved_by(0.0, learned=40_000, newer=40_000).factor == 0.5  # files that did not come


def test_nothing_moves_where_nothing_is_expected_yet() -> None:
    assert moved_by(1.0, came=0.0) == moved_by(1.0, newer=0) == (1.0, pytest.approx(np.sqrt(variance_of(4000, 0.1))))


def a_few_rows() -> EarlyRows:
    """Two learned from who have bought and two who have not, and newer ones; seen up to the 20th."""
    days = [*[dt.date(2026, 3, 1)] * 4, dt.date(2026, 3, 10), dt.date(2026, 3, 12), dt.date(2026, 3, 14)]
    rows = pd.DataFrame({name: np.zeros(7) for name in (*(column.name for column in BUILT), "is_known")}).assign(
        person_id=[f"user:{number}" for number in range(7)],
        first_day=days,
        age_days=7,
        acquisition_channel="Email",
        purchases_90d=[1, 1, 0, 0, 1, 0, 0],
    )
    later = [(0, 8, 30.0), (1, 29, 10.0), (2, 9, 20.0), (2, 30, 99.0), (3, 10, 60.0)]
    later += [(4, 10, 5.0), (4, 11, 7.0), (5, 7, 3.0), (5, 8, 4.0), (5, 9, 6.0), (6, 8, 2.0)]
    made = pd.DataFrame(later, columns=["row", "days", "value"])
    return EarlyRows(until=UNTIL, first_visit=FIRST_VISIT, rows=rows, later=made, periods={}, share=1.0)


def test_newer_ones_count_up_to_a_day_beside_what_those_of_their_state_had_brought_after_as_many_days() -> None:
    days = Days(dt.date(2026, 3, 9), dt.date(2026, 3, 14))
    found = newer_of(a_few_rows(), 7, 30, Days(days.first - 8 * DAY, days.first), Newer(days, dt.date(2026, 3, 20)))
    assert found is not None
    # The 11 days of the 10th are over and the 9 of the 12th; the 14th has reached no more than its age of 7.
    assert found.columns[PURCHASES].tolist() == [1, 0]
    assert found.amount.tolist() == [5.0, 7.0]
    assert found.came.tolist() == [30 / 40, 0.0]
    assert found.came_of_all.tolist() == [110 / 120, 30 / 120]


PERIODS = early_rows(6, users=1, predicts=True).periods[HORIZON]


def judged_errors(seeds: range, *, moved: float, predicts: bool = True) -> tuple[np.ndarray, ...]:
    """The error of the total on the newest period of each shop: behaviour with newer ones and without, and the
    channel's mean with them and without."""
    errors = []
    for seed in seeds:
        data = early_rows(seed, users=12_000, predicts=predicts, moved=moved, since=PERIODS.earlier.last)
        earlier, judged = (learned_of(data, AGE, HORIZON, days) for days in (PERIODS.earlier, PERIODS.judged))
        newer = newer_of(data, AGE, HORIZON, PERIODS.earlier, PERIODS.newer_than_earlier)
        values = [fit_behaviour(earlier, some).predict(judged.columns, judged.channels) for some in (newer, None)]
        mean = fit_channel_mean(earlier)
        values += [follow(mean, earlier, some).predict(judged.channels) for some in (newer, None)]
        errors.append([one.value.sum() / judged.amount.sum() - 1 for one in values])
    return tuple(np.array(errors).T)


def test_a_shop_that_has_moved_is_followed_before_the_horizon_of_newer_ones_is_over() -> None:
    behaviour, without, mean, mean_without = judged_errors(range(4), moved=1.6)
    for followed, not_followed in ((behaviour, without), (mean, mean_without)):
        assert not_followed.mean() == pytest.approx(1 / 1.6 - 1, abs=0.08)
        assert abs(followed.mean()) < abs(not_followed.mean()) / 2


def test_steady_shops_are_predicted_no_worse_for_newer_ones() -> None:
    behaviour, without, mean, mean_without = judged_errors(range(12), moved=1.0)
    for followed, not_followed in ((behaviour, without), (mean, mean_without)):
        assert np.sqrt((followed**2).mean()) < 1.1 * np.sqrt((not_followed**2).mean())
        assert abs(followed.mean()) < 0.05


def test_the_error_of_a_total_is_that_of_both_states_and_covers_what_comes(
    learned: Learned, behaviour: Behaviour
) -> None:
    value, has_bought = behaviour.predict(learned.columns, learned.channels).value, learned.columns[PURCHASES] > 0
    parts = [value[has_bought].sum() * behaviour.bought.error, value[~has_bought].sum() * behaviour.not_yet.error]
    assert learned_error(behaviour, learned) == pytest.approx(np.hypot(*parts) / value.sum())
    by_chance = chance_of_total(behaviour.predict(learned.columns, learned.channels), learned.amount)
    assert learned_error(behaviour, learned) == pytest.approx(by_chance, rel=0.05)


def test_what_is_judged_has_seen_nothing_of_the_days_from_the_newest_period_on() -> None:
    data = early_rows(6, users=20_000, predicts=True)
    then = PERIODS.judged.first
    day = data.rows["first_day"].iloc[data.later["row"]].to_numpy() + data.later["days"].to_numpy() * DAY
    of_then = replace(data, later=data.later[day < then].reset_index(drop=True))
    whole, cut = (
        fit_behaviour(
            learned_of(rows, AGE, HORIZON, PERIODS.earlier),
            newer_of(rows, AGE, HORIZON, PERIODS.earlier, PERIODS.newer_than_earlier),
        )
        for rows in (data, of_then)
    )
    assert len(of_then.later) < len(data.later)
    assert whole.not_yet.moved != 1.0
    assert whole == cut


# ------------------------------------------------------------------------------------------------------- the training


def test_where_the_first_week_says_what_comes_behaviour_is_served_and_ranks_above_the_channels_mean() -> None:
    training = train_early_value(early_rows(1, users=6000, predicts=True))
    (model,) = training.models
    assert training.gains
    assert (model.model.age_days, model.model.horizon_days, model.model.served) == (AGE, HORIZON, "behaviour")
    for name in (ALL, NOT_YET):
        scores, chance = model.groups[name].scores, model.groups[name].chance
        assert scores["behaviour"].gini > scores["channel_mean"].gini + 0.2
        assert abs(scores["behaviour"].later_error) < 3 * chance
    assert sorted(training.notes) == [
        "30 days from age 14: fewer than 30 buyers in a period",
        "30 days from age 1: fewer than 30 buyers in a period",
        "365 days: the record of visits is too short",
        "90 days: the record of visits is too short",
    ]


def test_where_nothing_predicts_the_channels_mean_is_served_in_each_of_20_shops() -> None:
    for seed in range(20):
        training = train_early_value(early_rows(seed, users=2500, predicts=False))
        assert [model.model.served for model in training.models] == ["channel_mean"], seed
        assert isinstance(training.models[0].model.by, ChannelMean)
        assert set(training.models[0].model.by.channels) == set(CHANNELS)
        assert not training.gains


@pytest.mark.parametrize("predicts", [True, False])
def test_what_is_served_has_the_share_of_the_value_that_had_come_by_each_day_of_those_it_learned_from(
    predicts: bool,
) -> None:
    data = early_rows(1, users=6000, predicts=predicts)
    (one,) = train_early_value(data).models
    rows = data.rows[data.rows["first_day"].between(*one.periods.final)]
    states = {"bought": rows[rows[PURCHASES] > 0], "not_yet": rows[rows[PURCHASES] == 0], "all": rows}
    assert set(one.came) == ({"bought", "not_yet"} if predicts else {"all"})
    for name, shares in one.came.items():
        made = [
            (days, value)
            for row, days, value in data.later[["row", "days", "value"]].itertuples(index=False)
            if row in states[name].index
        ]
        total = sum(value for _, value in made)
        by_then = [sum(value for days, value in made if days < day) / total for day in range(HORIZON + 1)]
        assert shares == pytest.approx(by_then, abs=1e-6)
        assert (shares[AGE], shares[HORIZON]) == (0.0, 1.0)


def test_a_training_is_the_same_again() -> None:
    data = early_rows(4, users=1500, predicts=True)
    assert train_early_value(data) == train_early_value(data)


def test_a_short_record_is_judged_by_others_of_earlier_days_and_says_so() -> None:
    data = early_rows(5, users=4000, predicts=True)
    short = periods_of(HORIZON, until=UNTIL, first_visit=UNTIL - 59 * DAY)
    assert short is not None
    training = train_early_value(replace(data, periods={HORIZON: short}))
    assert training.notes[2].startswith("30 days: the record is too short to judge ahead of time")
