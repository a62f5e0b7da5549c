"""One run of a job: settings, session, lake, clock and log, and the exit code it ends with."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pyspark.sql import SparkSession
from rich.console import Console

from intake.file_counts import MOMENTS
from intake.knobs import BelievableTimes
from intake.suspect_times import is_of_before, last_believable
from jobs.private_files import OWNER_ALONE, are_private, current_umask, umask
from jobs.progress import progress
from jobs.settings import Settings, load_settings
from jobs.signals import stop_requested, stopping
from jobs.start import start_session
from jobs.terminal import Terminal
from warehouse.code_version import code_version
from warehouse.contracts import Table
from warehouse.errors import DistributaryError, InputError
from warehouse.faults import reason_of
from warehouse.jvm.session import end_jvm, process_id, under_spark_submit
from warehouse.knobs import Part
from warehouse.layout import event_periods
from warehouse.lock import lake_lock
from warehouse.marts import read_marts
from warehouse.messages import conceal, one_line, secrets_among, secrets_in, secrets_of_environment
from warehouse.pseudonyms import texts_of
from warehouse.recipes import Recipe
from warehouse.session_at_need import SessionAtNeed
from warehouse.small_lake import IsSmall
from warehouse.store import Lake
from warehouse.table_update import TableUpdate, in_words
from warehouse.tables import BRONZE_EVENTS, BRONZE_LANDED_FILES, OPS_RUN_LOG

# Jobs that change no table but the log of runs, to which several may add at once.
WITHOUT_LOCK = ("report", "simulate")
LONGEST_MESSAGE = 2000  # characters, in the log of runs


@dataclass
class StepLog:
    """What one step did: the row that ops.run_log gets, and what --json prints."""

    name: str
    started_at: datetime
    seconds: float = 0.0
    status: str = "done"
    message: str = ""
    written: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str) -> None:
        """Marks the step as one that found nothing to do."""
        self.status, self.message = "skipped", reason


@dataclass
class Run:
    """What the steps of a job share."""

    job: str
    settings: Settings
    session: SessionAtNeed
    lake: Lake
    console: Console
    started_at: datetime
    wanted_as_of: date | None = None
    dry_run: bool = False
    full: bool = False
    steps: list[StepLog] = field(default_factory=list)
    ahead: dict[Table, str] = field(default_factory=dict)  # what earlier steps of a dry run would write
    planned_steps: int = 1
    rows_ahead: int = 0  # that this run takes in, at most
    umask: int = field(default_factory=current_umask)  # of files that others may read
    _as_of: date | None = None

    @property
    def spark(self) -> SparkSession:
        """The session, started at the first use."""
        return self.lake.spark

    @property
    def as_of(self) -> date:
        """The last day that counts, in the reporting zone: --as-of, otherwise the last believable day in bronze."""
        if self._as_of is None:
            self._as_of = self.wanted_as_of or self._last_day()
        return self._as_of

    @cached_property
    def periods(self) -> Sequence[int]:
        """The periods by which tables made in full are laid out; see `warehouse.layout.event_periods`."""
        return event_periods(self.lake.read(BRONZE_EVENTS))

    def say(self, message: str) -> None:
        """Prints a line of progress for people, on stderr."""
        self.console.print(f"  {message}", highlight=False, markup=False)

    def knobs(self, part: type[Part]) -> Part:
        """The knobs of a class."""
        return self.settings.part(part)

    @contextmanager
    def step(self, name: str) -> Iterator[StepLog]:
        """Times a step, prints its result, and records it for ops.run_log."""
        log = StepLog(name, datetime.now(UTC))
        begun, before = time.monotonic(), dict(self.lake.written)
        self.console.print(f"[bold]{name}[/bold]", highlight=False)
        try:
            with progress(self.console, name, done=len(self.steps), steps=self.planned_steps):
                yield log
        except BaseException as error:
            reason = str(stop_requested() or "") or reason_of(error, self.lake.root)
            log.status, log.message = "failed", one_line(reason)[:LONGEST_MESSAGE]
            raise
        finally:
            log.seconds = round(time.monotonic() - begun, 3)  # as exactly as ops.run_log keeps it
            log.written = {k: v for k, v in self.lake.written.items() if before.get(k) != v}
            self.steps.append(log)
            # The line of the failure itself comes last.
            message = f": {log.message}" if log.message and log.status != "failed" else ""
            self.console.print(f"  {log.status} in {log.seconds:.1f} s{message}", highlight=False, markup=False)

    @property
    def has_lake_alone(self) -> bool:
        """Whether it writes to the lake, which no other run does meanwhile."""
        return not self.dry_run and self.job not in WITHOUT_LOCK

    @property
    def waits_for_first_rows(self) -> bool:
        """Whether this is a dry run on a lake that has no events and no orders, and would take in its first ones."""
        return self.dry_run and not self.ahead.keys().isdisjoint(MOMENTS) and not any(map(self.lake.exists, MOMENTS))

    @property
    def doing(self) -> str:
        """The step that failed; '' where none did."""
        return next((log.name for log in self.steps if log.status == "failed"), "")

    @property
    def step_times(self) -> list[tuple[str, float, str, str]]:
        """Name, seconds, status and message of the steps so far."""
        return [(log.name, log.seconds, log.status, one_line(log.message)) for log in self.steps]

    def write_log(self) -> None:
        """Adds one row per step to ops.run_log, in one commit; also where all steps were skipped."""
        rows = [
            {
                "run_id": self.lake.run_id,
                "job": f"{self.job}/{log.name}" if self.job != log.name else log.name,
                "started_at": log.started_at,
                "finished_at": datetime.fromtimestamp(log.started_at.timestamp() + log.seconds, UTC),
                "status": log.status,
                "as_of": self._as_of,
                "message": one_line(log.message),
                "written": log.written,
                "counts": log.counts,
                "settings_hash": self.settings.fingerprint(),
                "code_version": code_version(),
            }
            for log in self.steps
        ]
        if rows and not self.dry_run:
            self.lake.append_rows(OPS_RUN_LOG, rows)

    def summary(self) -> dict[str, Any]:
        """The run as plain data, for --json."""
        return {
            "run_id": self.lake.run_id,
            "job": self.job,
            "as_of": self._as_of.isoformat() if self._as_of else None,
            "steps": [
                {
                    "step": log.name,
                    "status": log.status,
                    "seconds": round(log.seconds, 1),
                    "message": one_line(log.message),
                    "written": log.written,
                    "counts": log.counts,
                }
                for log in self.steps
            ],
        }

    def _last_day(self) -> date:
        """The last believable day of the landed files; in a lake of before, the last day of the tables."""
        zone, files = self.settings.report.timezone, self.lake.rows(BRONZE_LANDED_FILES)
        last_at = last_believable(files, self.knobs(BelievableTimes))
        known = [last_at.astimezone(ZoneInfo(zone)).date()] if last_at else []
        if not files or any(is_of_before(file) for file in files):
            last_days = (self.lake.last_day(table, moment, zone) for table, moment in MOMENTS.items())
            known += [day for day in last_days if day is not None]
        if not known:
            raise InputError(
                f"the lake {self.lake.root} has no events and no orders yet: land files below "
                f"{self.settings.landing.root} and run `distributary ingest`"
            )
        return max(known)


@dataclass(frozen=True)
class Plan:
    """What a step would do, in words that follow "would", and the function that does it.

    Without `do` there is nothing to do, and `what` is the reason. `writes` are the tables that it would write, and
    why in full, '' where in part: later steps of a dry run follow from them. `ends_with`: the error with which the run
    would end after this step, where that is known already.
    """

    what: str
    do: Callable[[StepLog], None] | None = None
    writes: Mapping[Table, str] = field(default_factory=dict)
    ends_with: DistributaryError | None = None


# In a dry run on a lake without tables: there are no rows yet from which a step could say more.
IN_FULL = Plan("would run in full after ingest")


class Step(NamedTuple):
    """One step of a job: `plan` only reads. `perform` alone handles dry runs."""

    name: str
    plan: Callable[[Run], Plan]


def table_step(name: str, recipes: Sequence[Recipe], *, current: str) -> Step:
    """The step that brings the tables of `recipes` up to date; `current` is its message where all of them are."""

    def plan(run: Run) -> Plan:
        update = TableUpdate(run, recipes)
        stale = update.plan(run.ahead)

        def do(log: StepLog) -> None:
            log.message = in_words(update.make())

        return Plan(f"make {in_words(stale)}", do, stale) if stale else Plan(current)

    return Step(name, plan)


def new_run_id(started_at: datetime) -> str:
    """An id that sorts by time and is unique without a counter."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def open_run(
    job: str,
    *,
    config: Path | None,
    as_of: date | None = None,
    dry_run: bool = False,
    full: bool = False,
    console: Console | None = None,
    settings: Settings | None = None,
    spark: SparkSession | None = None,
) -> Run:
    """A run, whose session starts at its first use; `settings` and `spark` are for callers that have them already."""
    chosen = settings or load_settings(config)
    if chosen.simulator:
        # A knob the simulator does not have is as wrong as any other. Most shops are real and name none.
        from jobs.simulate import shop_of  # noqa: PLC0415

        shop_of(chosen)
    read_marts(chosen.marts.folder)  # a file that does not fit is refused now, not after an hour
    started_at = datetime.now(UTC)
    # Set before any import of MLflow.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    conceal((*secrets_in(chosen.mlflow.tracking_uri), *secrets_among(chosen.spark.conf), *secrets_of_environment()))
    if job not in WITHOUT_LOCK and (secret := chosen.privacy.secret()):
        conceal(texts_of(secret))
    session = SessionAtNeed(spark or (lambda: start_session(run)))
    run = Run(
        job=job,
        settings=chosen,
        session=session,
        lake=Lake(
            session,
            chosen.lake,
            new_run_id(started_at),
            chosen.build.small_change_rows,
            IsSmall(chosen.spark.small_lake_rows),
        ),
        console=console or Terminal(stderr=True),
        started_at=started_at,
        wanted_as_of=as_of,
        dry_run=dry_run,
        full=full,
    )
    if under_spark_submit():
        session()  # it runs already, and a cluster takes a driver without one for a failed one
    return run


