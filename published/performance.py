"""What each channel cost and earned under every model, in total and by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from published.choices import read_choices
from published.credited import performance_source
from published.delta_files import Row
from published.publication import Published, quoted
from published.view import View
from warehouse.errors import UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

ZERO = Decimal(0)


@dataclass(frozen=True)
class ChannelFigures:
    """One channel over the days of the view: its spend, and its credited net value and conversions per model."""

    channel: str
    spend: Decimal
    value: dict[str, Decimal]
    conversions: dict[str, float]

    def roas(self, model: str) -> float | None:
        """Credited net value per unit of spend; None without spend."""
        return ratio(self.value[model], self.spend)


@dataclass(frozen=True)
class DayFigures:
    """All channels with spend together, on one day or in the seven days that end on it, under the time model."""

    day: date
    spend: Decimal
    value_by_touch: Decimal
    value_by_conversion: Decimal


@dataclass(frozen=True)
class Performance:
    """The figures of gold.channel_performance in one view.

    `conversion_type` is the type whose money is shown: the view's, otherwise the type with the most net value (ties by
    conversions, then by name). `reference` is the model that the others are compared with: last_touch if published.
    `time_model` is the model of the figures by day: linear if published, because under last_touch the touch date and
    the conversion date hardly differ. `channels` are sorted by ROAS under `reference`; channels without spend follow,
    sorted by value. `days` cover the channels with spend. first_day and last_day are the first and the last day with
    spend or a conversion.
    """

    conversion_type: str
    currency: str
    models: tuple[str, ...]
    reference: str
    time_model: str
    channels: tuple[ChannelFigures, ...]
    days: tuple[DayFigures, ...]
    first_day: date
    last_day: date
    conversions_by_type: dict[str, float]
    gross_value: Decimal
    new_customers: float

    @property
    def total(self) -> ChannelFigures:
        """All channels together; `channel` is empty."""
        return ChannelFigures(
            "",
            sum((channel.spend for channel in self.channels), ZERO),
            {model: sum((channel.value[model] for channel in self.channels), ZERO) for model in self.models},
            {model: sum(channel.conversions[model] for channel in self.channels) for model in self.models},
        )

    @property
    def paid(self) -> tuple[ChannelFigures, ...]:
        """The channels with spend."""
        return tuple(channel for channel in self.channels if channel.spend > 0)

    @property
    def weeks(self) -> tuple[DayFigures, ...]:
        """`days` summed to periods of seven days that end on the last day, oldest first.

        Only whole periods since spend began; if there is no whole one, the partial one.
        """
        days_with_spend = [day.day for day in self.days if day.spend > 0]
        if not days_with_spend:
            return ()
        last = max(day.day for day in self.days if day.spend > 0 or day.value_by_conversion != 0)
        weeks: dict[date, DayFigures] = {}
        for day in self.days:
            end = last - timedelta(days=(last - day.day).days // 7 * 7)
            before = weeks.get(end, DayFigures(end, ZERO, ZERO, ZERO))
            weeks[end] = DayFigures(
                end,
                before.spend + day.spend,
                before.value_by_touch + day.value_by_touch,
                before.value_by_conversion + day.value_by_conversion,
            )
        since_spend = [weeks[end] for end in sorted(weeks) if end >= days_with_spend[0]]
        whole = [week for week in since_spend if week.day - timedelta(days=6) >= days_with_spend[0]]
        return tuple(whole or since_spend)


def read_performance(published: Published, view: View) -> Performance | None:
    """The figures of the published gold.channel_performance; None if it is not published or empty.

    The view's days filter rows by date; no row later than the publication's as_of counts. Credit is dated by the view's
    date basis; `days` have both bases. UsageError when the view names an unknown model or type, or days without a row
    of the type.
    """
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return None
    choices = read_choices(published, view)
    if not choices.models:
        return None
    models, conversion_type = choices.models_of(view), choices.type_of(view)
    rows = _credited(published, view, models)
    of_type = [row for row in rows if row["conversion_type"] == conversion_type]
    if not of_type:
        raise UsageError(_nothing_in_days(published, view, conversion_type))
    reference = models[0]
    time_model = "linear" if "linear" in models else reference
    of_reference = [row for row in rows if row["model"] == reference]
    by_type = {conversion_type: 0.0}
    for row in of_reference:
        by_type[row["conversion_type"]] = by_type.get(row["conversion_type"], 0.0) + row["conversions"]
    credited = [row for row in of_reference if row["conversion_type"] == conversion_type]
    return Performance(
        conversion_type=conversion_type,
        currency=rows[0]["currency"],
        models=models,
        reference=reference,
        time_model=time_model,
        channels=tuple(sorted(_channels(of_type, models), key=lambda channel: _by_roas(channel, reference))),
        days=_days(published, view, conversion_type, time_model),
        first_day=min(row["first_day"] for row in rows),
        last_day=max(row["last_day"] for row in rows),
        conversions_by_type=by_type,
        gross_value=sum((row["gross_value"] for row in credited), ZERO),
        new_customers=sum(row["new_customers"] for row in credited),
    )


def ratio(part: Decimal | float, whole: Decimal | float) -> float | None:
    """part / whole; None if whole is 0."""
    return float(part) / float(whole) if whole else None


def _credited(published: Published, view: View, models: tuple[str, ...]) -> list[Row]:
    """One row per model, type, channel and currency within the view's days."""
    # Spend repeats for every model, type and date basis, so each sum here covers one of each.
    source = performance_source(view)
    return published.rows(
        f"""
        select model, conversion_type, channel, currency, sum(spend) as spend, sum(credited_value) as value,
               sum(gross_value) as gross_value, sum(credited_conversions) as conversions,
               sum(new_customers) as new_customers, min(date) as first_day, max(date) as last_day
        from {source.sql}
        where date_basis = '{view.date_basis}' and {view.within} and {until_as_of(published)}
              and model in ({", ".join(map(quoted, models))})
        group by model, conversion_type, channel, currency order by channel, model
        """,
        *source.tables,
    )


