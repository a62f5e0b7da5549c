"""The panel about freshness: how far each input reaches, beside the day that was published."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, Tile, table_rows
from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.serve.unbroken import moment_cell, unbroken
from dashboard.words import Words
from published.freshness import InputFreshness, read_freshness


def freshness_panel(context: Context) -> Panel:
    """A tile and a row per input. Days are compared with the published one, never with a clock."""
    words, published = context.words, context.published
    inputs = read_freshness(published, context.shop.timezone)
    title = words("freshness.title")
    if not inputs:
        return Panel("freshness", title, words("freshness.missing"))
    late = [one for one in inputs if (one.behind or 0) > 0]
    sentence = words(
        "freshness.late" if late else "freshness.all_current",
        day=words.day(published.as_of),
        moment=formats.moment(published.published_at),
        inputs=words.listed([one.source for one in late]),
    )
    tiles = tuple(Tile(one.source, _day(one, words), _verdict(one, words)) for one in inputs)
    table = PageTable(
        caption=words("freshness.caption"),
        columns=(
            Column(words("freshness.input"), numeric=False),
            Column(words("freshness.last_day"), numeric=False, hint=words("freshness.last_day_hint")),
            Column(words("freshness.behind")),
            Column(words("freshness.state"), numeric=False),
            Column(words("freshness.files")),
            Column(words("freshness.newest_file"), numeric=False),
            Column(words("freshness.written_at"), numeric=False),
        ),
        rows=table_rows([_row(one, words) for one in inputs]),
    )
    return Panel("freshness", title, sentence, table=table, tiles=tiles, note=words("freshness.note"))


def _row(one: InputFreshness, words: Words) -> tuple[str, ...]:
    return (
        one.source,
        unbroken(_day(one, words)),
        formats.count(one.behind),
        _verdict(one, words),
        formats.count(one.files),
        Figure(short(one.newest_file), one.newest_file),
        moment_cell(one.written_at),
    )


def _day(one: InputFreshness, words: Words) -> str:
    return Figure(one.last_day.isoformat() if one.last_day else words("freshness.unknown"), one.last_day)


def _verdict(one: InputFreshness, words: Words) -> str:
    if one.behind is None:
        return words("freshness.no_days")
    if one.behind > 0:
        return words("freshness.days_behind", days=words.counted("day", one.behind))
    return words("freshness.beyond") if one.behind < 0 else words("freshness.current")
