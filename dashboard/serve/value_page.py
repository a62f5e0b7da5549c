"""The page of value: what customers have brought, what they are expected to bring, and by which channel they came."""

from __future__ import annotations

from dashboard import formats
from dashboard.channel_value_panels import payback_panel, value_to_cost_panel
from dashboard.chart_svg import chart_of
from dashboard.first_week_panel import MOST_CAMPAIGNS, first_week_panel
from dashboard.forecasts_panel import forecasts_panel
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.cohort_panels import cohort_expected_panel, cohort_retention_panel, cohort_value_panel
from dashboard.serve.context import Context
from dashboard.serve.page import Page, Part, of
from dashboard.serve.persons import wants_file
from dashboard.serve.repeat_rates_panel import repeat_rates_panel
from dashboard.serve.short import short
from dashboard.words import Words
from published.value_by_channel import ValueByChannel, read_value_by_channel
from warehouse.terms import UNATTRIBUTED


def value_by_channel_panel(context: Context) -> Panel:
    """The expected value of each acquisition channel's customers, per customer and together, with both intervals."""
    words, title = context.words, context.words("value_by_channel.title")
    found = read_value_by_channel(context.published)
    if found is None:
        return Panel("value-by-channel", title, words("value_by_channel.missing"))
    smallest = context.shop.knobs.smallest_count
    shown = sorted(found.channels, key=lambda one: (-(one.each(one.value) or 0), one.channel))
    points = [
        {"channel": short(one.channel), "position": place, "each": one.each(one.value)}
        | {"lower": one.each(one.lower), "upper": one.each(one.upper)}
        for place, one in enumerate(shown)
        if (one.customers or 0) >= smallest and one.upper is not None
    ]
    most = next((one for one in found.channels if one.channel != UNATTRIBUTED), found.channels[0])
    chart = chart_of(
        "value_intervals",
        points,
        words,
        label=words("value_by_channel.label", channels=str(len(points)), days=str(found.days)),
        axis=words("value_by_channel.axis"),
    )
    return Panel(
        "value-by-channel",
        title,
        words(
            "value_by_channel.sentence",
            days=str(found.days),
            channel=most.channel,
            total=words.money(most.value, found.currency),
            interval=_between(most.lower, most.upper, found, words),
        ),
        chart if points else None,
        _table(found, smallest, words),
        note=words(
            "value_by_channel.note",
            level=formats.share(found.level),
            day=words.day(found.as_of),
            number=str(smallest),
        ),
    )


def _table(found: ValueByChannel, smallest: int, words: Words) -> PageTable:
    currency = found.currency
    return PageTable(
        caption=words("value_by_channel.caption", days=str(found.days), currency=words.currency(currency)),
        columns=(
            Column(words("value_by_channel.channel"), numeric=False),
            Column(words("value_by_channel.customers")),
            Column(words("value_by_channel.each")),
            Column(words("value_by_channel.each_interval")),
            Column(words("value_by_channel.together")),
            Column(words("value_by_channel.interval"), hint=words("value_by_channel.interval_hint")),
            Column(
                words("value_by_channel.interval_if_model_holds"),
                hint=words("value_by_channel.interval_if_model_holds_hint"),
            ),
            Column(words("value_by_channel.purchases")),
        ),
        rows=table_rows(
            [
                (
                    Figure(f"{short(one.channel)}{' †' if (one.customers or 0) < smallest else ''}", one.channel),
                    formats.count(one.customers),
                    formats.amount(one.each(one.value), currency),
                    _between(one.each(one.lower), one.each(one.upper), found, words),
                    formats.amount(one.value, currency),
                    _between(one.lower, one.upper, found, words),
                    _between(one.lower_if_model_holds, one.upper_if_model_holds, found, words),
                    formats.count(one.purchases),
                )
                for one in found.channels
            ]
        ),
    )


def _between(low: float | None, high: float | None, found: ValueByChannel, words: Words) -> str:
    if low is None:
        return formats.amount(None, found.currency)
    start = formats.amount(low, found.currency)
    if high is None:
        return words("forecasts.from", low=start)
    return words.between(start, formats.amount(high, found.currency))


def ltv_to_cac_panel(context: Context) -> Panel:
    """Customer value for each unit of what it cost to win the customer."""
    found, words = value_to_cost_panel(context.figures, context.words), context.words
    return found or Panel("ltv-cac", words("value_to_cost.title"), words("value_to_cost.missing"))


def payback_of_channels_panel(context: Context) -> Panel:
    """At which age a channel's customers have brought what they cost."""
    found, words = payback_panel(context.figures, context.words), context.words
    return found or Panel("payback", words("payback.title"), words("payback.missing"))


def first_week_of_campaigns_panel(context: Context) -> Panel:
    """What the new users of each campaign will bring, as their first week shows it; a file has all campaigns."""
    words, most = context.words, None if wants_file(context) else MOST_CAMPAIGNS
    smallest = context.shop.knobs.smallest_count
    found = first_week_panel(context.figures, words, smallest=smallest, most=most, shown=short)
    return found or Panel("first-week", words("first_week.title"), words("first_week.missing"))


PAGE = Page(
    "value",
    (
        Part("forecasts", "forecasts.title", of(forecasts_panel)),
        Part("value-by-channel", "value_by_channel.title", value_by_channel_panel),
        Part("cohort-value", "cohort_value.title", cohort_value_panel),
        Part("cohort-expected", "cohort_expected.title", cohort_expected_panel),
        Part("cohort-retention", "cohort_retention.title", cohort_retention_panel),
        Part("repeat-rates", "repeat_rates.title", repeat_rates_panel),
        Part("ltv-cac", "value_to_cost.title", ltv_to_cac_panel),
        Part("payback", "payback.title", payback_of_channels_panel),
        Part("first-week", "first_week.title", first_week_of_campaigns_panel),
    ),
)
