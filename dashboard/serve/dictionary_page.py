"""The dictionary: what every table, column and metric means, and from what it is made."""

from __future__ import annotations

from dataclasses import replace

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, Tile, linked, table_rows
from dashboard.serve.context import Context
from dashboard.serve.lineage_drawing import lineage_drawing
from dashboard.serve.metric_cells import metric_label, metric_sentence
from dashboard.serve.page import Page, Part
from published.lineage import made_from, metrics_of, upstream, used_by
from published.metrics import Metric, metrics
from published.publication import Published, alias
from warehouse.contracts import Table
from warehouse.errors import InputError, UsageError, unknown_name
from warehouse.marts import is_mart, place_of
from warehouse.tables import ALL_TABLES, TABLES


def tables_panel(context: Context) -> Panel:
    """Every table: what one row is, who owns its figures, and its version in this publication."""
    words, published = context.words, context.published
    tables = [*ALL_TABLES, *_marts(published)]
    table = PageTable(
        caption=words("dictionary.tables_caption"),
        columns=(
            Column(words("dictionary.table"), numeric=False),
            Column(words("dictionary.one_row"), numeric=False),
            Column(words("dictionary.owner"), numeric=False),
            Column(words("dictionary.freshness"), numeric=False),
            Column(words("dictionary.columns")),
            Column(words("dictionary.personal_columns")),
            Column(words("dictionary.version")),
        ),
        rows=table_rows(
            [
                (
                    linked(each.full_name, context.address(f"/dictionary/{each.full_name}")),
                    each.grain,
                    each.owner,
                    each.freshness,
                    formats.count(len(each.columns)),
                    formats.count(len(each.personal_columns)),
                    formats.count(published.versions.get(each.full_name)),
                )
                for each in tables
            ]
        ),
    )
    sentence = words(
        "dictionary.tables_sentence",
        tables=words.counted("table", len(tables)),
        published=formats.count(len(published.versions)),
    )
    return Panel(
        "tables", words("dictionary.tables_title"), sentence, table=table, note=words("dictionary.tables_note")
    )


def metrics_panel(context: Context) -> Panel:
    """Every metric: what one number of it is, and of which table."""
    words = context.words
    table = PageTable(
        caption=words("dictionary.metrics_caption"),
        columns=(
            Column(words("dictionary.metric"), numeric=False),
            Column(words("dictionary.name"), numeric=False),
            Column(words("dictionary.meaning"), numeric=False),
            Column(words("dictionary.table"), numeric=False),
            Column(words("dictionary.unit"), numeric=False),
            Column(words("dictionary.owner"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    linked(metric_label(each, words), context.address(f"/dictionary/{name}")),
                    name,
                    metric_sentence(each, words),
                    linked(each.table, context.address(f"/dictionary/{each.table}")),
                    each.unit,
                    each.owner,
                )
                for name, each in metrics().items()
            ]
        ),
    )
    sentence = words("dictionary.metrics_sentence", number=formats.count(len(metrics())))
    return Panel("metrics", words("dictionary.metrics_title"), sentence, table=table)


def entry_panel(context: Context) -> Panel:
    """One table or metric, named by the address. UsageError, with the nearest name, when there is none."""
    name = context.path.rpartition("/")[2]
    for form in (".csv", ".json"):
        name = name.removesuffix(form)
    if name in TABLES:
        return _table_entry(TABLES[name], context)
    if name in context.published.mart_names:
        return _table_entry(context.published.contract(name), context)
    if name in metrics():
        return _metric_entry(metrics()[name], context)
    known = [*TABLES, *context.published.mart_names, *metrics()]
    raise UsageError(unknown_name("table or metric", name[:80], known))


def _marts(published: Published) -> list[Table]:
    """The contracts of a shop's marts; one that cannot be read any more has no columns, and says why."""

    def contract(name: str) -> Table:
        try:
            return published.contract(name)
        except InputError as error:
            return replace(place_of(name), grain=str(error))

    return [contract(name) for name in published.mart_names]


def _reads(published: Published) -> dict[str, tuple[str, ...]]:
    """The tables that the marts read; of one that cannot be read any more, none."""

    def reads(name: str) -> tuple[str, ...]:
        try:
            return published.mart(name).reads
        except InputError:
            return ()

    return {name: reads(name) for name in published.mart_names}


def _table_entry(table: Table, context: Context) -> Panel:
    words, name = context.words, table.full_name
    published = context.published
    version = published.versions.get(name)
    tiles = (
        Tile(words("dictionary.rows"), formats.count(count_rows(published, table)), words("dictionary.rows_note")),
        Tile(
            words("dictionary.version"),
            formats.count(version),
            words("dictionary.of_run", run=published.run_id) if version is not None else words("dictionary.newest"),
        ),
        Tile(words("dictionary.owner"), table.owner, table.freshness),
        Tile(
            words("dictionary.columns"),
            formats.count(len(table.columns)),
            words("dictionary.key", columns=", ".join(table.key)),
        ),
    )
    drawing = None
    marts = _reads(published)
    if made_from(name, marts):
        drawing = lineage_drawing(name, upstream(name, marts), words("dictionary.lineage_label", name=name))
    more = [_lineage(name, context)]
    if metrics_of(name):
        more.append(_metrics_of(name, context))
    return Panel(
        name,
        name,
        words("dictionary.one_row_per", grain=table.grain),
        table=_columns(table, context),
        note=getattr(published.mart(name).sentence, words.language) if is_mart(name) else table.notes,
        more=tuple(more),
        tiles=tiles,
        drawing=drawing,
    )


