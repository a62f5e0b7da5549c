"""The panels about channels: ROAS under every model, and how credit changes with the model."""

from __future__ import annotations

from decimal import Decimal

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Chart, Column, PageTable, Panel, columns, table_rows
from dashboard.words import Words, capital
from published.figures import Figures
from published.performance import ChannelFigures, Performance, ratio

# The range of the log axis: ROAS outside it is drawn at its ends; the table has the exact figures.
DRAWN_ROAS = (0.05, 50.0)
FEW_CONVERSIONS = 30


def roas_panel(figures: Figures, words: Words) -> Panel:
    """ROAS by channel under every model."""
    performance = figures.performance
    if performance is None:
        return Panel("roas", words("roas.title"), words("roas.missing"))
    note = words("roas.note", model=words.model(performance.reference))
    if any(_is_few(performance, channel) for channel in performance.channels):
        note += words("roas.few", number=str(FEW_CONVERSIONS))
    return Panel(
        "roas",
        words("roas.title"),
        roas_sentence(performance, words),
        _roas_chart(performance, words),
        _roas_table(performance, words),
        note=note,
    )


def roas_sentence(performance: Performance, words: Words) -> str:
    """ROAS of the channel with the most spend, under the reference model and the model that differs most from it."""
    if not performance.paid:
        return words("roas.no_spend")
    channel = max(performance.paid, key=lambda paid: (paid.spend, paid.channel))
    reference, currency = performance.reference, performance.currency
    base = channel.roas(reference) or 0.0
    compared = below = ""
    others = [model for model in performance.models if model != reference]
    if others:
        furthest = max(others, key=lambda model: abs((channel.roas(model) or 0.0) - base))
        back = words.back(channel.roas(furthest), currency)
        compared = words("roas.compared", model=words.model(furthest), back=back)
    losing = [c.channel for c in performance.paid if all((c.roas(m) or 0.0) < 1 for m in performance.models)]
    if len(losing) == 1:
        below = words("roas.below.one", channels=losing[0])
    elif losing:
        below = words("roas.below.other", channels=words.listed(losing))
    return words(
        "roas.sentence",
        currency=words.currency(currency),
        channel=channel.channel,
        model=words.model(reference),
        back=words.back(base, currency),
        compared=compared,
        below=below,
    )


def comparison_panel(figures: Figures, words: Words) -> Panel | None:
    """The credited value of each model compared with the reference model; None without channel performance."""
    performance = figures.performance
    if performance is None:
        return None
    title, name = words("models_compared.title"), words.model(performance.reference)
    if len(performance.models) == 1:
        return Panel("models", title, words("models_compared.alone", model=name))
    return Panel(
        "models",
        title,
        comparison_sentence(performance, words),
        _comparison_chart(performance, words),
        _comparison_table(performance, words),
        note=words("models_compared.note"),
    )


def comparison_sentence(performance: Performance, words: Words) -> str:
    """The model that differs most from the reference model: the value it moves, and the channels that gain and lose."""
    reference = performance.reference
    moved = {
        model: sum(abs(_moved(channel, model, reference)) for channel in performance.channels) / 2
        for model in performance.models
        if model != reference
    }
    model = max(moved, key=lambda name: moved[name])
    if not moved[model]:
        return words("models_compared.same", model=words.model(reference))
    gains = sorted(performance.channels, key=lambda channel: _moved(channel, model, reference))
    return words(
        "models_compared.sentence",
        reference=words.model(reference),
        model=words.model(model),
        money=words.money(moved[model], performance.currency),
        part=formats.share(ratio(moved[model], performance.total.value[reference])),
        gaining=gains[-1].channel,
        losing=gains[0].channel,
    )


def _is_few(performance: Performance, channel: ChannelFigures) -> bool:
    return channel.conversions[performance.reference] < FEW_CONVERSIONS


