"""How conversions flow through their last touches."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.flow_drawing import FlowTexts, draw_flow
from dashboard.serve.short import short
from dashboard.words import Words, capital
from published.path_flow import BEGINS, OTHERS, STEPS, Link, PathFlow, read_flow
from warehouse.tables import SILVER_JOURNEYS


def flow_panel(context: Context) -> Panel:
    """The last touches before the conversions of the view, as a picture and as a table of its links."""
    words, title = context.words, context.words("flow.title")
    if not context.published.has(SILVER_JOURNEYS):
        return Panel("flow", title, words("journeys.missing"))
    found = read_flow(context.published, context.figures.view)
    if found is None:
        return Panel("flow", title, words("journeys.nothing"))
    kind = words.conversions(found.conversion_type)
    names = {name: short(name) for name in found.channels} | {
        OTHERS: words("flow.others"),
        BEGINS: words("flow.begins"),
    }
    texts = FlowTexts(
        label=words("flow.label", conversions=kind, steps=str(STEPS)),
        steps=tuple(_step(step, words) for step in range(1, STEPS + 1)),
        names=names,
        kind=kind,
    )
    rows = [
        [
            _step(link.step + 1, words),
            Figure(names[link.source], link.source if link.source not in (OTHERS, BEGINS) else names[link.source]),
            Figure(names[link.target], link.target if link.target != OTHERS else names[OTHERS]),
            formats.count(link.conversions),
            formats.share(link.conversions / found.conversions, 1),
        ]
        for link in found.links
    ]
    table = PageTable(
        caption=capital(words("flow.caption", conversions=kind)),
        columns=(
            Column(words("flow.step"), numeric=False),
            Column(words("flow.source"), numeric=False),
            Column(words("flow.target"), numeric=False),
            Column(words("flow.conversions")),
            Column(words("flow.share")),
        ),
        rows=table_rows(rows),
    )
    return Panel(
        "flow",
        title,
        _sentence(found, names, words),
        table=table,
        folded=True,
        note=words("flow.note", steps=str(STEPS)),
        drawing=draw_flow(found, texts),
    )


def _sentence(found: PathFlow, names: dict[str, str], words: Words) -> str:
    """The most frequent change of channel before the last touch."""
    unnamed = {BEGINS, OTHERS}
    last = [link for link in found.links if link.step == STEPS - 1 and not unnamed & {link.source, link.target}]
    changes = [link for link in last if link.source != link.target]
    counted = words.counted_conversions(found.conversion_type, found.conversions)
    if not changes:
        return words("flow.no_change", conversions=counted)
    most: Link = changes[0]
    stays = sum(link.conversions for link in last if link.source == link.target)
    return words(
        "flow.sentence",
        conversions=counted,
        stays=formats.share(stays / found.conversions),
        source=names[most.source],
        target=names[most.target],
        counted=formats.count(most.conversions),
    )


def _step(step: int, words: Words) -> str:
    texts = (words("flow.first"), words("flow.second"), words("flow.third"), words("flow.last"))
    return texts[step - 1]
