"""The champions under watch, of value, churn and early value: what a run finds, and what `train` and the exit code make
of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from jobs.run import Run
from ltv.churn import churn_champion, load_churn_model, used_churn_champion
from ltv.churn_drift import SHARE, PastShift
from ltv.churn_monitor import ChurnTables, find_churn_drift
from ltv.customer_summary import of_day
from ltv.customer_value import champion_of, scorer
from ltv.early_monitor import find_early_value_drift
from ltv.early_value import early_value_champion, load_early_value, used_early_value_champion
from ltv.findings import Finding
from ltv.knobs import Behaviour, Drift
from ltv.model_monitor import find_drift
from ltv.person_features import silver_of_lake
from warehouse.errors import ModelDrifted
from warehouse.knobs import Mlflow
from warehouse.tables.gold_churn import GOLD_CHURN
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_early_value import GOLD_EARLY_VALUE
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY
from warehouse.tables.gold_person_features import GOLD_PERSON_FEATURES
from warehouse.tables.ops_model_monitor import OPS_MODEL_MONITOR
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

# Of a champion the last day of the data of its fit, and what is found.
Look: TypeAlias = Callable[[Run, str], tuple[dt.date, list[Finding]]]


def watched(run: Run, champion: str | None) -> list[str]:
    """The champions that a run monitors: that of value, where there is one, and those of churn and early value where
    they are wanted."""
    return list(_looks(run, champion))


def _looks(run: Run, champion: str | None) -> dict[str, Look]:
    if not run.knobs(Drift).alarm_level:
        return {}
    behaviour = run.knobs(Behaviour)
    looks = (
        (champion, _value),
        (used_churn_champion(run) if behaviour.churn else None, _churn),
        (used_early_value_champion(run) if behaviour.early_value else None, _early_value),
    )
    return {version: look for version, look in looks if version}


def waits_for_monitor(run: Run, versions: Sequence[str]) -> bool:
    """Whether a champion was not yet monitored as of the run's day."""
    looked = {row["model_version"] for row in run.lake.rows(OPS_MODEL_MONITOR) if row["as_of"] == run.as_of}
    return not looked.issuperset(versions)


def monitor(run: Run, champion: str | None) -> dict[str, list[Finding]]:
    """What the checks find of each champion, written to ops.model_monitor; a line for each alarm."""
    found: dict[str, list[Finding]] = {}
    rows: list[dict[str, Any]] = []
    now = datetime.now(UTC)
    for version, look in _looks(run, champion).items():
        fitted, findings = look(run, version)
        of_run = {"run_id": run.lake.run_id, "as_of": run.as_of, "model_version": version, "model_as_of": fitted}
        rows += [of_run | {"checked_at": now} | _row(finding) for finding in findings]
        found[version] = findings
        for finding in findings:
            if finding.is_alarm:
                run.say(f"note: drift of {version}: {finding.check}, {finding.subject}: {finding.detail}")
    if rows:
        run.lake.append_rows(OPS_MODEL_MONITOR, rows)
    return found


def _value(run: Run, champion: str) -> tuple[dt.date, list[Finding]]:
    known, settings = scorer(run, champion), run.settings
    return known.model.as_of, find_drift(
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


def _churn(run: Run, champion: str) -> tuple[dt.date, list[Finding]]:
    model, fitted = load_churn_model(run, champion)
    past = [
        PastShift(row["subject"], row["since"], row["until"], math.log1p(row["change"]))
        for row in run.lake.rows(OPS_MODEL_MONITOR)
        if row["check_name"] == SHARE and row["change"] is not None and row["as_of"] < run.as_of
    ]
    tables = ChurnTables(
        churn=run.lake.read(GOLD_CHURN),
        features=run.lake.read(GOLD_PERSON_FEATURES),
        silver=silver_of_lake(run.lake),
    )
    return fitted, find_churn_drift(
        model,
        tables,
        past,
        version=champion,
        fitted=fitted,
        as_of=run.as_of,
        timezone=run.settings.report.timezone,
        drift=run.knobs(Drift),
    )


def _early_value(run: Run, champion: str) -> tuple[dt.date, list[Finding]]:
    content = load_early_value(run.knobs(Mlflow), champion)
    return dt.date.fromisoformat(content["as_of"]), find_early_value_drift(
        content,
        run.lake.read(GOLD_EARLY_VALUE),
        silver_of_lake(run.lake),
        version=champion,
        as_of=run.as_of,
        timezone=run.settings.report.timezone,
        drift=run.knobs(Drift),
    )


def drift_metrics(found: Sequence[Finding]) -> dict[str, float]:
    """Alarms, and how far the purchases since the fit are off, as metrics of the champion's run."""
    changes = [one.change for one in found if one.check == "purchases" and one.change is not None]
    alarms = float(sum(one.is_alarm for one in found))
    return {"drift_alarms": alarms} | ({"drift_purchases_change": changes[-1]} if changes else {})


def reason_not_to_train(run: Run) -> str | None:
    """Why `train --if-drifted` fits no value model; None without a champion, or if its newest monitor has an alarm."""
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


def has_drifted(run: Run, champion: str) -> bool:
    """Whether the newest monitor of a champion has an alarm."""
    return any(row["is_alarm"] for row in _newest(_rows(run, champion)))


def end_if_drifted(run: Run) -> None:
    """ModelDrifted where drift.exit is fail and a champion has an alarm as of the run's day."""
    drift = run.knobs(Drift)
    if run.dry_run or drift.exit != "fail" or not drift.alarm_level:
        return
    behaviour = run.knobs(Behaviour)
    of_behaviour = (
        churn_champion(run) if behaviour.churn else None,
        early_value_champion(run) if behaviour.early_value else None,
    )
    alarms: list[Mapping[str, Any]] = []
    for version in (champion_of(run), *(one.full_name for one in of_behaviour if one)):
        of_day = [row for row in _rows(run, version) if row["as_of"] == run.as_of] if version else []
        alarms += [row for row in _newest(of_day) if row["is_alarm"]]
    if alarms:
        first = f"{alarms[0]['check_name']}, {alarms[0]['subject']}: {alarms[0]['detail']}"
        more = f" (and {len(alarms) - 1} more in {OPS_MODEL_MONITOR.full_name})" if len(alarms) > 1 else ""
        raise ModelDrifted(
            f"{alarms[0]['model_version']} does not fit what customers do now: {first}{more}; "
            "run `distributary train`, or look at what changed in the shop"
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
