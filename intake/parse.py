"""Fields read from text, shared by adapters: times, money, numbers, and what makes a row unusable."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.adapter import Defaults
from warehouse.contracts import MONEY

ISO_WITH_OFFSET = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)$"
FIRST_YEAR, LAST_YEAR = 1990, 2099
IMPOSSIBLE = f"is before {FIRST_YEAR} or after {LAST_YEAR}"
MICROS = 1_000_000


def first_problem(*problems: tuple[Column, str]) -> Column:
    """The row's own `problem`, otherwise the reason of the first condition that holds; null where none does."""
    return F.coalesce(F.col("problem"), *(F.when(condition, F.lit(reason)) for condition, reason in problems))


def timestamp_field(name: str, *, zone_when_missing: str = "") -> Column:
    """The text as a UTC moment; null where it is not ISO 8601. Without an offset it is null too, unless
    `zone_when_missing` gives the offset that the format means (e.g. 'Z')."""
    text = F.concat(F.col(name), F.lit(zone_when_missing)) if zone_when_missing else F.col(name)
    stamped = F.when(F.col(name).rlike(ISO_WITH_OFFSET), F.col(name)).when(text.rlike(ISO_WITH_OFFSET), text)
    # Spark's cast wants seconds and a capital Z, ISO 8601 and RFC 3339 do not.
    in_full = F.regexp_replace(F.upper(stamped), r"([T ]\d{2}:\d{2})(?!:)(?=\s?[Z+-])", "$1:00")
    return F.coalesce(stamped.try_cast("timestamp"), in_full.try_cast("timestamp"))


def impossible_time(at: Column) -> Column:
    """Whether a moment or date lies outside the years that are accepted; the reason ends with IMPOSSIBLE."""
    return ~F.year(at).between(FIRST_YEAR, LAST_YEAR)


def money_field(name: str) -> Column:
    """The text as decimal(18,6); null where it is no number (or '-', which some platforms write for none)."""
    return F.when(F.col(name) != "-", F.col(name)).try_cast(MONEY)


def money_from_micros(amount: Column) -> Column:
    """Millionths of a currency unit, as text, as decimal(18,6); null where it is no number."""
    return (amount.try_cast("decimal(28,0)") / MICROS).try_cast(MONEY)


def number_field(name: str) -> Column:
    """The text as a double; null where it is no finite number."""
    number = F.when(F.col(name) != "-", F.col(name)).try_cast("double")
    return F.when(F.abs(number) < float("inf"), number)


def count_field(name: str) -> Column:
    """The text as a whole number; null where it is none. '12.0' counts as 12."""
    return F.when(F.col(name) != "-", F.col(name)).try_cast("decimal(20,4)").try_cast("bigint")


def utc_text(moment: Column) -> Column:
    """The text of a moment with Z where it has no offset: for formats whose times are UTC."""
    return F.when(moment.rlike(r"(Z|[+-]\d{2}:?\d{2})$"), moment).otherwise(F.concat(moment, F.lit("Z")))


def is_currency_code(code: Column) -> Column:
    """Whether the text has the form of an ISO 4217 code; null for null."""
    return code.rlike("^[A-Z]{3}$")


def given_but_unread(name: str, read: Column) -> Column:
    """Whether the text was there but could not be read."""
    return F.col(name).isNotNull() & (F.col(name) != "-") & read.isNull()


def content_hash(*columns: Column) -> Column:
    """A 64-bit hash of the columns' values; a null is a value of its own."""
    return F.xxhash64(*(F.coalesce(column.cast("string"), F.lit("\x00")) for column in columns))


def account_field(name: str, defaults: Defaults) -> Column:
    """The text, otherwise the setting of the row's account_id; `name` is currency or timezone."""
    from_settings = [
        F.when(F.col("account_id") == id_, F.lit(getattr(account, name))) for id_, account in defaults.accounts.items()
    ]
    return F.coalesce(F.col(name), *from_settings)
