"""What the first rows of a landed file say of its currency, its time zone and how days and amounts are written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from intake.recognise import Recognised, Row
from intake.wanted_columns import AMOUNTS
from warehouse.currencies import CURRENCIES

# The zones that shops of a currency are likely in; a shop elsewhere is one line of its configuration away.
ZONES_OF: dict[str, tuple[str, ...]] = {
    "KRW": ("Asia/Seoul",),
    "JPY": ("Asia/Tokyo",),
    "USD": ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    "CAD": ("America/Toronto", "America/Vancouver"),
    "GBP": ("Europe/London",),
    "EUR": ("Europe/Berlin", "Europe/Helsinki", "Europe/Lisbon"),
    "CHF": ("Europe/Zurich",),
    "SEK": ("Europe/Stockholm",),
    "NOK": ("Europe/Oslo",),
    "DKK": ("Europe/Copenhagen",),
    "PLN": ("Europe/Warsaw",),
    "CZK": ("Europe/Prague",),
    "TRY": ("Europe/Istanbul",),
    "AUD": ("Australia/Sydney", "Australia/Perth"),
    "NZD": ("Pacific/Auckland",),
    "SGD": ("Asia/Singapore",),
    "HKD": ("Asia/Hong_Kong",),
    "TWD": ("Asia/Taipei",),
    "CNY": ("Asia/Shanghai",),
    "INR": ("Asia/Kolkata",),
    "BRL": ("America/Sao_Paulo",),
    "MXN": ("America/Mexico_City",),
}
# In the text of an event: "currency":"USD", {"key":"currency","value":{"string_value":"USD"}}.
_CURRENCY_IN_TEXT = re.compile(
    r'currency\\?"\s*[:,]\s*(?:\\?"value\\?"\s*:\s*\{\s*\\?"string_value\\?"\s*:\s*)?\\?"([A-Z]{3})\\?"'
)
_WITH_OFFSET = re.compile(r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?\s?([+-]\d{2}):?(\d{2})$")
_WITHOUT_OFFSET = re.compile(
    r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?$"
)
_TWO_WAYS = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:\D|$)")
_COMMA = re.compile(r"^\D*\d{1,3}(?:[.\u00a0 ]\d{3})*,\d{1,2}\D*$")
_POINT = re.compile(r"^\D*\d{1,3}(?:,\d{3})*\.\d{1,2}\D*$|^\D*\d+\.\d{1,2}\D*$")
DAYS = ("date", "day", "order_ts", "event_ts", "date_end")


@dataclass(frozen=True)
class Spelling:
    """How a file is written: `date_format` and `decimal` as its input needs them, '' where it needs none, and why.

    `lacks_zone`: its times have no offset, and the adapter asks for the zone.
    """

    date_format: str = ""
    decimal: str = ""
    lacks_zone: bool = False
    why: tuple[str, ...] = ()


def currencies_in(file: Recognised) -> Counter[str]:
    """How often the first rows name each currency."""
    found: Counter[str] = Counter()
    if file.fit is None:
        return found
    if file.fit.header_currency:
        found[file.fit.header_currency] += max(len(file.fit.rows), 1)
    columns = [column for column in file.fit.found if "currency" in column]
    for row in file.fit.rows:
        found.update(row[column] for column in columns if column in row)
    if not columns:
        found.update(_CURRENCY_IN_TEXT.findall(file.begin))
    return Counter({code: count for code, count in found.items() if code in CURRENCIES})


def zones_in(file: Recognised) -> Counter[str]:
    """How often the first rows name each time zone."""
    column = next((name for name in ("timezone", "time_zone") if file.fit and name in file.fit.found), None)
    rows: Sequence[Row] = file.fit.rows if file.fit else ()
    return Counter(row[column] for row in rows if column and row.get(column, "") in _known_zones())


def offsets_in(file: Recognised) -> Iterator[tuple[datetime, float]]:
    """The local moments that the first rows give with an offset other than UTC's, and that offset [hours]."""
    for row in file.fit.rows if file.fit else ():
        for text in row.values():
            if found := _WITH_OFFSET.match(text):
                hours = int(found[3]) + int(found[4]) / 60 * (-1 if found[3].startswith("-") else 1)
                if hours:
                    yield datetime.fromisoformat(f"{found[1]}T{found[2]}"), hours


def zones_with(offsets: Iterable[tuple[datetime, float]], zones: Iterable[str]) -> list[str]:
    """Those of the zones whose clocks were so far from UTC at each of these moments."""
    known = list(offsets)

    def fits(zone: str) -> bool:
        place = ZoneInfo(zone)
        return all(_hours(moment.replace(tzinfo=place)) == hours for moment, hours in known)

    return [zone for zone in zones if fits(zone)]


def spelling_of(file: Recognised, currency: str) -> Spelling:
    """How the file's days and amounts are written, by its first rows."""
    rows: Sequence[Row] = file.fit.rows if file.fit else ()
    why: list[str] = []
    days = [row[name] for row in rows for name in DAYS if name in row]
    date_format, reason = _date_format([day for day in days if _TWO_WAYS.match(day)], currency)
    why += [reason] if reason else []
    amounts = [row[name] for row in rows for name in AMOUNTS if name in row]
    with_comma, with_point = (sum(bool(form.match(amount)) for amount in amounts) for form in (_COMMA, _POINT))
    decimal = "," if with_comma > with_point else ""
    if decimal:
        why.append(f"{with_comma} amounts are written as {next(filter(_COMMA.match, amounts))}")
    lacks_zone = any(_WITHOUT_OFFSET.match(row["order_ts"]) for row in rows if "order_ts" in row)
    return Spelling(date_format, decimal, lacks_zone, tuple(why))


def _date_format(days: Sequence[str], currency: str) -> tuple[str, str]:
    """The format of days such as 03/04/2026, and why; two '' where there are none."""
    found = [match for match in map(_TWO_WAYS.match, days) if match]
    if not found:
        return "", ""
    sign = found[0][2]
    if any(int(match[1]) > 12 for match in found):
        day_first, why = True, next(match[0] for match in found if int(match[1]) > 12)
    elif any(int(match[3]) > 12 for match in found):
        day_first, why = False, next(match[0] for match in found if int(match[3]) > 12)
    else:
        day_first = sign == "." or currency != "USD"
        why = f"{found[0][0]}, which can be read in two ways: CHECK THIS"
    parts = ("d", "M") if day_first else ("M", "d")
    return f"{parts[0]}{sign}{parts[1]}{sign}yyyy", f"days are written as {why.strip()}"


def _hours(moment: datetime) -> float:
    offset = moment.utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _known_zones() -> set[str]:
    from zoneinfo import available_timezones  # noqa: PLC0415 (reads a folder)

    return available_timezones()
