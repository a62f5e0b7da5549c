"""Who is still active: the matrix of customers by how often and how lately they bought, and the list of a cell."""

from __future__ import annotations

import re

from markupsafe import Markup

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.serve.context import Context
from dashboard.serve.persons import login_of, person_columns, wants_file
from dashboard.words import Words
from published.alive_matrix import (
    PURCHASES,
    SILENCE,
    AliveMatrix,
    Cell,
    CellCustomers,
    CellFigures,
    Customer,
    cell_of,
    read_alive_matrix,
    read_cell,
)
from published.customers import HORIZON_DAYS, UNCERTAIN_ALIVE

MOST_ROWS, MOST_IN_FILE = 25, 50_000
TENTHS = 10
PLACE = re.compile(r"[0-9]{1,9}")
OFTEN = 3  # purchase days
HORIZON = str(HORIZON_DAYS)


def alive_panel(context: Context) -> Panel:
    """Customers by purchase days and silence; a cell leads to its customers."""
    words, title = context.words, context.words("alive.title")
    found = read_alive_matrix(context.published, context.shop.timezone)
    if found is None:
        return Panel("alive", title, words("activity.missing"))
    rows = [
        [
            linked(_cell_name(figures.cell, words), _address(context, figures.cell)),
            formats.count(figures.customers),
            formats.share(figures.p_alive, 1),
            formats.amount(figures.value, found.currency),
        ]
        for figures in found.cells
    ]
    table = PageTable(
        caption=words("alive.caption", days=HORIZON, currency=words.currency(found.currency)),
        columns=(
            Column(words("alive.cell"), numeric=False),
            Column(words("alive.customers")),
            Column(words("alive.active")),
            Column(words("alive.value")),
        ),
        rows=table_rows(rows),
    )
    return Panel(
        "alive",
        title,
        _sentence(found, words),
        table=table,
        folded=True,
        note=words("alive.note", day=words.day(found.as_of)),
        drawing=_matrix(found, context),
    )


def cell_panel(context: Context) -> Panel | None:
    """The customers of the cell that the address opens; None where it opens none."""
    words, cell = context.words, cell_of(context.asked.open)
    if cell is None:
        return None
    is_file = wants_file(context)
    most, skip = (MOST_IN_FILE, 0) if is_file else (MOST_ROWS, _skipped(context))
    found = read_cell(context.published, context.shop.timezone, cell, most=most, skip=skip)
    name = _cell_name(cell, words)
    title = words("alive_cell.title", cell=name)
    if found is None:
        return Panel("cell", title, words("alive_cell.empty"))
    table = PageTable(
        caption=words("alive_cell.caption", currency=words.currency(found.currency), days=HORIZON),
        columns=(
            Column(words("alive_cell.place"), numeric=False),
            *person_columns(context),
            Column(words("alive_cell.value_at_risk"), hint=words("alive_cell.value_at_risk_hint")),
            Column(words("alive_cell.expected_value")),
            Column(words("alive_cell.active")),
            Column(words("alive_cell.purchase_days")),
            Column(words("alive_cell.last_purchase")),
            Column(words("alive_cell.segment"), numeric=False),
        ),
        rows=table_rows([_row(place, each, found, context) for place, each in enumerate(found.listed, skip + 1)]),
    )
    sentence = words(
        "alive_cell.sentence",
        first=formats.count(skip + 1),
        last=formats.count(skip + len(found.listed)),
        customers=words.counted("customer", found.customers),
    )
    notes = [*_pages(found, context), *([] if context.sees_persons else [words("persons.hidden")])]
    return Panel("cell", title, sentence, table=table, note=Markup(" · ").join(notes))


def _skipped(context: Context) -> int:
    """How many customers stand before the page that the address asks; 0 where it names none."""
    after = context.asked.after or ""
    return int(after) if PLACE.fullmatch(after) else 0


def _pages(found: CellCustomers, context: Context) -> list[Markup]:
    """Links to the pages before and after this one."""
    before = max(found.skipped - MOST_ROWS, 0) if found.skipped else None
    places = {"alive_cell.before": before, "alive_cell.after": found.after}
    return [
        Markup('<a href="{}#cell">{}</a>').format(
            context.address("/customers", after=str(place) if place else None), context.words(text)
        )
        for text, place in places.items()
        if place is not None
    ]


