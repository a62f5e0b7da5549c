"""spark-submit jobs/train.py --config conf/demo.yaml: fit, judge and register the value models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from jobs.churn_fit import churn_is_due, fit_churn
from jobs.drift import reason_not_to_train
from jobs.early_value_fit import early_value_is_due, fit_early_value
from jobs.options import AsOf, Config, DryRun, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from ltv.acquisition import acquisitions
from ltv.training_data import collect_training_data
from warehouse.checks import require_held
from warehouse.code_version import code_version
from warehouse.errors import ConvergenceError
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.table_update import digest_of
from warehouse.tables.ops_quality_results import OPS_QUALITY_RESULTS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

RequirePromotion = Annotated[
    bool, typer.Option("--require-promotion", help="Exit with 4 unless the new fit becomes champion.")
]
IfDrifted = Annotated[
    bool,
    typer.Option(
        "--if-drifted",
        help="Train only what has an alarm in its newest monitor: value models, churn and early value apart.",
    ),
]


def train(
    config: Config = None,
    as_of: AsOf = None,
    *,
    require_promotion: RequirePromotion = False,
    if_drifted: IfDrifted = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Fit the purchase model and Gamma-Gamma, judge them on the newest period, register the better of old and new.

    Example: distributary train --config conf/demo.yaml
    """
    step = Step("train", partial(plan, require_promotion=require_promotion, if_drifted=if_drifted))
    run_steps("train", [step], config=config, as_of=as_of, dry_run=dry_run, as_json=json)


def plan(run: Run, *, require_promotion: bool = False, if_drifted: bool = False) -> Plan:
    """Fits the value models, judges them on the newest period and registers the winner as champion.

    With `if_drifted` only where the champion's newest monitor has an alarm, or there is no champion. Churn and early
    value are fitted too where they are wanted and due. CheckFailed where the checks that ran last did not hold.
    """
    settings = run.settings
    if if_drifted and (reason := reason_not_to_train(run)):
        due = due_fits(run)
        if not due:
            return Plan(reason)
        require_held(run.lake.rows(OPS_QUALITY_RESULTS))
        return Plan(f"train {' and '.join(due)}: {reason}", partial(_fit_behaviour, run))
    require_held(run.lake.rows(OPS_QUALITY_RESULTS))

    def do(log: StepLog) -> None:
        # They import the plotting library and Spark's models, which only training needs.
        from ltv.log_backtest import backtest_lines  # noqa: PLC0415
        from ltv.training import train_customer_value  # noqa: PLC0415
        from warehouse.jvm.clusters import k_means  # noqa: PLC0415

        covariates = settings.ltv.covariates
        data = collect_training_data(
            run.lake.read(SILVER_CONVERSIONS),
            as_of=run.as_of,
            timezone=settings.report.timezone,
            currency=settings.report.currency,
            ltv=settings.ltv,
            attributes=acquisitions(run.lake.read(SILVER_JOURNEYS), covariates) if covariates else None,
        )
        run.say(f"{data.full.customers:,} customers, {data.full.distinct_histories:,} distinct histories")
        try:
            result = train_customer_value(
                data,
                ltv=settings.ltv,
                tracking=settings.mlflow,
                tags=_tags(run),
                clusters=partial(k_means, run.lake.spark),
            )
        finally:
            data.release()
        for note in result.notes:
            run.say(f"note: {note}")
        for line in (*result.findings, *backtest_lines(result.backtest)):
            run.say(line)
        fitted = ", ".join(f"{name} {value:.4g}" for name, value in result.params.items())
        of_behaviour = [fit(run) for fit in due_fits(run).values()]
        log.message = "; ".join([f"{result.status}: {result.reason} ({fitted})", *of_behaviour])
        if require_promotion and result.status != "promoted":
            raise ConvergenceError(f"the challenger lost: {result.reason}")

    return Plan(f"train {settings.mlflow.model_name} on purchases up to {run.as_of}", do)


def due_fits(run: Run) -> dict[str, Callable[[Run], str]]:
    """The fits of behaviour that are wanted and due, by name."""
    fits = {"churn": (churn_is_due, fit_churn), "early value": (early_value_is_due, fit_early_value)}
    return {name: fit for name, (is_due, fit) in fits.items() if is_due(run)}


def _fit_behaviour(run: Run, log: StepLog) -> None:
    log.message = "; ".join(fit(run) for fit in due_fits(run).values())


def _tags(run: Run) -> dict[str, str]:
    """What a fit is made from, besides its days."""
    knobs = (run.settings.ltv, run.knobs(ReportingDay), run.knobs(ReportingCurrency))
    tables = [SILVER_CONVERSIONS, *([SILVER_JOURNEYS] if run.settings.ltv.covariates else [])]
    versions = run.lake.versions(tables)
    return {
        "settings_digest": digest_of(knobs),
        "code_version": code_version(),
        **{f"delta_version.{name}": str(version) for name, version in versions.items()},
    }


STEP = Step("train", plan)
main = job_main(train)

if __name__ == "__main__":
    sys.exit(main())
