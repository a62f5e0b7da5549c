"""A flow of paths as SVG: a column for each step, a bar for each channel, a ribbon for each link between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from published.path_flow import BEGINS, STEPS, Link, PathFlow

WIDTH, HEIGHT, TOP = 920, 430, 34  # the names of the steps stand above TOP
THICK, GAP, LEFT, RIGHT = 14, 7, 6, 150  # the names of the last step stand in RIGHT
LEAST_NAMED = 11  # pixels; a lower bar has no name beside it


@dataclass(frozen=True)
class FlowTexts:
    """The texts of the picture: what it is, the names of its steps and channels, and what flows."""

    label: str
    steps: tuple[str, ...]
    names: Mapping[str, str]
    kind: str


@dataclass(frozen=True)
class Bar:
    """A channel at a step: where its bar begins, and how high it is."""

    x: float
    y: float
    height: float
    conversions: int


def draw_flow(flow: PathFlow, texts: FlowTexts) -> Markup:
    """The picture. A channel has the colour of its place by a class, flow-0 and so on, since pages allow no styles."""
    bars, scale = _bars(flow)
    colours = {channel: place for place, channel in enumerate(flow.channels)}
    parts = [
        *(_head(step, name) for step, name in enumerate(texts.steps, 1)),
        *_ribbons(flow.links, bars, scale, colours, texts),
        *(_bar(step, channel, bar, colours, texts) for (step, channel), bar in bars.items()),
    ]
    return Markup(
        '<div class="scroll" role="region" tabindex="0" aria-label="{label}">'
        '<svg class="flow" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg></div>'
    ).format(label=texts.label, width=WIDTH, height=HEIGHT, parts=Markup("").join(parts))


def _bars(flow: PathFlow) -> tuple[dict[tuple[int, str], Bar], float]:
    """The bar of every channel at every step, and the pixels of one conversion. The last step fills the height."""
    counts: Counter[tuple[int, str]] = Counter()
    for link in flow.links:
        counts[link.step, link.source] += link.conversions
        if link.step == STEPS - 1:
            counts[STEPS, link.target] += link.conversions
    free = HEIGHT - TOP - GAP * max(len(flow.channels) - 1, 0)
    scale = free / flow.conversions
    bars = {}
    for step in range(1, STEPS + 1):
        x = LEFT + (WIDTH - LEFT - RIGHT - THICK) * (step - 1) / (STEPS - 1)
        y = float(TOP)
        for channel in flow.channels:
            if conversions := counts[step, channel]:
                bars[step, channel] = Bar(x, y, conversions * scale, conversions)
                y += conversions * scale + GAP
    return bars, scale


def _ribbons(
    links: tuple[Link, ...],
    bars: Mapping[tuple[int, str], Bar],
    scale: float,
    colours: Mapping[str, int],
    texts: FlowTexts,
) -> list[Markup]:
    """A ribbon for each link, in the order of the bars, so that they cross as little as they can."""
    left: Counter[tuple[int, str]] = Counter()
    right: Counter[tuple[int, str]] = Counter()
    drawn = []
    between = [link for link in links if link.source != BEGINS]
    for link in sorted(between, key=lambda each: (each.step, colours[each.source], colours[each.target])):
        start, end = bars[link.step, link.source], bars[link.step + 1, link.target]
        height = link.conversions * scale
        x0, x1 = start.x + THICK, end.x
        y0 = start.y + left[link.step, link.source] * scale
        y1 = end.y + right[link.step, link.target] * scale
        left[link.step, link.source] += link.conversions
        right[link.step, link.target] += link.conversions
        middle = (x0 + x1) / 2
        shape = (
            f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
            f"v{height:.1f}C{middle:.1f} {y1 + height:.1f} {middle:.1f} {y0 + height:.1f} {x0:.1f} {y0 + height:.1f}Z"
        )
        drawn.append(
            Markup('<path class="ribbon flow-{}" d="{}"><title>{} → {}: {:,} {}</title></path>').format(
                colours[link.source],
                shape,
                texts.names[link.source],
                texts.names[link.target],
                link.conversions,
                texts.kind,
            )
        )
    return drawn


def _bar(step: int, channel: str, bar: Bar, colours: Mapping[str, int], texts: FlowTexts) -> Markup:
    name = texts.names[channel]
    drawn = Markup(
        '<rect class="flow-{}" x="{:.1f}" y="{:.1f}" width="{}" height="{:.1f}"><title>{}: {:,} {}</title></rect>'
    ).format(colours[channel], bar.x, bar.y, THICK, max(bar.height, 1), name, bar.conversions, texts.kind)
    if bar.height < LEAST_NAMED:
        return drawn
    number = f" {bar.conversions:,}" if step == STEPS else ""
    return drawn + Markup('<text x="{:.1f}" y="{:.1f}">{}{}</text>').format(
        bar.x + THICK + 5, bar.y + bar.height / 2 + 4, name, number
    )


def _head(step: int, name: str) -> Markup:
    x = LEFT + (WIDTH - LEFT - RIGHT - THICK) * (step - 1) / (STEPS - 1)
    return Markup('<text class="head" x="{:.1f}" y="14">{}</text>').format(x, name)
