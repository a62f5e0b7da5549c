"""Which small steps predict a conversion, beside visits without them."""

from __future__ import annotations

from collections.abc import Callable

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.words import Words, capital
from published.small_steps import SmallStep, SmallSteps, read_small_steps
from warehouse.tables import GOLD_CONVERSION_LINKS

MOST_DRAWN = 8


def small_steps_panel(context: Context) -> Panel:
    """Visits with each step and how many of them were followed by the conversion, beside visits without it."""
    words, title = context.words, context.words("small_steps.title")
    if not context.published.has(GOLD_CONVERSION_LINKS):
        return Panel("small-steps", title, words("small_steps.missing"))
    found = read_small_steps(context.published, context.figures.view)
    if found is None:
        return Panel("small-steps", title, words("small_steps.nothing"))
    days, conversion = str(found.within_days), words.conversion(found.conversion_type)
    rows = [
        [
            Figure(short(words.conversion(each.step)), each.step),
            formats.count(each.visits),
            formats.share(each.probability),
            _between(each.lower, each.upper, formats.share, words),
            formats.share(each.other_probability),
            formats.multiple(each.lift),
            _between(each.lift_lower, each.lift_upper, formats.multiple, words),
        ]
        for each in found.steps
    ]
    table = PageTable(
        caption=capital(words("small_steps.caption", days=days, conversion=conversion)),
        columns=(
            Column(words("small_steps.step"), numeric=False),
            Column(words("small_steps.visits"), hint=words("small_steps.visits_hint")),
            Column(words("small_steps.followed")),
            Column(words("small_steps.interval"), numeric=False),
            Column(words("small_steps.others"), hint=words("small_steps.others_hint")),
            Column(words("small_steps.lift"), hint=words("small_steps.lift_hint")),
            Column(words("small_steps.lift_interval"), numeric=False),
        ),
        rows=table_rows(rows),
    )
    bars = [
        {"name": short(words.conversion(each.step)), "position": place, "series": series, "value": part}
        for place, each in enumerate(found.steps[:MOST_DRAWN])
        for series, part in (
            (words("small_steps.with"), each.probability),
            (words("small_steps.without"), each.other_probability or 0.0),
        )
    ]
    label = words("small_steps.label", conversion=conversion)
    chart = chart_of(
        "grouped_bars", bars, words, label=label, key="small-steps", axis=words("small_steps.axis"), format=".0%"
    )
    return Panel("small-steps", title, _sentence(found, words), chart, table, note=words("small_steps.note"))


def _between(lower: float | None, upper: float | None, form: Callable[[float], str], words: Words) -> str:
    if lower is None or upper is None:
        return formats.MISSING
    return words.between(form(lower), form(upper))


def _sentence(found: SmallSteps, words: Words) -> str:
    sure = [each for each in found.steps if each.lift_lower is not None and each.lift_lower > 1]
    conversion = words.conversion(found.conversion_type)
    if not sure:
        return words("small_steps.none", conversion=conversion, days=str(found.within_days))
    most: SmallStep = sure[0]
    return words(
        "small_steps.sentence",
        part=formats.share(most.probability),
        step=words.conversion(most.step),
        days=str(found.within_days),
        conversion=conversion,
        other=formats.share(most.other_probability),
        lift=formats.multiple(most.lift),
    )
