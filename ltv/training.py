"""Fits the value models, judges them on the newest period, and promotes the winner to champion.

The challenger is fitted up to a cutoff and judged on the days after it; the same is done at earlier origins
(`ltv.origins`). It meets the champion there (`ltv.contest`). Where it wins, the same fit is made with all data up to
as_of, and that one is registered. A lost challenge is a result, not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ltv import plots, registry, spark_likelihood
from ltv.backtest import Backtest
from ltv.contest import lost_because, meet, won_because
from ltv.evaluate import calibration_table, judge, predict_holdout, tracking_errors
from ltv.fitters import Fitter, fit_purchases, fit_spend
from ltv.knobs import Ltv
from ltv.log_backtest import log_backtest
from ltv.model_choice import AUTO, CANDIDATES, ModelChoice, choose_model
from ltv.origins import FittedOrigin, Origin, fit_origins, judge_origins
from ltv.pareto_nbd import ParetoNBDFit
from ltv.purchase_fits import PurchaseFit, title
from ltv.purchase_models import PARETO_NBD
from ltv.segments import Clusters, Segmentation, fit_segments
from ltv.training_data import Counts, TrainingData
from ltv.value_model import ValueModel
from ltv.whole_days import days_matter, likelihood_of_days, one_day
from warehouse.errors import UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import clear_errors, experiment_id, mlflow

RUN_TAGS = ("as_of", "settings_digest")  # of the run itself, so that MLflow's list of runs shows them
MAX_FREQUENCY_SHOWN = 30  # where the chart of P(alive) ends


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """The result of a training.

    status is promoted (the challenger is the champion now) or lost (the champion stays, nothing was registered);
    `model_version` names the champion after it, '<name>/<version>'. `metrics` are the challenger's on the holdout,
    `champion_metrics` those of the champion it met (empty without one). `params` are those of the model that this
    training would register: up to as_of when promoted, up to the cutoff when lost; `notes` are those of its fits.
    `backtest` is the challenger's. `choice` says why its purchase model was taken, where ltv.model is auto.
    """

    status: Literal["promoted", "lost"]
    reason: str
    model_version: str
    run_id: str
    params: dict[str, float]
    notes: list[str]
    metrics: dict[str, float]
    champion_metrics: dict[str, float]
    backtest: Backtest
    choice: ModelChoice | None = None


def train_customer_value(
    data: TrainingData,
    *,
    ltv: Ltv,
    tracking: Mlflow,
    tags: Mapping[str, str],
    clusters: Clusters | None = None,
) -> TrainingResult:
    """Fit, judge, compare and, where the challenger wins, register; all of it one MLflow run.

    `tags` record the origin of the fit, such as settings_digest, code_version and the Delta versions of the tables that
    the data came from. They become parameters of the run and tags of the version, beside the days, currency and
    customers of the data. `clusters` finds the centres of segments (`warehouse.jvm.clusters.k_means`); without it the
    version has none. Raises InputError when nobody bought twice (the run is then marked as failed) and when MLflow
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
        choice, fitted, skipped = _fit_candidates(data, ltv)
        challenger = fitted[-1].model
        metrics = judge(challenger, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
        champion_metrics = (
            judge(champion.at_cutoff, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
            if champion
            else {}
        )
        tested = judge_origins(fitted if ltv.origins else (), level=ltv.interval_level, skipped=skipped)
        contest = meet(champion, fitted) if champion else None
        reason = lost_because(data.full.as_of, champion, contest)
        model = challenger
        if reason is None and data.full.as_of != data.calibration.as_of:
            model = fit_value_model(
                data.full,
                replace(data, day=challenger.day),  # all fits of a training are of one kind
                fitter=ltv.fitter,
                seed=ltv.seed,
                purchase_model=challenger.purchases.MODEL,
            )
        _log_fit(model, challenger, data, metrics, champion_metrics)
        log_backtest(tested, data.newest, challenger)
        mlflow.log_metrics(choice.metrics if choice else {})
        segments = _segments(model, data, ltv, clusters) if clusters and len(data.returning) else None
        model_uri = registry.log_value_model(
            model,
            challenger,
            margin=ltv.margin,
            annual_discount_rate=ltv.annual_discount_rate,
            interval_level=ltv.interval_level,
            backtest=tested,
            segments=segments,
        )
        status: Literal["promoted", "lost"] = "promoted" if reason is None else "lost"
        mlflow.set_tags(
            {"status": status, "notes": "\n".join(model.notes), "purchase_model": title(model.purchases)}
            | {name: facts[name] for name in RUN_TAGS if name in facts}
        )
        version = champion.version if champion else ""
        if reason is None:
            remarks = choice.lines if choice else ()
            version = registry.register(model_uri, model, tracking, tags=facts, remarks=remarks)
    return TrainingResult(
        status=status,
        reason=reason or won_because(champion, contest),
        model_version=version,
        run_id=run.info.run_id,
        params=model.params,
        notes=model.notes,
        metrics=metrics,
        champion_metrics=champion_metrics,
        backtest=tested,
        choice=choice,
    )


def _fit_candidates(data: TrainingData, ltv: Ltv) -> tuple[ModelChoice | None, list[FittedOrigin], list[str]]:
    """The purchase model of ltv.model at all origins, the newest last, and why others could not be fitted.

    With auto every candidate is fitted there, and the choice is given too.
    """
    candidates = [_fit_at_origins(data, ltv, model) for model in (CANDIDATES if ltv.model == AUTO else [ltv.model])]
    if len(candidates) == 1:
        return None, *candidates[0]
    choice = choose_model([fitted for fitted, _ in candidates])
    return choice, *candidates[CANDIDATES.index(choice.model)]


def _fit_at_origins(data: TrainingData, ltv: Ltv, purchase_model: str) -> tuple[list[FittedOrigin], list[str]]:
    def fit(counts: Counts, data: TrainingData) -> ValueModel:
        return fit_value_model(counts, data, fitter=ltv.fitter, seed=ltv.seed, purchase_model=purchase_model)

    newest = FittedOrigin(data.newest, fit(data.calibration, data))
    of_its_kind = replace(data, day=newest.model.day)
    earlier, skipped = fit_origins(data.earlier, lambda origin: fit(_counts(origin), of_its_kind))
    return [*earlier, newest], skipped


def fit_value_model(
    counts: Counts, data: TrainingData, *, fitter: Fitter, seed: int, purchase_model: str = PARETO_NBD
) -> ValueModel:
    """A purchase model (not auto) and Gamma-Gamma of the counted customers.

    Tables that stay on Spark are fitted there, by the exact likelihood; with the lifetimes fitter, which needs all rows
    on one machine, they are a UsageError.
    """
    if fitter == "lifetimes" and (counts.all_histories or counts.all_spend):
        raise UsageError(
            f"ltv.fitter lifetimes needs all rows on one machine, and there are more than ltv.driver_rows "
            f"({counts.customers:,} customers). Use ltv.fitter exact, or set ltv.fit_sample_customers."
        )
    return ValueModel(
        purchases=_fit_purchases(counts, data, purchase_model, fitter=fitter, seed=seed),
        spend=spark_likelihood.fit_spend(counts.all_spend)
        if counts.all_spend
        else fit_spend(counts.spend, fitter=fitter, seed=seed),
        time_unit=data.time_unit,
        currency=data.currency,
        as_of=counts.as_of,
        warnings=data.warnings,
    )


def _fit_purchases(
    counts: Counts, data: TrainingData, purchase_model: str, *, fitter: Fitter, seed: int
) -> PurchaseFit:
    """The purchase model; a Pareto/NBD is one of days with a purchase where `data.day`, or the plain fit itself, asks
    for it."""

    def fit(day: float) -> PurchaseFit:
        if counts.all_histories:
            return spark_likelihood.fit_purchases(counts.all_histories, day=day, model=purchase_model, gaps=counts.gaps)
        return fit_purchases(
            counts.histories, fitter=fitter, seed=seed, day=day, model=purchase_model, gaps=counts.gaps
        )

    if data.day is not None:
        return fit(data.day)
    plain, day = fit(0.0), one_day(data.time_unit)
    if not isinstance(plain, ParetoNBDFit):
        return plain
    return fit(day) if days_matter(plain, likelihood_of_days(counts.all_histories or counts.histories, day)) else plain


def _segments(model: ValueModel, data: TrainingData, ltv: Ltv, clusters: Clusters) -> Segmentation:
    segments = fit_segments(data.returning, model, annual_discount_rate=ltv.annual_discount_rate, clusters=clusters)
    mlflow.log_metrics({"segments_pace_days": segments.pace, "segments_customers": len(data.returning)})
    return segments


def _counts(origin: Origin) -> Counts:
    """What a fit at the origin sees."""
    return Counts(as_of=origin.cutoff, histories=origin.histories, spend=origin.spend, gaps=origin.gaps)


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
    """Standard errors and log-likelihood (natural units) of both models, and the customers they were fitted on."""
    errors = model.purchases.standard_errors | model.spend.standard_errors
    figures = {
        "log_likelihood_purchases": model.purchases.log_likelihood,
        "log_likelihood_spend": model.spend.log_likelihood,
        "fitted_customers": model.purchases.customers,
    }
    known = {name: value for name, value in figures.items() if value is not None}
    return {f"{name}_standard_error": error for name, error in errors.items()} | known


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
