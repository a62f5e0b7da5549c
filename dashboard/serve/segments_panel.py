"""What each segment of customers is worth, and who is in it."""

from __future__ import annotations

from markupsafe import Markup

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.alive_panels import segment_name
from dashboard.serve.context import Context
from dashboard.serve.long_text import long_text
from dashboard.words import Words
from published.customers import HORIZON_DAYS
from published.performance import ratio
from published.segments import SegmentFigures, SegmentValues, read_segments

HORIZON = str(HORIZON_DAYS)


def segments_panel(context: Context) -> Panel:
    """Customers, their value and its share by segment, each with its meaning."""
    words, title = context.words, context.words("segment_values.title")
    found = read_segments(context.published)
    if found is None:
        return Panel("segments", title, words("segment_values.missing"))
    table = PageTable(
        caption=words("segment_values.caption", days=HORIZON, currency=words.currency(found.currency)),
        columns=(
            Column(words("segment_values.segment"), numeric=False),
            Column(words("segment_values.customers")),
            Column(words("segment_values.customer_share")),
            Column(words("segment_values.value")),
            Column(words("segment_values.value_share")),
            Column(words("segment_values.each")),
            Column(words("segment_values.active")),
            Column(words("segment_values.meaning"), numeric=False),
        ),
        rows=table_rows([_row(each, found, words) for each in found.segments]),
        foot=(
            words("segment_values.all"),
            formats.count(found.customers),
            "",
            formats.amount(found.value, found.currency),
            "",
            formats.amount(found.value / found.customers, found.currency),
            "",
            "",
        ),
    )
    bars = [
        {"name": str(segment_name(each.segment, words)), "position": place, "series": series, "value": share}
        for place, each in enumerate(found.segments)
        for series, share in (
            (words("segment_values.customer_share"), ratio(each.customers, found.customers)),
            (words("segment_values.value_share"), _value_share(each, found)),
        )
    ]
    label, axis = words("segment_values.label", segments=str(len(found.segments))), words("segment_values.axis")
    chart = chart_of("grouped_bars", bars, words, label=label, key="segments", axis=axis, format=".0%")
    return Panel("segments", title, _sentence(found, words), chart, table, note=words("segment_values.note"))


def _row(each: SegmentFigures, found: SegmentValues, words: Words) -> list[str | Markup]:
    meaning = words.texts.get(f"segments.{each.segment}.meaning", "")
    return [
        segment_name(each.segment, words),
        formats.count(each.customers),
        formats.share(ratio(each.customers, found.customers), 1),
        formats.amount(each.value, found.currency),
        formats.share(_value_share(each, found), 1),
        formats.amount(each.value / each.customers, found.currency),
        formats.share(each.p_alive),
        long_text(meaning, meaning),
    ]


def _value_share(each: SegmentFigures, found: SegmentValues) -> float | None:
    return ratio(each.value, found.value)


def _sentence(found: SegmentValues, words: Words) -> str:
    most = max(found.segments, key=lambda each: each.value)
    return words(
        "segment_values.sentence",
        segment=segment_name(most.segment, words),
        part=formats.share(ratio(most.customers, found.customers)),
        value_part=formats.share(_value_share(most, found)),
        money=words.money(found.value, found.currency),
        days=HORIZON,
    )
