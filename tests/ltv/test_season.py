"""Season: a factor by month, learned from the whole base, on forecasts of the days after as_of."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from pyspark.sql import SparkSession
from shops import cdnow_days, cdnow_origins, fit_in, origin, rolling_origins
from simulated_days import daily_purchases, simulated_days
from test_customer_value import CUSTOMERS, MODEL, scored, summary
from test_training import LTV

from ltv import registry
from ltv.backtest import VALUE_MODEL, Backtest, JudgedTotal
from ltv.customer_totals import customer_totals
from ltv.intervals import total_interval
from ltv.knobs import Scoring
from ltv.learn_season import choose_season, learn_season, with_season
from ltv.model_totals import estimated_for, model_totals
from ltv.origins import FittedOrigin, fit_origins, judge_origins, predicted_and_actual
from ltv.plots import track
from ltv.scorer import Scorer
from ltv.season import Season
from ltv.training import train_customer_value
from ltv.training_data import collect_training_data
from ltv.value_model import ValueModel
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow

CHRISTMAS = Season(factors=(*[0.95] * 11, 1.7), log_errors=(*[0.02] * 11, 0.04))
HALLOWEEN = dt.date(2025, 10, 31)
HORIZONS = {"churn_days": (30, 90), "value_days": (60, 365), "annual_discount_rate": 0.1}
X, T_X, T = (np.array([row[place] for row in CUSTOMERS], dtype=float) for place in (1, 2, 3))
MONEY = np.array([float(row[4]) for row in CUSTOMERS])


@cache
def two_years(seed: int, december: float, customers: int = 6000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchase days of a shop from January 2024 to December 2025, and their counts by day."""
    days = simulated_days(customers, seed, first="2024-01-01", until="2025-12-31", months={12: december})
    return days, daily_purchases(days)


def christmas_total(model: ValueModel, seed: int, december: float) -> JudgedTotal:
    """The purchases of the 60 days after 31 October 2025, beside what came."""
    newest = origin(two_years(seed, december)[0], pd.Timestamp(HALLOWEEN), 60)
    return judge_origins([FittedOrigin(newest, model)], level=0.95).judged[0].totals[0]


def fitted(seed: int, december: float) -> ValueModel:
    return fit_in("USD")(origin(two_years(seed, december)[0], pd.Timestamp(HALLOWEEN), 60))


def test_a_december_of_1_8_times_the_usual_is_in_the_60_days_from_november_with_a_season_and_not_without() -> None:
    without, within = [], []
    for seed in range(10):
        model, daily = fitted(seed, 1.8), two_years(seed, 1.8)[1]
        without.append(christmas_total(model, seed, 1.8))
        within.append(christmas_total(with_season(model, daily), seed, 1.8))

    assert [total.held for total in within] == [True] * 10
    assert np.mean([total.predicted / total.actual for total in within]) == pytest.approx(1, abs=0.06)
    # Without it all are too low, beyond what parameters and chance explain.
    assert [total.actual > (total.upper_if_model_holds or np.inf) for total in without] == [True] * 10
    assert np.mean([total.predicted / total.actual for total in without]) == pytest.approx(0.73, abs=0.03)


def test_the_december_that_is_learned_is_the_one_that_was_and_draws_towards_1_where_there_are_few_purchases() -> None:
    large, small = (
        learn_season(daily_purchases(days), fit_in("USD")(origin(days, pd.Timestamp(HALLOWEEN), 60)))
        for days in (two_years(1, 1.8, 20_000)[0], two_years(1, 1.8, 500)[0])
    )

    assert large and small
    # 1.8 beside the mean of the months that the fit saw: one December of 22 months, with few customers yet
    assert large.season.factors[11] == pytest.approx(1.75, abs=0.1)
    assert large.p_value < 1e-9
    assert abs(small.season.factors[11] - 1) < abs(large.season.factors[11] - 1)
    assert small.season.log_errors[11] > large.season.log_errors[11]


