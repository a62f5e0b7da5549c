"""How long a conversion takes, in days and in touches."""

from __future__ import annotations

from itertools import pairwise

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.serve.context import Context
from dashboard.words import Words, capital
from published.convert_times import BIN_ENDS, DAY, ConvertTimes, Quartiles, read_convert_times
from warehouse.tables import SILVER_JOURNEYS


def convert_times_panel(context: Context) -> Panel:
    """Time and touches from the first touch to the conversion: a histogram, and the quartiles of both."""
    words, title = context.words, context.words("convert_times.title")
    if not context.published.has(SILVER_JOURNEYS):
        return Panel("convert-times", title, words("journeys.missing"))
    found = read_convert_times(context.published, context.figures.view)
    if found is None:
        return Panel("convert-times", title, words("journeys.nothing"))
    counted = [
        (name, count, count / found.conversions)
        for name, count in zip(_bins(words), found.bins, strict=True)
        # Nothing takes longer than the window: an empty end is left out.
        if count or name != _bins(words)[-1]
    ]
    bars = [{"touches": name, "conversions": count, "share": share} for name, count, share in counted]
    kind = words.conversions(found.conversion_type)
    label = words("convert_times.label", conversions=kind)
    chart = chart_of("touches", bars, words, key="convert-times", axis=words("convert_times.axis"), label=label)
    table = PageTable(
        caption=capital(words("convert_times.caption", conversions=kind)),
        columns=columns(words("convert_times.time"), words("convert_times.conversions"), words("convert_times.share")),
        rows=table_rows([[name, formats.count(count), formats.share(share, 1)] for name, count, share in counted]),
        foot=(words("page.all"), formats.count(found.conversions), ""),
    )
    return Panel(
        "convert-times",
        title,
        _sentence(found, words),
        chart,
        table,
        folded=True,
        note=words("convert_times.note"),
        more=(_quartiles(found, words),),
    )


def _bins(words: Words) -> tuple[str, ...]:
    days = [str(end // DAY) for end in BIN_ENDS]
    return (
        words("convert_times.first_hour"),
        words("convert_times.first_day"),
        *(words("convert_times.days", first=first, last=last) for first, last in pairwise(days[1:])),
        words("convert_times.beyond", days=days[-1]),
    )


def _quartiles(found: ConvertTimes, words: Words) -> PageTable:
    def row(name: str, of: Quartiles, decimals: int) -> list[str]:
        return [name, *(formats.count(value, decimals) for value in (of.lower, of.median, of.upper))]

    return PageTable(
        caption=words("convert_times.quartiles_caption"),
        columns=columns(
            words("convert_times.measure"),
            words("convert_times.lower"),
            words("convert_times.median"),
            words("convert_times.upper"),
        ),
        rows=table_rows(
            [
                row(words("convert_times.in_days"), found.days, 1),
                row(words("convert_times.in_touches"), found.touches, 0),
            ]
        ),
    )


def _sentence(found: ConvertTimes, words: Words) -> str:
    return words(
        "convert_times.sentence",
        conversions=words.counted_conversions(found.conversion_type, found.conversions),
        median=formats.count(found.days.median, 1),
        lower=formats.count(found.days.lower, 1),
        upper=formats.count(found.days.upper, 1),
        touches=formats.count(found.touches.median),
    )
