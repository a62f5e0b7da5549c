"""The tables that a table or a metric is made from, as a drawing: what landed at the top, itself at the bottom."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

BOX, BOX_HIGH, GAP, ROW = 186, 30, 14, 58
MARGIN = 8


def lineage_drawing(last: str, pairs: Sequence[tuple[str, str]], label: str) -> Markup:
    """An <svg> of the pairs (input, what is made from it), all on the way to `last`.

    A pair is left out where the input gets there by way of another table too. A table stands in the row above all that
    are made from it. The drawing has no style of its own: page.css colours it in both themes.
    """
    rows = _rows(last, pairs)
    wide = max(len(row) for row in rows) * (BOX + GAP) - GAP + 2 * MARGIN
    high = len(rows) * ROW - (ROW - BOX_HIGH) + 2 * MARGIN
    places = {
        name: (
            MARGIN + (wide - 2 * MARGIN - len(row) * (BOX + GAP) + GAP) / 2 + place * (BOX + GAP),
            MARGIN + number * ROW,
        )
        for number, row in enumerate(rows)
        for place, name in enumerate(row)
    }
    lines = [
        Markup('<path d="M{} {}C{} {} {} {} {} {}"/>').format(*_curve(places[source], places[made]))
        for source, made in without_detours(pairs)
    ]
    boxes = [
        Markup('<g{}><rect x="{}" y="{}" width="{}" height="{}" rx="7"/><text x="{}" y="{}">{}</text></g>').format(
            Markup(' class="last"') if name == last else "",
            _number(left),
            top,
            BOX,
            BOX_HIGH,
            _number(left + BOX / 2),
            top + 20,
            name,
        )
        for name, (left, top) in places.items()
    ]
    return Markup('<svg class="lineage" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}">{}{}</svg>').format(
        label, wide, high, wide, Markup("").join(lines), Markup("").join(boxes)
    )


def without_detours(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
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


def _rows(last: str, pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The names by how many steps the longest way down to `last` has, the farthest first."""
    steps = {last: 0}
    for _ in pairs:
        for source, made in pairs:
            if made in steps:
                steps[source] = max(steps.get(source, 0), steps[made] + 1)
    deepest = max(steps.values())
    return [[name for name in steps if steps[name] == deepest - number] for number in range(deepest + 1)]


def _curve(above: tuple[float, float], below: tuple[float, float]) -> tuple[str, ...]:
    from_x, from_y = above[0] + BOX / 2, above[1] + BOX_HIGH
    to_x, to_y = below[0] + BOX / 2, below[1]
    middle = (from_y + to_y) / 2
    return tuple(map(_number, (from_x, from_y, from_x, middle, to_x, middle, to_x, to_y)))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