def _roas_chart(performance: Performance, words: Words) -> Chart | None:
    dots = [
        {
            "channel": channel.channel,
            "position": position,
            "model": capital(words.model(model)),
            "roas": min(max(channel.roas(model) or 0.0, DRAWN_ROAS[0]), DRAWN_ROAS[1]),
        }
        for position, channel in enumerate(performance.paid)
        for model in performance.models
    ]
    if not dots:
        return None
    label = words("roas.label", channels=str(len(performance.paid)), models=str(len(performance.models)))
    return chart_of("roas_by_channel", dots, words, axis=words("roas.axis"), label=label)


def _roas_table(performance: Performance, words: Words) -> PageTable:
    reference = words.model(performance.reference)
    caption = words(
        "roas.caption",
        conversions=words.conversions(performance.conversion_type),
        currency=words.currency(performance.currency),
    )
    rows = [
        _roas_row(
            performance,
            words,
            channel,
            Figure(channel.channel + (" †" if _is_few(performance, channel) else ""), channel.channel),
        )
        for channel in performance.channels
    ]
    return PageTable(
        caption=caption,
        columns=(
            Column(words("roas.channel"), numeric=False),
            Column(words("roas.spend")),
            Column(words("roas.conversions"), hint=words("roas.conversions_hint", model=reference)),
            Column(words("roas.net_value"), hint=words("roas.net_value_hint", model=reference)),
            *(Column(capital(words.model(model)), hint=words("roas.model_hint")) for model in performance.models),
        ),
        rows=table_rows(rows),
        foot=_roas_row(performance, words, performance.total, words("page.all_channels")),
    )


def _roas_row(performance: Performance, words: Words, channel: ChannelFigures, name: str) -> tuple[str, ...]:
    return (
        name,
        formats.amount(channel.spend, performance.currency),
        formats.count(channel.conversions[performance.reference], 1),
        formats.amount(channel.value[performance.reference], performance.currency),
        *(words.roas(channel.roas(model)) for model in performance.models),
    )


def _name(performance: Performance, channel: ChannelFigures) -> Figure:
    return Figure(channel.channel + (" †" if _is_few(performance, channel) else ""), channel.channel)


def _by_change(performance: Performance) -> list[ChannelFigures]:
    """The channels, sorted by the largest change that any model makes."""
    reference = performance.reference

    def change(channel: ChannelFigures) -> Decimal:
        return max(abs(_moved(channel, model, reference)) for model in performance.models)

    return sorted(performance.channels, key=lambda channel: (-change(channel), channel.channel))


def _comparison_chart(performance: Performance, words: Words) -> Chart:
    dots = [
        {
            "channel": channel.channel,
            "position": position,
            "model": capital(words.model(model)),
            "change": float(_moved(channel, model, performance.reference)),
        }
        for position, channel in enumerate(_by_change(performance))
        for model in performance.models  # the reference too (at 0): a model has one colour in all charts
    ]
    label = words(
        "models_compared.label",
        channels=str(len(performance.channels)),
        model=words.model(performance.reference),
    )
    return chart_of("model_comparison", dots, words, axis=words("models_compared.axis"), label=label)


def _comparison_table(performance: Performance, words: Words) -> PageTable:
    reference, currency = performance.reference, performance.currency
    others = [model for model in performance.models if model != reference]
    rows = [
        [
            channel.channel,
            formats.count(channel.conversions[reference], 1),
            formats.amount(channel.value[reference], currency),
            *(formats.change(ratio(_moved(channel, model, reference), channel.value[reference])) for model in others),
        ]
        for channel in _by_change(performance)
    ]
    return PageTable(
        caption=words("models_compared.caption", model=words.model(reference), currency=words.currency(currency)),
        columns=columns(
            words("models_compared.channel"),
            words("models_compared.conversions"),
            words("models_compared.net_value"),
            *(capital(words.model(model)) for model in others),
        ),
        rows=table_rows(rows),
    )


def _moved(channel: ChannelFigures, model: str, reference: str) -> Decimal:
    return channel.value[model] - channel.value[reference]
