"""spark-submit jobs/score.py --config conf/demo.yaml: every customer's summary, and scores by the champion model."""

from __future__ import annotations

import sys

from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from ltv.customer_summary import CUSTOMER_SUMMARY, of_day
from ltv.customer_totals import total_lines, total_metrics
from ltv.customer_value import CUSTOMER_VALUE, scorer, used_champion_of
from ltv.forecast_accuracy import FORECAST_ACCURACY
from ltv.knobs import Scoring
from ltv.segment_columns import count_segments
from ltv.value_backtest import VALUE_BACKTEST
from ltv.value_totals import VALUE_TOTALS, stored_totals
from warehouse.knobs import Mlflow
from warehouse.table_update import TableUpdate, in_words

RECIPES = (CUSTOMER_SUMMARY, CUSTOMER_VALUE, VALUE_TOTALS, FORECAST_ACCURACY, VALUE_BACKTEST)
NO_CHAMPION = "no champion model yet: run `distributary train`, then score"


def score(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Score every customer with the registered champion: activity, churn, purchases and value to come.

    Example: distributary score --config conf/demo.yaml
    """
    run_steps("score", [STEP], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


def plan(run: Run) -> Plan:
    """Scores every customer as of the run's day; without a champion it writes their summaries only."""
    champion = used_champion_of(run)
    update = TableUpdate(run, RECIPES if champion else (CUSTOMER_SUMMARY,))
    stale = update.plan(run.ahead)
    if not stale:
        return Plan("customers are scored already" if champion else NO_CHAMPION)

    def do(log: StepLog) -> None:
        if champion is not None:  # one that cannot be read, or of another currency, fails before a table is written
            for note in scorer(run, champion).model.notes:
                run.say(f"note: {note}")
        made = update.make()
        if champion is None:
            log.message = NO_CHAMPION
        elif VALUE_TOTALS.table in made:
            log.message = f"scored by {champion}; {_report_totals(run, champion)}"
        else:
            log.message = in_words(made)

    return Plan(f"make {in_words(stale)}", do, stale)


def _report_totals(run: Run, champion: str) -> str:
    """Prints totals with predictive intervals and the segments, and logs them as metrics of the champion's run; returns
    the summary of the totals."""
    from warehouse.model_registry import log_metrics  # noqa: PLC0415

    totals = stored_totals(run.lake.read(VALUE_TOTALS.table).where(of_day(run.as_of)))
    lines, everybody = total_lines(totals, run.settings.report.currency)
    run.say(f"totals with intervals that hold the model's own error ({run.knobs(Scoring).interval_level:.0%}):")
    for line in lines:
        run.say(f"  {line}")
    segments = count_segments(run.lake.read(CUSTOMER_VALUE.table).where(of_day(run.as_of)))
    run.say(f"segments: {', '.join(f'{name} {customers:,}' for name, customers in segments.items())}")
    metrics = total_metrics(totals) | {f"segment_{name}": float(customers) for name, customers in segments.items()}
    if not log_metrics(run.knobs(Mlflow), champion, metrics, day=run.as_of):
        run.say("MLflow did not take totals and segments as metrics; the scores are written")
    return "; ".join(everybody)


STEP = Step("score", plan)
main = job_main(score)

if __name__ == "__main__":
    sys.exit(main())
