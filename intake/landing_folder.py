"""The landing folder: which files of an input are new, and their rows as the adapter parses them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.first_look import Expected, Look, look_at_files
from intake.inputs import Input, input_named, input_of, is_of_another, one_folder_up
from intake.knobs import Export
from intake.landed_rows import LandedFile, header_problem, list_files, read_rows, unreadable
from intake.money_limits import with_money_limits
from intake.refusals import Refusal
from intake.staged_files import fetched, staged_files
from intake.wanted_columns import Wanted
from warehouse.errors import InputError
from warehouse.jvm.files import READ_FAILURES
from warehouse.local_files import above, shown
from warehouse.session_at_need import Session, started
from warehouse.tables.bronze_events import BRONZE_EVENTS

__all__ = [
    "Batch",
    "Input",
    "Known",
    "LandingFolder",
    "input_named",
    "input_of",
    "is_event",
    "line_hash",
    "passed_over_in_words",
]

Known = Mapping[str, Any]  # a row of bronze.landed_files
# Opens a staging folder for a purpose; `folder_of` names a folder in it.
Staging = Callable[[str], AbstractContextManager[Any]]
NAMES_AT_MOST = 5


@dataclass(frozen=True)
class Batch:
    """New files of one input, as the first look found them, in order of name.

    `is_resumed`: a killed run planned it and may have written some of its rows.
    """

    input: Input
    batch_id: str
    looks: Sequence[Look]
    is_resumed: bool

    @property
    def files(self) -> list[LandedFile]:
        """The landed files."""
        return [look.file for look in self.looks]


class LandingFolder:
    """The files below `root`; `defaults` are used for fields that they lack."""

    def __init__(
        self, session: Session, root: str, defaults: Defaults, *, max_line_bytes: int, staging: Staging
    ) -> None:
        """Nothing is read yet. The session is asked for only where rows are read."""
        self.session = session
        self.root = root
        self.defaults = defaults
        self.max_line_bytes = max_line_bytes
        self.staging = staging
        self.passed_over: list[Look] = []
        self.refused: list[Refusal] = []

    def has_folder(self, input_: Input) -> bool:
        """Whether the folder of an input's files exists."""
        try:
            self.require_folder(input_)
        except InputError:
            return False
        return True

    def require_folder(self, input_: Input) -> None:
        """InputError, naming the folder of an input's files, where it does not exist."""
        list_files(self.session, self.root, input_.files, required=True)

    def new_batches(self, input_: Input, known: Mapping[str, Known], others: Sequence[Input] = ()) -> list[Batch]:
        """Batches of `input_` that a killed run left planned, then one of the files that are not in `known`.

        `known` are the input's rows of bronze.landed_files by file. Files in subfolders are the input's, unless they
        are those of one of `others`. Files that are passed over are in no batch and are added to `passed_over`; where
        a new file cannot be read, none of the new ones is, and the input is added to `refused`. InputError for a landed
        file that has changed and for a planned file that is gone.
        """
        listed = list_files(self.session, self.root, input_.files, required=input_.required, below=True)
        landed = {file.file: file for file in listed if not is_of_another(file.file, input_, others)}
        self.passed_over += self._beside(input_, others)
        self._refuse_changed(input_, [file for file in landed.values() if file.file in known], known)
        resumed: dict[str, list[LandedFile]] = {}
        for row in known.values():
            if row["status"] == "planned":
                if row["file"] not in landed:
                    raise InputError(
                        f"{shown(row['file'])}: a run stopped while taking it in, and now it is gone; land it again"
                    )
                resumed.setdefault(row["batch_id"], []).append(landed[row["file"]])
        batches = [
            Batch(input_, batch_id, self._looks(input_, files, is_known=True), is_resumed=True)
            for batch_id, files in sorted(resumed.items())
        ]
        try:
            looks = self._looks(input_, [file for name, file in landed.items() if name not in known])
            if input_.required and not known and not looks:
                raise InputError(self._nothing_landed(input_))
        except InputError as error:
            self.refused.append(Refusal(input_, error))
            return batches
        if looks:
            files = [look.file for look in looks]
            batches.append(Batch(input_, _batch_id(input_, files), looks, is_resumed=False))
        return batches

    def _beside(self, input_: Input, others: Sequence[Input]) -> list[Look]:
        """The files right in the folder whose folders an input asks for, which it does not take in."""
        pattern = one_folder_up(input_.files)
        if pattern is None:
            return []
        reason = f"not in a folder, as {input_.files} of the input {input_.name} asks for"
        found = list_files(self.session, self.root, pattern, required=False)
        free = [file for file in found if not any(fnmatchcase(shown(file.file), other.files) for other in others)]
        return [Look(file, "passed over", reason) for file in free]

    def _nothing_landed(self, input_: Input) -> str:
        """One line for a required input of which no file was ever taken in: its folder, and which files are meant."""
        folder = above(f"/{input_.files}").removesuffix("/")
        return (
            f"{self.root}{folder}: has no file yet for the input {input_.name}, which is required (files: "
            f"{input_.files}); land its first one there, or write required: false to the input (landing.inputs)"
        )

    def parsed(self, input_: Input, files: Sequence[LandedFile], folder: str) -> DataFrame:
        """The rows of `files` as the adapter parses them, with line_hash; `raw` is null for good rows.

        `files` are those that `staged` gave; lookups are staged in `folder`.
        """
        adapter, wanted = input_.adapter, self._wanted(input_)
        rows = read_rows(
            started(self.session),
            self.root,
            files,
            columns=wanted.columns,
            required=wanted.required,
            numbered=not is_event(adapter),
            export=wanted.export,
            names=wanted.names,
        )
        lookups = {name: self._lookup(input_, name, columns, folder) for name, columns in adapter.lookups.items()}
        parsed = adapter.parse(rows, replace(self.defaults, export=input_.export), lookups)
        parsed = with_money_limits(parsed, adapter.table)
        return parsed.withColumn("line_hash", line_hash()).withColumn(
            "raw", F.when(F.col("reason").isNotNull(), F.col("raw"))
        )

    def staged(self, looks: Sequence[Look], folder: str) -> list[LandedFile]:
        """The files of `looks` as Spark reads them: where they are, or as links and copies in `folder`."""
        return staged_files(self.session, looks, folder)

    def _wanted(self, input_: Input) -> Wanted:
        adapter = input_.adapter
        required = adapter.required + (() if self.defaults.accounts else adapter.required_without_accounts)
        return Wanted(adapter.columns, required, input_.export, adapter.names)

    def _looks(
        self, input_: Input, files: Sequence[LandedFile], wanted: Wanted | None = None, *, is_known: bool = False
    ) -> list[Look]:
        """The first look at `files`; those that are passed over are left out. InputError where one is refused.

        `is_known`: an earlier run has taken them for files that can be read.
        """
        expected = Expected(
            input_.files,
            input_.export.encoding,
            self.max_line_bytes,
            partial(header_problem, wanted=wanted or self._wanted(input_)),
        )
        looks = look_at_files(files, partial(fetched, self.session), expected)
        passed_over = [look for look in looks if look.outcome == "passed over"]
        self.passed_over += passed_over
        if refused := [look for look in looks if look.outcome == "refused"]:
            raise InputError(_refused_in_words(refused))
        if passed_over and is_known:
            first = passed_over[0]
            raise InputError(f"{shown(first.file.file)}: {first.reason}; a run has begun to take it in")
        return [look for look in looks if look.outcome == "read"]

    def _refuse_changed(self, input_: Input, files: Sequence[LandedFile], known: Mapping[str, Known]) -> None:
        touched = []
        for file in files:
            row = known[file.file]
            if file.bytes != row["bytes"]:
                raise InputError(
                    f"{shown(file.file)}: has changed since it was taken in ({row['bytes']:,} bytes then, "
                    f"{file.bytes:,} now); a landed file is immutable: land the new rows under a new name"
                )
            if datetime.fromtimestamp(file.modified_ms / 1000, UTC) != row["modified_at"]:
                touched.append(file)
        if not touched:
            return
        with self.staging("touched") as stage:
            folder = stage.folder_of("landed")
            staged = self.staged(self._looks(input_, touched, is_known=True), folder)
            fingerprint = F.bit_xor("line_hash").alias("fingerprint")
            try:
                fingerprints = self.parsed(input_, staged, folder).groupBy("file").agg(fingerprint).collect()
            except READ_FAILURES as error:
                raise (unreadable(error, staged) or error) from error
        for found in fingerprints:
            if found["fingerprint"] != known[found["file"]]["fingerprint"]:
                raise InputError(
                    f"{shown(found['file'])}: has changed since it was taken in (same size, other content); "
                    "a landed file is immutable: land the new rows under a new name"
                )

    def _lookup(self, input_: Input, name: str, columns: Sequence[str], folder: str) -> DataFrame:
        if name not in input_.lookup_files:
            raise InputError(f"landing.inputs: {input_.name} needs the option {name}: a file below {self.root}")
        place = input_.lookup_files[name]
        files = list_files(self.session, self.root, place, required=True)
        if not files:
            raise InputError(f"{self.root}/{place}: no such file (option {name} of {input_.name})")
        # How the input's files are written says nothing of this one.
        of_lookup = replace(input_, files=place, export=Export())
        staged = self.staged(self._looks(of_lookup, files, Wanted(columns, columns)), folder)
        return read_rows(started(self.session), self.root, staged, columns=columns, required=columns, numbered=True)


