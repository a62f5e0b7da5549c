"""A landing folder read as inputs: which files are of one kind, the pattern that names them, and what they lack."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from intake.adapters import ADAPTERS
from intake.first_look import UNFINISHED
from intake.landed_bytes import first_bytes
from intake.landed_facts import ZONES_OF, currencies_in, offsets_in, spelling_of, zones_in, zones_with
from intake.recognise import Recognised, lookups_in, recognised
from intake.wanted_columns import CURRENCY
from jobs.input_patterns import patterns_of
from warehouse.errors import InputError, UsageError
from warehouse.local_files import is_hidden
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_EVENTS, BRONZE_ORDERS

ACCOUNT = "account_id"
FEW_COLUMNS = 3  # a day, a campaign and an amount: any platform's
# The folder of an ad account has its number: meta/act_77/2026-03.csv.
ACCOUNT_FOLDER = re.compile(r"(?:act_)?\d[\d-]+")
ZONE_FIELD = "time_zone"


@dataclass(frozen=True)
class FoundInput:
    """One input: its files, and the options that they ask for. `why` has a line for each option."""

    name: str
    adapter: str
    pattern: str
    files: tuple[str, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What a landing folder holds. `unknown` are files that no adapter takes; `other_currencies` those beside the main
    one; the evidence is a sentence for each guess."""

    inputs: tuple[FoundInput, ...]
    unknown: tuple[Recognised, ...]
    currency: str
    currency_evidence: str
    timezone: str
    timezone_evidence: str
    other_currencies: tuple[str, ...] = ()


class _Kind(NamedTuple):
    """What the files of one input have in common."""

    folder: str
    adapter: str
    encoding: str
    date_format: str
    decimal: str
    by_folder: bool


def look_through(landing: Path) -> Findings:
    """Reads the first bytes of every file below the folder. UsageError where it is none, InputError where it has no
    file, or one that cannot be read."""
    if not landing.is_dir():
        raise UsageError(f"{landing}: no such folder; --landing names the folder with your exports")
    try:
        files = [recognised(name, first_bytes(landing / name)) for name in _names(landing)]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error
    if not files:
        raise InputError(f"{landing}: has no file yet; land your exports there and run again")
    known = [file for file in files if file.fit]
    lookups = {file.file: found for file in files if not file.fit and (found := lookups_in(file.file, file.columns))}
    currency, why_currency, others = _currency(known)
    timezone, why_timezone = _timezone(files, known, currency)
    inputs = _inputs(known, files, lookups, currency, timezone)
    used = {str(place) for one in inputs for place in _lookups_of(one).values()}
    unknown = tuple(file for file in files if not file.fit and file.file not in used)
    return Findings(tuple(inputs), unknown, currency, why_currency, timezone, why_timezone, others)


def _names(landing: Path) -> list[str]:
    """The files below the folder that intake would look at."""
    found = []
    for path in landing.rglob("*"):
        name = path.relative_to(landing).as_posix()
        if path.is_file() and not any(map(is_hidden, name.split("/"))) and not UNFINISHED.search(name):
            found.append(name)
    return sorted(found)


def _currency(known: Sequence[Recognised]) -> tuple[str, str, tuple[str, ...]]:
    """The currency of orders, otherwise of events, otherwise of spend; why; and the others that occur."""
    every: Counter[str] = Counter()
    chosen, why = "", ""
    for table, what in ((BRONZE_ORDERS, "orders"), (BRONZE_EVENTS, "events"), (None, "ad spend")):
        counts: Counter[str] = Counter()
        for file in known:
            of = ADAPTERS[file.fit.adapter].table if file.fit else None
            if of is table or (table is None and of not in (BRONZE_ORDERS, BRONZE_EVENTS)):
                counts.update(currencies_in(file))
        every.update(counts)
        if counts and not chosen:
            chosen, count = counts.most_common(1)[0]
            why = f"{count:,} of the first {counts.total():,} amounts of {what}"
    others = tuple(sorted(code for code in every if code != chosen))
    return (chosen, why, others) if chosen else ("USD", "a guess: no file names a currency", ())


def _timezone(files: Sequence[Recognised], known: Sequence[Recognised], currency: str) -> tuple[str, str]:
    """The zone that the files name, otherwise one whose clocks fit theirs, otherwise one of the currency; and why."""
    named: Counter[str] = Counter()
    for file in known:
        named.update(zones_in(file))
    if named:
        zone, count = named.most_common(1)[0]
        return zone, f"{count:,} rows of ad accounts name it"
    for file in files:  # a lookup of ad accounts
        if zone := _zone_of_lookup(file):
            return zone, f"{file.file} names it"
    offsets = [found for file in known for found in offsets_in(file)]
    of_currency = ZONES_OF.get(currency, ())
    if offsets:
        moment, hours = offsets[0]
        seen = f"times such as {moment:%Y-%m-%d %H:%M} are {hours:+g} h from UTC"
        every = [zone for zones in ZONES_OF.values() for zone in zones]
        if fitting := [*zones_with(offsets, of_currency), *zones_with(offsets, every)]:
            return fitting[0], f"{seen}, as there; the currency is {currency}"
        return "UTC", f"a guess: {seen}; name your zone"
    if of_currency:
        return of_currency[0], f"a guess from the currency {currency}: no file names a zone"
    return "UTC", "no file names a zone"


