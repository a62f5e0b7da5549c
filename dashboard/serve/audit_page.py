"""The pages that follow a number: its definition and SQL, the conversions or spend behind it, questions about it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from markupsafe import Markup

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, Tile, columns, linked, table_rows, text_columns
from dashboard.serve.context import Context
from dashboard.serve.metric_cells import metric_label, metric_sentence, metric_text
from dashboard.serve.page import Page, Part
from dashboard.serve.short import plain, short
from published.audit import ConversionsBehind, read_conversions_behind
from published.audited_number import NumberFilters, number_filters
from published.metric_figures import currency_of, read_performance_metrics
from published.metrics import Metric, metric
from published.questions import Question, questions_for
from published.spend_audit import read_spend_behind
from published.view import View
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

SHOWN_ROWS = 50
DIRECTIONS = {"up": "audit.up", "down": "audit.down", "neutral": "audit.neutral"}
SHOWN_QUESTIONS = 50


def audit_page(name: str) -> Page:
    """The page of a metric. UsageError, with the nearest name, where there is no such metric."""
    found = metric(name)
    parts = [Part("definition", "audit.title", lambda context: definition_panel(context, found))]
    if found.table == GOLD_CHANNEL_PERFORMANCE.full_name:
        if "spend" in found.formula:
            parts.append(Part("spend", "audit_spend.title", spend_panel))
        if "credited" in found.formula or "new_customers" in found.formula:
            parts.append(Part("conversions", "audit_conversions.title", conversions_panel))
    parts.append(Part("questions", "questions.title", lambda context: questions_panel(context, found)))
    return Page(f"audit/{name}", tuple(parts), is_live=True, title="pages.audit")


def audited_view(context: Context) -> View:
    """The view without what a number's rows cannot be chosen by."""
    return replace(context.figures.view, customers="all", platform=None, currency=None)


def definition_panel(context: Context, found: Metric) -> Panel:
    """What the number is: its sentence, its value in this view, its formula and its SQL."""
    words = context.words
    facts = [
        ("audit.formula", found.formula),
        ("audit.table", linked(found.table, context.address(f"/dictionary/{found.table}"))),
        ("audit.owner", found.owner),
        ("audit.direction", words(DIRECTIONS[found.direction])),
    ]
    if found.where:
        facts.insert(1, ("audit.where", found.where))
    table = PageTable(
        caption=words("audit.caption", name=found.name),
        columns=text_columns(words("audit.what"), words("audit.is")),
        rows=table_rows([(words(key), text) for key, text in facts]),
    )
    if found.table != GOLD_CHANNEL_PERFORMANCE.full_name:
        sentence = f"{metric_sentence(found, words)} {words('audit.elsewhere', table=found.table)}"
        return Panel("definition", metric_label(found, words), sentence, table=table, drawing=_sql(found.sql()))
    filters = filters_of_number(context)
    text, _ = number_in_question(context, found)
    return Panel(
        "definition",
        metric_label(found, words),
        metric_sentence(found, words),
        table=table,
        tiles=(Tile(metric_label(found, words), text, in_words(filters, context)),),
        drawing=_sql(filters.sql(found.formula, found.name, found.where)),
        note=words("audit.note"),
    )


def filters_of_number(context: Context) -> NumberFilters:
    """The filters of the number that the address names."""
    asked = context.asked
    return number_filters(context.published, audited_view(context), channel=asked.channel, campaign=asked.campaign)


def number_in_question(context: Context, found: Metric) -> tuple[str, dict[str, str]]:
    """The number as the page shows it, and its filters as texts."""
    if found.table != GOLD_CHANNEL_PERFORMANCE.full_name:
        return found.name, {"table": found.table}
    filters = filters_of_number(context)
    view = replace(audited_view(context), models=(filters.model,))
    value = read_performance_metrics(context.published, view, [found.name])[0][found.name]
    return metric_text(found, value, currency_of(context.published), context.words, unit=True), filters.as_texts()


def in_words(filters: NumberFilters, context: Context) -> str:
    """The filters as a reader says them."""
    words = context.words
    days = words(
        "audit.days",
        first=words.day(filters.first_day) if filters.first_day else words("audit.beginning"),
        last=words.day(filters.last_day),
    )
    named = [short(text) for text in filters.dimensions.values()]
    return " · ".join([days, words.conversions(filters.conversion_type), words.model(filters.model), *named])


