"""Moments that cannot be believed: later than their own file, or far later than all others.

They are kept in bronze, counted and shown, but the last day that counts does not follow them. What is suspect within a
file follows from that file alone, and which files are passed over from the set of all files, so that the order in which
files arrive makes no difference.

Moments are microseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from intake.knobs import BelievableTimes

FileAccount = Mapping[str, Any]  # a row of bronze.landed_files

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Rows far later than all others are few up to this share of the others: more of them are a shop that opened again.
FEW = 0.01


class Span(NamedTuple):
    """Rows whose moments lie close together: from `first` to `last`, both inclusive.

    is_ahead: they are later than their file can have. is_recent: not ahead, and written down soon after they happened.
    """

    first: int
    last: int
    rows: int
    is_ahead: bool
    is_recent: bool


@dataclass(frozen=True)
class Dated:
    """Of one file: how many of its rows are suspect, and the last moment of the others; None where no row is dated."""

    rows_suspect: int
    last_at: datetime | None


def limit_of(modified_at: datetime, knobs: BelievableTimes) -> int:
    """The last moment that a file written at `modified_at` can have; clocks and zones may differ by some hours."""
    return micros_of(modified_at + timedelta(hours=knobs.max_ahead_hours))


def gap_of(knobs: BelievableTimes) -> int:
    """The gap after which moments are far later than those before [microseconds]."""
    return timedelta(days=knobs.max_gap_days) // MICROSECOND


def spans_of(counted: Iterable[tuple[int, int, int]], *, modified_at: datetime, knobs: BelievableTimes) -> list[Span]:
    """The spans of one file. Each of `counted` is first, last and rows, on one side of the file's limit."""
    limit, gap = limit_of(modified_at, knobs), gap_of(knobs)
    written = micros_of(modified_at)
    return [Span(first, last, rows, first > limit, written - gap <= last <= limit) for first, last, rows in counted]


def dated(spans: Sequence[Span], knobs: BelievableTimes) -> Dated:
    """What of one file is suspect: rows later than its limit, and few rows far later than all others.

    Where most rows are later than the file, the file's time is wrong (an archive unpacked to 1980, a clock that is
    behind), and only those far later than all others are suspect.
    """
    rows = sum(span.rows for span in spans)
    ahead = sum(span.rows for span in spans if span.is_ahead)
    within = list(spans) if 2 * ahead > rows else [span for span in spans if not span.is_ahead]
    believable = without_strays(within, knobs)
    last = max((span.last for span in believable), default=None)
    return Dated(rows - sum(span.rows for span in believable), None if last is None else moment_of(last))


def without_strays(spans: Sequence[Span], knobs: BelievableTimes) -> list[Span]:
    """The spans without the last ones that stand alone: later than all others by more than the gap, and few.

    Rows later than their own file are few where the others are more. Rows that were written down soon after they
    happened are none: a shop that opens again after a year is no error.
    """
    groups: list[list[Span]] = []
    for span in sorted(spans):
        if groups and span.first - max(other.last for other in groups[-1]) <= gap_of(knobs):
            groups[-1].append(span)
        else:
            groups.append([span])
    while len(groups) > 1 and _is_stray(groups[-1], sum(span.rows for group in groups[:-1] for span in group)):
        groups.pop()
    return [span for group in groups for span in group]


def _is_stray(group: Sequence[Span], others: int) -> bool:
    rows = sum(span.rows for span in group)
    if all(span.is_ahead for span in group):
        return rows < others
    return rows <= FEW * others and not any(span.is_recent for span in group)


def last_believable(files: Sequence[FileAccount], knobs: BelievableTimes) -> datetime | None:
    """The last believable moment over `files`, rows of bronze.landed_files; None where no file has one."""
    far_later = {id(file) for file in stray_files(files, knobs)}
    moments = (file["last_at"] for file in _dated_files(files) if id(file) not in far_later)
    return max(moments, default=None)


def stray_files(files: Sequence[FileAccount], knobs: BelievableTimes) -> list[FileAccount]:
    """The files of which even the last believable moment is far later than those of all others."""
    spans = {id(file): _span_of(file, knobs) for file in _dated_files(files)}
    believable = set(without_strays(list(spans.values()), knobs))
    return [file for file in _dated_files(files) if spans[id(file)] not in believable]


def _dated_files(files: Sequence[FileAccount]) -> list[FileAccount]:
    return [file for file in files if file.get("last_at") is not None]


def _span_of(file: FileAccount, knobs: BelievableTimes) -> Span:
    """The believable rows of a file, all taken for as late as its last one."""
    last, rows = micros_of(file["last_at"]), file["rows_read"] - file["rows_quarantined"] - (file["rows_suspect"] or 0)
    (span,) = spans_of([(last, last, rows)], modified_at=file["modified_at"], knobs=knobs)
    return span


def suspect_in_words(source: str, rows: int) -> str:
    """The line of an input with suspect rows."""
    return (
        f"{source}: {rows:,} of these rows are dated later than their file or far later than all others; as_of does "
        "not follow them (landing.max_ahead_hours, landing.max_gap_days)"
    )


def stray_in_words(file: FileAccount) -> str:
    """The line of one of `stray_files`."""
    return (
        f"{file['file']}: its last moment, {file['last_at']:%Y-%m-%d}, is far later than those of all other files; "
        "as_of does not follow it (landing.max_gap_days)"
    )


def is_of_before(file: FileAccount) -> bool:
    """Whether a file was taken in by a version that did not look at times."""
    return file.get("rows_suspect") is None


def micros_of(moment: datetime) -> int:
    """A moment as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment_of(micros: int) -> datetime:
    """Microseconds since 1970 as a moment."""
    return EPOCH + micros * MICROSECOND