def _zone_of_lookup(file: Recognised) -> str:
    lines = file.begin.splitlines()
    if ZONE_FIELD not in file.columns or len(lines) < 2:
        return ""
    cells = lines[1].split(",")
    place = file.columns.index(ZONE_FIELD)
    zone = cells[place].strip('" ') if len(cells) == len(file.columns) else ""
    return zone if "/" in zone else ""


def _inputs(
    known: Sequence[Recognised],
    files: Sequence[Recognised],
    lookups: Mapping[str, list[tuple[str, str]]],
    currency: str,
    timezone: str,
) -> list[FoundInput]:
    groups: dict[_Kind, list[Recognised]] = defaultdict(list)
    for file in known:
        assert file.fit is not None
        spelling, by_folder = spelling_of(file, currency), _is_by_account(file)
        folder = _folder(file.file, up=2 if by_folder else 1)
        top = folder if by_folder else file.file.partition("/")[0] if "/" in file.file else ""
        kind = _Kind(top, file.fit.adapter, file.encoding or "", spelling.date_format, spelling.decimal, by_folder)
        groups[kind].append(file)
    made: list[FoundInput] = []
    names: Counter[str] = Counter()
    for kind, of_group in sorted(groups.items()):
        folder, adapter = kind.folder, kind.adapter
        options, why = _options(of_group, currency, timezone)
        if found := _own_lookups(adapter, of_group[0].file, lookups):
            options["options"] = found
        inside = tuple(file.file for file in of_group)
        others = [file.file for file in files if file.file not in inside and file.file not in lookups]
        for pattern, matched in patterns_of(folder, inside, others, by_folder=kind.by_folder):
            name = re.sub(r"\W+", "_", folder.rsplit("/", 1)[-1]).strip("_").lower() or adapter
            names[name] += 1
            unique = name if names[name] == 1 else f"{name}_{names[name]}"
            made.append(FoundInput(unique, adapter, pattern, matched, options, tuple(why)))
    return made


def _options(files: Sequence[Recognised], currency: str, timezone: str) -> tuple[dict[str, object], list[str]]:
    """What the input of these files needs besides the adapter, and why."""
    first = files[0]
    assert first.fit is not None
    adapter, spelling = ADAPTERS[first.fit.adapter], spelling_of(first, currency)
    options: dict[str, object] = {}
    why = list(spelling.why)
    if len(first.fit.found) <= FEW_COLUMNS and adapter.table is BRONZE_AD_SPEND:
        why.append(f"CHECK THIS: little tells the platform, it has {', '.join(first.fit.found)} alone")
    constants: dict[str, str] = {}
    if first.encoding:
        options["encoding"] = first.encoding
        why.append(f"its text is not UTF-8 and reads as {first.encoding}")
    if spelling.date_format:
        options["date_format"] = spelling.date_format
    if spelling.decimal:
        options["decimal"] = spelling.decimal
    if any(spelling_of(file, currency).lacks_zone for file in files):
        options["timezone"] = timezone
        why.append("its times have no offset: they are taken as those of report.timezone")
    if _is_by_account(first):
        constants[ACCOUNT] = "{folder}"
        why.append("its files do not name the ad account: their folders do")
    of_currency = [name for name in adapter.required_without_accounts if CURRENCY in name]
    has_none = not first.fit.header_currency and not {CURRENCY, *of_currency} & {*first.fit.found}
    if of_currency and has_none and first.fit.adapter != "google_ads":
        constants[of_currency[0]] = currency
        why.append(f"no column has its currency: {currency} is a guess")
    if constants:
        options["constants"] = constants
    return options, why


def _is_by_account(file: Recognised) -> bool:
    """Whether the account is the name of the file's folder, and stands nowhere in the file."""
    if file.fit is None or ACCOUNT in file.fit.found or ACCOUNT not in ADAPTERS[file.fit.adapter].columns:
        return False
    parts = file.file.split("/")
    return len(parts) > 2 and ACCOUNT_FOLDER.fullmatch(parts[-2]) is not None


def _own_lookups(adapter: str, file: str, lookups: Mapping[str, list[tuple[str, str]]]) -> dict[str, str]:
    """The lookups of an adapter that were found, those in the file's own folders first."""
    top = file.partition("/")[0]
    nearest = sorted(lookups, key=lambda name: (name.partition("/")[0] != top, name))
    found: dict[str, str] = {}
    for lookup in ADAPTERS[adapter].lookups:
        fitting = [name for name in nearest if (adapter, lookup) in lookups[name] and name not in found.values()]
        # The columns of one lookup may be among those of another: its name decides.
        if fitting:
            found[lookup] = next((name for name in fitting if lookup in name), fitting[0])
    return found


def _lookups_of(found: FoundInput) -> Mapping[str, str]:
    options = found.options.get("options", {})
    return options if isinstance(options, dict) else {}


def _folder(file: str, *, up: int) -> str:
    return "/".join(file.split("/")[:-up])
