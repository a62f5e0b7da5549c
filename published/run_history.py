"""What ran lately: jobs and their messages, how long steps took, and what each run set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from published.publication import Published
from warehouse.tables import OPS_RUN_LOG

MOST_JOBS = 100
MOST_RUNS = 30


@dataclass(frozen=True)
class JobRun:
    """One job of one run: when it began, how long it took, how it ended, what it did, and how many tables it wrote."""

    run_id: str
    job: str
    started_at: datetime
    seconds: float
    status: str
    as_of: date | None
    message: str
    tables: int

    @property
    def step(self) -> str:
        """The job without the command that it was a step of."""
        return self.job.rpartition("/")[2]


@dataclass(frozen=True)
class QuarantinedByRun:
    """What one run took in: rows read, quarantined, and the share that is."""

    run_id: str
    started_at: datetime
    read: int
    quarantined: int

    @property
    def share(self) -> float | None:
        """The share of rows that were quarantined; None where none was read."""
        return self.quarantined / self.read if self.read else None


def read_jobs(published: Published, most: int = MOST_JOBS) -> tuple[JobRun, ...]:
    """The newest jobs of ops.run_log, newest first; also those of runs that published nothing."""
    rows = published.newest_rows(
        f"""
        select run_id, job, started_at, finished_at, status, as_of, coalesce(message, '') as message,
               coalesce(cardinality(written), 0) as tables
        from ops_run_log order by started_at desc, run_id desc, job desc limit {most}
        """,
        OPS_RUN_LOG,
    )
    return tuple(JobRun(seconds=(row.pop("finished_at") - row["started_at"]).total_seconds(), **row) for row in rows)


def read_step_times(published: Published) -> tuple[JobRun, ...]:
    """The steps of the newest runs that had more than one, oldest run first and each in its order."""
    return tuple(
        job
        for job in reversed(read_jobs(published, MOST_RUNS * 15))
        if "/" in job.job and job.run_id in _newest_runs(published)
    )


def _newest_runs(published: Published) -> frozenset[str]:
    rows = published.newest_rows(
        f"""
        select run_id, max(started_at) as started_at from ops_run_log where job like '%/%'
        group by run_id order by started_at desc, run_id desc limit {MOST_RUNS}
        """,
        OPS_RUN_LOG,
    )
    return frozenset(row["run_id"] for row in rows)


def read_quarantined(published: Published) -> tuple[QuarantinedByRun, ...]:
    """The newest runs that took something in, newest first: rows read and quarantined over all inputs."""
    rows = published.newest_rows(
        f"""
        select run_id, started_at, map_entries(counts) as counts from ops_run_log
        where job = 'ingest' or job like '%/ingest' order by started_at desc, run_id desc limit {MOST_RUNS}
        """,
        OPS_RUN_LOG,
    )
    found = []
    for row in rows:
        counts = {entry["key"]: entry["value"] for entry in row["counts"] or []}
        read, quarantined = (_ending(counts, end) for end in ("_read", "_quarantined"))
        found.append(QuarantinedByRun(row["run_id"], row["started_at"], read, quarantined))
    return tuple(found)


def _ending(counts: dict[str, int], end: str) -> int:
    return sum(number for name, number in counts.items() if name.endswith(end))
