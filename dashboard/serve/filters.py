"""What the filters of a page offer: conversion types, models and channels of the publication."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.words import capital
from published.choices import read_currencies
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

Option = tuple[str, str]
# Models that people set beside each other most.
PAIRS = (("last_touch", "first_touch"), ("last_touch", "markov"), ("last_touch", "shapley"))


@dataclass(frozen=True)
class Filters:
    """The options, each a value of the query and its text; the first leaves the filter out.

    There are no `currencies` where all conversions are in one.
    """

    types: tuple[Option, ...]
    models: tuple[Option, ...]
    channels: tuple[Option, ...]
    currencies: tuple[Option, ...] = ()


def filters_of(context: Context) -> Filters:
    """The options of the publication that the page shows."""
    words, choices = context.words, context.choices
    models = choices.models
    pairs = [pair for pair in PAIRS if set(pair) <= set(models)]
    named = [
        ("", words("filters.all_models")),
        *((",".join(pair), _together(context, pair)) for pair in pairs),
        *((model, words("filters.only", model=words.model(model))) for model in models),
    ]
    asked = ",".join(context.asked.models)
    if asked not in [value for value, _ in named]:
        named.append((asked, ", ".join(words.model(model) for model in context.asked.models)))
    return Filters(
        types=(
            ("", words("filters.main_type")),
            *((name, capital(words.conversions(name))) for name in choices.conversion_types),
        ),
        models=tuple(named),
        channels=(("", words("filters.all_channels")), *((name, short(name)) for name in _channels(context))),
        currencies=_currencies(context),
    )


def undivided(context: Context) -> str:
    """What the reader's filters do not divide, as a sentence; '' where they divide nothing."""
    words, asked = context.words, context.asked
    parts = []
    if asked.customers != "all" or asked.platform is not None:
        parts.append(words("filters.not_divided"))
    if asked.currency is not None:
        parts.append(words("filters.no_currency", currency=asked.currency))
    return " ".join(parts)


def _currencies(context: Context) -> tuple[Option, ...]:
    known = read_currencies(context.published)
    if len(known) < 2 and context.asked.currency is None:
        return ()
    return (("", context.words("filters.all_currencies")), *((code, code) for code in known))


def _together(context: Context, pair: tuple[str, str]) -> str:
    first, second = (context.words.model(model) for model in pair)
    return context.words("filters.together", first=first, second=second)


def _channels(context: Context) -> list[str]:
    if not context.published.has(GOLD_CHANNEL_PERFORMANCE):
        return []
    rows = context.published.rows(
        "select distinct channel from gold_channel_performance order by channel", GOLD_CHANNEL_PERFORMANCE
    )
    return [row["channel"] for row in rows]
