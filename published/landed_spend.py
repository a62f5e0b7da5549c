"""Which landed rows of ad exports a row of silver.ad_spend was made from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from published.delta_files import Row

LONGEST_NAME = 500  # characters, as in touchpoints.names
NOTHING = ("", "(not set)", "not set", "undefined", "null")
MOST_CHOICES = 1_000  # of exports of one moment that are tried
Key = tuple[object, ...]


@dataclass(frozen=True)
class LandedSpend:
    """One landed row of an ad export: its file (as bronze names it) and line, and its cost in `currency`."""

    file: str
    line: int
    exported_at: datetime
    campaign_id: str | None
    campaign_name: str | None
    spend: Decimal
    currency: str


class LandedExports:
    """Rows of bronze.ad_spend, by what they are rows of.

    Of a platform, account and day of the export the file exported last counts; where the rows name no account, of each
    campaign. Of files exported at the same moment those count whose rows add up to the stored cost, otherwise the last
    by name. Names are compared as silver has them: without codes, blanks at the ends and signs without width. A
    placeholder that nobody filled ({{campaign.name}}) is a name here and none in silver: its rows are not found.
    """

    def __init__(self, rows: Sequence[Row], timezone: str) -> None:
        """`timezone` is report.timezone, in which hours have their day."""
        self._by_key: dict[Key, list[Row]] = {}
        exports: dict[Key, dict[str, datetime]] = {}
        for row in rows:
            self._by_key.setdefault(_key_of_landed(row, timezone), []).append(row)
            files = exports.setdefault(_unit(row), {})
            files[row["source_file"]] = max(row["exported_at"], files.get(row["source_file"], row["exported_at"]))
        self._newest = {unit: _newest(files) for unit, files in exports.items()}

    def of(self, row: Row) -> tuple[LandedSpend, ...]:
        """The landed rows of one row of silver.ad_spend, in order of file and line."""
        found = [one for one in self._by_key.get(_key_of_stored(row), []) if _may_be_of(one, row)]
        units = list(dict.fromkeys(map(_unit, found)))
        choices: Iterable[Mapping[Key, str]] = (
            dict(zip(units, files, strict=True)) for files in product(*(self._newest[unit] for unit in units))
        )
        first: list[Row] = []
        for chosen in islice(choices, MOST_CHOICES):
            counted = [one for one in found if chosen[_unit(one)] == one["source_file"]]
            if sum((one["spend"] for one in counted), Decimal(0)) == row["spend"]:
                return _landed(counted)
            first = first or counted
        return _landed(first)


def _landed(rows: Iterable[Row]) -> tuple[LandedSpend, ...]:
    names = ("exported_at", "campaign_id", "campaign_name", "spend", "currency")
    return tuple(LandedSpend(one["source_file"], one["source_line"], *(one[name] for name in names)) for one in rows)


def _newest(files: Mapping[str, datetime]) -> list[str]:
    """The files exported last, the last by name first; numbers in names compare by value."""
    last = max(files.values())
    newest = [file for file, exported_at in files.items() if exported_at == last]
    return sorted(newest, key=lambda file: (re.sub("[0-9]+", lambda it: it[0].zfill(20), file), file), reverse=True)


def _unit(row: Row) -> Key:
    campaign = _plain(row["campaign_id"]) or _lower(_plain(row["campaign_name"]))
    return row["platform"], row["account_id"], row["spend_date"], campaign if row["account_id"] is None else None


def _key_of_landed(row: Row, timezone: str) -> Key:
    hour = row["spend_at"]
    day = row["spend_date"] if hour is None else hour.astimezone(ZoneInfo(timezone)).date()
    names = (_plain(row["campaign_id"]), _lower(_plain(row["campaign_name"])))
    return day, row["platform"], row["account_id"], row["currency"], *names


def _key_of_stored(row: Row) -> Key:
    names = (row["campaign_id"], row["campaign"])
    return row["spend_date"], row["platform"], row["account_id"], row["currency"], *names


def _may_be_of(landed: Row, stored: Row) -> bool:
    """Whether source and medium are the same; where the landed row has none, conf's are in the stored row."""
    return all(_plain(landed[name]) in (None, stored[name]) for name in ("source", "medium"))


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _plain(text: str | None) -> str | None:
    """A name in the form that silver has; None where it names nothing."""
    if text is None:
        return None
    decoded = unquote(text[:LONGEST_NAME], errors="strict") if "%" in text and _is_utf8(text) else text[:LONGEST_NAME]
    visible = "".join(sign for sign in decoded if unicodedata.category(sign) != "Cf")
    name = unicodedata.normalize("NFC", " ".join(visible.split()))
    return None if name.lower() in NOTHING else name


def _is_utf8(text: str) -> bool:
    try:
        unquote(text[:LONGEST_NAME], errors="strict")
    except UnicodeDecodeError:
        return False
    return True
