"""The steps of customer value: summarize and train, summarize and score."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.run import Run
from ltv import registry
from ltv.customer_summary import acquisition_channels, build_customer_summary
from ltv.customer_totals import CustomerTotal, customer_totals, total_metrics
from ltv.customer_value import build_customer_value
from ltv.knobs import Scoring, SummaryUnit
from ltv.training_data import collect_training_data
from warehouse.code_version import code_version
from warehouse.contracts import Table
from warehouse.errors import ConvergenceError
from warehouse.model_registry import log_metrics
from warehouse.store import Origin
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, SILVER_CONVERSIONS, SILVER_JOURNEYS
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

NO_CHAMPION = "no champion model yet: run `distributary train`, then score"


def train(run: Run, *, require_promotion: bool = False) -> None:
    """Fits the value models, judges them on the newest period and registers the winner as champion."""
    # Plots come with it, and only training draws any.
    from ltv.training import train_customer_value  # noqa: PLC0415

    settings = run.settings
    with run.step("train") as log:
        if run.dry_run:
            log.skip(f"would train {settings.mlflow.model_name} on purchases up to {run.as_of}")
            return
        data = collect_training_data(
            run.lake.read(SILVER_CONVERSIONS),
            as_of=run.as_of,
            timezone=settings.report.timezone,
            currency=settings.report.currency,
            ltv=settings.ltv,
        )
        run.say(f"{data.full.customers:,} customers, {data.full.distinct_histories:,} distinct histories")
        try:
            versions = run.lake.versions([SILVER_CONVERSIONS])
            result = train_customer_value(
                data,
                ltv=settings.ltv,
                tracking=settings.mlflow,
                tags={
                    "settings_digest": settings.digest("ltv", "report"),
                    "code_version": code_version(),
                    **{f"delta_version.{name}": str(version) for name, version in versions.items()},
                },
            )
        finally:
            data.release()
        fitted = ", ".join(f"{name} {value:.4g}" for name, value in result.params.items())
        log.message = f"{result.status}: {result.reason} ({fitted})"
        if require_promotion and result.status != "promoted":
            raise ConvergenceError(f"the challenger lost: {result.reason}")


def score(run: Run) -> None:
    """The champion's view of every customer as of the run's day, unless it stands in the tables already."""
    settings, lake = run.settings, run.lake
    with run.step("score") as log:
        champion = _champion(run)
        summary_origin = _with(run.origin([SILVER_CONVERSIONS, SILVER_JOURNEYS], "ltv", "report"), str(run.as_of))
        value_origin = _with(summary_origin, f"{run.as_of} {champion.version if champion else 'no champion'}")
        wanted = [(GOLD_CUSTOMER_SUMMARY, summary_origin), *([(GOLD_CUSTOMER_VALUE, value_origin)] if champion else [])]
        if not run.full and all(lake.is_current(table, origin) for table, origin in wanted):
            log.skip("customers are scored already" if champion else NO_CHAMPION)
            return
        if run.dry_run:
            log.skip(f"would rebuild {', '.join(table.full_name for table, _ in wanted)} as of {run.as_of}")
            return
        summary = build_customer_summary(
            lake.read(SILVER_CONVERSIONS),
            acquisition_channels(lake.read(SILVER_JOURNEYS)),
            as_of=run.as_of,
            timezone=settings.report.timezone,
            unit=settings.part(SummaryUnit),
        )
        _replace_day(run, GOLD_CUSTOMER_SUMMARY, summary, summary_origin)
        if champion is None:
            log.message = NO_CHAMPION
            return
        value = build_customer_value(
            lake.read(GOLD_CUSTOMER_SUMMARY).where(F.col("as_of") == F.lit(run.as_of)),
            model=champion.model,
            model_version=champion.version,
            scoring=settings.part(Scoring),
        )
        _replace_day(run, GOLD_CUSTOMER_VALUE, value, value_origin)
        log.message = f"scored by {champion.version}; {_tell_totals(run, champion)}"


def _champion(run: Run) -> registry.Champion | None:
    settings = run.settings
    version = registry.champion_version(settings.mlflow)
    if version is None:
        return None
    return registry.load_scorer(
        settings.mlflow, version.full_name, time_unit=settings.ltv.time_unit, currency=settings.report.currency
    )


def _tell_totals(run: Run, champion: registry.Champion) -> str:
    """Totals with predictive intervals: lines for people, metrics of the champion's run, and a sentence for the log."""
    settings = run.settings
    totals = customer_totals(
        run.lake.read(GOLD_CUSTOMER_SUMMARY).where(F.col("as_of") == F.lit(run.as_of)),
        model=champion.model,
        days=VALUE_HORIZONS_DAYS,
        scoring=settings.part(Scoring),
    )
    farthest = max(VALUE_HORIZONS_DAYS)
    told = [total for total in totals if total.channel is None or total.days == farthest]
    lines = [_total_line(total, settings.report.currency) for total in told]
    run.say(f"totals with predictive intervals ({settings.ltv.interval_level:.0%}):")
    for line in lines:
        run.say(f"  {line}")
    if not log_metrics(settings.mlflow, champion.version, total_metrics(totals), day=run.as_of):
        run.say("MLflow did not take the totals as metrics; the scores are written")
    everybody = [
        line for line, total in zip(lines, told, strict=True) if (total.channel, total.days) == (None, farthest)
    ]
    return "; ".join(everybody)


def _total_line(total: CustomerTotal, currency: str) -> str:
    who = total.channel or "all customers"
    what = "purchases" if total.measure == "purchases" else f"{currency} discounted margin"
    estimate, lower, upper = (f"{float(figure):,.0f}" for figure in total.interval)
    return f"{who}, next {total.days} days: {estimate} {what} ({lower} to {upper})"


def _with(origin: Origin, also: str) -> Origin:
    return Origin(origin.inputs, f"{origin.settings} {also}", origin.code)


def _replace_day(run: Run, table: Table, frame: DataFrame, origin: Origin) -> None:
    _forget_old_days(run, table)
    run.lake.replace(table, frame, origin=origin, where=f"as_of = DATE'{run.as_of}'")
    run.say(f"{table.full_name} written as of {run.as_of}")


def _forget_old_days(run: Run, table: Table) -> None:
    """Leaves the last keep_days of as_of dates and month ends."""
    oldest = run.as_of - timedelta(days=run.settings.ltv.keep_days)
    old = f"as_of < DATE'{oldest}' AND as_of <> last_day(as_of)"
    if not run.lake.read(table).where(old).isEmpty():
        run.lake.delete(table, old)
