"""The page for programs: every address that gives a table, the fields of its query, and what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.serve.context import Context
from dashboard.serve.page import Page, Part
from warehouse.errors import InputError, UsageError, unknown_name

CSV = ".csv"


def api_page(pages: Sequence[Page]) -> Page:
    """The page about the tables of `pages`."""
    of_key = {page.key: page for page in pages}

    def addresses(context: Context) -> Panel:
        return addresses_panel(context, of_key)

    def columns(context: Context) -> Panel:
        key = context.path.rpartition("/")[2].removesuffix(CSV).removesuffix(".json")
        if key not in of_key:
            raise UsageError(unknown_name("page", key[:80], of_key))
        return columns_panel(context, of_key[key])

    return Page(
        "api",
        (
            Part("addresses", "api.addresses_title", addresses),
            Part("fields", "api.fields_title", fields_panel),
            Part("{page}", "api.columns_title", columns),
        ),
        in_menu=False,
        has_filters=False,
    )


def addresses_panel(context: Context, pages: Mapping[str, Page]) -> Panel:
    """A row per panel whose tables the application gives as CSV and JSON."""
    words = context.words
    titles = {f"/{page.key}/{part.key}": (page, part.title) for page in pages.values() for part in page.parts}
    conversion = words.conversion(context.choices.type_of(context.figures.view))
    rows = []
    for path in context.api().get("paths", {}):
        place = path.removesuffix(CSV)
        if not path.endswith(CSV) or place not in titles:
            continue
        page, title = titles[place][0], words.texts[titles[place][1]].format(conversion=conversion)
        name = words(f"pages.{page.key}")
        is_one = "{" not in place
        rows.append(
            (
                linked(title, context.address(place)) if is_one else title,
                linked(name, context.address(f"/api/{page.key}")) if is_one else name,
                linked(path, context.address(path)) if is_one else path,
                linked(f"{place}.json", context.address(f"{place}.json")) if is_one else f"{place}.json",
            )
        )
    table = PageTable(
        caption=words("api.addresses_caption"),
        columns=(
            Column(words("api.panel"), numeric=False),
            Column(words("api.page"), numeric=False, hint=words("api.page_hint")),
            Column(words("api.csv"), numeric=False),
            Column(words("api.json"), numeric=False),
        ),
        rows=table_rows(rows),
    )
    return Panel(
        "addresses",
        words("api.addresses_title"),
        words("api.addresses_sentence"),
        table=table,
        note=words("api.addresses_note"),
    )


def fields_panel(context: Context) -> Panel:
    """A row per field of a query: its values, its default and what it means."""
    words, schema = context.words, context.api()
    operations = [methods["get"] for path, methods in schema.get("paths", {}).items() if path.endswith(CSV)]
    fields = {field["name"]: field for each in operations for field in each.get("parameters", ())}
    table = PageTable(
        caption=words("api.fields_caption"),
        columns=(
            Column(words("api.field"), numeric=False),
            Column(words("api.meaning"), numeric=False),
            Column(words("api.values"), numeric=False),
            Column(words("api.default"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    name,
                    field.get("description", ""),
                    ", ".join(_values(field["schema"], schema)),
                    str(field["schema"].get("default", "")),
                )
                for name, field in fields.items()
                if field["in"] == "query"
            ]
        ),
    )
    return Panel("fields", words("api.fields_title"), words("api.fields_sentence"), table=table)


def _values(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """The values that a field may have, otherwise what it holds: a date, an integer, a text."""
    if "$ref" in field:
        field = schema["components"]["schemas"][field["$ref"].rpartition("/")[2]]
    if "enum" in field:
        yield from map(str, field["enum"])
    elif "anyOf" in field:
        for each in field["anyOf"]:
            yield from _values(each, schema)
    elif field.get("type") != "null":
        yield str(field.get("format") or field.get("type", ""))


def columns_panel(context: Context, page: Page) -> Panel:
    """The columns of every table of a page, by the names that CSV and JSON have."""
    words = context.words
    rows: list[tuple[str, ...]] = []
    for part in page.parts:
        if part.is_alone:
            continue
        try:
            panel = part.make(context)
        except (InputError, UsageError):  # as on the page itself: its tables or days are missing
            continue
        for number, table in enumerate(panel.tables if panel else (), start=1):
            for name, column in zip(table.names, table.columns, strict=True):
                place = f"/{page.key}/{part.key}"
                rows.append((name, str(column.label), str(column.hint), place, str(number), str(table.caption)))
    table = PageTable(
        caption=words("api.columns_caption", page=words(f"pages.{page.key}")),
        columns=(
            Column(words("api.column"), numeric=False),
            Column(words("api.label"), numeric=False),
            Column(words("api.meaning"), numeric=False),
            Column(words("api.address"), numeric=False),
            Column(words("api.table"), numeric=False, hint=words("api.table_hint")),
            Column(words("api.holds"), numeric=False),
        ),
        rows=table_rows(rows),
    )
    title = words("api.columns_of", page=words(f"pages.{page.key}"))
    return Panel(page.key, title, words("api.columns_sentence"), table=table)