def test_a_season_moves_no_level_the_factors_are_1_over_the_purchases_that_the_fit_saw() -> None:
    model, daily = fitted(2, 1.8), two_years(2, 1.8)[1]
    known = daily[daily["day"] <= HALLOWEEN]

    plain, seasonal = track(known, model).iloc[-1], track(known, with_season(model, daily)).iloc[-1]

    assert seasonal["expected"] == pytest.approx(plain["expected"], rel=1e-9)


def choice(seed: int, december: float, customers: int, knob: str = "auto") -> tuple[bool, str]:
    days, daily = two_years(seed, december, customers)
    origins = rolling_origins(days, until="2025-12-31", length=60, count=5)
    is_seasonal, lines = choose_season(
        LTV.model_copy(update={"season": knob}), fit_origins(origins, fit_in("USD"))[0], daily
    )
    return is_seasonal, " ".join(lines)


def test_auto_keeps_no_season_in_shops_without_one() -> None:
    asked = LTV.model_copy(update={"season": "auto"})
    kept = []
    for seed in range(40):
        days, daily = two_years(seed, 1.0, 1000)
        newest = origin(days, pd.Timestamp("2025-11-01"), 60)
        fitted_origin = FittedOrigin(newest, fit_in("USD")(newest))
        # Chance is asked first, so nothing is fitted at the earlier origins.
        kept.append(choose_season(asked, [fitted_origin, fitted_origin], daily)[0])

    assert sum(kept) <= 2


def test_auto_takes_a_season_that_made_past_forecasts_better_and_says_by_how_much() -> None:
    is_seasonal, line = choice(3, 1.8, 6000)

    assert is_seasonal
    assert line.startswith("Season: by month; months differ with p = ")
    assert "totals at 5 origins are" in line


def test_on_cdnow_a_season_learned_from_a_year_takes_two_thirds_off_the_next_periods_errors() -> None:
    daily = daily_purchases(cdnow_days("master"))
    origins = cdnow_origins("master", 60, 5)
    seasonal = [one._replace(model=with_season(one.model, daily)) for one in origins]

    errors, with_it = (
        [predicted / came - 1 for predicted, came in map(predicted_and_actual, fitted)]
        for fitted in (origins, seasonal)
    )

    # The first three origins have less than 13 months before them.
    assert with_it[:3] == errors[:3]
    assert errors[3:] == pytest.approx([-0.067, 0.096], abs=1e-3)
    assert with_it[3:] == pytest.approx([0.028, 0.027], abs=1e-3)
    assert choose_season(LTV.model_copy(update={"season": "auto"}), origins, daily)[0]


def test_none_looks_for_nothing_and_month_takes_what_there_is() -> None:
    assert choice(3, 1.8, 6000, "none") == (False, "")
    assert choice(3, 1.0, 1000, "month")[0]


def test_a_month_of_the_year_that_was_not_seen_whole_gives_no_season() -> None:
    days, daily = two_years(3, 1.8, 6000)
    early = origin(days, pd.Timestamp("2025-01-29"), 60)
    model = fit_in("USD")(early)

    assert learn_season(daily, model) is None
    assert learn_season(daily, replace(model, as_of=dt.date(2025, 1, 31))) is not None
    assert with_season(model, daily) is model
    asked = LTV.model_copy(update={"season": "month"})
    assert choose_season(asked, [FittedOrigin(early, model)], daily) == (
        False,
        ["Season: none, since it takes 13 months of purchases to learn one."],
    )


def test_a_horizon_has_the_mean_factor_of_its_days() -> None:
    season = replace(CHRISTMAS, factors=(*[1.0] * 11, 1.9))

    assert season.pace(HALLOWEEN, 30).factor == 1.0  # November
    assert season.pace(HALLOWEEN, 60).factor == pytest.approx((30 + 30 * 1.9) / 60)
    assert season.pace(dt.date(2025, 11, 30), 31).factor == pytest.approx(1.9)
    assert season.pace(HALLOWEEN, 365).factor == pytest.approx((334 + 31 * 1.9) / 365)
    assert season.pace(dt.date(2025, 11, 30), 31).log_error == pytest.approx(0.04)


