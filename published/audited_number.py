"""Which number of gold.channel_performance is audited: its filters, and the SQL that gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from published.choices import read_choices
from published.publication import Published, quoted
from published.view import DateBasis, View
from warehouse.errors import UsageError

DIMENSIONS = ("channel", "source", "medium", "campaign")


@dataclass(frozen=True)
class NumberFilters:
    """The rows of gold.channel_performance that a number is the sum of.

    One model, conversion type and date basis, since spend and credit never add up over several. `first_day` and
    `last_day` are reporting days, both inclusive; None = no first day. A dimension that is None is not filtered; its
    text is as in gold: in lower case but for the channel, '(not set)' where there is none.
    """

    model: str
    conversion_type: str
    date_basis: DateBasis
    first_day: date | None
    last_day: date
    channel: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None

    @property
    def dimensions(self) -> dict[str, str]:
        """The dimensions that are filtered, by name."""
        given = {name: getattr(self, name) for name in DIMENSIONS}
        return {name: text for name, text in given.items() if text is not None}

    @property
    def names_campaign(self) -> bool:
        """Whether a dimension is filtered that touches get from the spend of their campaign."""
        return bool(self.dimensions.keys() - {"channel"})

    @property
    def conditions(self) -> list[str]:
        """The filters as SQL conditions on gold_channel_performance."""
        return [
            f"model = {quoted(self.model)}",
            f"conversion_type = {quoted(self.conversion_type)}",
            f"date_basis = {quoted(self.date_basis)}",
            *([f"date >= date '{self.first_day}'"] if self.first_day else []),
            f"date <= date '{self.last_day}'",
            *self.dimension_conditions,
        ]

    @property
    def dimension_conditions(self) -> list[str]:
        """The filters of dimensions as SQL conditions."""
        return [f"{name} = {quoted(text)}" for name, text in self.dimensions.items()]

    def sql(self, formula: str, name: str, where: str = "") -> str:
        """The query that gives the number: `formula` is an aggregate over the columns of gold.channel_performance, as
        metrics have it, `name` its column, `where` a condition of the metric's own.

        >>> from datetime import date
        >>> from published.audited_number import NumberFilters
        >>> filters = NumberFilters("linear", "purchase", "conversion", None, date(2026, 3, 31), channel="Email")
        >>> print(filters.sql("sum(credited_value)", "credited_value"))
        select sum(credited_value) as credited_value
        from gold_channel_performance
        where model = 'linear'
          and conversion_type = 'purchase'
          and date_basis = 'conversion'
          and date <= date '2026-03-31'
          and channel = 'Email'
        """
        conditions = [*self.conditions, *([f"({where})"] if where else [])]
        joined = "\n  and ".join(conditions)
        return f"select {formula} as {name}\nfrom gold_channel_performance\nwhere {joined}"

    def as_texts(self) -> dict[str, str]:
        """The filters as texts by name, without those that do not filter: what a question about the number names."""
        days = {"first_day": self.first_day and self.first_day.isoformat(), "last_day": self.last_day.isoformat()}
        kinds = {name: getattr(self, name) for name in ("model", "conversion_type", "date_basis")}
        return {name: text for name, text in {**kinds, **days, **self.dimensions}.items() if text is not None}

    def moments(self, column: str, timezone: str) -> list[str]:
        """The days as SQL conditions on a column of moments, by which files are skipped."""
        since = [f"{column} >= {start_of(self.first_day, timezone)}"] if self.first_day else []
        return [*since, f"{column} < {start_of(self.last_day + timedelta(days=1), timezone)}"]


def number_filters(
    published: Published,
    view: View,
    *,
    channel: str | None = None,
    source: str | None = None,
    medium: str | None = None,
    campaign: str | None = None,
    day: date | None = None,
    model: str | None = None,
) -> NumberFilters:
    """The filters of a number in a view; `day` narrows the view's days to one of them.

    `model` None = the first that the view shows. No day later than the publication's as_of counts. UsageError where the
    view or `model` names an unknown one, or `day` is not among the view's days.
    """
    choices = read_choices(published, view)
    models = choices.models_of(view if model is None else View(models=(model,)))
    first, last = view.first_day, min(filter(None, (view.last_day, published.as_of)))
    if day is not None:
        if (first and day < first) or day > last:
            raise UsageError(f"{day} is not among the days that are shown, {first or 'the first'} to {last}")
        first = last = day
    return NumberFilters(
        model=models[0] if models else "",
        conversion_type=choices.type_of(view),
        date_basis=view.date_basis,
        first_day=first,
        last_day=last,
        channel=channel,
        source=source,
        medium=medium,
        campaign=campaign,
    )


def start_of(day: date, timezone: str) -> str:
    """The start of a reporting day, as SQL."""
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(ZoneInfo("UTC"))
    return moment_sql(start)


def moment_sql(moment: datetime) -> str:
    """A moment as SQL."""
    return f"timestamp '{moment.astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%S.%f}Z'"