def conversions_panel(context: Context) -> Panel | None:
    """The conversions behind the number, and whether they add up to it; None where credits are not published."""
    words = context.words
    found = read_conversions_behind(
        context.published,
        audited_view(context),
        timezone=context.shop.timezone,
        channel=context.asked.channel,
        campaign=context.asked.campaign,
        limit=SHOWN_ROWS,
        after=None if context.asked.open == "spend" else context.asked.after,  # a page may have two lists
    )
    if found is None:
        return None
    rows = [
        (
            linked(row.conversion_id[:12], context.address(f"/conversions/{quote(row.conversion_id, safe='')}")),
            formats.moment(row.converted_at),
            formats.count(row.touches),
            formats.count(row.credit, 3),
            formats.amount(row.value, found.currency),
            formats.amount(row.gross_value, found.currency),
        )
        for row in found.rows
    ]
    table = PageTable(
        caption=words("audit_conversions.caption", shown=str(len(rows)), all=formats.count(found.conversions)),
        columns=columns(
            words("audit_conversions.conversion"),
            words("audit_conversions.converted_at"),
            words("audit_conversions.touches"),
            words("audit_conversions.credit"),
            words("audit_conversions.value"),
            words("audit_conversions.gross_value"),
        ),
        rows=table_rows(rows),
        foot=(
            words("audit_conversions.together"),
            "",
            "",
            formats.count(found.summed.conversions, 3),
            formats.amount(found.summed.value, found.currency),
            formats.amount(found.summed.gross_value, found.currency),
        ),
    )
    note = _more(context, found.after, "conversions")
    return Panel("conversions", words("audit_conversions.title"), _adds_up(context, found), table=table, note=note)


def _adds_up(context: Context, found: ConversionsBehind) -> str:
    words = context.words
    return words(
        "audit_conversions.adds_up" if found.adds_up else "audit_conversions.does_not",
        conversions=formats.count(found.conversions),
        value=words.money(found.summed.value, found.currency),
        number=words.money(found.number.value, found.currency),
    )


def spend_panel(context: Context) -> Panel | None:
    """The rows of spend behind the number, with their landed lines; None where spend is not published."""
    words = context.words
    found = read_spend_behind(
        context.published,
        audited_view(context),
        timezone=context.shop.timezone,
        channel=context.asked.channel,
        campaign=context.asked.campaign,
        limit=SHOWN_ROWS,
        after=context.asked.after if context.asked.open == "spend" else None,
    )
    if found is None:
        return None
    rows = [
        (
            formats.Figure(row.spend_date.isoformat(), row.spend_date),
            row.platform,
            formats.Figure(short(row.campaign or ""), row.campaign),
            row.channel,
            formats.amount(row.report_spend, row.report_currency),
            ", ".join(f"{landed.file}:{landed.line}" for landed in row.landed),
        )
        for row in found.rows
    ]
    table = PageTable(
        caption=words("audit_spend.caption", shown=str(len(rows)), all=formats.count(found.count)),
        columns=(
            Column(words("audit_spend.day"), numeric=False),
            Column(words("audit_spend.platform"), numeric=False),
            Column(words("audit_spend.campaign"), numeric=False),
            Column(words("audit_spend.channel"), numeric=False),
            Column(words("audit_spend.spend")),
            Column(words("audit_spend.landed"), numeric=False),
        ),
        rows=table_rows(rows),
        foot=(words("audit_conversions.together"), "", "", "", formats.amount(found.summed, found.currency), ""),
    )
    sentence = words(
        "audit_spend.adds_up" if found.summed == found.number else "audit_spend.does_not",
        rows=words.counted("row", found.count),
        money=words.money(found.summed, found.currency),
        number=words.money(found.number, found.currency),
    )
    note = _more(context, found.after, "spend")
    return Panel("spend", words("audit_spend.title"), sentence, table=table, folded=len(rows) > 10, note=note)


def questions_panel(context: Context, found: Metric) -> Panel:
    """What people asked about this number, and the form to ask; answers stand beside."""
    words = context.words
    asked = questions_for(context.shop.lake, metric=found.name, limit=SHOWN_QUESTIONS)
    sentence = words("questions.some", number=formats.count(len(asked))) if asked else words("questions.none")
    return Panel(
        "questions",
        words("questions.title"),
        sentence,
        table=questions_table(asked, context) if asked else None,
        drawing=_form(context, found),
    )


def questions_table(asked: tuple[Question, ...], context: Context) -> PageTable:
    """Questions with their numbers, newest first."""
    words = context.words
    rows = [
        (
            formats.moment(one.asked_at),
            one.asked_by if context.sees_persons else words("questions.somebody"),
            linked(one.number, one.address) if one.address else one.number,
            one.note,
            one.answer or words("questions.open"),
            one.run_id,
        )
        for one in asked
    ]
    return PageTable(
        caption=words("questions.caption"),
        columns=text_columns(
            words("questions.asked_at"),
            words("questions.asked_by"),
            words("questions.number"),
            words("questions.note"),
            words("questions.answer"),
            words("questions.run"),
        ),
        rows=table_rows(rows),
    )


def _form(context: Context, found: Metric) -> Markup:
    words = context.words
    return Markup(
        '<form class="asking" method="post" action="{address}">'
        '<label>{label}<textarea name="note" required maxlength="2000" rows="3"></textarea></label>'
        "<button>{send}</button></form>"
    ).format(
        address=context.address(f"/audit/{found.name}", after=None, open=None),
        label=words("questions.ask"),
        send=words("questions.send"),
    )


def _sql(text: str) -> Markup:
    return Markup('<pre class="sql" tabindex="0">{}</pre>').format(plain(text))


def _more(context: Context, after: str | None, part: str) -> str | Markup:
    if after is None:
        return ""
    link = linked(context.words("audit.next"), context.address(context.path, after=after, open=part))
    return Markup("{}").format(link)
