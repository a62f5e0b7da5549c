"""The knobs of intake: which files are taken in, and how many bad rows are allowed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from intake.date_formats import date_format_of
from warehouse.knobs import Knobs, Share, TimeZone, UnsettledLimit


def _known_format(written: str) -> str:
    date_format_of(written)
    return written


class Export(Knobs):
    """How the files of one input are written, where the files themselves do not say it.

    encoding: a codec of Python, e.g. cp949; null = UTF-8. columns: field of the adapter: column of the file.
    constants: field of the adapter: the text of every row. decimal: the decimal sign of numbers. date_format: null =
    ISO 8601. timezone: of times without offset. shop: prefix of order ids, where several shops number alike.
    event_names: name of an event in the file: its name here, e.g. {Bought: purchase}.
    """

    encoding: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    date_format: Annotated[str, AfterValidator(_known_format)] | None = None
    timezone: TimeZone | None = None
    shop: str | None = None
    event_names: dict[str, str] = Field(default_factory=dict)


class InputFiles(Export):
    """One kind of landed file: which adapter reads which files, and how they are written.

    may_lag: true = tables are published even where new files of this input are refused.
    """

    name: str
    adapter: str
    files: str
    required: bool
    may_lag: bool = False
    options: dict[str, str] = Field(default_factory=dict)


class IdSpelling(Knobs):
    """Whether ids with an @, of events and orders alike, are taken in lower case: Ann@x.com and ann@x.com are one."""

    lower_case_emails: bool


class BelievableTimes(Knobs):
    """Which moments are suspect: later than their file by so many hours, or than all others by so many days."""

    max_ahead_hours: Annotated[int, Field(ge=0)]
    max_gap_days: Annotated[int, Field(gt=0)]


class Landing(BelievableTimes):
    """Where files land, which of them are taken in, how long a line may be, and which moments are believed."""

    root: str
    max_line_bytes: int = Field(gt=0)
    inputs: list[InputFiles]


class Quality(UnsettledLimit):
    """How many bad rows a run allows, and how much money of orders whose newest row is one."""

    max_quarantined_share: Share