def count_rows(published: Published, table: Table) -> int | None:
    """The rows of the published version, of a table that is never published of the newest; None where there is none."""
    sql = f"select count(*) as rows from {alias(table)}"
    if published.has(table):
        return int(published.rows(sql, table)[0]["rows"])
    if table.layer not in ("bronze", "ops"):
        return None
    rows = published.newest_rows(sql, table)
    return int(rows[0]["rows"]) if rows else None


def _columns(table: Table, context: Context) -> PageTable:
    words = context.words
    return PageTable(
        caption=words("dictionary.columns_caption", name=table.full_name),
        columns=(
            Column(words("dictionary.column"), numeric=False),
            Column(words("dictionary.meaning"), numeric=False),
            Column(words("dictionary.unit"), numeric=False),
            Column(words("dictionary.type"), numeric=False),
            Column(words("dictionary.range"), numeric=False),
            Column(words("dictionary.may_be_null"), numeric=False),
            Column(words("dictionary.personal"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    each.name,
                    each.meaning,
                    each.unit,
                    each.type if len(each.type) <= 40 else Figure(each.type.split("<")[0] + "<…>", each.type),
                    each.range,
                    Figure(words("dictionary.yes") if each.nullable else "", str(each.nullable).lower()),
                    Figure(words("dictionary.yes") if each.personal else "", str(each.personal).lower()),
                )
                for each in table.columns
            ]
        ),
    )


def _lineage(name: str, context: Context) -> PageTable:
    words, marts = context.words, _reads(context.published)
    grains = {each.full_name: each.grain for each in (*ALL_TABLES, *_marts(context.published))}

    def rows(direction: str, names: tuple[str, ...]) -> list[tuple[str, ...]]:
        return [
            (linked(each, context.address(f"/dictionary/{each}")), direction, grains.get(each, "")) for each in names
        ]

    found = [
        *rows(words("dictionary.is_input"), made_from(name, marts)),
        *rows(words("dictionary.is_made_from_it"), used_by(name, marts)),
    ]
    return PageTable(
        caption=words("dictionary.lineage_caption", name=name),
        columns=(
            Column(words("dictionary.table"), numeric=False),
            Column(words("dictionary.direction"), numeric=False),
            Column(words("dictionary.one_row"), numeric=False),
        ),
        rows=table_rows(found),
    )


def _metrics_of(name: str, context: Context) -> PageTable:
    words = context.words
    return PageTable(
        caption=words("dictionary.metrics_of_caption", name=name),
        columns=(
            Column(words("dictionary.metric"), numeric=False),
            Column(words("dictionary.meaning"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    linked(metric_label(metrics()[each], words), context.address(f"/dictionary/{each}")),
                    metric_sentence(metrics()[each], words),
                )
                for each in metrics_of(name)
            ]
        ),
    )


def _metric_entry(metric: Metric, context: Context) -> Panel:
    words = context.words
    label = metric_label(metric, words)
    facts = (
        (words("dictionary.name"), metric.name),
        (words("dictionary.formula"), metric.formula),
        (words("dictionary.only_rows"), metric.where),
        (words("dictionary.grouped_by"), ", ".join(metric.grain)),
        (words("dictionary.one_value_of"), ", ".join(metric.fixed)),
        (words("dictionary.unit"), metric.unit),
        (words("dictionary.kind"), metric.kind),
        (words("dictionary.direction_of_better"), metric.direction),
        (words("dictionary.owner"), metric.owner),
    )
    pairs = ((metric.table, metric.name), *upstream(metric.table))
    return Panel(
        metric.name,
        label,
        metric_sentence(metric, words),
        table=PageTable(
            caption=words("dictionary.definition_caption", name=metric.name),
            columns=(
                Column(words("dictionary.part"), numeric=False),
                Column(words("dictionary.definition"), numeric=False),
            ),
            rows=table_rows([fact for fact in facts if fact[1]]),
        ),
        more=(
            PageTable(
                caption=words("dictionary.lineage_caption", name=metric.name),
                columns=(
                    Column(words("dictionary.table"), numeric=False),
                    Column(words("dictionary.made_into"), numeric=False),
                ),
                rows=table_rows(
                    [(linked(source, context.address(f"/dictionary/{source}")), made) for source, made in pairs]
                ),
            ),
        ),
        drawing=lineage_drawing(metric.name, pairs, words("dictionary.lineage_label", name=metric.name)),
    )


PAGE = Page(
    "dictionary",
    (
        Part("tables", "dictionary.tables_title", tables_panel),
        Part("metrics", "dictionary.metrics_title", metrics_panel),
        Part("{name}", "dictionary.entry_title", entry_panel),
    ),
    in_menu=False,
    has_filters=False,
)