def test_a_customer_buys_at_the_rate_of_the_season_and_is_alive_as_before() -> None:
    seasonal = replace(MODEL, season=CHRISTMAS).on(dt.date(2025, 11, 30))
    plain = MODEL.purchase_predictions(X, T_X, T, **HORIZONS)

    found = seasonal.purchase_predictions(X, T_X, T, **HORIZONS)

    assert found["p_alive"].tolist() == plain["p_alive"].tolist()
    for name, days in (("expected_purchases_60d", 60), ("discounted_purchases_365d", 365)):
        ratio = found[name] / plain[name]
        assert ratio == pytest.approx(CHRISTMAS.pace(dt.date(2025, 11, 30), days).factor)
    assert (found["churn_30d"] < plain["churn_30d"]).all()


def test_bounds_of_a_customer_hold_the_error_of_the_season() -> None:
    sure = replace(MODEL, season=replace(CHRISTMAS, log_errors=(0.0,) * 12)).on(HALLOWEEN)
    unsure = replace(MODEL, season=CHRISTMAS).on(HALLOWEEN)

    narrow, wide = (model.purchase_intervals(X, T_X, T, **HORIZONS, level=0.95) for model in (sure, unsure))

    assert (wide["expected_purchases_60d_upper"] > narrow["expected_purchases_60d_upper"]).all()
    pace = CHRISTMAS.pace(HALLOWEEN, 60)
    name = "discounted_purchases_60d_log_error"
    assert np.sqrt(wide[name] ** 2 - narrow[name] ** 2) == pytest.approx(pace.log_error, rel=1e-4)


def test_totals_are_the_sums_of_the_customers_and_their_interval_holds_the_error_of_the_season() -> None:
    customers = pd.DataFrame({"frequency": X, "recency": T_X, "T": T, "monetary_value": MONEY, "customers": 100.0})
    model = replace(MODEL, season=CHRISTMAS).on(HALLOWEEN)
    known = {"days": 60, "margin": 0.5, "annual_discount_rate": 0.1}
    each = model.predict(X, T_X, T, MONEY, churn_days=(), value_days=(60,), margin=0.5, annual_discount_rate=0.1)

    found, plain = model_totals(model, customers, **known), model_totals(MODEL, customers, **known)

    assert found["purchases"].estimate == pytest.approx(100 * each["expected_purchases_60d"].sum())
    assert found["value"].estimate == pytest.approx(100 * each["clv_60d"].sum())
    factor = CHRISTMAS.pace(HALLOWEEN, 60).factor
    for measure in ("purchases", "value"):
        interval = total_interval(found[measure], *estimated_for(model, measure, days=60))
        before = total_interval(plain[measure], *estimated_for(MODEL, measure, days=60))
        assert interval.estimate == pytest.approx(factor * before.estimate)
        assert interval.upper - interval.estimate > factor * (before.upper - before.estimate)


def test_without_a_season_nothing_changes_whatever_the_day() -> None:
    other_day = MODEL.on(dt.date(2025, 12, 1))

    before, after = (model.purchase_intervals(X, T_X, T, **HORIZONS, level=0.95) for model in (MODEL, other_day))

    assert {name: figures.tolist() for name, figures in before.items()} == {
        name: figures.tolist() for name, figures in after.items()
    }
    assert ValueModel.from_dict({k: v for k, v in MODEL.to_dict().items() if k != "season"}) == MODEL


def test_a_season_is_stored_with_the_model_and_predicts_the_same() -> None:
    model = replace(MODEL, season=CHRISTMAS, findings=("Season: by month.",))
    plain = json.loads(json.dumps(model.to_dict()))

    assert ValueModel.from_dict(plain) == model
    served = Scorer.from_dict(plain).on(HALLOWEEN).purchase_intervals(X, T_X, T, **HORIZONS, level=0.9)
    ours = model.on(HALLOWEEN).purchase_intervals(X, T_X, T, **HORIZONS, level=0.9)
    assert {name: figures.tolist() for name, figures in served.items()} == {
        name: figures.tolist() for name, figures in ours.items()
    }


