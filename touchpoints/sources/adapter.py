"""What an adapter is, and the readings of text that adapters share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import MONEY, Table

ISO_WITH_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)$"
FIRST_YEAR, LAST_YEAR = 1990, 2099
IMPOSSIBLE = f"is before {FIRST_YEAR} or after {LAST_YEAR}"


@dataclass(frozen=True)
class Account:
    """Currency (ISO 4217) and time zone of an ad account."""

    currency: str
    timezone: str


@dataclass(frozen=True)
class Defaults:
    """What stands for fields that an export lacks: the currency of values, currency and zone of ad accounts."""

    currency: str | None = None
    accounts: Mapping[str, Account] = field(default_factory=dict)


@dataclass(frozen=True)
class Adapter:
    """How one input format becomes rows of one bronze table.

    `columns` are read as text; those of `required` must be in a CSV header, those of `required_without_accounts`
    where the settings name no accounts. `parse(rows, defaults, lookups)` gets the frame of `read_rows` and one frame
    per name of `lookups` (an option of the input that names a file, with the columns read from it) and gives file,
    line, raw, reason (null for a good row) and the contract's columns, without those that ingest adds (source_file,
    source_line, batch_id).
    """

    name: str
    table: Table
    columns: tuple[str, ...]
    required: tuple[str, ...]
    parse: Callable[[DataFrame, Defaults, Mapping[str, DataFrame]], DataFrame]
    required_without_accounts: tuple[str, ...] = ()
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def first_problem(*problems: tuple[Column, str]) -> Column:
    """The reason of the first condition that holds; the row's own `problem` goes before all; null where none does."""
    return F.coalesce(F.col("problem"), *(F.when(condition, F.lit(reason)) for condition, reason in problems))


def timestamp_field(name: str, *, zone_when_missing: str = "") -> Column:
    """The text as a UTC moment; null where it is not ISO 8601. Without an offset it is null too, unless
    `zone_when_missing` says which offset the format means (e.g. 'Z')."""
    text = F.concat(F.col(name), F.lit(zone_when_missing)) if zone_when_missing else F.col(name)
    stamped = F.when(F.col(name).rlike(ISO_WITH_OFFSET), F.col(name)).when(text.rlike(ISO_WITH_OFFSET), text)
    # Spark's cast wants seconds and a capital Z, ISO 8601 and RFC 3339 do not.
    in_full = F.regexp_replace(F.upper(stamped), r"([T ]\d{2}:\d{2})(?!:)(?=\s?[Z+-])", "$1:00")
    return F.coalesce(stamped.try_cast("timestamp"), in_full.try_cast("timestamp"))


def impossible_time(at: Column) -> Column:
    """Whether a moment or date is none that a log or an export could tell; the reason ends with IMPOSSIBLE."""
    return ~F.year(at).between(FIRST_YEAR, LAST_YEAR)


def money_field(name: str) -> Column:
    """The text as decimal(18,6); null where it is no number (or '-', which some platforms write for none)."""
    return F.when(F.col(name) != "-", F.col(name)).try_cast(MONEY)


def number_field(name: str) -> Column:
    """The text as a double; null where it is no finite number."""
    number = F.when(F.col(name) != "-", F.col(name)).try_cast("double")
    return F.when(F.abs(number) < float("inf"), number)


def count_field(name: str) -> Column:
    """The text as a whole number; null where it is none. '12.0' counts as 12."""
    return F.when(F.col(name) != "-", F.col(name)).try_cast("decimal(20,4)").try_cast("bigint")


def given_but_unread(name: str, read: Column) -> Column:
    """Whether the text was there but could not be read."""
    return F.col(name).isNotNull() & (F.col(name) != "-") & read.isNull()


def content_hash(*columns: Column) -> Column:
    """A 64-bit hash of what the columns say; a null counts as something of its own."""
    return F.xxhash64(*(F.coalesce(column.cast("string"), F.lit("\x00")) for column in columns))


def account_field(name: str, defaults: Defaults) -> Column:
    """The text, or what the settings say of the row's account_id; `name` is currency or timezone."""
    told = [
        F.when(F.col("account_id") == id_, F.lit(getattr(account, name))) for id_, account in defaults.accounts.items()
    ]
    return F.coalesce(F.col(name), *told)
