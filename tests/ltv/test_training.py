"""Training: the fits, the judgement on the newest period, and who becomes champion."""

from __future__ import annotations

import datetime as dt
import importlib.resources
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from shops import cdnow_days, fit_in, rolling_origins

from ltv import registry
from ltv.backtest import RECENCY, VALUE_MODEL, Backtest
from ltv.contest import Contest, meet
from ltv.evaluate import judge, tracking_errors
from ltv.fitters import Fitter, fit_purchases, fit_spend
from ltv.knobs import Ltv
from ltv.log_backtest import backtest_lines
from ltv.origins import fit_origins, pooled_rmse
from ltv.plots import track
from ltv.registry import Champion
from ltv.training import TrainingResult, train_customer_value
from ltv.training_data import Counts, TrainingData, collect_training_data
from ltv.value_fit import fit_value_model
from ltv.value_model import ValueModel
from warehouse import model_registry
from warehouse.errors import ConvergenceError, InputError, UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow

AS_OF = dt.date(1997, 9, 30)
# The literature's set-up: fitted on 39 weeks, judged on the next 39.
LTV = Ltv(
    time_unit="weeks",
    model="pareto_nbd",
    fitter="lifetimes",
    purchase_days=False,
    holdout_days=273,
    holdout_until=dt.date(1998, 6, 30),
    acquisition_days=365,
    margin=1.0,
    annual_discount_rate=0.1,
    seed=1,
    min_customers=100,
    keep_days=35,
    driver_rows=1_000_000,
    fit_sample_customers=None,
    origins=5,
    covariates=(),
    season="none",
    holidays=(),
    interval_level=0.95,
)
PUBLISHED = {"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67}


@pytest.fixture(scope="module")
def conversions(spark: SparkSession) -> DataFrame:
    """The purchases of the CDNOW sample, which ships with the lifetimes package."""
    text = (importlib.resources.files("lifetimes") / "datasets" / "CDNOW_sample.txt").read_text()
    rows = [
        (
            "purchase",
            f"person-{customer}",
            dt.datetime.strptime(day, "%Y%m%d").replace(tzinfo=dt.UTC),
            Decimal(value),
            "USD",
        )
        for customer, _, day, _, value in (line.split() for line in text.splitlines() if line.strip())
    ]
    columns = "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6)"
    return spark.createDataFrame(rows, f"{columns}, report_currency string")


@pytest.fixture(scope="module")
def cdnow(conversions: DataFrame) -> TrainingData:
    return collect_training_data(conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=LTV)


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Mlflow:
    folder = tmp_path_factory.mktemp("mlflow")
    return Mlflow(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_root=str(folder / "artifacts"),
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )


def train(data: TrainingData, tracking: Mlflow, ltv: Ltv = LTV) -> TrainingResult:
    return train_customer_value(
        data,
        ltv=ltv,
        tracking=tracking,
        tags={"delta_version.silver.conversions": "12", "settings_digest": "5e77", "code_version": "c0de"},
    )


def champion_of(tracking: Mlflow) -> Champion:
    champion = registry.find_champion(tracking)
    assert champion is not None
    return champion


@pytest.fixture(scope="module")
def first(cdnow: TrainingData, tracking: Mlflow) -> TrainingResult:
    return train(cdnow, tracking)


def test_cdnow_gives_the_published_parameters(first: TrainingResult) -> None:
    for name, published in PUBLISHED.items():
        assert first.params[name] == pytest.approx(published, rel=0.005)


def test_cdnow_is_predicted_as_well_as_the_model_is_known_to(first: TrainingResult) -> None:
    """Figures of an independent calculation on the same 39 weeks."""
    assert first.metrics == {
        "customers": 2357,
        "total_error": pytest.approx(-0.115, abs=5e-4),
        "value_total_error": pytest.approx(-0.148, abs=5e-4),
        "mae": pytest.approx(0.7545, abs=5e-5),
        "rmse": pytest.approx(1.603, abs=5e-4),
        "normalised_gini": pytest.approx(0.673, abs=5e-4),
        "decile_wape": pytest.approx(0.17, abs=5e-3),
        "buys_again_brier": pytest.approx(0.162, abs=5e-4),
        "buys_again_base_brier": pytest.approx(0.206, abs=5e-4),
        "buys_again_auc": pytest.approx(0.771, abs=5e-4),
    }


def test_cumulative_purchases_are_tracked_through_the_holdout(cdnow: TrainingData) -> None:
    model = fit_value_model(cdnow.calibration, cdnow, fitter="exact", seed=1)

    tracked = track(cdnow.daily, model).set_index("day")

    end = tracked.loc[pd.Timestamp(1998, 6, 30)]
    assert end["actual"] == cdnow.daily["repeat_purchases"].sum()
    assert end["expected"] / end["actual"] - 1 == pytest.approx(-0.015, abs=0.002)


def test_the_run_records_its_inputs_and_its_results(first: TrainingResult, tracking: Mlflow) -> None:
    client = model_registry.connect(tracking)
    run = client.get_run(first.run_id)

    assert run.info.status == "FINISHED"
    assert (
        run.data.params.items()
        >= {
            "as_of": "1997-09-30",
            "cutoff": "1997-09-30",
            "until": "1998-06-30",
            "fitter": "lifetimes",
            "time_unit": "weeks",
            "seed": "1",
            "delta_version.silver.conversions": "12",
            "settings_digest": "5e77",
            "code_version": "c0de",
            "customers": "2357",
        }.items()
    )
    assert run.data.metrics["r"] == first.params["r"]
    assert run.data.metrics["holdout_rmse"] == first.metrics["rmse"]
    assert run.data.tags["status"] == "promoted"
    assert {file.path for file in client.list_artifacts(first.run_id)} == {
        "backtest.json",
        "backtest.png",
        "reliability.json",
        "reliability.png",
        "calibration.json",
        "calibration.png",
        "p_alive.png",
        "tracking.png",
    }
    assert run.inputs is not None
    assert [item.tags[0].value for item in run.inputs.dataset_inputs] == ["calibration", "evaluation", "training"]
    version = client.get_model_version("customer-value", "1")
    assert version.tags["delta_version.silver.conversions"] == "12"
    assert version.run_id == first.run_id
    assert version.description.startswith("Fitted on purchases up to 1997-09-30.")
    assert "Pareto/NBD, 2,357 customers: r 0.55" in version.description
    assert "log-likelihood -9594.976." in version.description
    assert run.data.metrics["s_standard_error"] == pytest.approx(0.187, abs=0.002)
    assert (run.data.metrics["fit_share"], run.data.metrics["fitted_customers"]) == (1.0, 2357)


def test_no_artifact_holds_a_customer(first: TrainingResult, tracking: Mlflow) -> None:
    assert tracking.artifact_root is not None
    stored = [path for path in Path(tracking.artifact_root).rglob("*") if path.is_file()]
    assert {path.name for path in stored} >= {"value_model.json", "calibration.json", "p_alive.png"}
    assert [path.name for path in stored if b"person-" in path.read_bytes()] == []


def test_figures_of_a_day_join_the_run_that_made_the_version(first: TrainingResult, tracking: Mlflow) -> None:
    figures = {"total_purchases_30d": 12.5, "total_value_30d_upper": np.inf}

    assert model_registry.log_metrics(tracking, first.model_version, figures, day=dt.date(1997, 10, 1))

    client = model_registry.connect(tracking)
    assert [(m.value, m.step) for m in client.get_metric_history(first.run_id, "total_purchases_30d")] == [
        (12.5, 10135)
    ]
    assert client.get_metric_history(first.run_id, "total_value_30d_upper") == []
    assert not model_registry.log_metrics(tracking, "customer-value/999", figures, day=dt.date(1997, 10, 1))


def test_the_first_model_becomes_champion(first: TrainingResult, tracking: Mlflow) -> None:
    assert (first.status, first.reason, first.model_version) == (
        "promoted",
        "there was no champion",
        "customer-value/1",
    )
    assert first.champion_metrics == {}


def test_a_challenger_that_is_as_good_takes_over_and_a_worse_one_does_not(
    first: TrainingResult, cdnow: TrainingData, tracking: Mlflow
) -> None:
    exact = train(cdnow, tracking, LTV.model_copy(update={"fitter": "exact"}))

    assert (exact.status, exact.model_version) == ("promoted", "customer-value/2")
    assert exact.champion_metrics == first.metrics

    # a challenger fitted on purchases that were all counted twice expects too much of everybody
    twice = cdnow.calibration.histories.assign(frequency=2 * cdnow.calibration.histories["frequency"])
    worse = train(replace(cdnow, calibration=replace(cdnow.calibration, histories=twice)), tracking)

    assert (worse.status, worse.model_version) == ("lost", "customer-value/2")
    assert worse.reason.startswith("rmse on the holdout is ")
    assert champion_of(tracking).version == "customer-value/2"
    versions = model_registry.connect(tracking).search_model_versions("name = 'customer-value'")
    assert len(versions) == 2  # a lost challenger is in its run, not in the registry
    assert model_registry.connect(tracking).get_run(worse.run_id).data.tags["status"] == "lost"

    older = replace(cdnow, full=replace(cdnow.full, as_of=dt.date(1997, 9, 29)))
    assert train(older, tracking).reason == (
        "the champion customer-value/2 is of 1997-09-30, this fit of 1997-09-29 is older"
    )


IN_DAYS = LTV.model_copy(update={"holdout_until": None, "holdout_days": 60, "fitter": "exact", "time_unit": "days"})


@pytest.fixture(scope="module")
def in_days(conversions: DataFrame) -> TrainingData:
    return collect_training_data(conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=IN_DAYS)


def test_by_default_the_newest_days_before_as_of_are_held_out_and_the_winner_is_fitted_on_them_too(
    in_days: TrainingData, tracking: Mlflow
) -> None:
    assert (in_days.calibration.as_of, in_days.until, in_days.full.as_of, in_days.holdout_days) == (
        dt.date(1998, 5, 1),
        dt.date(1998, 6, 30),
        dt.date(1998, 6, 30),
        60,
    )
    assert in_days.full.histories["T"].max() == in_days.calibration.histories["T"].max() + 60

    other_shop = tracking.model_copy(update={"model_name": "other-shop"})
    promoted = train(in_days, other_shop, IN_DAYS)

    champion = champion_of(other_shop)
    assert (champion.model.as_of, champion.at_cutoff.as_of) == (dt.date(1998, 6, 30), dt.date(1998, 5, 1))
    assert champion.model.params == promoted.params != champion.at_cutoff.params
    assert promoted.params == fit_value_model(in_days.full, in_days, fitter="exact", seed=1).params


def test_the_likelihood_of_purchase_days_gives_rates_of_purchases(conversions: DataFrame) -> None:
    """CDNOW buys every 19 weeks: alpha is 4 to 5% too large where days are taken for purchases."""
    knobs = LTV.model_copy(update={"fitter": "exact", "purchase_days": True})
    data = collect_training_data(conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=knobs)

    model = fit_value_model(data.full, data, fitter="exact", seed=1)

    assert data.day == pytest.approx(1 / 7)
    assert model.purchases.day == data.day
    assert 0.94 < model.params["alpha"] / PUBLISHED["alpha"] < 0.98
    assert ValueModel.from_dict(model.to_dict()) == model
    with pytest.raises(UsageError, match=r"ltv\.fitter lifetimes knows purchases alone"):
        fit_value_model(data.full, data, fitter="lifetimes", seed=1)


def test_the_data_decide_about_days_with_a_purchase(conversions: DataFrame) -> None:
    """CDNOW's 2,357 customers are too few to show a difference, so the published fit stays; 30 times as many do."""
    knobs = LTV.model_copy(update={"fitter": "exact", "purchase_days": "auto"})
    data = collect_training_data(conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=knobs)
    assert data.day is None
    assert fit_value_model(data.full, data, fitter="exact", seed=1).params["alpha"] == pytest.approx(10.58, abs=0.005)

    many = data.full.histories.assign(customers=data.full.histories["customers"] * 30)
    fitted = fit_value_model(replace(data.full, histories=many), data, fitter="exact", seed=1)
    assert fitted.purchases.day == pytest.approx(1 / 7)

    with_lifetimes = collect_training_data(
        conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=knobs.model_copy(update={"fitter": "lifetimes"})
    )
    assert with_lifetimes.day == 0, "which lifetimes alone can fit"


FIVE_PERIODS = IN_DAYS.model_copy(update={"holdout_days": 91})


@pytest.fixture(scope="module")
def five_periods(conversions: DataFrame) -> TrainingData:
    return collect_training_data(
        conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=FIVE_PERIODS
    )


def test_origins_are_counted_a_period_apart_as_they_are_without_spark(five_periods: TrainingData) -> None:
    expected = rolling_origins(cdnow_days("sample"), until="1998-06-30", length=91, count=5)

    assert [origin.cutoff for origin in five_periods.earlier] == [origin.cutoff for origin in expected[:-1]]
    for found, wanted in zip([*five_periods.earlier, five_periods.newest], expected, strict=True):
        assert (found.until, found.days) == (wanted.until, 91)
        history = ["frequency", "recency", "T", "holdout_purchases"]
        pd.testing.assert_frame_equal(
            found.holdout[list(wanted.holdout.columns)].sort_values(history, ignore_index=True),
            wanted.holdout,
            check_dtype=False,
        )
        pd.testing.assert_frame_equal(found.histories, wanted.histories, check_dtype=False)
        assert found.spend["customers"].sum() == wanted.spend["customers"].sum()


@pytest.fixture(scope="module")
def tested(five_periods: TrainingData, tracking: Mlflow) -> TrainingResult:
    return train(five_periods, tracking.model_copy(update={"model_name": "tested"}), FIVE_PERIODS)


def test_training_judges_the_model_at_rolling_origins_and_stores_that_with_the_version(
    tested: TrainingResult, tracking: Mlflow
) -> None:
    judged = tested.backtest.of(VALUE_MODEL)
    newest = judged[-1]

    assert newest.until == dt.date(1998, 6, 30)
    assert newest.metrics.items() >= {name: tested.metrics[name] for name in ("rmse", "mae", "decile_wape")}.items()
    assert registry.load_version(tracking, tested.model_version).backtest == tested.backtest
    client = model_registry.connect(tracking)
    history = client.get_metric_history(tested.run_id, "backtest_value_model_total_error")
    assert {metric.step: metric.value for metric in history} == {
        (one.cutoff - dt.date(1970, 1, 1)).days: one.metrics["total_error"] for one in judged
    }
    metrics = client.get_run(tested.run_id).data.metrics
    assert (metrics["origins"], metrics["origins"] + metrics["origins_skipped"]) == (len(judged), 5)
    assert (metrics["totals_held"], metrics["totals_judged"]) == (2 * len(judged), 2 * len(judged))
    assert metrics["own_error_purchases"] == tested.backtest.purchases.deviation
    assert metrics["backtest_recency_buys_again_auc"] == tested.backtest.of(RECENCY)[-1].metrics["buys_again_auc"]


def test_a_line_per_origin_says_what_was_predicted_and_what_came(tested: TrainingResult) -> None:
    newest, first = tested.backtest.of(VALUE_MODEL)[-1].totals[0], backtest_lines(tested.backtest)

    line = next(line for line in first if line.startswith("1998-03-31 to 1998-06-30: "))
    assert line == (
        f"1998-03-31 to 1998-06-30: 636 purchases predicted ({newest.lower:,.0f} to {newest.upper:,.0f}), 495 came"
    )


def test_without_origins_the_newest_period_alone_decides_and_no_back_test_is_stored(
    conversions: DataFrame, tracking: Mlflow
) -> None:
    knobs = FIVE_PERIODS.model_copy(update={"origins": 0})
    data = collect_training_data(conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=knobs)

    result = train(data, tracking.model_copy(update={"model_name": "no-origins"}), knobs)

    assert data.earlier == ()
    assert result.metrics["rmse"] > 0
    assert result.backtest == Backtest()


def test_an_origin_before_which_too_few_had_bought_is_none(conversions: DataFrame) -> None:
    knobs = FIVE_PERIODS.model_copy(update={"origins": 50})
    data = collect_training_data(conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=knobs)

    # The next one would be the day before the data begin.
    assert data.earlier[0].cutoff == dt.date(1997, 4, 1)


def test_a_champion_is_met_at_all_origins_that_it_had_not_seen(five_periods: TrainingData) -> None:
    origins = [*five_periods.earlier[-2:], five_periods.newest]
    fitted, _ = fit_origins(origins, fit_in("USD"))
    of_september, of_december, of_march = (one.model for one in fitted)

    def meet_of(at_cutoff: ValueModel) -> Contest:
        return meet(Champion(model=of_march, at_cutoff=at_cutoff, version="tested/1"), fitted)

    assert [meet_of(model).origins for model in (of_september, of_december, of_march)] == [3, 2, 1]
    newest = meet_of(of_march)
    assert (
        newest.challenger
        == newest.champion
        == pytest.approx(judge(of_march, five_periods.holdout, days=91, time_unit="days")["rmse"])
    )
    assert meet_of(of_september).champion == pooled_rmse(lambda one: of_september, fitted)


AUTO = FIVE_PERIODS.model_copy(update={"model": "auto"})


@pytest.fixture(scope="module")
def to_choose_from(conversions: DataFrame) -> TrainingData:
    return collect_training_data(conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=AUTO)


def test_gaps_between_purchases_are_counted_at_every_origin_as_they_are_without_spark(
    to_choose_from: TrainingData, five_periods: TrainingData
) -> None:
    expected = rolling_origins(cdnow_days("sample"), until="1998-06-30", length=91, count=5)

    found = [*(origin.gaps for origin in to_choose_from.earlier), to_choose_from.calibration.gaps]
    assert [gaps.number for gaps in found] == [origin.gaps.number for origin in expected]
    assert [gaps.log_total for gaps in found] == pytest.approx([origin.gaps.log_total for origin in expected])
    assert to_choose_from.full.gaps.number == to_choose_from.daily["repeat_purchases"].sum()
    assert five_periods.full.gaps is None  # nobody asked for them


def test_gaps_are_those_of_the_customers_whom_a_fit_sees(conversions: DataFrame) -> None:
    knobs = AUTO.model_copy(update={"fit_sample_customers": 500})
    data = collect_training_data(conversions, as_of=dt.date(1998, 6, 30), timezone="UTC", currency="USD", ltv=knobs)

    seen = [*data.earlier, data.calibration, data.full]
    assert data.full.share < 0.5
    for counts in seen:
        histories = counts.histories
        assert counts.gaps.number == (histories["frequency"] * histories["customers"]).sum() > 0


def test_auto_judges_all_models_at_the_origins_and_says_which_and_why(
    to_choose_from: TrainingData, tracking: Mlflow, tested: TrainingResult
) -> None:
    chosen = train(to_choose_from, tracking.model_copy(update={"model_name": "auto"}), AUTO)

    assert chosen.choice is not None
    assert chosen.choice.model == "pareto_nbd"
    assert (chosen.params, chosen.metrics, chosen.backtest) == (tested.params, tested.metrics, tested.backtest)
    client = model_registry.connect(tracking)
    metrics = client.get_run(chosen.run_id).data.metrics
    assert metrics.items() >= chosen.choice.metrics.items()
    page = client.get_model_version("auto", "1").description
    assert all(line in page for line in chosen.choice.lines)
    assert client.get_run(chosen.run_id).data.tags["purchase_model"] == "Pareto/NBD"
    assert tested.choice is None


@pytest.mark.parametrize(("model", "name"), [("mbg_cnbd_k", "MBG/CNBD-k (k = 1)"), ("bg_nbd", "BG/NBD")])
def test_a_model_that_is_named_is_trained_and_meets_the_champion_of_another(
    model: str, name: str, to_choose_from: TrainingData, tracking: Mlflow
) -> None:
    shop = tracking.model_copy(update={"model_name": f"shop-of-{model}"})
    train(to_choose_from, shop, FIVE_PERIODS)

    named = train(to_choose_from, shop, FIVE_PERIODS.model_copy(update={"model": model}))

    assert set(named.params) == {"r", "alpha", "a", "b", "p", "q", "gamma"}
    assert "; " in named.reason or "above" in named.reason
    run = model_registry.connect(tracking).get_run(named.run_id)
    assert run.data.tags["purchase_model"] == name
    assert (model if named.status == "promoted" else "pareto_nbd") == champion_of(shop).model.purchases.MODEL


def test_models_that_a_knob_cannot_fit_are_refused() -> None:
    def knobs(**changes: object) -> Ltv:
        return Ltv(**{**FIVE_PERIODS.model_dump(), **changes})

    with pytest.raises(ValueError, match="fitter lifetimes fits pareto_nbd alone; use exact for model auto"):
        knobs(fitter="lifetimes", model="auto")
    with pytest.raises(
        ValueError, match="purchase_days is a likelihood of pareto_nbd alone; use false for model mbg_nbd"
    ):
        knobs(purchase_days=True, model="mbg_nbd")
    assert knobs(purchase_days=True, model="auto").model == "auto"


def test_cdnow_is_tracked_week_by_week_as_well_as_the_model_is_known_to(cdnow: TrainingData) -> None:
    """Figures of an independent calculation: weekly MAPE 19%, cumulative MAPE 1.3%, last week -1.5%."""
    model = fit_value_model(cdnow.calibration, cdnow, fitter="exact", seed=1)

    errors = tracking_errors(track(cdnow.daily, model), AS_OF)

    assert errors["weekly_mape"] == pytest.approx(0.19, abs=5e-3)
    assert errors["cumulative_mape"] == pytest.approx(0.013, abs=2e-3)
    assert errors["final_error"] == pytest.approx(-0.015, abs=2e-3)


def test_both_fitters_agree(cdnow: TrainingData) -> None:
    ours = fit_value_model(cdnow.full, cdnow, fitter="exact", seed=1)
    theirs = fit_value_model(cdnow.full, cdnow, fitter="lifetimes", seed=1)

    assert theirs.params == pytest.approx(ours.params, rel=1e-3)
    assert theirs.purchases.log_likelihood == pytest.approx(-9594.976, abs=1e-3)
    assert theirs.purchases.standard_errors == pytest.approx(ours.purchases.standard_errors, rel=1e-2)
    assert theirs.purchases.customers == ours.purchases.customers == 2357


def test_the_seed_determines_the_fit_and_leaves_the_global_generator_unchanged(cdnow: TrainingData) -> None:
    np.random.seed(5)
    undisturbed = np.random.random(3)

    np.random.seed(5)
    once = fit_purchases(cdnow.full.histories, fitter="lifetimes", seed=1)
    twice = fit_purchases(cdnow.full.histories, fitter="lifetimes", seed=1)

    assert once.params == twice.params
    assert np.random.random(3).tolist() == undisturbed.tolist()


def histories(*rows: tuple[int, float, float, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "customers"])


NOBODY_LEAVES = histories(*((x, float(100 - x % 3), 100.0, 40) for x in range(1, 12)), (0, 0.0, 3.0, 30))


@pytest.mark.parametrize("fitter", ["exact", "lifetimes"])
def test_data_without_churn_give_a_fit_with_a_note(fitter: Fitter) -> None:
    fitted = fit_purchases(NOBODY_LEAVES, fitter=fitter, seed=1)

    assert fitted.note is not None
    assert "no churn shows" in fitted.note
    x, t_x, T = (NOBODY_LEAVES[name] for name in ("frequency", "recency", "T"))
    assert fitted.p_alive(x, t_x, T).min() > 0.95
    assert all(np.isfinite(list(fitted.standard_errors.values())))


@pytest.mark.parametrize("fitter", ["exact", "lifetimes"])
def test_where_nobody_bought_twice_there_is_no_forecast(fitter: Fitter) -> None:
    with pytest.raises(InputError, match="No customer has bought twice"):
        fit_purchases(histories((0, 0.0, 30.0, 500)), fitter=fitter, seed=1)


def test_where_lifetimes_gives_nan_the_error_names_the_alternative(in_days: TrainingData) -> None:
    daily_buyers = histories((540, 545.0, 545.0, 20))
    heavy = pd.concat([in_days.full.histories, daily_buyers])

    with pytest.raises(ConvergenceError, match=r"Set ltv\.fitter to exact"):
        fit_purchases(heavy, fitter="lifetimes", seed=1)

    assert fit_purchases(heavy, fitter="exact", seed=1).customers == 2357 + 20


def test_customers_of_today_do_not_change_the_fit_and_give_no_warning(
    cdnow: TrainingData, recwarn: pytest.WarningsRecorder
) -> None:
    today = pd.concat([cdnow.full.histories, histories((0, 0.0, 0.0, 500))])

    for fitter in ("exact", "lifetimes"):
        without = fit_purchases(cdnow.full.histories, fitter=fitter, seed=1)
        assert fit_purchases(today, fitter=fitter, seed=1).params == without.params
    assert not recwarn.list


@pytest.mark.parametrize("fitter", ["exact", "lifetimes"])
def test_one_price_is_predicted_and_noted(fitter: Fitter) -> None:
    flat = pd.DataFrame({"frequency": [1, 2], "monetary_value": [9.9, 9.9], "customers": [50, 60]})

    fitted = fit_spend(flat, fitter=fitter, seed=1)

    assert fitted.expected_value([0, 2], [0, 9.9]) == pytest.approx([9.9, 9.9], rel=1e-9)
    assert fitted.note is not None
    assert "every purchase is worth 9.9" in fitted.note


@pytest.mark.parametrize("fitter", ["exact", "lifetimes"])
def test_spend_that_has_no_maximum_falls_back_for_both_fitters(fitter: Fitter) -> None:
    rng = np.random.default_rng(1)
    x = np.maximum(rng.geometric(0.3, 300), 2)
    plans = pd.DataFrame({"frequency": x, "monetary_value": rng.choice([9.99, 19.99], 300), "customers": 1})

    fitted = fit_spend(plans, fitter=fitter, seed=1)

    assert fitted.note is not None
    assert "each customer always spends the same" in fitted.note


def test_where_everything_was_refunded_the_value_is_0(cdnow: TrainingData) -> None:
    refunded = replace(cdnow.full, spend=cdnow.full.spend.iloc[:0])

    model = fit_value_model(refunded, cdnow, fitter="exact", seed=1)

    assert model.purchases.note is None
    assert model.spend.expected_value(0, 0) == pytest.approx(0, abs=2e-6)
    assert model.notes == [model.spend.note]
    assert ValueModel.from_dict(model.to_dict()) == model


def test_a_bad_half_does_not_keep_the_other_from_the_registry(
    first: TrainingResult, cdnow: TrainingData, tracking: Mlflow
) -> None:
    one_price = replace(cdnow.full, spend=cdnow.full.spend.assign(monetary_value=19.99))
    shop = tracking.model_copy(update={"model_name": "one-price"})
    exact = LTV.model_copy(update={"fitter": "exact"})

    result = train(replace(cdnow, calibration=one_price, full=one_price), shop, exact)

    assert result.status == "promoted"
    model = champion_of(shop).model
    assert {name: model.params[name] for name in PUBLISHED} == pytest.approx(PUBLISHED, rel=0.005)
    assert model.spend.expected_value(0, 0) == pytest.approx(19.99)
    page = model_registry.connect(shop).get_model_version("one-price", "1").description
    assert "every purchase is worth 19.99, so that price is predicted for all customers" in page
    run = model_registry.connect(shop).get_run(result.run_id)
    assert "every purchase is worth 19.99" in run.data.tags["notes"]
    assert result.notes == model.notes


def test_a_failed_fit_is_marked_failed_in_mlflow_and_the_champion_stays(
    first: TrainingResult, cdnow: TrainingData, tracking: Mlflow
) -> None:
    before = champion_of(tracking).version
    nobody = histories((0, 0.0, 100.0, 440))
    stuck = replace(cdnow, calibration=Counts(as_of=AS_OF, histories=nobody, spend=cdnow.full.spend))

    with pytest.raises(InputError, match="No customer has bought twice"):
        train(stuck, tracking, LTV.model_copy(update={"fitter": "exact"}))

    newest = mlflow.search_runs(experiment_names=["value"], output_format="list", max_results=1)
    assert [run.info.status for run in newest] == ["FAILED"]
    assert champion_of(tracking).version == before


def test_too_few_customers_are_one_clear_error(conversions: DataFrame) -> None:
    with pytest.raises(InputError, match=r"Too few customers .* \d+ bought up to 1997-01-0[12], before the holdout"):
        collect_training_data(
            conversions,
            as_of=dt.date(1997, 1, 31),
            timezone="UTC",
            currency="USD",
            ltv=LTV.model_copy(update={"holdout_until": None, "holdout_days": 30, "min_customers": 1000}),
        )


def test_without_any_purchase_there_is_nothing_to_train_on(conversions: DataFrame) -> None:
    with pytest.raises(InputError, match="0 bought up to 1997-09-30"):
        collect_training_data(conversions.limit(0), as_of=AS_OF, timezone="UTC", currency="USD", ltv=LTV)


def test_a_holdout_that_starts_after_as_of_is_a_wrong_setting(conversions: DataFrame) -> None:
    with pytest.raises(UsageError, match="after as_of 1997-09-30"):
        collect_training_data(
            conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=LTV.model_copy(update={"holdout_days": 100})
        )
