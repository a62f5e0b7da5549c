"""The page of changes: how this publication differs from one before it, and why."""

from __future__ import annotations

from dataclasses import replace

from dashboard.changes_panel import changes_panel as drawn_panel
from dashboard.panels import PageTable, Panel, columns, linked
from dashboard.serve.context import Context
from dashboard.serve.page import Page, Part
from published.changes import read_changes
from published.former import two_publications
from published.publication import publications
from published.view import View

SHOWN_PUBLICATIONS = 30


def changes_panel(context: Context) -> Panel:
    """Credit, value and spend of each channel under the first model, by cause.

    `open` names the earlier publication, by its run or by a day; without it that is the one before. All days count,
    for filters of days and channels choose rows of one publication.
    """
    words, shop, asked = context.words, context.shop, context.asked
    before, after = two_publications(shop.lake, from_=asked.open, to=context.published.run_id, timezone=shop.timezone)
    view = View(conversion_type=asked.conversion_type, models=asked.models or None, language=asked.language)
    found = read_changes(before, after, view, timezone=shop.timezone)
    if found is None:
        return Panel("changes", words("changes.title"), words("changes.no_credits"))
    panel = drawn_panel(found, words, found.models[0])
    return replace(panel, note=words("changes.page_note"))


def others_panel(context: Context) -> Panel:
    """The publications that this one can be compared with."""
    words = context.words
    every = publications(context.shop.lake)
    rows = [
        (
            linked(one.run_id, context.address("/changes", open=one.run_id)),
            words.day(one.as_of),
            f"{one.published_at:%Y-%m-%d %H:%M} UTC",
        )
        for one in every[:SHOWN_PUBLICATIONS]
        if one.run_id != context.published.run_id
    ]
    title = words("changes.others")
    if not rows:
        return Panel("others", title, words("changes.no_others"))
    table = PageTable(
        caption=words("changes.others_caption"),
        columns=columns(words("changes.run"), words("changes.last_day"), words("changes.published_at")),
        rows=tuple(rows),
    )
    return Panel("others", title, words("changes.others_sentence"), table=table)


PAGE = Page(
    "changes",
    (Part("changes", "changes.title", changes_panel), Part("others", "changes.others", others_panel)),
    is_live=True,
)
