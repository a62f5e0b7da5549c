"""A digest as plain text, as Markdown, and as a page of HTML."""

from __future__ import annotations

import re
from html import escape

from dashboard.digest.content import Digest
from dashboard.formats import MISSING
from dashboard.panels import PageTable
from dashboard.words import words_in

# What Markdown reads as markup, anywhere in a line.
MARKUP = re.compile(r"([\\`*_\[\]<>#|~&])")
STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:44rem;margin:1.5rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.25rem .6rem;border-bottom:1px solid #ccc;text-align:right}"
    "td:first-child,th:first-child{text-align:left}caption{text-align:left;color:#555}"
)


def kpi_lines(digest: Digest) -> list[str]:
    """Each number with its changes, as a line."""
    words = words_in(digest.language)

    def beside(key: str, change: str) -> str:
        return "" if change == MISSING else words(key, change=change)

    return [
        words(
            "digest.line",
            label=line.label,
            day=line.day,
            week=line.week,
            day_beside=beside("digest.day_beside", line.day_change),
            week_beside=beside("digest.week_beside", line.week_change),
        )
        for line in digest.kpis
    ]


def as_text(digest: Digest) -> str:
    """The digest as plain text."""
    blocks = [digest.title, digest.lead, "\n".join(kpi_lines(digest)), digest.note]
    blocks += ["\n".join([part.heading, *(f"- {line}" for line in part.lines)]) for part in digest.parts]
    if digest.link:
        blocks.append(f"{digest.link_text}: {digest.link}")
    return "\n\n".join(filter(None, blocks)) + "\n"


def as_markdown(digest: Digest) -> str:
    """The digest as Markdown, with its numbers as a table."""
    blocks = [f"# {_marked(digest.title)}", _marked(digest.lead)]
    if digest.table:
        blocks.append(_markdown_table(digest.table))
    if digest.note:
        blocks.append(_marked(digest.note))
    for part in digest.parts:
        blocks += [f"## {_marked(part.heading)}", "\n".join(f"- {_marked(line)}" for line in part.lines)]
    if digest.link:
        blocks.append(f"[{_marked(digest.link_text)}](<{digest.link}>)")
    return "\n\n".join(blocks) + "\n"


def as_html(digest: Digest) -> str:
    """The digest as a page that loads nothing."""
    body = [f"<h1>{escape(digest.title)}</h1>", f"<p>{escape(digest.lead)}</p>"]
    if digest.table:
        body.append(_html_table(digest.table))
    if digest.note:
        body.append(f"<p>{escape(digest.note)}</p>")
    for part in digest.parts:
        items = "".join(f"<li>{escape(line)}</li>" for line in part.lines)
        body.append(f"<h2>{escape(part.heading)}</h2>\n<ul>{items}</ul>")
    if digest.link:
        body.append(f'<p><a href="{escape(digest.link)}">{escape(digest.link_text)}</a></p>')
    head = f'<meta charset="utf-8"><title>{escape(digest.title)}</title><style>{STYLE}</style>'
    lines = "\n".join(body)
    return f'<!doctype html>\n<html lang="{digest.language}"><head>{head}</head><body>\n{lines}\n</body></html>\n'


def _marked(text: str) -> str:
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _markdown_table(table: PageTable) -> str:
    sides = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [[_marked(str(column.label)) for column in table.columns], sides]
    rows += [[_marked(str(cell)) for cell in row] for row in table.rows]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([_marked(table.caption), "", *lines])


def _html_table(table: PageTable) -> str:
    heads = "".join(f"<th>{escape(str(column.label))}</th>" for column in table.columns)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><caption>{escape(table.caption)}</caption>\n<tr>{heads}</tr>\n{rows}\n</table>"
