"""The champion under watch: what a run finds of it, and what `train` and the exit code make of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jobs.run import Run
from ltv.customer_summary import of_day
from ltv.customer_value import champion_of, scorer
from ltv.findings import Finding
from ltv.knobs import Drift
from ltv.model_monitor import find_drift
from warehouse.errors import ModelDrifted
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY
from warehouse.tables.ops_model_monitor import OPS_MODEL_MONITOR
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS


def waits_for_monitor(run: Run, champion: str | None) -> bool:
    """Whether a champion is to be monitored and was not yet, as of the run's day."""
    if champion is None or not run.knobs(Drift).alarm_level:
        return False
    return not any(row["as_of"] == run.as_of for row in _rows(run, champion))


def monitor(run: Run, champion: str) -> list[Finding]:
    """What the checks find of the champion, written to ops.model_monitor; a line for each alarm."""
    known, settings = scorer(run, champion), run.settings
    found = find_drift(
        known,
        conversions=run.lake.read(SILVER_CONVERSIONS),
        summary=run.lake.read(GOLD_CUSTOMER_SUMMARY).where(of_day(run.as_of)),
        accuracy=run.lake.read(GOLD_FORECAST_ACCURACY),
        as_of=run.as_of,
        timezone=settings.report.timezone,
        interval_level=settings.ltv.interval_level,
        seed=settings.ltv.seed,
        drift=run.knobs(Drift),
    )
    now = datetime.now(UTC)
    of_run = {
        "run_id": run.lake.run_id,
        "as_of": run.as_of,
        "model_version": champion,
        "model_as_of": known.model.as_of,
        "checked_at": now,
    }
    run.lake.append_rows(OPS_MODEL_MONITOR, [of_run | _row(finding) for finding in found])
    for finding in found:
        if finding.is_alarm:
            run.say(f"note: drift of {champion}: {finding.check}, {finding.subject}: {finding.detail}")
    return found


def drift_metrics(found: Sequence[Finding]) -> dict[str, float]:
    """Alarms, and how far the purchases since the fit are off, as metrics of the champion's run."""
    changes = [one.change for one in found if one.check == "purchases" and one.change is not None]
    alarms = float(sum(one.is_alarm for one in found))
    return {"drift_alarms": alarms} | ({"drift_purchases_change": changes[-1]} if changes else {})


def reason_not_to_train(run: Run) -> str | None:
    """Why `train --if-drifted` does nothing; None where there is no champion, or its newest monitor has an alarm."""
    champion = champion_of(run)
    if champion is None:
        return None
    newest = _newest(_rows(run, champion))
    if not newest:
        off = "" if run.knobs(Drift).alarm_level else " (drift.alarm_level is 0)"
        return f"{champion} was not monitored yet{off}: run `distributary score` first"
    if any(row["is_alarm"] for row in newest):
        return None
    return f"{champion} holds: no alarm as of {newest[0]['as_of']}"


def end_if_drifted(run: Run) -> None:
    """ModelDrifted where drift.exit is fail and the champion has an alarm as of the run's day."""
    drift = run.knobs(Drift)
    if run.dry_run or drift.exit != "fail" or not drift.alarm_level:
        return
    champion = champion_of(run)
    of_day = [row for row in _rows(run, champion) if row["as_of"] == run.as_of] if champion else []
    alarms = [row for row in _newest(of_day) if row["is_alarm"]]
    if alarms:
        first = f"{alarms[0]['check_name']}, {alarms[0]['subject']}: {alarms[0]['detail']}"
        more = f" (and {len(alarms) - 1} more in {OPS_MODEL_MONITOR.full_name})" if len(alarms) > 1 else ""
        raise ModelDrifted(
            f"{champion} does not fit what customers do now: {first}{more}; run `distributary train`, or look at what "
            "changed in the shop"
        )


def _rows(run: Run, champion: str) -> list[dict[str, Any]]:
    return [row for row in run.lake.rows(OPS_MODEL_MONITOR) if row["model_version"] == champion]


def _newest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the run that looked last at the newest day."""
    last = max(rows, key=lambda row: (row["as_of"], row["checked_at"]), default=None)
    return [row for row in rows if last and row["run_id"] == last["run_id"]]


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "check_name": finding.check,
        "subject": finding.subject,
        "since": finding.since,
        "until": finding.until,
        "statistic": finding.statistic,
        "p_value": finding.p_value,
        "p_limit": finding.limit,
        "change": finding.change,
        "is_alarm": finding.is_alarm,
        "detail": finding.detail,
    }
