"""Fields read from text, shared by adapters: times, money, numbers, and what makes a row unusable."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.adapter import Defaults
from warehouse.contracts import MONEY
from warehouse.numbers import DOUBLE_BELOW, decimal_of
from warehouse.patterns import portable

ISO_WITH_OFFSET = portable(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)$")
# A number and, where it has one, its exponent. Blanks around it are no part of it.
NUMBER = r"^[\x00-\x20]*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[\x00-\x20]*\z"
# A day and, where something follows it, T or a blank before that.
DAY = portable(r"^[\x00-\x20]*([0-9-]+)(?:[T\x00-\x20].*)?\z")
FIRST_YEAR, LAST_YEAR = 1990, 2099
IMPOSSIBLE = f"is before {FIRST_YEAR} or after {LAST_YEAR}"
MICROS = 1_000_000
# Reasons of rows that are no data, such as a totals row: they do not count for quality.max_quarantined_share.
NOT_DATA: tuple[str, ...] = ()
COUNT_AT_MOST = 10**12  # of one row, so that sums stay far below COUNT_LIMIT of warehouse.contracts


def first_problem(*problems: tuple[Column, str]) -> Column:
    """The row's own `problem`, otherwise the reason of the first condition that holds; null where none does."""
    return F.coalesce(F.col("problem"), *(F.when(condition, F.lit(reason)) for condition, reason in problems))


def timestamp_field(name: str, *, zone_when_missing: str = "") -> Column:
    """The text as a UTC moment; null where it is not ISO 8601. Without an offset it is null too, unless
    `zone_when_missing` gives the offset that the format means (e.g. 'Z')."""
    text = F.concat(F.col(name), F.lit(zone_when_missing)) if zone_when_missing else F.col(name)
    stamped = F.when(F.col(name).rlike(ISO_WITH_OFFSET), F.col(name)).when(text.rlike(ISO_WITH_OFFSET), text)
    # Spark's cast wants seconds and a capital Z, ISO 8601 and RFC 3339 do not.
    in_full = F.regexp_replace(F.upper(stamped), portable(r"([T ]\d{2}:\d{2})(\s?[Z+-])"), "$1:00$2")
    return F.coalesce(stamped.try_cast("timestamp"), in_full.try_cast("timestamp"))


def impossible_time(at: Column) -> Column:
    """Whether a moment or date lies outside the years that are accepted; the reason ends with IMPOSSIBLE."""
    return ~F.year(at).between(FIRST_YEAR, LAST_YEAR)


def money_field(name: str) -> Column:
    """The text as decimal(18,6); null where it is no number (or '-', which some platforms write for none)."""
    return decimal_field(F.col(name), MONEY)


def money_from_micros(amount: Column) -> Column:
    """Millionths of a currency unit, as text, as decimal(18,6); null where it is no number."""
    return (decimal_field(amount, "decimal(28,0)") * F.lit(Decimal("0.000001"))).try_cast(MONEY)


def decimal_field(text: Column, type_: str) -> Column:
    """The text as a decimal, rounded half up; null where it is no number in digits 0 to 9 or does not fit.

    With an exponent, as programs write very small and very large numbers (1e-05), it is read as a double first.
    """
    number, places = _found(text, NUMBER), int(type_.removesuffix(")").rsplit(",", 1)[1])
    has_exponent = F.contains(F.lower(number), F.lit("e"))
    double = F.when(has_exponent, number).try_cast("double")
    of_double = decimal_of(F.when(F.abs(double) < DOUBLE_BELOW, double), places=places)
    return F.when(has_exponent, of_double.try_cast(type_)).otherwise(number.try_cast(type_))


def number_field(name: str) -> Column:
    """The text as a double; null where it is no finite number."""
    number = _found(F.col(name), NUMBER).try_cast("double")
    return F.when(F.abs(number) < float("inf"), number)


def count_field(name: str) -> Column:
    """The text as a whole number; null where it is none, or beyond any count. '12.0' counts as 12."""
    number = decimal_field(F.col(name), "decimal(20,4)").try_cast("bigint")
    return F.when(F.abs(number) <= COUNT_AT_MOST, number)


def date_field(name: str) -> Column:
    """The text as a date; null where it is none. A time of day that follows is left out."""
    return _found(F.col(name), DAY).try_cast("date")


def _found(text: Column, pattern: str) -> Column:
    """The first group of the pattern; null where the text does not match."""
    return F.nullif(F.regexp_extract(text, pattern, 1), F.lit(""))


def utc_text(moment: Column) -> Column:
    """The text of a moment with Z where it has no offset: for formats whose times are UTC."""
    return F.when(moment.rlike(portable(r"(Z|[+-]\d{2}:?\d{2})$")), moment).otherwise(F.concat(moment, F.lit("Z")))


def is_currency_code(code: Column) -> Column:
    """Whether the text has the form of an ISO 4217 code; null for null."""
    return code.rlike(r"^[A-Z]{3}\z")


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
