"""Takes new files in. Each is parsed once, counted exactly and written once, even where a run is killed.

A batch is planned before any of its rows is written, and done after all are. A killed run leaves a planned batch; the
next run finds the same files under the same batch_id and writes what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.bad_rows import numbered_bad_rows
from intake.duplicates import CLASSIFIED_BY, REPLACES_STORED
from intake.file_accounts import Account, planned_account, total_account
from intake.file_counts import BatchRows, FileCounts, counts_by_file
from intake.files_of_before import look_at_files_of_before
from intake.knobs import BelievableTimes
from intake.landed_money import MoneyRow, conflicts_in_words, money_of, quarantined_in_words
from intake.landed_rows import LandedFile, unreadable
from intake.landing_folder import Batch, Input, Known, LandingFolder, is_event, passed_over_in_words
from intake.line_items import require_one_row_per_order
from intake.parse import NOT_DATA
from intake.quarantined import held_by
from intake.refusals import Refusal, error_of, keep_refused_rows, too_many_bad
from intake.suspect_times import FileAccount, stray_files, stray_in_words, suspect_in_words
from warehouse.conform import conform
from warehouse.contracts import Table
from warehouse.errors import CheckFailed, InputError
from warehouse.event_values import values_of
from warehouse.jvm.files import READ_FAILURES
from warehouse.staging import Staging
from warehouse.store import BROADCAST_AT_MOST, Lake, Stage
from warehouse.tables.bronze_event_values import BRONZE_EVENT_VALUES
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_landed_files import BRONZE_LANDED_FILES
from warehouse.tables.bronze_landed_money import BRONZE_LANDED_MONEY
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.bronze_quarantine import BRONZE_QUARANTINE

LINE_BYTES_AT_MOST = 1 << 24
VERDICT = ("row", "source_file", "batch_id", "is_kept", "is_conflicting", "is_superseding")


@dataclass(frozen=True)
class Staged:
    """A batch with its parsed rows, staged; the column `row` is an id of each. `files` are what Spark reads."""

    batch: Batch
    rows: DataFrame
    rows_read: int
    files: Sequence[LandedFile]

    @property
    def table(self) -> Table:
        """The table that the rows are meant for."""
        return self.batch.input.adapter.table

    @property
    def good(self) -> DataFrame:
        """The rows that can be used, with batch_id, source_file and source_line."""
        return (
            self.rows.where(F.col("reason").isNull())
            .drop("reason", "raw")
            .withColumnsRenamed({"file": "source_file", "line": "source_line"})
            .withColumn("batch_id", F.lit(self.batch.batch_id))
        )


class Ingest:
    """One run's intake from `root` into the bronze tables of `lake`."""

    def __init__(
        self,
        lake: Lake,
        root: str,
        *,
        defaults: Defaults,
        max_quarantined_share: float,
        believable: BelievableTimes,
        started_at: datetime,
        say: Callable[[str], None],
        max_line_bytes: int = LINE_BYTES_AT_MOST,
    ) -> None:
        """A batch with a larger share of bad rows than `max_quarantined_share` is refused before it is written.

        So is one with a file that has a line of more than `max_line_bytes`. `believable`: which moments are suspect.
        """
        self.lake = lake
        self.root = root
        self.landing = LandingFolder(
            lambda: lake.spark, root, defaults, max_line_bytes=max_line_bytes, staging=lake.staging
        )
        self.refused = self.landing.refused
        self.max_quarantined_share = max_quarantined_share
        self.believable = believable
        self.started_at = started_at
        self.say = say

    def new_batches(self, inputs: Sequence[Input]) -> list[Batch]:
        """The batches to take in, by input: those that a killed run left planned, then one of all new files.

        An input with a new file that cannot be read, or with one that has changed since it was taken in, is added to
        `refused`. InputError where a killed run's batch cannot be gone on with: the others must wait for it.
        """
        known: dict[str, dict[str, Known]] = {}
        for row in self.lake.rows(BRONZE_LANDED_FILES):  # one row per landed file
            known.setdefault(row["source"], {})[row["file"]] = row
        batches: list[Batch] = []
        for input_ in inputs:
            rows = known.get(input_.name, {})
            try:
                batches += self.landing.new_batches(input_, rows, inputs)
            except InputError as error:
                if any(row["status"] == "planned" for row in rows.values()):
                    raise
                self.refused.append(Refusal(input_, error))
        for line in passed_over_in_words(self.landing.passed_over):
            self.say(line)
        return batches

    def take_in(self, batches: Sequence[Batch]) -> dict[str, Account]:
        """Stages, plans, writes and finishes the batches; returns the account of each input.

        Every batch is parsed, and its share of bad rows checked, before a row of any batch is written. A batch that
        cannot be taken in is added to `refused`, and the others are taken in: see `require_nothing_refused`.
        """
        # Batches of a killed run come first: their accounts were counted against the tables as they are now.
        in_order = sorted(batches, key=lambda batch: not batch.is_resumed)
        accounts: dict[str, Account] = {}
        look_at_files_of_before(self.lake, self.believable)
        with self.lake.staging("ingest") as stage:
            staged = [one for batch in in_order if (one := self._staged_or_refused(batch, stage))]
            for wave in _waves(staged):
                for name, account in self._take_in_wave(wave, stage):
                    accounts[name] = accounts.get(name, Account()) + account
        self._say_strays(batches)
        return accounts

    def _say_strays(self, batches: Sequence[Batch]) -> None:
        """Names the files of these batches that lie far later than all others."""
        batch_ids = {batch.batch_id for batch in batches}
        for file in stray_files(self.lake.rows(BRONZE_LANDED_FILES), self.believable):
            if file["batch_id"] in batch_ids:
                self.say(stray_in_words(file))

    def require_a_folder(self, inputs: Sequence[Input]) -> None:
        """InputError where no input has a folder: then the landing folder itself is not there, or is another."""
        if inputs and not any(self.landing.has_folder(input_) for input_ in inputs):
            self.landing.require_folder(inputs[0])

    def require_nothing_refused(self) -> None:
        """CheckFailed or InputError, a line for each input, where one was refused that may not lag."""
        for refusal in self.refused:
            if refusal.input.may_lag:
                self.say(f"{refusal.input.name} lags (may_lag): {refusal.error}")
        if error := error_of(self.refused):
            raise error

    def _take_in_wave(self, wave: Sequence[Staged], stage: Stage) -> list[tuple[str, Account]]:
        batches = [one.batch for one in wave]
        classified = [self._classified(one).persist(StorageLevel.MEMORY_AND_DISK) for one in wave]
        accounts = []
        try:
            by_batch = [
                BatchRows(one.batch.input.name, one.batch.batch_id, one.table, one.batch.files, one.rows, verdicts)
                for one, verdicts in zip(wave, classified, strict=True)
            ]
            file_counts = counts_by_file(by_batch, self.believable)
            plans = self._plan(batches, file_counts)
            for one, verdicts in zip(wave, classified, strict=True):
                of_batch = plans[one.batch.batch_id]
                self._write_rows(one, verdicts, file_counts[one.batch.batch_id].values(), stage)
                self._write_quarantine(one, of_batch)
                account = total_account(of_batch)
                counts = file_counts[one.batch.batch_id].values()
                self._say(one.batch, account, [row for of_file in counts for row in of_file.money])
                accounts.append((one.batch.input.name, account))
        finally:
            for rows in classified:
                rows.unpersist()
        self._finish(batches)
        return accounts

    def _staged_or_refused(self, batch: Batch, stage: Staging) -> Staged | None:
        """The batch, parsed and staged; None where it is refused."""
        try:
            return self._stage(batch, stage)
        except (CheckFailed, InputError) as error:
            if batch.is_resumed:  # the batches after it were not counted against its rows
                raise
            self.refused.append(Refusal(batch.input, error))
            return None

    def _stage(self, batch: Batch, stage: Staging) -> Staged:
        """Parses the files once and stages their rows; CheckFailed where too many are bad, before any write."""
        name = f"{batch.input.name}-{batch.batch_id}"
        folder = stage.folder_of(f"{name}-files")
        files = self.landing.staged(batch.looks, folder)
        counts = Observation()
        is_bad = F.col("reason").isNotNull() & ~F.col("reason").isin(*NOT_DATA)
        try:
            parsed_rows = self.landing.parsed(batch.input, files, folder).observe(
                counts, F.count(F.lit(1)).alias("read"), F.count_if(is_bad).alias("bad")
            )
            rows = stage(name, parsed_rows.withColumn("row", F.monotonically_increasing_id()))
        except READ_FAILURES as error:
            raise (unreadable(error, files) or error) from error
        total = counts.get
        if batch.input.adapter.table is BRONZE_ORDERS:
            require_one_row_per_order(rows)
        staged = Staged(batch, rows, total["read"], files)
        if total["bad"] > self.max_quarantined_share * total["read"]:
            of_events = files if is_event(batch.input.adapter) else []
            bad_rows = numbered_bad_rows(self.lake.spark, self.root, rows.where(is_bad), of_events, total["bad"])
            kept = keep_refused_rows(self.lake, batch.input.name, bad_rows, at=self.started_at, number=total["bad"])
            raise too_many_bad(batch.input, kept, total, self.max_quarantined_share)
        return staged

    def _classified(self, staged: Staged) -> DataFrame:
        """One row per good row, with VERDICT only, so that few bytes are shuffled and sorted; see `classify_events`."""
        good, table = staged.good, staged.batch.input.adapter.table
        if table not in CLASSIFIED_BY:
            # Rows of other inputs have file and line as their key: each is new.
            verdicts = {"is_kept": True, "is_conflicting": False, "is_superseding": False}
            known = good.withColumns({name: F.lit(value) for name, value in verdicts.items()})
            return known.select(*VERDICT, *money_of(table, as_="money_"))
        earlier = self.lake.read(table).where(F.col("batch_id") != staged.batch.batch_id)
        if staged.rows_read <= BROADCAST_AT_MOST:
            # The keys are few: the table need not be shuffled to find them.
            earlier = earlier.join(F.broadcast(good.select(*table.key)), list(table.key), how="left_semi")
        classified, replaced = CLASSIFIED_BY[table](good, earlier), ("known_row",) if table is BRONZE_EVENTS else ()
        return classified.select(*VERDICT, *money_of(table, as_="money_"), *replaced)

    def _plan(
        self, batches: Sequence[Batch], file_counts: Mapping[str, Mapping[str, FileCounts]]
    ) -> dict[str, list[FileAccount]]:
        """The account of every file by batch; those of new batches are written to bronze.landed_files, as planned.

        A resumed batch keeps the account of its plan: some of its rows may be written already.
        """
        plans: dict[str, list[FileAccount]] = {batch.batch_id: [] for batch in batches}
        new_files = []
        for batch in batches:
            if not batch.is_resumed:
                counts = file_counts[batch.batch_id]
                files = [
                    planned_account(batch.input.name, batch.batch_id, file, counts.get(file.file))
                    for file in batch.files
                ]
                plans[batch.batch_id] = files
                new_files += files
        self._write_money(batches, file_counts)
        if new_files:
            self.lake.append_rows(BRONZE_LANDED_FILES, new_files)
        if resumed := [batch.batch_id for batch in batches if batch.is_resumed]:
            landed = self.lake.read(BRONZE_LANDED_FILES).where(F.col("batch_id").isin(resumed))
            for row in landed.collect():  # one row per file
                plans[row["batch_id"]].append(row.asDict())
        return plans

    def _write_money(self, batches: Sequence[Batch], file_counts: Mapping[str, Mapping[str, FileCounts]]) -> None:
        """The amounts of the files, before their accounts: those of a run that was killed between both are removed."""
        landed = {row["batch_id"] for row in self.lake.rows(BRONZE_LANDED_MONEY)}
        planned = {row["batch_id"] for row in self.lake.rows(BRONZE_LANDED_FILES)}
        if orphans := landed - planned:
            self.lake.delete(BRONZE_LANDED_MONEY, f"batch_id IN ({', '.join(map(repr, sorted(orphans)))})")
        rows = [
            row
            for batch in batches
            if batch.batch_id not in landed & planned
            for counts in file_counts[batch.batch_id].values()
            for row in counts.money
        ]
        if rows:
            self.lake.append_rows(BRONZE_LANDED_MONEY, rows)

    def _finish(self, batches: Sequence[Batch]) -> None:
        planned = F.col("batch_id").isin([batch.batch_id for batch in batches]) & (F.col("status") == "planned")
        self.lake.update(BRONZE_LANDED_FILES, planned, {"status": F.lit("done")})

    def _write_rows(self, staged: Staged, classified: DataFrame, counts: Iterable[FileCounts], stage: Stage) -> None:
        batch, good = staged.batch, staged.good
        numbers = [of_file.numbers for of_file in counts]
        table = batch.input.adapter.table
        kept, superseding = good, None
        duplicates = classified.where(~F.col("is_kept"))
        if number := sum(row["read"] - row["bad"] - row["kept"] for row in numbers):
            rows = duplicates.select("row")
            duplicate_rows = (
                F.broadcast(rows) if number <= BROADCAST_AT_MOST else stage(f"known-{batch.batch_id}", rows)
            )
            kept = good.join(duplicate_rows, "row", how="left_anti")
        if any(row["superseding"] for row in numbers):
            # Staged before any write: a write to the table makes Spark drop the cached verdicts.
            superseding_rows = duplicates.where(F.col("is_superseding")).select("row", "batch_id")
            superseding = stage(
                f"better-{batch.batch_id}", conform(good.drop("batch_id").join(superseding_rows, "row"), table)
            )
        if is_event(batch.input.adapter):
            self._write_values(staged)
        if batch.is_resumed:
            self.lake.merge(table, conform(kept, table))
        else:
            self.lake.append(table, conform(kept, table), at_most=staged.rows_read)
        if superseding is not None:
            self.lake.merge(table, superseding, update_when=REPLACES_STORED[table], all_are_known=True)

    def _write_values(self, staged: Staged) -> None:
        """Adds the values that no event had so far, before the events: a killed run leaves too many, never too few."""
        if self.lake.exists(BRONZE_EVENT_VALUES):
            known = self.lake.read(BRONZE_EVENT_VALUES)
            new = values_of(staged.good).join(known, list(BRONZE_EVENT_VALUES.key), how="left_anti")
            at_most = 2 * staged.rows_read
        else:  # a lake of before this table
            fields = ("user_agent", "referrer")
            earlier = self.lake.read(BRONZE_EVENTS).select(*fields)
            new, at_most = values_of(earlier.unionByName(staged.good.select(*fields))), None
        self.lake.append(BRONZE_EVENT_VALUES, conform(new, BRONZE_EVENT_VALUES), at_most=at_most)

    def _write_quarantine(self, staged: Staged, accounts: Sequence[FileAccount]) -> None:
        bad_rows = {row["file"]: row["rows_quarantined"] for row in accounts if row["rows_quarantined"]}
        if not bad_rows:
            return
        batch = staged.batch
        files = [file for file in staged.files if file.file in bad_rows] if is_event(batch.input.adapter) else []
        bad = numbered_bad_rows(self.lake.spark, self.root, staged.rows, files, sum(bad_rows.values()))
        rows = bad.select(
            F.lit(batch.input.name).alias("source"),
            "file",
            "line",
            "reason",
            "raw",
            F.lit(batch.input.adapter.table.full_name).alias("table_name"),
            *held_by(batch.input.adapter.table),
            F.lit(self.started_at).alias("quarantined_at"),
            F.lit(batch.batch_id).alias("batch_id"),
        )
        if batch.is_resumed:
            self.lake.merge(BRONZE_QUARANTINE, conform(rows, BRONZE_QUARANTINE))
        else:
            self.lake.append(
                BRONZE_QUARANTINE, conform(rows.repartition(1), BRONZE_QUARANTINE), at_most=sum(bad_rows.values())
            )

    def _say(self, batch: Batch, account: Account, money: Sequence[MoneyRow]) -> None:
        amounts = conflicts_in_words(money)
        conflicts = f" ({account.conflicting:,} of them with another payload{amounts})" if account.conflicting else ""
        self.say(
            f"{batch.input.name}: {len(batch.files):,} files, {account.read:,} rows read = {account.kept:,} kept + "
            f"{account.duplicate:,} duplicate{conflicts} + {account.quarantined:,} quarantined"
            f"{quarantined_in_words(money)}"
        )
        if account.suspect:
            self.say(suspect_in_words(batch.input.name, account.suspect))


def _waves(staged: Sequence[Staged]) -> list[list[Staged]]:
    """The batches in order, at most one per table in a wave: a batch is classified against the rows in its table."""
    waves: list[list[Staged]] = []
    for one in staged:
        table = one.batch.input.adapter.table
        free = (wave for wave in waves if all(other.batch.input.adapter.table is not table for other in wave))
        wave = next(free, None)
        if wave is None:
            waves.append([one])
        else:
            wave.append(one)
    return waves
