"""A view: which part of the published tables to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from published.publication import quoted
from warehouse.errors import UsageError, did_you_mean

DateBasis = Literal["conversion", "touch"]
Language = Literal["en", "ko"]
Customers = Literal["all", "new", "returning"]


@dataclass(frozen=True)
class View:
    """Which part of the published figures to show. Every reader takes one and applies the fields that its tables have.

    `first_day` and `last_day` are reporting days, both inclusive; None = no bound. `conversion_type` None = the type
    with the most net value over all days. `models` None = all; models are always shown in report order. `date_basis`
    dates credit by the conversion or by the touch. `language` is the language of the report; no figure depends on it.
    `channel` and `campaign` leave only credit and spend of theirs; None = all. `customers` and `platform` (web, ios, …)
    leave only credit of first or of later purchases, and of touches there; `currency` that of conversions whose own
    amount is in it (figures stay in the reporting currency). `timezone` is the zone of reporting days,
    for readers that date single rows.
    """

    first_day: date | None = None
    last_day: date | None = None
    conversion_type: str | None = None
    models: tuple[str, ...] | None = None
    date_basis: DateBasis = "conversion"
    language: Language = "en"
    channel: str | None = None
    campaign: str | None = None
    customers: Customers = "all"
    platform: str | None = None
    currency: str | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """UsageError when a field is impossible in itself; the readers check names against the published tables."""
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise UsageError(f"the first day, {self.first_day}, is later than the last, {self.last_day}")
        if self.models is not None and not self.models:
            raise UsageError("no model is named; name one or more, or leave models out for all")
        _one_of("date basis", self.date_basis, DateBasis)
        _one_of("language", self.language, Language)
        _one_of("kind of customers", self.customers, Customers)

    @property
    def within_days(self) -> str:
        """The days as an SQL condition on the column `date`."""
        bounds = [
            *([f"date >= date '{self.first_day.isoformat()}'"] if self.first_day else []),
            *([f"date <= date '{self.last_day.isoformat()}'"] if self.last_day else []),
        ]
        return " and ".join(bounds) or "true"

    @property
    def within(self) -> str:
        """The days, channel and campaign as an SQL condition on the columns `date`, `channel` and `campaign`."""
        named = {"channel": self.channel, "campaign": self.campaign}
        return " and ".join(
            [self.within_days, *(f"{column} = {quoted(name)}" for column, name in named.items() if name is not None)]
        )


def _one_of(what: str, value: str, literal: Any) -> None:
    known = get_args(literal)
    if value not in known:
        raise UsageError(f"no {what} is called {value!r}; there are: {', '.join(known)}{did_you_mean(value, known)}")


EVERYTHING = View()