def perform(run: Run, steps: Sequence[Step]) -> None:
    """Runs the steps in order and logs them, also when one fails. No other run writes to the lake at the same time."""
    with umask(OWNER_ALONE if are_private(run.settings) else run.umask), _lock(run):
        if run.has_lake_alone:
            run.lake.remove_staged()  # by a run that was killed
        run.planned_steps = len(steps)
        try:
            for step in steps:
                _perform(run, step)
        except BaseException:
            is_stopped = stopping()
            if is_stopped:
                run.session.start_no_more()
            # The user must see the failure, even where the log cannot be written either.
            with suppress(Exception):
                run.write_log()
            if is_stopped:
                _leave(run)
            raise
        run.write_log()


def _leave(run: Run) -> None:
    """Ends what may still write, while the lake is locked, and removes what it has staged."""
    end_jvm()
    if run.has_lake_alone:
        run.lake.remove_staged()


def _perform(run: Run, step: Step) -> None:
    with run.step(step.name) as log:
        plan = IN_FULL if run.waits_for_first_rows else step.plan(run)
        if plan.do is None:
            log.skip(plan.what)
        elif run.dry_run:
            log.skip(f"would {plan.what}")
            run.ahead.update(plan.writes)
        else:
            plan.do(log)
    if run.dry_run and plan.ends_with:
        raise plan.ends_with


def _lock(run: Run) -> AbstractContextManager[None]:
    if not run.has_lake_alone:
        return nullcontext()
    return lake_lock(
        run.lake.root,
        run.lake.run_id,
        wait_seconds=run.settings.lock.wait_seconds,
        say=run.say,
        once_jvm_runs=lambda name: run.session.once_started(lambda session: name(process_id(session))),
    )
