"""The panel about what tracking loses: missing consent, logged-out visits, short cookies."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.words import Words, capital
from published.figures import Figures
from published.tracking_losses import Loss, TrackingLosses, read_tracking_losses
from warehouse.tables.gold_tracking_losses import LOGGED_OUT, NO_CONSENT, SHORT_COOKIE

NAMES = {
    NO_CONSENT: "tracking_losses.no_consent",
    LOGGED_OUT: "tracking_losses.logged_out",
    SHORT_COOKIE: "tracking_losses.short_cookie",
}


def tracking_losses_panel(figures: Figures, words: Words) -> Panel | None:
    """Lost touches and conversions by cause; None where there are neither."""
    losses = read_tracking_losses(figures.published, figures.view)
    if losses is None:
        return None
    shares = ", ".join(f"{_named(loss, words)} {formats.share(loss.touch_share, 1)}" for loss in losses.causes)
    sentence = words("tracking_losses.sentence", shares=shares)
    title = words("tracking_losses.title")
    table = _table(losses, words)
    return Panel("tracking-losses", title, sentence, table=table, folded=True, note=words("tracking_losses.note"))


def _named(loss: Loss, words: Words) -> str:
    name = words(NAMES[loss.cause])
    return words("tracking_losses.estimated", cause=name) if loss.is_estimate else name


def _table(losses: TrackingLosses, words: Words) -> PageTable:
    kind, currency = losses.conversion_type, losses.currency
    names = (
        "tracking_losses.touches",
        "tracking_losses.lost_touches",
        "tracking_losses.touch_share",
        "tracking_losses.lost_conversions",
        "tracking_losses.conversion_share",
        "tracking_losses.value",
    )
    return PageTable(
        caption=capital(
            words("tracking_losses.caption", conversions=words.conversions(kind), currency=words.currency(currency))
        ),
        columns=columns(words("tracking_losses.cause"), *map(words, names)),
        rows=table_rows(
            [
                [
                    capital(_named(loss, words)),
                    formats.count(loss.concerned_touches),
                    formats.count(loss.lost_touches),
                    formats.share(loss.touch_share, 1),
                    formats.count(loss.lost_conversions),
                    formats.share(loss.conversion_share, 1),
                    formats.amount(loss.lost_value, currency),
                ]
                for loss in losses.causes
            ]
        ),
    )
