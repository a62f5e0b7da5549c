"""spark-submit jobs/score.py --config conf/demo.yaml: every customer's summary, and scores by the champion model."""

from __future__ import annotations

import sys

from jobs.drift import drift_metrics, end_if_drifted, monitor, waits_for_monitor, watched
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from ltv.channel_value import CHANNEL_VALUE
from ltv.churn import CHURN, used_churn_champion
from ltv.churn_reliability import CHURN_RELIABILITY
from ltv.cohort_value import COHORT_VALUE
from ltv.customer_summary import CUSTOMER_SUMMARY, of_day
from ltv.customer_totals import total_lines, total_metrics
from ltv.customer_value import CUSTOMER_VALUE, scorer, used_champion_of
from ltv.early_value import EARLY_VALUE, used_early_value_champion
from ltv.forecast_accuracy import FORECAST_ACCURACY
from ltv.knobs import Behaviour, RetentionCampaign, Scoring
from ltv.person_features import PERSON_FEATURES
from ltv.retention_list import RETENTION_LIST
from ltv.retention_profit import RETENTION_PROFIT, campaign_lines
from ltv.segment_columns import count_segments
from ltv.value_backtest import VALUE_BACKTEST
from ltv.value_totals import VALUE_TOTALS, stored_totals
from warehouse.knobs import Mlflow
from warehouse.recipes import Recipe
from warehouse.table_update import TableUpdate, in_words

OBSERVED = (CUSTOMER_SUMMARY, COHORT_VALUE, CHANNEL_VALUE)  # which need no model
SCORES = (
    CUSTOMER_SUMMARY, CUSTOMER_VALUE, VALUE_TOTALS, COHORT_VALUE, CHANNEL_VALUE, FORECAST_ACCURACY, VALUE_BACKTEST,
)  # fmt: skip
CAMPAIGN = (RETENTION_LIST, RETENTION_PROFIT)
BEHAVIOUR = (PERSON_FEATURES, CHURN, CHURN_RELIABILITY, EARLY_VALUE)
RECIPES = (*SCORES, *CAMPAIGN, *BEHAVIOUR)
NO_CHAMPION = "no champion model yet: run `distributary train`, then score"


def score(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Score every customer with the registered champion: activity, churn, purchases and value to come.

    Example: distributary score --config conf/demo.yaml
    """
    run_steps(
        "score",
        [STEP],
        config=config,
        as_of=as_of,
        full=full,
        dry_run=dry_run,
        as_json=json,
        at_the_end=end_if_drifted,
    )


def plan(run: Run) -> Plan:
    """Scores all customers as of the run's day and monitors the champions; without one it writes what was observed, and
    features of persons where they are wanted."""
    champion = used_champion_of(run)
    update = TableUpdate(run, (*(recipes_of(run) if champion else OBSERVED), *behaviour_of(run)))
    stale = update.plan(run.ahead)
    under_watch = watched(run, champion)
    if not stale and not waits_for_monitor(run, under_watch):
        return Plan("customers are scored already" if champion else NO_CHAMPION)

    def do(log: StepLog) -> None:
        if champion is not None:  # one that cannot be read, or of another currency, fails before a table is written
            for note in scorer(run, champion).model.notes:
                run.say(f"note: {note}")
        made = update.make()
        found = monitor(run, champion)
        if champion or found:
            log.counts["drift_alarms"] = sum(one.is_alarm for findings in found.values() for one in findings)
        if champion is None:
            log.message = NO_CHAMPION
            return
        if VALUE_TOTALS.table in made:
            of_drift = drift_metrics(found.get(champion, []))
            log.message = f"scored by {champion}; {_report_totals(run, champion, of_drift)}"
        else:
            log.message = in_words(made) or f"{' and '.join(under_watch)} monitored"
        if RETENTION_PROFIT.table in made:
            for line in campaign_lines(run.lake.read(RETENTION_PROFIT.table).where(of_day(run.as_of))):
                run.say(line)

    return Plan(f"make {in_words(stale)}" if stale else f"monitor {' and '.join(under_watch)}", do, stale)


def recipes_of(run: Run) -> tuple[Recipe, ...]:
    """All; those of the campaign where there is one, or where its tables must be emptied because there was one."""
    is_wanted = run.knobs(RetentionCampaign).contact_cost is not None or run.lake.exists(RETENTION_LIST.table)
    return (*SCORES, *CAMPAIGN) if is_wanted else SCORES


def behaviour_of(run: Run) -> tuple[Recipe, ...]:
    """Features of persons where they are wanted, which need no champion; churn and early value where each has one."""
    knobs = run.knobs(Behaviour)
    wanted: list[Recipe] = [PERSON_FEATURES] if knobs.features else []
    if knobs.churn and used_churn_champion(run):
        wanted += [CHURN, CHURN_RELIABILITY]
    if knobs.early_value and used_early_value_champion(run):
        wanted.append(EARLY_VALUE)
    return tuple(wanted)


def _report_totals(run: Run, champion: str, of_drift: dict[str, float]) -> str:
    """Prints totals with predictive intervals and the segments; logs them, with the drift found, as metrics of the
    champion's run; returns the summary of the totals."""
    from warehouse.model_registry import log_metrics  # noqa: PLC0415

    totals = stored_totals(run.lake.read(VALUE_TOTALS.table).where(of_day(run.as_of)))
    lines, everybody = total_lines(totals, run.settings.report.currency)
    run.say(f"totals with intervals that hold the model's own error ({run.knobs(Scoring).interval_level:.0%}):")
    for line in lines:
        run.say(f"  {line}")
    segments = count_segments(run.lake.read(CUSTOMER_VALUE.table).where(of_day(run.as_of)))
    run.say(f"segments: {', '.join(f'{name} {customers:,}' for name, customers in segments.items())}")
    of_segments = {f"segment_{name}": float(customers) for name, customers in segments.items()}
    metrics = total_metrics(totals) | of_segments | of_drift
    if not log_metrics(run.knobs(Mlflow), champion, metrics, day=run.as_of):
        run.say("MLflow did not take totals and segments as metrics; the scores are written")
    return "; ".join(everybody)


STEP = Step("score", plan)
main = job_main(score)

if __name__ == "__main__":
    sys.exit(main())
