"""What an adapter is: how one input format becomes rows of one bronze table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from intake.knobs import Export
from warehouse.contracts import Table


@dataclass(frozen=True)
class AdAccount:
    """Currency (ISO 4217) and time zone of an ad account."""

    currency: str
    timezone: str


@dataclass(frozen=True)
class Defaults:
    """What an export lacks: the currency of values, currency and zone of ad accounts; how the input is written, and
    whether ids with an @ are taken in lower case."""

    currency: str | None = None
    accounts: Mapping[str, AdAccount] = field(default_factory=dict)
    export: Export = field(default_factory=Export)
    lower_case_emails: bool = True


@dataclass(frozen=True)
class Adapter:
    """How one input format becomes rows of one bronze table.

    `columns` are read as text; those of `required` must be in a CSV header, those of `required_without_accounts`
    where the settings name no accounts. `names` gives, by column, other headers that files have for it; after that of
    an amount (intake.wanted_columns.AMOUNTS) may come the currency in brackets, which fills the column currency.
    `parse(rows, defaults, lookups)` gets the frame of `read_rows` and one frame per name of `lookups` (an option of the
    input that names a file, with the columns read from it). It returns file, line, raw, reason (null for a good row)
    and the contract's columns, without those that ingest adds (source_file, source_line, batch_id).
    """

    table: Table
    columns: tuple[str, ...]
    required: tuple[str, ...]
    parse: Callable[[DataFrame, Defaults, Mapping[str, DataFrame]], DataFrame]
    required_without_accounts: tuple[str, ...] = ()
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
