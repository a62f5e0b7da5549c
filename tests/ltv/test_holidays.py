"""Holidays: days that return on other dates each year have a factor beside that of their month."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.optimize import minimize
from scipy.special import gammaln
from shops import fit_in, origin
from simulated_days import daily_purchases, simulated_days
from test_customer_value import CUSTOMERS, MODEL
from test_drift_by_kind import followed_in
from test_training import LTV

from ltv import learn_season as learning
from ltv.drift import joint_dates, purchases_test
from ltv.knobs import Holiday as HolidayDates
from ltv.learn_season import choose_season, factors_of, holidays_not_known, learn_season, with_season
from ltv.origins import FittedOrigin, judge_origins
from ltv.plots import track
from ltv.pyfunc import CustomerValueModel
from ltv.registry import stored_content
from ltv.scorer import Scorer
from ltv.season import Holiday, Season
from ltv.value_model import ValueModel

X, T_X, T = (np.array([row[place] for row in CUSTOMERS], dtype=float) for place in (1, 2, 3))
HORIZONS = {"churn_days": (30,), "value_days": (60,), "annual_discount_rate": 0.1}
# A week of sale that comes in another month each year, and one of rest.
SALE_WEEKS = (("2024-05-06", "2024-05-12"), ("2025-02-10", "2025-02-16"), ("2025-11-10", "2025-11-16"))
REST_WEEKS = (("2024-09-16", "2024-09-18"), ("2025-10-05", "2025-10-08"))


def dated(name: str, *weeks: tuple[str, str]) -> HolidayDates:
    return HolidayDates.model_validate({"name": name, "dates": weeks})


SALE, REST = dated("Sale", *SALE_WEEKS), dated("Rest", *REST_WEEKS)
HALLOWEEN, AFTER_SALE = dt.date(2025, 10, 31), dt.date(2025, 11, 16)


@cache
def shop(seed: int, sale: float = 3.0, rest: float = 0.3, customers: int = 6000) -> pd.DataFrame:
    """Two years of a shop that sells so many times the usual in each week of SALE and of REST."""
    factors = {
        str(day.date()): factor
        for weeks, factor in ((SALE_WEEKS, sale), (REST_WEEKS, rest))
        for first, last in weeks
        for day in pd.date_range(first, last)
    }
    return simulated_days(customers, seed, first="2024-01-01", until="2025-12-31", on_days=factors)


@cache
def fitted(seed: int) -> ValueModel:
    return fit_in("USD")(origin(shop(seed), pd.Timestamp(HALLOWEEN), 20))


SEEDS = range(10)


def test_what_a_holiday_does_is_learned_beside_the_months() -> None:
    found = [learn_season(daily_purchases(shop(seed)), fitted(seed), (SALE, REST)) for seed in SEEDS]

    learned = [one.season for one in found if one]
    sale, rest = (np.array([season.holidays[place].factor for season in learned]) for place in range(2))
    assert np.mean(sale) == pytest.approx(3.0, rel=0.05)
    assert np.mean(rest) == pytest.approx(0.3, rel=0.1)
    # The standard error says how far shops lie from one another.
    assert np.std(np.log(sale)) == pytest.approx(np.mean([season.holidays[0].log_error for season in learned]), rel=0.5)
    # Without them the sale is taken for its month's: that of 2025 was in February.
    assert max(season.factors[1] for season in learned) < 1.05
    by_month = [learn_season(daily_purchases(shop(seed)), fitted(seed)) for seed in SEEDS]
    assert min(one.season.factors[1] for one in by_month if one) > 1.15


def test_a_few_purchases_draw_a_holiday_towards_1() -> None:
    small = shop(1, customers=300)
    known = learn_season(daily_purchases(small), fit_in("USD")(origin(small, pd.Timestamp(HALLOWEEN), 20)), (REST,))
    large = learn_season(daily_purchases(shop(1)), fitted(1), (REST,))

    assert known and large
    assert known.season.holidays[0].factor == 1.0  # a week of 300 customers shows nothing
    assert large.season.holidays[0].factor == pytest.approx(0.3, abs=0.1)


def test_the_factors_are_the_most_likely_ones_given_their_variances() -> None:
    rng = np.random.default_rng(3)
    due = np.hstack([rng.uniform(200, 400, (12, 1)), np.zeros((12, 2))])
    due[1, 1], due[4, 1], due[8, 2] = 60.0, 40.0, 30.0
    came = rng.poisson(due * np.array([1.0, 2.5, 0.5]) * rng.uniform(0.8, 1.2, (12, 1))).astype(float)
    due *= came.sum() / due.sum()

    months, holidays = learning._learn_in_turns(came, due)

    of_holidays = np.append(1.0, holidays.factors)
    level = came.sum() / (due @ of_holidays).sum()  # the one at which months are compared
    v_month = learning._variance_of_factors(came.sum(axis=1), due @ of_holidays * level)
    v_holiday = learning._variance_of_factors(
        np.append(came.sum(axis=1), came[:, 1:].sum(axis=0)),
        np.append(due @ of_holidays * level, months.factors @ due[:, 1:]),
    )

    def gamma(factors: np.ndarray, variance: float) -> float:
        return float((np.log(factors) - factors).sum() / variance)

    def negative(log_holidays: np.ndarray) -> float:
        factors = np.exp(log_holidays)
        mean = (months.factors[:, None] * due[:, 1:] * factors).sum(axis=0)
        counts = came[:, 1:].sum(axis=0)
        return -float((counts * np.log(mean) - mean - gammaln(counts + 1)).sum()) - gamma(factors, v_holiday)

    # A Gamma's mean is the mode of the same Gamma of the logarithm, which is what is searched here.
    mode = np.exp(minimize(negative, np.zeros(2), tol=1e-12).x)
    assert v_month > 0
    assert holidays.factors == pytest.approx(mode, rel=1e-4)
    assert months.factors @ due @ of_holidays == pytest.approx(came.sum())


def total_of_sale(seed: int, *holidays: HolidayDates) -> float:
    """Predicted by actual purchases of the 20 days after Halloween: November has a sale for the first time."""
    model = with_season(fitted(seed), daily_purchases(shop(seed)), holidays)
    judged = judge_origins([FittedOrigin(origin(shop(seed), pd.Timestamp(HALLOWEEN), 20), model)], level=0.95)
    total = judged.judged[0].totals[0]
    assert total.held == bool(holidays)
    return total.predicted / total.actual


def test_a_forecast_has_the_holiday_in_the_month_it_moves_to() -> None:
    assert np.mean([total_of_sale(seed) for seed in SEEDS]) < 0.65
    assert np.mean([total_of_sale(seed, SALE, REST) for seed in SEEDS]) == pytest.approx(1, abs=0.03)


def test_a_week_of_sale_is_no_surprise_to_the_monitor() -> None:
    by_month, with_holidays = [], []
    for seed in SEEDS:
        daily, followed = daily_purchases(shop(seed)), followed_in(shop(seed), joint_dates(HALLOWEEN, AFTER_SALE))
        for holidays, p_values in (((), by_month), ((SALE, REST), with_holidays)):
            model = with_season(fitted(seed), daily, holidays)
            p_values.append(purchases_test(model, followed, HALLOWEEN).p_value)

    assert max(by_month) < 1e-6
    assert sum(p_value < 0.01 for p_value in with_holidays) <= 1


def test_a_holiday_that_no_data_show_has_factor_1_and_a_line_names_what_is_missing() -> None:
    moon = dated("Moon festival", ("2025-12-08", "2025-12-10"))
    daily = daily_purchases(shop(1))

    model = with_season(fitted(1), daily, (SALE, REST, moon))

    assert model.season
    sale, _, unseen = model.season.holidays
    assert unseen.factor == 1.0
    assert unseen.log_error > sale.log_error  # by how much the other holidays differ
    assert holidays_not_known(model, daily) == [
        "Holiday Rest: ltv.holidays has no date of it after 2025-10-31, so forecasts are without it.",
        "Holiday Moon festival: none of its days is in the data up to 2025-10-31, so its factor is 1 where it comes.",
    ]
    alone = with_season(fitted(1), daily, (moon,))
    assert alone.season
    assert alone.season.holidays[0].factor == 1.0
    plain = with_season(fitted(1), daily).season
    assert plain
    assert alone.season.factors == pytest.approx(plain.factors, rel=1e-9)


def test_auto_asks_days_of_holidays_apart_and_names_their_factors() -> None:
    origins = [
        FittedOrigin(known, fit_in("USD")(known))
        for known in (origin(shop(1), pd.Timestamp(day), 30) for day in ("2025-09-14", "2025-10-14"))
    ]
    asked = LTV.model_copy(update={"season": "auto", "holidays": (SALE, REST)})

    is_seasonal, (line,) = choose_season(asked, origins, daily_purchases(shop(1)))

    assert line.startswith("Season: by month and holiday; months and holidays differ with p = ") == is_seasonal
    assert "Dec " in line
    assert ", holiday Sale " in line


def test_a_day_has_the_factors_of_its_month_and_its_holiday_and_a_horizon_their_mean_and_error() -> None:
    sale = Holiday("Sale", ((dt.date(2025, 11, 10), dt.date(2025, 11, 12)),), 2.0, 0.1)
    season = Season(factors=(*[1.0] * 10, 1.5, 1.0), log_errors=(*[0.0] * 10, 0.03, 0.0), holidays=(sale,))

    days = season.of(np.arange("2025-11-09", "2025-11-14", dtype="datetime64[D]"))
    pace = season.pace(HALLOWEEN, 61)

    assert days.tolist() == [1.5, 3.0, 3.0, 3.0, 1.5]
    total = 27 * 1.5 + 3 * 3.0 + 31
    assert pace.factor == pytest.approx(total / 61)
    assert pace.log_error == pytest.approx(np.hypot(0.03 * (27 * 1.5 + 9), 0.1 * 9) / total)
    assert season.pace(dt.date(2025, 12, 1), 30).factor == 1.0
    assert factors_of(season)["holiday Sale"] == 2.0


def test_bounds_hold_the_error_of_a_holiday_and_a_stored_model_has_it() -> None:
    sale = Holiday("Sale", ((dt.date(2025, 11, 10), dt.date(2025, 11, 12)),), 2.0, 0.0)
    season = Season(factors=(1.0,) * 12, log_errors=(0.0,) * 12, holidays=(sale,))
    sure = replace(MODEL, season=season).on(HALLOWEEN)
    unsure = replace(sure, season=replace(season, holidays=(sale._replace(log_error=0.3),)))

    narrow, wide = (model.purchase_intervals(X, T_X, T, **HORIZONS, level=0.95) for model in (sure, unsure))
    plain = json.loads(json.dumps(unsure.to_dict()))
    served = Scorer.from_dict(plain).on(HALLOWEEN).purchase_intervals(X, T_X, T, **HORIZONS, level=0.95)

    assert (wide["expected_purchases_60d_upper"] > narrow["expected_purchases_60d_upper"]).all()
    assert ValueModel.from_dict(plain) == replace(unsure, forecasts_after=None)
    assert {name: figures.tolist() for name, figures in served.items()} == {
        name: figures.tolist() for name, figures in wide.items()
    }
    former = {name: value for name, value in plain["season"].items() if name != "holidays"}
    assert Season.from_dict(former) == replace(season, holidays=())


def test_a_served_version_has_the_holidays_of_the_days_after_as_of() -> None:
    sale = Holiday("Sale", ((dt.date(2025, 11, 10), dt.date(2025, 11, 12)),), 2.0, 0.1)
    model = replace(MODEL, season=Season(factors=(1.0,) * 12, log_errors=(0.01,) * 12, holidays=(sale,)))
    params = {"margin": 1.0, "annual_discount_rate": 0.1, "interval_level": 0.95}
    served = CustomerValueModel(stored_content(model, model, params), "customer-value/7")
    customers = pd.DataFrame({"frequency": X, "recency": T_X, "T": T, "monetary_value": 20.0})

    before, after = (
        served.predict(customers, {"as_of": day})["expected_purchases_30d"] for day in ("2025-10-31", "2025-11-30")
    )

    assert (before / after).tolist() == pytest.approx([33 / 30] * len(X))


def test_purchases_are_tracked_through_holidays() -> None:
    daily = daily_purchases(shop(1))
    model = with_season(fitted(1), daily, (SALE, REST))

    tracked = track(daily[daily["day"] <= HALLOWEEN], model)

    by_day = tracked.assign(expected=np.diff(tracked["expected"], prepend=0.0)).set_index("day")["expected"]
    assert by_day["2025-02-11"] / by_day["2025-02-20"] == pytest.approx(3.0, rel=0.2)
    assert tracked["expected"].iloc[-1] == pytest.approx(tracked["actual"].iloc[-1], rel=0.02)


@pytest.mark.parametrize(
    ("holidays", "reason"),
    [
        ([{"name": "Sale", "dates": []}], "at least 1"),
        ([{"name": "Sale", "dates": [["2025-02-16", "2025-02-10"]]}], "the last day 2025-02-10 is before the first"),
        ([{"name": "Sale", "dates": [["2025-02-30", "2025-03-01"]]}], "valid date"),
        (
            [{"name": "A", "dates": [["2025-02-10", "2025-02-16"]]}, {"name": "B", "dates": [["2025-02-16"] * 2]}],
            "2025-02-16 is in A and again in B; a day has one holiday",
        ),
        ([{"name": "A", "dates": [[day, day]]} for day in ("2025-02-10", "2025-02-16")], "name one of them twice"),
    ],
)
def test_dates_that_cannot_be_are_refused(holidays: list[dict], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        type(LTV).model_validate(LTV.model_dump() | {"holidays": holidays})
