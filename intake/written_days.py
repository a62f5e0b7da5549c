"""Days and moments as people and exports write them: a day with a midnight, named formats, times without offset."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.date_formats import MONTHS, DateFormat, date_format_of
from intake.knobs import Export
from intake.written_numbers import trimmed
from warehouse.expressions import let
from warehouse.patterns import any_case, portable

ISO_WITH_OFFSET = portable(r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|z|[+-]\d{2}(:?\d{2})?)$")
ISO_WITHOUT_OFFSET = portable(r"^\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?\z")
# What may follow a day: a time.
_TIME = r"(?:[T ]+\d{1,2}:.*)?"
# Days that are read the same way everywhere: the year comes first, or the month has a name.
DAY = portable(rf"^(\d{{4}})(?:[-./]|년) ?(\d{{1,2}})(?:[-./]|월) ?(\d{{1,2}})(?:[.]|일)?{_TIME}\z")
_DIGITS = portable(r"^(\d{4})(\d{2})(\d{2})\z")
_NAME_FIRST = portable(rf"^([A-Za-z]{{3}})[A-Za-z]*[.]? (\d{{1,2}}),? (\d{{4}}){_TIME}\z")
_NAME_SECOND = portable(rf"^(\d{{1,2}}) ([A-Za-z]{{3}})[A-Za-z]*[.]? (\d{{4}}){_TIME}\z")
# A moment spelled by a format, made full: two digits for each part, :00 where the format has no seconds.
_PADDED = (
    (r"-(\d)([- ])", "-0$1$2"), (r"-(\d)([- ])", "-0$1$2"), (r" (\d):", " 0$1:"), (r":(\d)([: ])", ":0$1$2"),
    (r":(\d)([: ])", ":0$1$2"), (r": ", ":00 "),
)  # fmt: skip
_FULL = portable(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} ")
HALF_A_DAY = "INTERVAL 12 HOURS"
_ISO_DAY = portable(r"^\d{4}-\d{1,2}-\d{1,2}\z")
_MONTH = f"(?:{'|'.join(any_case(month) for month in MONTHS)})[A-Za-z]*[.]?"
# A year, a month, a quarter or a week.
_PERIODS = (
    r"\d{4}", r"\d{4}[-./ ]\d{1,2}[.]?", r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])", r"\d{1,2}[-./]\d{4}",
    rf"{_MONTH}[ -]\d{{4}}", rf"{_MONTH}-\d{{2}}", rf"\d{{4}}[ -]{_MONTH}", r"\d{4}년(?: ?\d{1,2}월)?",
    r"[Qq][1-4][ -]\d{4}", r"\d{4}-?[QqWw]\d{1,2}",
)  # fmt: skip
PERIOD = portable(rf"^(?:{'|'.join(_PERIODS)})\z")
# Two days in one field: 2026-03-01 - 2026-03-31, 2026-03-01~2026-03-31.
SPAN = portable(r"^\d{4}[-./]\d{1,2}[-./]\d{1,2}[.]? ?(?:-|~|to|\x{2013}) ?\d{4}[-./]\d{1,2}[-./]\d{1,2}[.]?\z")


def date_field(name: str, export: Export | None = None) -> Column:
    """The text as a date; null where it is none, or a month. A time of day that follows is left out.

    Without `export.date_format` a day is ISO 8601, or written with the year first or the month by its English name.
    """
    text = trimmed(F.col(name))
    spelled = F.regexp_replace(F.regexp_replace(text, DAY, "$1-$2-$3"), _DIGITS, "$1-$2-$3")
    if export and export.date_format:
        in_format = date_format_of(export.date_format)
        spelled = F.regexp_replace(_with_month_number(text, in_format), in_format.pattern, in_format.day)
        spelled = F.regexp_replace(spelled, DAY, "$1-$2-$3")
    day = F.when(spelled.rlike(_ISO_DAY), spelled).try_cast("date")
    if export and export.date_format:
        return day
    named = F.regexp_replace(F.regexp_replace(text, _NAME_FIRST, "$3-$1-$2"), _NAME_SECOND, "$3-$2-$1")
    of_name = _numbered_months(named)
    return F.coalesce(day, F.when(of_name.rlike(_ISO_DAY), of_name).try_cast("date"))


def is_period(name: str) -> Column:
    """Whether the text is a month, a week, a quarter, a year, or two days: spend of more than one day."""
    text = trimmed(F.col(name))
    return F.coalesce(text.rlike(PERIOD) | text.rlike(SPAN), F.lit(False))


def timestamp_field(name: str, export: Export | None = None, *, zone_when_missing: str = "") -> Column:
    """The text as a UTC moment; null where it is none.

    It is ISO 8601 with an offset, or in `export.date_format`. Without an offset it is of `export.timezone`; where that
    is not given it is null, unless `zone_when_missing` gives the offset that the format means (e.g. 'Z').
    """
    text = trimmed(F.col(name))
    with_offset = F.when(F.col(name).rlike(ISO_WITH_OFFSET), F.col(name))
    # Spark's cast wants seconds and a capital Z, ISO 8601 and RFC 3339 do not.
    in_full = F.regexp_replace(F.upper(with_offset), portable(r"([T ]\d{2}:\d{2})(\s?[Z+-])"), "$1:00$2")
    moment = F.coalesce(with_offset.try_cast("timestamp"), in_full.try_cast("timestamp"))
    if not (export and export.timezone) and not zone_when_missing:
        return moment
    local = F.when(text.rlike(ISO_WITHOUT_OFFSET), F.regexp_replace(text, portable(r"[T ](\d):"), " 0$1:"))
    in_seconds = F.regexp_replace(local, portable(r"([T ]\d{2}:\d{2})\z"), "$1:00")
    of_zone = F.concat(in_seconds, F.lit(zone_when_missing or "Z")).try_cast("timestamp")
    if export and export.date_format:
        of_zone = F.coalesce(of_zone, _moment_of(text, date_format_of(export.date_format)))
    if export and export.timezone:
        of_zone = F.to_utc_timestamp(of_zone, export.timezone)
    return F.coalesce(moment, of_zone)


def is_moment(name: str) -> Column:
    """Whether the text has a time of day beside the day."""
    return F.coalesce(F.col(name).rlike(r"[T ][0-9]{1,2}:[0-9]{2}"), F.lit(False))


def _numbered_months(text: Column) -> Column:
    """The text with 01 for Jan: one step after the other, so that the text is read once."""
    for number, month in enumerate(MONTHS, start=1):
        text = F.regexp_replace(text, f"{any_case(month)}[A-Za-z]*[.]?", f"{number:02d}")
    return text


def _with_month_number(text: Column, in_format: DateFormat) -> Column:
    return _numbered_months(text) if in_format.has_month_name else text


def _moment_of(text: Column, in_format: DateFormat) -> Column:
    """The text as a moment of UTC; null where it is not in the format or has no time of day."""
    padded = F.regexp_replace(_with_month_number(text, in_format), in_format.pattern, in_format.moment)
    for short, full in _PADDED:
        padded = F.regexp_replace(padded, portable(short), full)
    return let(padded, _stamped)


def _stamped(padded: Column) -> Column:
    """The moment of yyyy-mm-dd hh:mm:ss, perhaps followed by AM or PM."""
    moment = F.when(padded.rlike(_FULL), F.concat(F.substring(padded, 1, 19), F.lit("Z"))).try_cast("timestamp")
    is_twelve, half = F.substring(padded, 12, 2) == "12", F.upper(F.substring(padded, 21, 1))
    return (
        F.when((half == "P") & ~is_twelve, moment + F.expr(HALF_A_DAY))
        .when((half == "A") & is_twelve, moment - F.expr(HALF_A_DAY))
        .otherwise(moment)
    )
