"""What the filters of a page offer: conversion types, models and channels of the publication."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.words import capital
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

Option = tuple[str, str]
# Models that people set beside each other most.
PAIRS = (("last_touch", "first_touch"), ("last_touch", "markov"), ("last_touch", "shapley"))


@dataclass(frozen=True)
class Filters:
    """The options, each a value of the query and its text; the first leaves the filter out."""

    types: tuple[Option, ...]
    models: tuple[Option, ...]
    channels: tuple[Option, ...]


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
    )


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
