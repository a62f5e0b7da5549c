"""The top of the report: its days and currency, its summary sentence, and the headline numbers."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Tile
from dashboard.words import Words, capital
from published.customers import HORIZON_DAYS
from published.figures import Figures
from published.performance import Performance, ratio


def subtitle(figures: Figures, words: Words, timezone: str | None) -> str:
    """The days, time zone, date basis and currency of the page."""
    performance = figures.performance
    if performance is None:
        parts = [words("page.as_of", day=words.day(figures.facts.as_of))]
    else:
        first, last = words.day(performance.first_day), words.day(performance.last_day)
        parts = [words("page.period", first=first, last=last)]
    if timezone:
        parts.append(words("page.timezone", timezone=timezone))
    if performance is not None:
        if figures.view.date_basis == "touch":
            parts.append(words("page.by_touch"))
        parts.append(words("page.money", currency=words.currency(performance.currency)))
    return " · ".join(parts)


def lead_sentence(figures: Figures, words: Words) -> str:
    """Conversions, value and spend over all channels, in one sentence."""
    performance = figures.performance
    if performance is None:
        return words("lead.missing")
    total, currency = performance.total, performance.currency
    kind = performance.conversion_type
    sales = words.counted_conversions(kind, performance.conversions_by_type[kind])
    value = words.money(total.value[performance.reference], currency)
    roas = total.roas(performance.reference)
    if roas is None:
        return words("lead.without_spend", sales=sales, value=value)
    return words(
        "lead.with_spend",
        sales=sales,
        value=value,
        spend=words.money(total.spend, currency),
        multiple=formats.multiple(roas),
        currency=words.currency(currency),
    )


def headline(figures: Figures, words: Words) -> tuple[Tile, ...]:
    """The headline numbers; a dash for a number whose table is missing."""
    return (*_channel_tiles(figures.performance, words), *_customer_tiles(figures, words))


def _channel_tiles(performance: Performance | None, words: Words) -> tuple[Tile, ...]:
    if performance is None:
        labels = (words("tiles.net_revenue"), words("tiles.ad_spend"), words("tiles.roas"))
        return tuple(Tile(label, formats.MISSING, words("tiles.missing")) for label in labels)
    total, currency, reference = performance.total, performance.currency, performance.reference
    kind = performance.conversion_type
    others = [
        words.counted_conversions(name, number)
        for name, number in sorted(performance.conversions_by_type.items())
        if name != kind and number
    ]
    new = words("tiles.from_new", number=formats.count(performance.new_customers))
    paid = words.counted("channel", len(performance.paid))
    by_paid = sum((channel.value[reference] for channel in performance.paid), 0)
    on_paid = words.roas(ratio(by_paid, total.spend))
    gross = words.money(performance.gross_value, currency)
    return (
        Tile(
            words("tiles.net_revenue"),
            words.money(total.value[reference], currency),
            words("tiles.before_refunds", money=gross),
        ),
        Tile(words("tiles.ad_spend"), words.money(total.spend, currency), words("tiles.on_channels", channels=paid)),
        Tile(
            words("tiles.blended_roas"),
            words.roas(total.roas(reference)),
            words("tiles.blended_note", roas=on_paid, model=words.model(reference)),
        ),
        Tile(
            capital(words.conversions(kind)),
            formats.count(performance.conversions_by_type[kind]),
            " · ".join([new, *others]),
        ),
    )


def _customer_tiles(figures: Figures, words: Words) -> tuple[Tile, ...]:
    count, value = figures.customer_count, figures.customers
    missing = words("tiles.missing")
    return (
        Tile(
            words("tiles.customers"),
            formats.count(count),
            words("tiles.customers_note") if count is not None else missing,
        ),
        Tile(
            words("tiles.expected_value"),
            words.money(value.expected_value, value.currency) if value else formats.MISSING,
            words("tiles.expected_note", days=str(HORIZON_DAYS)) if value else missing,
        ),
    )
