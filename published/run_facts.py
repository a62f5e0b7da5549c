"""The run behind the figures: its checks, how long it took, and the row counts of every input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

from published.publication import Published, quoted
from published.view import View
from warehouse.tables import BRONZE_LANDED_FILES, BRONZE_QUARANTINE, OPS_QUALITY_RESULTS, OPS_RUN_LOG

TOP_REASONS = 10
REPORT = "report"  # the step that draws the page


@dataclass(frozen=True)
class StepTime:
    """One step of a run: its name, how long it took, how it ended (done, skipped, failed) and its message."""

    name: str
    seconds: float
    status: str
    message: str = ""


@dataclass(frozen=True)
class CheckFigures:
    """One check of the published versions, with the expected and the actual figure."""

    name: str
    passed: bool
    expected: float
    actual: float
    detail: str


@dataclass(frozen=True)
class InputRows:
    """The row counts of one input over all files ingested until then: read, kept, duplicate, quarantined."""

    source: str
    files: int
    read: int
    kept: int
    duplicate: int
    quarantined: int

    @property
    def adds_up(self) -> bool:
        """Whether read = kept + duplicate + quarantined."""
        return self.read == self.kept + self.duplicate + self.quarantined


@dataclass(frozen=True)
class QuarantineReason:
    """One reason why rows of an input were quarantined, and how many rows."""

    source: str
    reason: str
    rows: int


@dataclass(frozen=True)
class RunFacts:
    """The run, versions, checks, steps and row counts behind one publication."""

    run_id: str
    as_of: date
    published_at: datetime
    versions: dict[str, int]
    checks: tuple[CheckFigures, ...]
    steps: tuple[StepTime, ...]
    inputs: tuple[InputRows, ...]
    reasons: tuple[QuarantineReason, ...]

    @property
    def failed(self) -> tuple[CheckFigures, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)


def read_run_facts(published: Published, view: View, *, steps: Sequence[StepTime] | None = None) -> RunFacts:
    """The facts of the publication, as they were when its run ended. No field of the view applies.

    `steps` are the steps of a run that has not finished: its row in ops.run_log is written at the end. Without `steps`
    they are read from ops.run_log, for the run that published, up to the report.
    """
    return RunFacts(
        run_id=published.run_id,
        as_of=published.as_of,
        published_at=published.published_at,
        versions=dict(published.versions),
        checks=_checks(published),
        steps=tuple(steps) if steps is not None else _steps(published),
        inputs=_inputs(published),
        reasons=_reasons(published),
    )


def _checks(published: Published) -> tuple[CheckFigures, ...]:
    rows = published.newest_rows(
        f"""
        select check_name as name, passed, coalesce(expected, 0) as expected, coalesce(actual, 0) as actual, detail
        from ops_quality_results where run_id = {quoted(published.run_id)} order by passed, check_name
        """,
        OPS_QUALITY_RESULTS,
    )
    return tuple(CheckFigures(**row) for row in rows)


def _steps(published: Published) -> tuple[StepTime, ...]:
    rows = published.newest_rows(
        f"select job, started_at, finished_at, status, coalesce(message, '') as message from ops_run_log "
        f"where run_id = {quoted(published.run_id)} order by started_at, job",
        OPS_RUN_LOG,
    )
    steps = [
        StepTime(
            row["job"].rpartition("/")[2],
            (row["finished_at"] - row["started_at"]).total_seconds(),
            row["status"],
            row["message"],
        )
        for row in rows
    ]
    # The report that the run itself made knows the steps before it.
    return tuple(takewhile(lambda step: step.name != REPORT, steps))


def _inputs(published: Published) -> tuple[InputRows, ...]:
    rows = published.rows_of_then(
        """
        select source, count(*) as files, sum(coalesce(rows_read, 0)) as read, sum(coalesce(rows_kept, 0)) as kept,
               sum(coalesce(rows_duplicate, 0)) as duplicate, sum(coalesce(rows_quarantined, 0)) as quarantined
        from bronze_landed_files where status = 'done' group by source order by read desc, source
        """,
        BRONZE_LANDED_FILES,
    )
    return tuple(InputRows(**row) for row in rows)


def _reasons(published: Published) -> tuple[QuarantineReason, ...]:
    rows = published.rows_of_then(
        f"""
        select source, reason, count(*) as rows from bronze_quarantine
        group by source, reason order by rows desc, source, reason limit {TOP_REASONS}
        """,
        BRONZE_QUARANTINE,
    )
    return tuple(QuarantineReason(**row) for row in rows)
