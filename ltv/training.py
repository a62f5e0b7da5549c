"""Fits the value models, judges them on the newest period, and promotes the winner to champion.

The challenger is fitted up to a cutoff and judged on the days after it; the same is done at earlier origins
(`ltv.origins`). It meets the champion there (`ltv.contest`). Where it wins, the same fit is made with all data up to
as_of, and that one is registered. A lost challenge is a result, not an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ltv import registry
from ltv.backtest import Backtest
from ltv.contest import lost_because, meet, won_because
from ltv.evaluate import judge
from ltv.knobs import Ltv
from ltv.learn_season import choose_season, holidays_not_known, with_season
from ltv.log_backtest import log_backtest
from ltv.log_fit import log_data, log_fit
from ltv.model_choice import ModelChoice
from ltv.origins import judge_origins
from ltv.purchase_fits import title
from ltv.segments import Clusters, Segmentation, fit_segments
from ltv.training_data import TrainingData
from ltv.value_fit import fit_candidates, fit_value_model
from ltv.value_model import ValueModel
from warehouse.knobs import Mlflow
from warehouse.model_registry import clear_errors, experiment_id, mlflow

RUN_TAGS = ("as_of", "settings_digest")  # of the run itself, so that MLflow's list of runs shows them


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """The result of a training.

    status is promoted (the challenger is the champion now) or lost (the champion stays, nothing was registered);
    `model_version` names the champion after it, '<name>/<version>'. `metrics` are the challenger's on the holdout,
    `champion_metrics` those of the champion it met (empty without one). `params` are those of the model that this
    training would register: up to as_of when promoted, up to the cutoff when lost; `notes` are those of its fits,
    `findings` what was looked for in the data and with what result (purchase model, covariates, season). `backtest` is
    the challenger's. `choice` has the scores of the purchase models, where ltv.model is auto.
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
        log_data(data)
        choice, fitted, skipped = fit_candidates(data, ltv)
        is_seasonal, of_season = choose_season(ltv, fitted, data.daily)
        if is_seasonal:
            fitted = [one._replace(model=with_season(one.model, data.daily, ltv.holidays)) for one in fitted]
        found = [*(choice.lines if choice else ()), *of_season]
        challenger = _with_findings(fitted[-1].model, found)
        metrics = judge(challenger, data.holdout, days=data.holdout_days, time_unit=data.time_unit)
        champion_metrics = (
            judge(
                champion.at_cutoff.on(challenger.as_of), data.holdout, days=data.holdout_days, time_unit=data.time_unit
            )
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
            seasonal = with_season(model, data.daily, ltv.holidays) if is_seasonal else model
            model = _with_findings(seasonal, found)
        model = _with_findings(model, holidays_not_known(model, data.daily))
        log_fit(model, challenger, data, metrics, champion_metrics)
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
            {
                "status": status,
                "notes": "\n".join(model.notes),
                "findings": "\n".join(model.findings),
                "purchase_model": title(model.purchases),
            }
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
        choice=choice,
    )


def _with_findings(model: ValueModel, found: Sequence[str]) -> ValueModel:
    return replace(model, findings=(*model.findings, *found))


def _segments(model: ValueModel, data: TrainingData, ltv: Ltv, clusters: Clusters) -> Segmentation:
    # Returning customers are those of this day, whichever of the models is logged.
    of_day = model.on(data.full.as_of)
    segments = fit_segments(data.returning, of_day, annual_discount_rate=ltv.annual_discount_rate, clusters=clusters)
    mlflow.log_metrics({"segments_pace_days": segments.pace, "segments_customers": len(data.returning)})
    return segments


def _facts(data: TrainingData) -> dict[str, str]:
    """The days, currency and customers of a fit."""
    return {
        "as_of": str(data.full.as_of),
        "cutoff": str(data.calibration.as_of),
        "until": str(data.until),
        "currency": data.currency,
        "customers": str(data.full.customers),
    }