def _refused_in_words(looks: Sequence[Look]) -> str:
    """One line for the refused files of an input: the first with its reason, the others by name."""
    first, *others = looks
    line = f"{shown(first.file.file)}: {first.reason}"
    return f"{line} ({in_words([shown(look.file.file) for look in others])} refused too)" if others else line


def passed_over_in_words(looks: Sequence[Look]) -> list[str]:
    """A line for each reason why files were passed over, with their names."""
    by_reason: dict[str, list[str]] = {}
    for look in looks:
        by_reason.setdefault(look.reason, []).append(shown(look.file.file))
    return [f"passed over, {reason}: {in_words(names)}" for reason, names in sorted(by_reason.items())]


def in_words(names: Sequence[str]) -> str:
    """Names in a line: the first five, and how many more there are."""
    more = f" and {len(names) - NAMES_AT_MOST:,} more" if len(names) > NAMES_AT_MOST else ""
    return f"{', '.join(names[:NAMES_AT_MOST])}{more}"


def is_event(adapter: Adapter) -> bool:
    """Whether the adapter makes events: these files are large, and only bad rows need their line number."""
    return adapter.table is BRONZE_EVENTS


def line_hash() -> Column:
    """What identifies a line within its file."""
    return F.xxhash64("raw")


def _batch_id(input_: Input, files: Sequence[LandedFile]) -> str:
    content = "\n".join([input_.name, *(f"{file.file} {file.bytes}" for file in files)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
