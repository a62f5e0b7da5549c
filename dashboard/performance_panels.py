"""The panels about channels: ROAS under every model, and what changes with the model."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import draw_chart
from dashboard.panels import Chart, Column, PageTable, Panel, columns, table_rows
from dashboard.performance import ChannelFigures, Performance, ratio
from dashboard.time_panels import time_panels

# What the log axis can show; the table has the figures themselves.
DRAWN_ROAS = (0.05, 50.0)
FEW_CONVERSIONS = 30


def performance_panels(performance: Performance | None) -> tuple[Panel, ...]:
    """Every panel about channels, or one that says why there is none."""
    if performance is None:
        missing = "Channel performance is not published yet: `distributary pipeline` makes it."
        return (Panel("roas", "Return on ad spend by channel", missing),)
    return (roas_panel(performance), comparison_panel(performance), *time_panels(performance))


def roas_panel(performance: Performance) -> Panel:
    """ROAS by channel under every model."""
    reference, currency, total = performance.reference, performance.currency, performance.total
    few = [c.channel for c in performance.channels if c.conversions[reference] < FEW_CONVERSIONS]
    drawn = [
        {
            "channel": channel.channel,
            "position": position,
            "model": formats.title(model),
            "roas": min(max(channel.roas(model) or 0.0, DRAWN_ROAS[0]), DRAWN_ROAS[1]),
        }
        for position, channel in enumerate(performance.paid)
        for model in performance.models
    ]
    table = PageTable(
        caption=f"ROAS by channel and model; {formats.plain(performance.conversion_type)}s, amounts in {currency}",
        columns=(
            Column("Channel", numeric=False),
            Column("Spend"),
            Column("Conversions", hint=f"credited by {formats.plain(reference)}"),
            Column("Net value", hint=f"credited by {formats.plain(reference)}, net of refunds"),
            *(
                Column(formats.title(model), hint="credited net value for each unit of spend")
                for model in performance.models
            ),
        ),
        rows=table_rows([_roas_row(performance, found, mark=found.channel in few) for found in performance.channels]),
        foot=_roas_row(performance, total),
    )
    note = f"Conversions and net value are those of {formats.plain(reference)}; – means no spend, so no ROAS."
    if few:
        note += f" † fewer than {FEW_CONVERSIONS} conversions: read the row with care."
    chart = None
    if drawn:
        label = (
            f"Dot chart of ROAS for {len(performance.paid)} channels with spend under {len(performance.models)} "
            "models; a dashed line marks 1.0, where a channel earns what it costs."
        )
        chart = Chart(draw_chart("roas_by_channel", drawn), label)
    return Panel("roas", "Return on ad spend by channel", roas_sentence(performance), chart, table, note=note)


def roas_sentence(performance: Performance) -> str:
    """What came back for each unit of spend on the channel that costs most, under two models that differ most."""
    if not performance.paid:
        return "No ad spend is on record for these days, so there is no return on it to show."
    channel = max(performance.paid, key=lambda found: (found.spend, found.channel))
    reference = performance.reference
    base = channel.roas(reference) or 0.0
    said = (
        f"For every 1 {performance.currency} spent on {channel.channel}, {formats.plain(reference)} says "
        f"{formats.roas(base)} came back"
    )
    others = [model for model in performance.models if model != reference]
    if others:
        furthest = max(others, key=lambda model: abs((channel.roas(model) or 0.0) - base))
        said += f", {formats.plain(furthest)} {formats.roas(channel.roas(furthest))}"
    losing = [c.channel for c in performance.paid if all((c.roas(m) or 0.0) < 1 for m in performance.models)]
    if losing:
        verb = "stays" if len(losing) == 1 else "stay"
        said += f"; {formats.listed(losing)} {verb} below 1 under every model"
    return said + "."


def comparison_panel(performance: Performance) -> Panel:
    """Credited value of each model beside the reference model's."""
    reference, currency = performance.reference, performance.currency
    others = [model for model in performance.models if model != reference]
    name = formats.plain(reference)
    title = "What changes with the model"
    if not others:
        return Panel("models", title, f"Only {name} was credited, so there is nothing to compare.")
    by_change = sorted(
        performance.channels,
        key=lambda channel: (-max(abs(_moved(channel, m, reference)) for m in others), channel.channel),
    )
    drawn = [
        {
            "channel": channel.channel,
            "position": position,
            "model": formats.title(model),
            "change": float(_moved(channel, model, reference)),
        }
        for position, channel in enumerate(by_change)
        for model in performance.models  # the reference too, at 0: each model keeps its colour from chart to chart
    ]
    rows = [
        [
            channel.channel,
            formats.count(channel.conversions[reference], 1),
            formats.amount(channel.value[reference], currency),
            *(formats.change(ratio(_moved(channel, model, reference), channel.value[reference])) for model in others),
        ]
        for channel in by_change
    ]
    table = PageTable(
        caption=f"Net value credited by {name} in {currency}, and how far each other model departs from it",
        columns=columns("Channel", "Conversions", "Net value", *(formats.title(model) for model in others)),
        rows=table_rows(rows),
    )
    label = f"Dot chart of the net value that each model gives to {len(by_change)} channels, more or less than {name}."
    chart = Chart(draw_chart("model_comparison", drawn), label)
    note = "A change of model moves credit between channels; totals stay the same, and no direction is good or bad."
    return Panel("models", title, comparison_sentence(performance), chart, table, note=note)


def comparison_sentence(performance: Performance) -> str:
    """The model that moves most value away from the reference model, and between which channels."""
    reference = performance.reference
    moved = {
        model: sum(abs(_moved(channel, model, reference)) for channel in performance.channels) / 2
        for model in performance.models
        if model != reference
    }
    model = max(moved, key=lambda name: moved[name])
    if not moved[model]:
        return f"Every model gives each channel what {formats.plain(reference)} gives it."
    gains = sorted(performance.channels, key=lambda channel: _moved(channel, model, reference))
    part = formats.share(ratio(moved[model], performance.total.value[reference]))
    return (
        f"Against {formats.plain(reference)}, {formats.plain(model)} differs most: it moves "
        f"{formats.money(moved[model], performance.currency)} ({part} of all credited value), "
        f"most of it to {gains[-1].channel} and away from {gains[0].channel}."
    )


def _moved(channel: ChannelFigures, model: str, reference: str) -> Decimal:
    return channel.value[model] - channel.value[reference]


def _roas_row(performance: Performance, channel: ChannelFigures, *, mark: bool = False) -> tuple[str, ...]:
    return (
        channel.channel + (" †" if mark else ""),
        formats.amount(channel.spend, performance.currency),
        formats.count(channel.conversions[performance.reference], 1),
        formats.amount(channel.value[performance.reference], performance.currency),
        *(formats.roas(channel.roas(model)) for model in performance.models),
    )
