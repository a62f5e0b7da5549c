"""What does not hold at the moment: checks that failed, a run that ended without publishing, a model that drifts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from published.publication import Published, quoted
from warehouse.tables import OPS_MODEL_MONITOR, OPS_QUALITY_RESULTS, OPS_RUN_LOG


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed, of the publication or of a newer run, which then published nothing."""

    run_id: str
    name: str
    expected: float
    actual: float
    is_published: bool


@dataclass(frozen=True)
class FailedStep:
    """The step by which the newest run failed."""

    run_id: str
    name: str
    started_at: datetime
    message: str


@dataclass(frozen=True)
class DriftAlarm:
    """A check of the champion that is an alarm; `detail` is the sentence of ops.model_monitor."""

    model_version: str
    check: str
    subject: str
    detail: str


def read_failed_checks(published: Published) -> tuple[FailedCheck, ...]:
    """The failed checks of the run that checked last, of the publication's where that is the last, by name."""
    rows = published.newest_rows(
        """
        select run_id, check_name, coalesce(expected, 0) as expected, coalesce(actual, 0) as actual, passed
        from ops_quality_results
        where run_id = (select run_id from ops_quality_results order by checked_at desc, run_id desc limit 1)
        order by check_name
        """,
        OPS_QUALITY_RESULTS,
    )
    return tuple(
        FailedCheck(row["run_id"], row["check_name"], row["expected"], row["actual"], row["run_id"] == published.run_id)
        for row in rows
        if not row["passed"]
    )


def read_failed_step(published: Published) -> FailedStep | None:
    """The step by which the newest run since the publication failed; None where it did not, or none came since.

    Jobs that publish nothing, such as train, count too: what failed last is what someone must look at.
    """
    rows = published.newest_rows(
        f"""
        select run_id, job, started_at, status, coalesce(message, '') as message from ops_run_log
        where run_id = (select max(run_id) from ops_run_log) and run_id > {quoted(published.run_id)}
        and status = 'failed' order by started_at desc, job limit 1
        """,
        OPS_RUN_LOG,
    )
    if not rows:
        return None
    (row,) = rows
    return FailedStep(row["run_id"], row["job"].rpartition("/")[2], row["started_at"], row["message"])


def read_drift(published: Published) -> tuple[DriftAlarm, ...]:
    """The alarms of the run that looked at the champions last, by version, check and subject."""
    rows = published.newest_rows(
        """
        select model_version, check_name, subject, detail, is_alarm from ops_model_monitor
        where run_id = (
            select run_id from ops_model_monitor order by as_of desc, checked_at desc, run_id desc limit 1)
        order by model_version desc, check_name, subject
        """,
        OPS_MODEL_MONITOR,
    )
    return tuple(
        DriftAlarm(row["model_version"], row["check_name"], row["subject"], row["detail"])
        for row in rows
        if row["is_alarm"]
    )