def test_scores_and_totals_of_a_day_are_those_of_its_season(spark: SparkSession) -> None:
    model = replace(MODEL, season=CHRISTMAS).on(dt.date(2025, 11, 30))
    expected = model.purchase_predictions(X, T_X, T, churn_days=(30,), value_days=(30,), annual_discount_rate=0.1)

    scores = scored(summary(spark), model)
    totals = customer_totals(
        summary(spark),
        model=model,
        days=(30,),
        scoring=Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95),
        backtest=Backtest(),
    )

    for place, (person, *_) in enumerate(CUSTOMERS):
        assert scores[person]["expected_purchases_30d"] == pytest.approx(expected["expected_purchases_30d"][place])
        assert scores[person]["churn_30d"] == pytest.approx(expected["churn_30d"][place])
    assert float(totals[0].interval.estimate) == pytest.approx(expected["expected_purchases_30d"].sum())


def test_training_learns_it_logs_it_and_stores_it_with_the_champion(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> None:
    days = two_years(3, 1.8, 6000)[0].assign(person="person-" + two_years(3, 1.8, 6000)[0]["customer"].astype(str))
    rows = [
        ("purchase", person, day.to_pydatetime().replace(tzinfo=dt.UTC), Decimal(f"{value:.2f}"), "USD")
        for person, day, value in zip(days["person"], days["day"], days["value"], strict=True)
    ]
    columns = "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6)"
    conversions = spark.createDataFrame(rows, f"{columns}, report_currency string")
    asked = LTV.model_copy(
        update={"season": "auto", "fitter": "exact", "time_unit": "days", "holdout_days": 60, "holdout_until": None}
    )
    folder = tmp_path_factory.mktemp("mlflow")
    tracking = Mlflow(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_root=str(folder / "artifacts"),
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )

    data = collect_training_data(conversions, as_of=dt.date(2025, 12, 31), timezone="UTC", currency="USD", ltv=asked)
    result = train_customer_value(data, ltv=asked, tracking=tracking, tags={})

    champion = registry.find_champion(tracking)
    assert champion
    assert champion.model.season
    assert champion.model.findings == tuple(result.findings)
    assert result.findings[0].startswith("Season: by month; ")
    run = mlflow.get_run(result.run_id)
    assert (
        run.data.metrics["season_dec"]
        == pytest.approx(champion.model.season.factors[11])
        == pytest.approx(1.7, abs=0.2)
    )
    assert run.data.tags["findings"] == result.findings[0]
    card = mlflow.MlflowClient().get_model_version("customer-value", "1").description
    assert result.findings[0] in card
    # The newest period is November and December.
    newest = result.backtest.of(VALUE_MODEL)[-1].totals[0]
    assert newest.predicted == pytest.approx(newest.actual, rel=0.1)

    served = mlflow.pyfunc.load_model("models:/customer-value@champion")
    customers = pd.DataFrame({"frequency": X, "recency": T_X * 7, "T": T * 7, "monetary_value": MONEY})
    before_christmas, after_it = (
        served.predict(customers, params={"as_of": day})["expected_purchases_30d"]
        for day in ("2025-11-30", "2025-12-31")
    )
    december, january = (champion.model.season.factors[month] for month in (11, 0))
    assert (before_christmas / after_it).tolist() == pytest.approx(
        [champion.model.on(dt.date(2025, 11, 30)).pace(30).factor / january] * len(X)
    )
    assert december / january == pytest.approx(1.8, abs=0.2)
    assert (
        served.predict(customers)["churn_30d"].tolist()
        == served.predict(customers, params={"as_of": "2025-12-31"})["churn_30d"].tolist()
    )
    with pytest.raises(MlflowException, match="param as_of is Christmas; it must be a day as YYYY-MM-DD"):
        served.predict(customers, params={"as_of": "Christmas"})
