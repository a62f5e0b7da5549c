"""The landing folder: which files of an input are new, and their rows as the adapter parses them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters import adapter_named
from intake.knobs import Export, InputFiles
from intake.landed_rows import LandedFile, list_files, read_rows, unreadable
from intake.money_limits import with_money_limits
from warehouse.errors import InputError
from warehouse.jvm.files import READ_FAILURES
from warehouse.knobs import part_of
from warehouse.session_at_need import Session, started
from warehouse.tables.bronze_events import BRONZE_EVENTS

Known = Mapping[str, Any]  # a row of bronze.landed_files


@dataclass(frozen=True)
class Input:
    """One kind of landed file: name, adapter, files (a glob below the landing folder) and the adapter's lookups.

    `export` says how the files are written; `may_lag`: tables are published even where its new files are refused.
    """

    name: str
    adapter: Adapter
    files: str
    required: bool
    lookup_files: Mapping[str, str]
    export: Export = field(default_factory=Export)
    may_lag: bool = False


@dataclass(frozen=True)
class Batch:
    """New files of one input. `is_resumed`: a killed run planned it and may have written some of its rows."""

    input: Input
    batch_id: str
    files: Sequence[LandedFile]
    is_resumed: bool


class LandingFolder:
    """The files below `root`; `defaults` are used for fields that they lack."""

    def __init__(self, session: Session, root: str, defaults: Defaults) -> None:
        """Nothing is read yet. The session is asked for only where rows are read."""
        self.session = session
        self.root = root
        self.defaults = defaults

    def new_batches(self, input_: Input, known: Mapping[str, Known]) -> list[Batch]:
        """Batches of `input_` that a killed run left planned, then one of the files that are not in `known`.

        `known` are the input's rows of bronze.landed_files by file. Raises InputError for a landed file that has
        changed, and for a planned file that is gone.
        """
        listed = list_files(self.session, self.root, input_.files, required=input_.required)
        lookups = set(input_.lookup_files.values())
        landed = {file.file: file for file in listed if file.file not in lookups}
        self._refuse_changed(input_, [file for file in landed.values() if file.file in known], known)
        resumed: dict[str, list[LandedFile]] = {}
        for row in known.values():
            if row["status"] == "planned":
                if row["file"] not in landed:
                    raise InputError(
                        f"{row['file']}: a run stopped while taking it in, and now it is gone; land it again"
                    )
                resumed.setdefault(row["batch_id"], []).append(landed[row["file"]])
        batches = [Batch(input_, batch_id, files, is_resumed=True) for batch_id, files in sorted(resumed.items())]
        new_files = [file for name, file in landed.items() if name not in known]
        if new_files:
            batches.append(Batch(input_, _batch_id(input_, new_files), new_files, is_resumed=False))
        return batches

    def parsed(self, input_: Input, files: Sequence[LandedFile]) -> DataFrame:
        """The rows of `files` as the adapter parses them, with line_hash; `raw` is null for good rows."""
        adapter = input_.adapter
        required = adapter.required + (() if self.defaults.accounts else adapter.required_without_accounts)
        rows = read_rows(
            started(self.session),
            self.root,
            files,
            columns=adapter.columns,
            required=required,
            numbered=not is_event(adapter),
        )
        lookups = {name: self._lookup(input_, name, columns) for name, columns in adapter.lookups.items()}
        parsed = adapter.parse(rows, replace(self.defaults, export=input_.export), lookups)
        parsed = with_money_limits(parsed, adapter.table)
        return parsed.withColumn("line_hash", line_hash()).withColumn(
            "raw", F.when(F.col("reason").isNotNull(), F.col("raw"))
        )

    def _refuse_changed(self, input_: Input, files: Sequence[LandedFile], known: Mapping[str, Known]) -> None:
        touched = []
        for file in files:
            row = known[file.file]
            if file.bytes != row["bytes"]:
                raise InputError(
                    f"{file.file}: has changed since it was taken in ({row['bytes']:,} bytes then, "
                    f"{file.bytes:,} now); a landed file is immutable: land the new rows under a new name"
                )
            if datetime.fromtimestamp(file.modified_ms / 1000, UTC) != row["modified_at"]:
                touched.append(file)
        if not touched:
            return
        fingerprint = F.bit_xor("line_hash").alias("fingerprint")
        try:
            fingerprints = self.parsed(input_, touched).groupBy("file").agg(fingerprint).collect()
        except READ_FAILURES as error:
            raise (unreadable(error, touched) or error) from error
        for found in fingerprints:
            if found["fingerprint"] != known[found["file"]]["fingerprint"]:
                raise InputError(
                    f"{found['file']}: has changed since it was taken in (same size, other content); "
                    "a landed file is immutable: land the new rows under a new name"
                )

    def _lookup(self, input_: Input, name: str, columns: Sequence[str]) -> DataFrame:
        if name not in input_.lookup_files:
            raise InputError(f"landing.inputs: {input_.name} needs the option {name}: a file below {self.root}")
        files = list_files(self.session, self.root, input_.lookup_files[name], required=True)
        if not files:
            raise InputError(f"{self.root}/{input_.lookup_files[name]}: no such file (option {name} of {input_.name})")
        return read_rows(started(self.session), self.root, files, columns=columns, required=columns, numbered=True)


def input_of(chosen: InputFiles) -> Input:
    """An input of the settings with its adapter; UsageError for an unknown adapter."""
    return Input(
        name=chosen.name,
        adapter=adapter_named(chosen.adapter),
        files=chosen.files,
        required=chosen.required,
        lookup_files=dict(chosen.options),
        export=part_of(chosen, Export),
        may_lag=chosen.may_lag,
    )


def input_named(name: str, adapter: str, files: str, *, required: bool, options: Mapping[str, str]) -> Input:
    """An input with its adapter, written as the adapter expects; UsageError for an unknown adapter."""
    return input_of(InputFiles(name=name, adapter=adapter, files=files, required=required, options=dict(options)))


def is_event(adapter: Adapter) -> bool:
    """Whether the adapter makes events: these files are large, and only bad rows need their line number."""
    return adapter.table is BRONZE_EVENTS


def line_hash() -> Column:
    """What identifies a line within its file."""
    return F.xxhash64("raw")


def _batch_id(input_: Input, files: Sequence[LandedFile]) -> str:
    content = "\n".join([input_.name, *(f"{file.file} {file.bytes}" for file in files)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
