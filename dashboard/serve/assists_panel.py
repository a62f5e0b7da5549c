"""Which channels assist conversions that others close."""

from __future__ import annotations

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.metric_cells import metric_column
from dashboard.serve.short import short
from dashboard.words import Words, capital
from published.assists import Assists, ChannelAssists, read_assists
from published.chance import odds_bounds
from published.metrics import metric
from published.performance import ratio
from warehouse.tables import SILVER_JOURNEYS

MOST_DRAWN = 8


def assists_panel(context: Context) -> Panel:
    """Assists by channel beside its last touches; few last touches have the interval of their ratio."""
    words, title = context.words, context.words("assists.title")
    if not context.published.has(SILVER_JOURNEYS):
        return Panel("assists", title, words("journeys.missing"))
    found = read_assists(context.published, context.figures.view)
    if found is None:
        return Panel("assists", title, words("journeys.nothing"))
    smallest = context.shop.knobs.smallest_count
    rows = [
        [
            Figure(short(each.channel), each.channel),
            formats.count(each.assists),
            formats.count(each.last),
            _ratio(each, words, smallest=smallest),
            formats.amount(each.value, found.currency),
            formats.count(each.assisted),
            formats.count(each.conversions),
        ]
        for each in found.channels
    ]
    table = PageTable(
        caption=capital(
            words(
                "assists.caption",
                conversions=words.conversions(found.conversion_type),
                currency=words.currency(found.currency),
            )
        ),
        columns=(
            Column(words("assists.channel"), numeric=False),
            Column(words("assists.assists"), hint=words("assists.assists_hint")),
            Column(words("assists.last")),
            Column(words("assists.ratio"), hint=words("assists.ratio_hint")),
            Column(words("assists.value")),
            metric_column(metric("assisted_conversions"), words),
            Column(words("assists.in_path")),
        ),
        rows=table_rows(rows),
    )
    bars = [
        {"name": short(each.channel), "position": place, "series": series, "value": count}
        for place, each in enumerate(found.channels[:MOST_DRAWN])
        for series, count in ((words("assists.assists"), each.assists), (words("assists.last"), each.last))
    ]
    label = words("assists.label", channels=words.counted("channel", min(len(found.channels), MOST_DRAWN)))
    chart = chart_of("grouped_bars", bars, words, label=label, key="assists", axis=words("assists.axis"), format=",d")
    return Panel(
        "assists",
        title,
        _sentence(found, words),
        chart,
        table,
        note=words("assists.note", number=str(smallest)),
    )


def _ratio(each: ChannelAssists, words: Words, *, smallest: int) -> str:
    text = formats.multiple(each.ratio)
    bounds = odds_bounds(each.assists, each.last)
    if each.ratio is None or bounds is None or each.last >= smallest:
        return text
    low, high = (formats.multiple(bound) for bound in bounds)
    shown = words("few.figure", figure=text, low=low, high=high, number=formats.count(each.last))
    return Figure(shown, each.ratio)


def _sentence(found: Assists, words: Words) -> str:
    most = found.channels[0]
    counted = words.counted_conversions(found.conversion_type, found.conversions)
    if not most.assists:
        return words("assists.none", conversions=counted)
    return words(
        "assists.sentence",
        part=formats.share(ratio(found.with_assist, found.conversions)),
        conversions=counted,
        channel=short(most.channel),
        assists=formats.count(most.assists),
        last=formats.count(most.last),
    )
