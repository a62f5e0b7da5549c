"""What a reader asked for: the query of an address, from its text and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from published.view import Customers, DateBasis, Language, View
from warehouse.errors import UsageError

Period = Literal["7d", "30d", "90d", "all"]
Comparison = Literal["previous", "year", "none"]
PERIOD_DAYS: dict[Period, int | None] = {"7d": 7, "30d": 30, "90d": 90, "all": None}
YEAR = 364  # days; the same day of the week a year before


@dataclass(frozen=True)
class Asked:
    """The whole state of a page, so that an address shows another reader the same.

    `first` and `last` are reporting days, both inclusive; where one is given they replace `period`, the days up to the
    publication's. `compare`: the days as many before, the same days 364 days before, or none. `run` is a publication,
    None = the newest. `channel` None = all. `open` names what
    a page opens, such as the cell of a matrix, `after` the last row of the page of a list before.
    """

    language: Language = "en"
    period: Period = "30d"
    first: date | None = None
    last: date | None = None
    compare: Comparison = "previous"
    conversion_type: str | None = None
    models: tuple[str, ...] = ()
    basis: DateBasis = "conversion"
    channel: str | None = None
    campaign: str | None = None
    customers: Customers = "all"
    platform: str | None = None
    currency: str | None = None
    run: str | None = None
    open: str | None = None
    after: str | None = None

    def view(self, as_of: date, timezone: str = "UTC") -> View:
        """The view of the published tables; `timezone` is the zone of reporting days.

        UsageError when the first day is later than the last.
        """
        first, last = self.days(as_of)
        return View(
            first_day=first,
            last_day=last,
            conversion_type=self.conversion_type,
            models=self.models or None,
            date_basis=self.basis,
            language=self.language,
            channel=self.channel,
            campaign=self.campaign,
            customers=self.customers,
            platform=self.platform,
            currency=self.currency,
            timezone=timezone,
        )

    def days(self, as_of: date) -> tuple[date | None, date | None]:
        """The first and the last day, None = no bound."""
        if self.first or self.last:
            return self.first, self.last
        days = PERIOD_DAYS[self.period]
        return (as_of - timedelta(days=days - 1), as_of) if days else (None, as_of)

    def view_before(self, as_of: date, timezone: str = "UTC") -> View | None:
        """The view of the days that these are compared with; None where nothing is compared or a bound is missing."""
        first, last = self.days(as_of)
        if self.compare == "none" or first is None or last is None:
            return None
        back = timedelta(days=YEAR) if self.compare == "year" else last - first + timedelta(days=1)
        return replace(self.view(as_of, timezone), first_day=first - back, last_day=last - back)

    def query(self, **changes: Any) -> str:
        """The query of an address with these changes: `?` and what differs from the defaults, or nothing."""
        asked = replace(self, **changes)
        named = {
            "lang": asked.language,
            "period": None if asked.first or asked.last or asked.period == DEFAULT.period else asked.period,
            "from": asked.first,
            "to": asked.last,
            "compare": None if asked.compare == DEFAULT.compare else asked.compare,
            "type": asked.conversion_type,
            "models": ",".join(asked.models),
            "basis": None if asked.basis == DEFAULT.basis else asked.basis,
            "channel": asked.channel,
            "campaign": asked.campaign,
            "customers": None if asked.customers == DEFAULT.customers else asked.customers,
            "platform": asked.platform,
            "currency": asked.currency,
            "run": asked.run,
            "open": asked.open,
            "after": asked.after,
        }
        text = urlencode({name: str(value) for name, value in named.items() if value})
        return f"?{text}" if text else ""


DEFAULT = Asked()


def no_such(what: str, name: str, known: tuple[str, ...]) -> UsageError:
    """The error of a name that is not there."""
    return UsageError(f"no {what} is called {name[:80]!r}; there are: {', '.join(known)}")
