"""Fits the value models, judges them on the newest period, and promotes the winner to champion.

The challenger is fitted up to a cutoff and judged on the days after it; the same is done at earlier origins
(`ltv.origins`). It meets the champion there (`ltv.contest`). Where it wins, the same fit is made with all data up to
as_of, and that one is registered. A lost challenge is a result, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ltv import plots, registry, spark_likelihood
from ltv.backtest import Backtest
from ltv.choose_covariates import Chosen, fit_with_covariates, mix_of
from ltv.contest import lost_because, meet, won_because
from ltv.covariates import attributes_of
from ltv.evaluate import calibration_table, judge, predict_holdout, tracking_errors
from ltv.fitters import Fitter, fit_purchases, fit_spend
from ltv.knobs import Ltv
from ltv.learn_season import NAMES, choose_season, with_season
from ltv.log_backtest import log_backtest
from ltv.origins import FittedOrigin, Origin, fit_origins, judge_origins
from ltv.training_data import Counts, TrainingData
from ltv.value_model import ValueModel
from warehouse.errors import UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import clear_errors, experiment_id, mlflow

RUN_TAGS = ("as_of", "settings_digest")  # of the run itself, so that MLflow's list of runs shows them
UNNAMEABLE = re.compile(r"[^A-Za-z0-9_. :/-]")  # what MLflow takes in no name of a metric, as '=' of covariates
MAX_FREQUENCY_SHOWN = 30  # where the chart of P(alive) ends


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """The result of a training.

    status is promoted (the challenger is the champion now) or lost (the champion stays, nothing was registered);
    `model_version` names the champion after it, '<name>/<version>'. `metrics` are the challenger's on the holdout,
    `champion_metrics` those of the champion it met (empty without one). `params` are those of the model that this
    training would register: up to as_of when promoted, up to the cutoff when lost; `notes` are those of its fits,
    `findings` what was looked for in the data and with what result (covariates,
    season).
    `backtest` is the challenger's.
    """

    status: Literal["promoted", "lost"]
    reason: str
    model_version: str
    run_id: str
    params: dict[str, float]
    notes: list[str]
    findings: list[str]
    metrics: dict[str, float]
    champion_metrics: dict[str, float]
    backtest: Backtest


def train_customer_value(
    data: TrainingData,
    *,
    ltv: Ltv,
    tracking: Mlflow,
    tags: Mapping[str, str],
) -> TrainingResult:
    """Fit, judge, compare and, where the challenger wins, register; all of it one MLflow run.

    `tags` record the origin of the fit, such as settings_digest, code_version and the Delta versions of the tables that
    the data came from. They become parameters of the run and tags of the version, beside the days, currency and
    customers of the data. Raises InputError when nobody bought twice (the run is then marked as failed) and when MLflow
    does not answer.
    """
    champion = registry.find_champion(tracking)
    facts = {**_facts(data), **tags}
    run_name = f"{tracking.model_name} {data.full.as_of}"
    with (
        clear_errors(tracking),
        mlflow.start_run(experiment_id=experiment_id(tracking, tracking.experiment), run_name=run_name) as run,
    ):
        mlflow.log_params(facts | {name: str(getattr(ltv, name)) for name in type(ltv).model_fields})
        _log_data(data)
        challenger = fit_value_model(data.calibration, data, fitter=ltv.fitter, seed=ltv.seed)
        champion_metrics = (
            judge(
                champion.at_cutoff.on(challenger.as_of), data.holdout, days=data.holdout_days, time_unit=data.time_unit
            )
            if champion
            else {}
        )
        fitted, skipped = fit_origins(
            data.earlier, lambda origin: fit_value_model(_counts(origin), data, fitter=ltv.fitter, seed=ltv.seed)
        )
        fitted.append(FittedOrigin(data.newest, challenger))
        is_seasonal, of_season = choose_season(ltv, fitted, data.daily)
        if is_seasonal:
            fitted = [one._replace(model=with_season(one.model, data.daily)) for one in fitted]
        challenger = _with_findings(fitted[-1].model, of_season)
        metrics = judge(challenger, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
        tested = judge_origins(fitted if ltv.origins else (), level=ltv.interval_level, skipped=skipped)
        contest = meet(champion, fitted) if champion else None
        reason = lost_because(data.full.as_of, champion, contest)
        model = challenger
        if reason is None and data.full.as_of != data.calibration.as_of:
            model = fit_value_model(data.full, data, fitter=ltv.fitter, seed=ltv.seed)
            model = _with_findings(with_season(model, data.daily) if is_seasonal else model, of_season)
        _log_fit(model, challenger, data, metrics, champion_metrics)
        log_backtest(tested, data.newest, challenger)
        model_uri = registry.log_value_model(
            model,
            challenger,
            margin=ltv.margin,
            annual_discount_rate=ltv.annual_discount_rate,
            interval_level=ltv.interval_level,
            backtest=tested,
        )
        status: Literal["promoted", "lost"] = "promoted" if reason is None else "lost"
        mlflow.set_tags(
            {"status": status, "notes": "\n".join(model.notes), "findings": "\n".join(model.findings)}
            | {name: facts[name] for name in RUN_TAGS if name in facts}
        )
        version = champion.version if champion else ""
        if reason is None:
            version = registry.register(model_uri, model, tracking, tags=facts)
    return TrainingResult(
        status=status,
        reason=reason or won_because(champion, contest),
        model_version=version,
        run_id=run.info.run_id,
        params=model.params,
        notes=model.notes,
        findings=list(model.findings),
        metrics=metrics,
        champion_metrics=champion_metrics,
        backtest=tested,
    )


def fit_value_model(counts: Counts, data: TrainingData, *, fitter: Fitter, seed: int) -> ValueModel:
    """Pareto/NBD, with the covariates that count, and Gamma-Gamma of the counted customers.

    Tables that stay on Spark are fitted there, by the exact likelihood; with the lifetimes fitter, which needs all rows
    on one machine, they are a UsageError.
    """
    if fitter == "lifetimes" and (counts.all_histories or counts.all_spend):
        raise UsageError(
            f"ltv.fitter lifetimes needs all rows on one machine, and there are more than ltv.driver_rows "
            f"({counts.customers:,} customers). Use ltv.fitter exact, or set ltv.fit_sample_customers."
        )
    if data.covariates and (fitter == "lifetimes" or counts.all_histories):
        raise UsageError(
            "ltv.covariates needs ltv.fitter exact and all distinct histories on one machine: no more than "
            f"ltv.driver_rows ({counts.customers:,} customers are here). Set ltv.fit_sample_customers, or none of them."
        )
    plain = (
        spark_likelihood.fit_purchases(counts.all_histories, day=data.day)
        if counts.all_histories
        else fit_purchases(counts.histories, fitter=fitter, seed=seed, day=data.day)
    )
    chosen = fit_with_covariates(counts.histories, data.covariates, plain) if data.covariates else Chosen(plain, {})
    return ValueModel(
        purchases=chosen.fit,
        spend=spark_likelihood.fit_spend(counts.all_spend)
        if counts.all_spend
        else fit_spend(counts.spend, fitter=fitter, seed=seed),
        time_unit=data.time_unit,
        currency=data.currency,
        as_of=counts.as_of,
        warnings=data.warnings,
        findings=tuple(chosen.findings),
        p_values={".".join(term): p_value for term, p_value in chosen.p_values.items()},
        mix=mix_of(counts.histories, attributes_of(chosen.fit.covariates)),
    )


def _counts(origin: Origin) -> Counts:
    """What a fit at the origin sees."""
    return Counts(as_of=origin.cutoff, histories=origin.histories, spend=origin.spend)


def _with_findings(model: ValueModel, found: Sequence[str]) -> ValueModel:
    return replace(model, findings=(*model.findings, *found))


def _facts(data: TrainingData) -> dict[str, str]:
    """The days, currency and customers of a fit."""
    return {
        "as_of": str(data.full.as_of),
        "cutoff": str(data.calibration.as_of),
        "until": str(data.until),
        "currency": data.currency,
        "customers": str(data.full.customers),
    }


def _log_data(data: TrainingData) -> None:
    for frame, name, context in (
        (data.calibration.histories, "histories up to the cutoff", "calibration"),
        (data.holdout, "holdout", "evaluation"),
        (data.full.histories, "histories up to as_of", "training"),
    ):
        registry.log_data(frame, name=name, context=context)


def _fit_metrics(model: ValueModel) -> dict[str, float]:
    """Standard errors and log-likelihood (natural units) of both models, their customers, and the season."""
    errors = model.purchases.standard_errors | model.spend.standard_errors
    figures = {
        "log_likelihood_purchases": model.purchases.log_likelihood,
        "log_likelihood_spend": model.spend.log_likelihood,
        "fitted_customers": model.purchases.customers,
    }
    known = {name: value for name, value in figures.items() if value is not None}
    season = zip(NAMES, model.season.factors, strict=True) if model.season else ()
    of_months = {f"season_{name.lower()}": factor for name, factor in season}
    coefficients = {
        f"{process}.{name}": value
        for process, columns in model.purchases.covariates.items()
        for name, value in columns.items()
    }
    of_errors = {f"{name}_standard_error": error for name, error in errors.items()}
    of_tests = {f"{name}_p_value": p_value for name, p_value in model.p_values.items()}
    named = of_errors | known | of_months | coefficients | of_tests
    return {UNNAMEABLE.sub("_", name): value for name, value in named.items()}


def _log_fit(
    model: ValueModel,
    challenger: ValueModel,
    data: TrainingData,
    metrics: Mapping[str, float],
    champion_metrics: Mapping[str, float],
) -> None:
    """Fitted parameters and metrics as MLflow metrics (so that MLflow charts them over refits), and the charts."""
    mlflow.log_metrics(_fit_metrics(model) | {"fit_share": data.full.share, "holdout_share": data.holdout_share})
    mlflow.log_metrics(model.params | {f"{name}_at_cutoff": value for name, value in challenger.params.items()})
    mlflow.log_metrics({f"holdout_{name}": value for name, value in metrics.items()})
    mlflow.log_metrics({f"champion_holdout_{name}": value for name, value in champion_metrics.items()})
    expected, _ = predict_holdout(challenger, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
    actual, customers = (data.holdout[name].to_numpy(np.float64) for name in ("holdout_purchases", "customers"))
    deciles = calibration_table(expected, actual, customers)
    mlflow.log_table(deciles, "calibration.json")
    most = data.full.histories[["frequency", "T"]].max()
    alive = plots.alive_heatmap(model, frequency=int(min(most["frequency"], MAX_FREQUENCY_SHOWN)), T=float(most["T"]))
    mlflow.log_figure(alive, "p_alive.png")
    mlflow.log_figure(plots.calibration_plot(deciles), "calibration.png")
    tracked = plots.track(data.daily, challenger)
    mlflow.log_metrics(
        {f"tracking_{name}": value for name, value in tracking_errors(tracked, challenger.as_of).items()}
    )
    mlflow.log_figure(plots.tracking_plot(tracked, challenger.as_of), "tracking.png")
