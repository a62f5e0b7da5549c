"""The publications that a person means: by run, by day, or by their order."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from published.publication import Published, publications
from warehouse.errors import InputError, UsageError


def find_publication(lake: str, which: str, *, timezone: str) -> Published:
    """The publication of a run (its id), or the last one that was published on or before a day (2026-03-31).

    The day is one of `timezone`, the reporting zone. InputError when there is none.
    """
    every = publications(lake)
    day = _day(which)
    if day is None:
        found = next((one for one in every if one.run_id == which), None)
        if found is None:
            known = ", ".join(one.run_id for one in every[:5])
            raise InputError(f"{lake}: run {which} published nothing; the newest publications are of: {known}")
        return found
    found = next((one for one in every if _published_on(one, timezone) <= day), None)
    if found is None:
        first = _published_on(every[-1], timezone)
        raise InputError(f"{lake}: nothing was published on or before {day}; the first publication is of {first}")
    return found


def two_publications(lake: str, *, from_: str | None, to: str | None, timezone: str) -> tuple[Published, Published]:
    """The earlier and the later publication: `to` (None = the newest), and `from_` (None = the one before that).

    Each is a run or a day; see `find_publication`. InputError where there is no publication before, UsageError where
    `from_` is the later one.
    """
    every = publications(lake)
    after = find_publication(lake, to, timezone=timezone) if to else every[0]
    place = [one.run_id for one in every].index(after.run_id)
    if from_ is None:
        if place + 1 == len(every):
            raise InputError(f"{lake}: run {after.run_id} published first; there is nothing before it to compare with")
        return every[place + 1], after
    before = find_publication(lake, from_, timezone=timezone)
    if [one.run_id for one in every].index(before.run_id) < place:
        raise UsageError(f"--from is run {before.run_id}, which published after run {after.run_id} of --to: swap them")
    return before, after


def _day(which: str) -> date | None:
    try:
        return date.fromisoformat(which) if len(which) == len("2026-03-31") else None
    except ValueError:
        return None


def _published_on(published: Published, timezone: str) -> date:
    return published.published_at.astimezone(ZoneInfo(timezone)).date()
