"""The tables that a table or a metric is made from, as a drawing: what landed at the top, itself at the bottom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

Pair = tuple[str, str]
BOX, BOX_HIGH, GAP, ROW = 186, 30, 14, 58
BEND = 10  # width of the place where a line goes through a row between two boxes
MARGIN = 8


def lineage_drawing(last: str, pairs: Sequence[Pair], label: str) -> Markup:
    """An <svg> of the pairs (input, what is made from it), all on the way to `last`.

    A pair is left out where the input gets there by way of another table too. A table stands in the row above all that
    are made from it; lines pass rows between the boxes. The drawing has no style of its own: page.css colours it in
    both themes.
    """
    drawn = without_detours(pairs)
    steps = _steps(last, drawn)
    parts = [part for pair in drawn for part in _bent(pair, steps)]
    rows = _rows(last, parts)
    widths = [sum(map(_width, row)) + GAP * (len(row) - 1) for row in rows]
    wide, high = max(widths) + 2 * MARGIN, len(rows) * ROW - (ROW - BOX_HIGH) + 2 * MARGIN
    places: dict[str, tuple[float, int]] = {}
    for number, row in enumerate(rows):
        left = (wide - widths[number]) / 2
        for name in row:
            places[name] = (left + _width(name) / 2, MARGIN + number * ROW)
            left += _width(name) + GAP
    lines = [Markup('<path d="{}"/>').format(_curve(places[source], places[made], source)) for source, made in parts]
    boxes = [_box(name, *place, is_last=name == last) for name, place in places.items() if not _is_bend(name)]
    return Markup('<svg class="lineage" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}">{}{}</svg>').format(
        label, wide, high, wide, Markup("").join(lines), Markup("").join(boxes)
    )


def without_detours(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs whose input reaches what is made from it by no other pairs, in their order."""
    made_from: dict[str, set[str]] = {}
    for source, made in pairs:
        made_from.setdefault(made, set()).add(source)

    def reached(table: str) -> set[str]:
        direct = made_from.get(table, set())
        return direct.union(*(reached(each) for each in direct))

    return [
        (source, made)
        for source, made in pairs
        if not any(source in reached(other) for other in made_from[made] - {source})
    ]


def _steps(last: str, pairs: Sequence[Pair]) -> dict[str, int]:
    """How many steps the longest way from each name to `last` has."""
    steps = {last: 0}
    for _ in pairs:
        for source, made in pairs:
            if made in steps:
                steps[source] = max(steps.get(source, 0), steps[made] + 1)
    return steps


def _bent(pair: Pair, steps: dict[str, int]) -> Iterator[Pair]:
    """The pair as parts from row to row, with a bend in each row between."""
    source, made = pair
    bends = [f"|{source}|{made}|{step}" for step in range(steps[source] - 1, steps[made], -1)]
    return pairwise([source, *bends, made])


def _is_bend(name: str) -> bool:
    return name.startswith("|")


def _width(name: str) -> int:
    return BEND if _is_bend(name) else BOX


def _rows(last: str, parts: Sequence[Pair]) -> list[list[str]]:
    """The names and bends by row, the farthest first; each stands about above what it leads to."""
    steps = _steps(last, parts)
    rows = [[last]]
    for step in range(1, max(steps.values()) + 1):
        below = {name: place for place, name in enumerate(rows[0])}
        targets = {
            name: [below[made] for source, made in parts if source == name] for name in steps if steps[name] == step
        }
        rows.insert(0, sorted(targets, key=lambda name: (sum(targets[name]) / len(targets[name]), name)))
    return rows


def _box(name: str, middle: float, top: int, *, is_last: bool) -> Markup:
    return Markup('<g{}><rect x="{}" y="{}" width="{}" height="{}" rx="7"/><text x="{}" y="{}">{}</text></g>').format(
        Markup(' class="last"') if is_last else "",
        _number(middle - BOX / 2),
        top,
        BOX,
        BOX_HIGH,
        _number(middle),
        top + 20,
        name,
    )


def _curve(above: tuple[float, int], below: tuple[float, int], source: str) -> str:
    """From the lower edge of a box to the upper edge of one in the next row; a bend goes on through its own row."""
    x, end, low = _number(above[0]), _number(below[0]), above[1] + BOX_HIGH
    middle = _number((low + below[1]) / 2)
    start = f"M{x} {above[1]}L{x} {low}" if _is_bend(source) else f"M{x} {low}"
    return f"{start}C{x} {middle} {end} {middle} {end} {below[1]}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