def segment_name(segment: str | None, words: Words) -> str:
    """What a segment is called; – for customers without one. A name that is not listed stays as it is."""
    if segment is None:
        return Figure(formats.MISSING, None)
    return Figure(str(words.texts.get(f"segments.{segment}.name", segment)), segment)


def _row(place: int, each: Customer, found: CellCustomers, context: Context) -> list[str]:
    return [
        formats.count(place),
        *([login_of(each.person_id, context.words)] if context.sees_persons else []),
        formats.amount(each.value_at_risk, found.currency),
        formats.amount(each.expected_value, found.currency),
        formats.share(each.p_alive),
        formats.count(each.purchase_days),
        Figure(each.last_order_on.isoformat(), each.last_order_on),
        segment_name(each.segment, context.words),
    ]


def _sentence(found: AliveMatrix, words: Words) -> str:
    """How many bought often and may be leaving: a cell of them is neither certainly active nor certainly gone."""
    low, high = UNCERTAIN_ALIVE
    customers = sum(figures.customers for figures in found.cells)
    often = [figures for figures in found.cells if PURCHASES[figures.cell.purchases] >= OFTEN]
    doubtful = [figures for figures in often if low <= figures.p_alive <= high]
    return words(
        "alive.sentence",
        customers=words.counted("customer", customers),
        doubtful=formats.count(sum(figures.customers for figures in doubtful)),
        purchases=str(OFTEN),
        low=formats.share(low),
        high=formats.share(high),
        money=words.money(sum(figures.value for figures in doubtful), found.currency),
        days=HORIZON,
    )


def _matrix(found: AliveMatrix, context: Context) -> Markup:
    words = context.words
    cells = {figures.cell: figures for figures in found.cells}
    heads = Markup("").join(
        Markup('<th scope="col">{}</th>').format(_silence(place, words)) for place in range(len(SILENCE))
    )
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            _number(purchases, words),
            Markup("").join(
                _matrix_cell(cells.get(Cell(purchases, silence)), context) for silence in range(len(SILENCE))
            ),
        )
        for purchases in reversed(range(len(PURCHASES)))
    )
    return Markup(
        '<table class="matrix"><caption>{caption}</caption><thead><tr><th scope="col">{corner}</th>{heads}</tr></thead>'
        "<tbody>{rows}</tbody></table>"
    ).format(caption=words("alive.matrix"), corner=words("alive.corner"), heads=heads, rows=rows)


def _matrix_cell(figures: CellFigures | None, context: Context) -> Markup:
    if figures is None:
        return Markup("<td></td>")
    tenth = min(int(figures.p_alive * TENTHS), TENTHS - 1)
    current = Markup(' aria-current="true"') if context.asked.open == figures.cell.key else ""
    return Markup('<td class="alive-{}"><a href="{}"{}>{}<small>{}</small></a></td>').format(
        tenth,
        _address(context, figures.cell),
        current,
        formats.count(figures.customers),
        formats.share(figures.p_alive),
    )


def _address(context: Context, cell: Cell) -> str:
    return context.address("/customers", open=cell.key, after=None) + "#cell"


def _cell_name(cell: Cell, words: Words) -> str:
    name = words("alive.named", purchases=_purchases(cell.purchases, words), silence=_silence(cell.silence, words))
    return Figure(name, cell.key)


def _number(place: int, words: Words) -> str:
    """The purchase days of a band: 1, 4–5, 11 or more."""
    first = PURCHASES[place]
    if place + 1 == len(PURCHASES):
        return words("alive.or_more", first=str(first))
    last = PURCHASES[place + 1] - 1
    return str(first) if first == last else f"{first}–{last}"


def _purchases(place: int, words: Words) -> str:
    number = _number(place, words)
    return words("alive.purchases_one" if number == "1" else "alive.purchases", number=number)


def _silence(place: int, words: Words) -> str:
    most = SILENCE[place]
    least = (SILENCE[place - 1] or 0) + 1 if place else 0
    return words("alive.longer", days=str(least)) if most is None else words("alive.days", days=f"{least}–{most}")