def until_as_of(published: Published) -> str:
    """Only days up to as_of count: a single order dated ten years ahead must not move the last day of the page."""
    return f"date <= date '{published.as_of.isoformat()}'"


def _nothing_in_days(published: Published, view: View, conversion_type: str) -> str:
    days = published.rows(
        f"""
        select min(date) as first_day, max(date) as last_day from gold_channel_performance
        where date_basis = '{view.date_basis}' and conversion_type = {quoted(conversion_type)}
          and {until_as_of(published)}
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )[0]
    asked = f"{view.first_day or 'the first day'} to {view.last_day or 'the last day'}"
    known = f"{days['first_day']} to {days['last_day']}" if days["first_day"] else "no day"
    return f"nothing was published of {conversion_type} for {asked}; there is: {known}"


def _by_roas(channel: ChannelFigures, model: str) -> tuple[bool, float, float, str]:
    roas = channel.roas(model)
    return (roas is None, -(roas or 0.0), -float(channel.value[model]), channel.channel)


def _channels(rows: list[Row], models: tuple[str, ...]) -> list[ChannelFigures]:
    # A channel may have credit under one model only; it has its spend under every model.
    channels: dict[str, ChannelFigures] = {}
    for row in rows:
        channel = channels.setdefault(
            row["channel"],
            ChannelFigures(row["channel"], row["spend"], dict.fromkeys(models, ZERO), dict.fromkeys(models, 0.0)),
        )
        channel.value[row["model"]] = row["value"]
        channel.conversions[row["model"]] = row["conversions"]
    return list(channels.values())


def _days(published: Published, view: View, conversion_type: str, model: str) -> tuple[DayFigures, ...]:
    source = performance_source(view)
    rows = published.rows(
        f"""
        with credited as (
            select * from {source.sql}
            where conversion_type = {quoted(conversion_type)} and model = {quoted(model)} and {view.within}
              and {until_as_of(published)}
        ),
        paid as (select channel from credited where date_basis = 'conversion' group by channel having sum(spend) > 0)
        select date,
               sum(case when date_basis = 'conversion' then spend else 0 end) as spend,
               sum(case when date_basis = 'touch' then credited_value else 0 end) as by_touch,
               sum(case when date_basis = 'conversion' then credited_value else 0 end) as by_conversion
        from credited where channel in (select channel from paid) group by date order by date
        """,
        *source.tables,
    )
    return tuple(DayFigures(row["date"], row["spend"], row["by_touch"], row["by_conversion"]) for row in rows)
