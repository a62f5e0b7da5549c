"""What each channel cost and earned under every model, in total and by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from dashboard.report_data import Published, Row, quoted
from warehouse.model_order import MODEL_ORDER
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

ZERO = Decimal(0)


@dataclass(frozen=True)
class ChannelFigures:
    """One channel over all days: spend, and per model the net value and conversions credited to it."""

    channel: str
    spend: Decimal
    value: dict[str, Decimal]
    conversions: dict[str, float]

    def roas(self, model: str) -> float | None:
        """Credited net value per unit of spend; None without spend."""
        return ratio(self.value[model], self.spend)


@dataclass(frozen=True)
class DayFigures:
    """The channels with spend together, on one day or in the seven days that end on it, under the time model."""

    day: date
    spend: Decimal
    value_by_touch: Decimal
    value_by_conversion: Decimal


@dataclass(frozen=True)
class Performance:
    """gold.channel_performance in figures.

    `conversion_type` is the type with the most net value (then the most conversions, then by name): the one that
    money is told of. `reference` is the model that others are compared with: last_touch where it is there. `time_model`
    is the one figures by day are under: linear where it is there, since last_touch hardly parts touch from conversion.
    `channels` are sorted by ROAS under it; those without spend follow, by their value. `days` are those of the channels
    with spend; first_day and last_day are the first and last with spend or a conversion.
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
        """All channels together, under the name 'All channels'."""
        return ChannelFigures(
            "All channels",
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

        Only whole periods since spend began; where there is none, what there is.
        """
        spent = [day.day for day in self.days if day.spend > 0]
        if not spent:
            return ()
        last = max(day.day for day in self.days if day.spend > 0 or day.value_by_conversion != 0)
        found: dict[date, DayFigures] = {}
        for day in self.days:
            end = last - timedelta(days=(last - day.day).days // 7 * 7)
            before = found.get(end, DayFigures(end, ZERO, ZERO, ZERO))
            found[end] = DayFigures(
                end,
                before.spend + day.spend,
                before.value_by_touch + day.value_by_touch,
                before.value_by_conversion + day.value_by_conversion,
            )
        some = [found[end] for end in sorted(found) if end >= spent[0]]
        whole = [week for week in some if week.day - timedelta(days=6) >= spent[0]]
        return tuple(whole or some)


def read_performance(published: Published) -> Performance | None:
    """The figures of the published gold.channel_performance; None when it is not published or empty."""
    if not published.has(GOLD_CHANNEL_PERFORMANCE):
        return None
    # Spend repeats for every model, type and date basis: every sum here stays within one of each.
    rows = published.rows(
        """
        select model, conversion_type, channel, currency, sum(spend) as spend, sum(credited_value) as value,
               sum(gross_value) as gross_value, sum(credited_conversions) as conversions,
               sum(new_customers) as new_customers, min(date) as first_day, max(date) as last_day
        from gold_channel_performance where date_basis = 'conversion'
        group by model, conversion_type, channel, currency order by channel, model
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    if not rows:
        return None
    models = tuple(sorted({row["model"] for row in rows}, key=_rank))
    reference = models[0]
    time_model = "linear" if "linear" in models else reference
    conversion_type = _told_type([row for row in rows if row["model"] == reference])
    told = [row for row in rows if row["conversion_type"] == conversion_type]
    channels = _channels(told, models)
    of_reference = [row for row in told if row["model"] == reference]
    by_type: dict[str, float] = {}
    for row in rows:
        if row["model"] == reference:
            by_type[row["conversion_type"]] = by_type.get(row["conversion_type"], 0.0) + row["conversions"]
    return Performance(
        conversion_type=conversion_type,
        currency=rows[0]["currency"],
        models=models,
        reference=reference,
        time_model=time_model,
        channels=tuple(sorted(channels, key=lambda channel: _by_roas(channel, reference))),
        days=_days(published, conversion_type, time_model),
        first_day=min(row["first_day"] for row in rows),
        last_day=max(row["last_day"] for row in rows),
        conversions_by_type=by_type,
        gross_value=sum((row["gross_value"] for row in of_reference), ZERO),
        new_customers=sum(row["new_customers"] for row in of_reference),
    )


def ratio(part: Decimal | float, whole: Decimal | float) -> float | None:
    """part / whole; None where whole is 0."""
    return float(part) / float(whole) if whole else None


def _rank(model: str) -> tuple[int, str]:
    return (MODEL_ORDER.index(model) if model in MODEL_ORDER else len(MODEL_ORDER), model)


def _by_roas(channel: ChannelFigures, model: str) -> tuple[bool, float, float, str]:
    roas = channel.roas(model)
    return (roas is None, -(roas or 0.0), -float(channel.value[model]), channel.channel)


def _told_type(rows: list[Row]) -> str:
    value: dict[str, tuple[Decimal, float]] = {}
    for row in rows:
        money, conversions = value.get(row["conversion_type"], (ZERO, 0.0))
        value[row["conversion_type"]] = (money + row["value"], conversions + row["conversions"])
    return min(value, key=lambda name: (-value[name][0], -value[name][1], name))


def _channels(rows: list[Row], models: tuple[str, ...]) -> list[ChannelFigures]:
    # A model may credit nothing to a channel that another one credits; its spend stands under every model.
    found: dict[str, ChannelFigures] = {}
    for row in rows:
        channel = found.setdefault(
            row["channel"],
            ChannelFigures(row["channel"], row["spend"], dict.fromkeys(models, ZERO), dict.fromkeys(models, 0.0)),
        )
        channel.value[row["model"]] = row["value"]
        channel.conversions[row["model"]] = row["conversions"]
    return list(found.values())


def _days(published: Published, conversion_type: str, model: str) -> tuple[DayFigures, ...]:
    rows = published.rows(
        f"""
        with told as (
            select * from gold_channel_performance
            where conversion_type = {quoted(conversion_type)} and model = {quoted(model)}
        ),
        paid as (select channel from told where date_basis = 'conversion' group by channel having sum(spend) > 0)
        select date,
               sum(case when date_basis = 'conversion' then spend else 0 end) as spend,
               sum(case when date_basis = 'touch' then credited_value else 0 end) as by_touch,
               sum(case when date_basis = 'conversion' then credited_value else 0 end) as by_conversion
        from told where channel in (select channel from paid) group by date order by date
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    return tuple(DayFigures(row["date"], row["spend"], row["by_touch"], row["by_conversion"]) for row in rows)
