"""Whether the customers of some channels buy again more often."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.short import short
from published.repeat_rates import read_repeat_rates


def repeat_rates_panel(context: Context) -> Panel:
    """The share of each channel's customers who bought again by an age that most channels have reached."""
    words, title = context.words, context.words("repeat_rates.title")
    found = read_repeat_rates(context.published)
    if found is None:
        return Panel("repeat-rates", title, words("repeat_rates.missing"))
    months = words.counted("month", found.age)
    rows = [
        [
            Figure(short(each.channel), each.channel),
            formats.count(each.customers),
            formats.count(each.repeat_customers),
            formats.share(each.rate, 1),
            words.between(formats.share(each.lower, 1), formats.share(each.upper, 1)),
        ]
        for each in found.channels
    ]
    table = PageTable(
        caption=words("repeat_rates.caption", months=months),
        columns=(
            Column(words("repeat_rates.channel"), numeric=False),
            Column(words("repeat_rates.customers"), hint=words("repeat_rates.customers_hint")),
            Column(words("repeat_rates.repeat_customers")),
            Column(words("repeat_rates.rate")),
            Column(words("repeat_rates.interval"), numeric=False),
        ),
        rows=table_rows(rows),
    )
    smallest = context.shop.knobs.smallest_count
    many = [each for each in found.channels if each.customers >= smallest] or found.channels
    most = many[0]
    apart = [each.channel for each in many if each.upper < most.lower]
    figures = {"channel": short(most.channel), "rate": formats.share(most.rate, 1), "months": months}
    sentence = (
        words("repeat_rates.sentence", **figures, others=words.listed([short(name) for name in apart]))
        if apart
        else words("repeat_rates.alike", **figures)
    )
    return Panel("repeat-rates", title, sentence, None, table, note=words("repeat_rates.note"))
