"""The page of one conversion: its path, what each model credits, the rule that decided each touch, the landed lines."""

from __future__ import annotations

import json

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, Tile, table_rows, text_columns
from dashboard.serve.context import Context
from dashboard.serve.page import Page, Part
from dashboard.serve.short import short
from dashboard.words import capital
from published.conversion_audit import AuditedConversion, read_conversion
from published.landed_lines import LandedLine, read_landed_lines
from warehouse.errors import InputError

LONGEST_LINE = 2_000  # characters of a landed line that a page shows


def conversion_page(conversion_id: str) -> Page:
    """The page of the conversion of this id; its panels refuse an id that the publication does not have."""

    def found(context: Context) -> AuditedConversion:
        conversion = read_conversion(
            context.published, conversion_id, window=context.shop.window, secret=context.shop.secret
        )
        if conversion is None:
            raise InputError(context.words("conversion.missing", run=context.published.run_id))
        return conversion

    return Page(
        f"conversions/{conversion_id}",
        (
            Part("conversion", "conversion.title", lambda context: path_panel(context, found(context))),
            Part("credit", "credit.title", lambda context: credit_panel(context, found(context))),
            Part("landed", "landed.title", lambda context: landed_panel(context, found(context))),
        ),
        title="pages.conversion",
    )


def path_panel(context: Context, found: AuditedConversion) -> Panel:
    """The conversion, and the touches of its window in order, each with the rule that decided its channel."""
    words = context.words
    rows = [
        (
            formats.count(touch.position),
            formats.moment(touch.touched_at),
            touch.channel,
            touch.channel_trace or touch.channel_rule,
            *(formats.Figure(short(text or ""), text) for text in (touch.source, touch.medium, touch.campaign)),
        )
        for touch in found.touches
    ]
    table = PageTable(
        caption=words("conversion.caption"),
        columns=text_columns(
            words("conversion.position"),
            words("conversion.touched_at"),
            words("conversion.channel"),
            words("conversion.rule"),
            words("conversion.source"),
            words("conversion.medium"),
            words("conversion.campaign"),
        ),
        rows=table_rows(rows),
    )
    sentence = words("conversion.touched", touches=str(len(rows))) if rows else words("conversion.untouched")
    if found.cause:
        sentence += words("conversion.because", cause=words.cause(found.cause))
    tiles = [
        Tile(words("conversion.type"), capital(words.conversion(found.conversion_type)), found.conversion_id),
        Tile(words("conversion.at"), formats.moment(found.converted_at)),
        Tile(words("conversion.net"), words.money(found.report_value, found.report_currency)),
        Tile(
            words("conversion.landed"),
            words.money(found.value, found.currency),
            words("conversion.refunded", money=words.money(found.refunded_value, found.currency)),
        ),
    ]
    if context.sees_persons:
        tiles.append(Tile(words("conversion.person"), short(found.person_id), found.order_id or ""))
    title = words("conversion.title")
    return Panel("conversion", title, sentence, table=table if rows else None, tiles=tuple(tiles))


def credit_panel(context: Context, found: AuditedConversion) -> Panel:
    """What each model gives to each touch, with the version of its fit; the parts are the whole conversion."""
    words = context.words
    if not found.models:
        return Panel("credit", words("credit.title"), words("credit.none"))
    rows = []
    for model, version in found.models.items():
        shares = [formats.share(touch.credit_of(model).credit, 1) for touch in found.touches]
        whole = found.credited(model)
        rows.append(
            (
                formats.Figure(capital(words.model(model)), model),
                version,
                *shares,
                formats.share(whole.credit, 1),
                formats.amount(whole.value, found.report_currency),
            )
        )
    numbered = [words("credit.touch", position=str(touch.position)) for touch in found.touches]
    table = PageTable(
        caption=words("credit.caption", currency=words.currency(found.report_currency)),
        columns=(
            Column(words("credit.model"), numeric=False),
            Column(words("credit.version"), numeric=False),
            *(Column(str(label)) for label in numbered),
            Column(words("credit.sum")),
            Column(words("credit.value")),
        ),
        rows=table_rows(rows),
    )
    is_whole = all(found.adds_up(model) for model in found.models)
    return Panel("credit", words("credit.title"), words("credit.whole" if is_whole else "credit.part"), table=table)


def landed_panel(context: Context, found: AuditedConversion) -> Panel:
    """The landed line of each touch and of the conversion; what names a person is left out for readers who may not."""
    words, root = context.words, context.shop.landing_root
    records = found.records
    if not records or root is None:
        return Panel("landed", words("landed.title"), words("landed.none"))
    lines = read_landed_lines(records, root, personal=context.sees_persons)
    rows = [
        (
            record.what,
            formats.moment(record.at),
            f"{record.file}:{line.line}" if line.line else record.file,
            _shown(line),
        )
        for record, line in lines.items()
    ]
    table = PageTable(
        caption=words("landed.caption"),
        columns=text_columns(words("landed.what"), words("landed.at"), words("landed.place"), words("landed.line")),
        rows=table_rows(rows),
    )
    note = "" if context.sees_persons else words("landed.hidden")
    sentence = words("landed.sentence", rows=words.counted("row", len(rows)))
    return Panel("landed", words("landed.title"), sentence, table=table, note=note)


def _shown(line: LandedLine) -> str:
    text = line.problem or line.text or json.dumps(line.fields, ensure_ascii=False, default=str)
    return text[:LONGEST_LINE]
