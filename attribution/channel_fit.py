"""Fits the data-driven attribution models on journeys, and stores the fit in the model registry."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from attribution.channel_model import ChannelEffect, ChannelModel, markov_effects, shapley_effects
from attribution.channel_registry import champion_version, store_version
from attribution.knobs import DataDriven, FittedModels, Markov
from attribution.markov import MarkovFit, fit_transitions, select_order
from attribution.transitions import (
    count_channel_sets,
    count_paths,
    count_transitions,
    known_journeys,
    moves_and_ends,
    paths_of,
)
from warehouse.code_version import code_version
from warehouse.days import report_day
from warehouse.errors import InputError
from warehouse.knobs import Mlflow, ReportingDay
from warehouse.recipes import Work
from warehouse.store import Origin
from warehouse.table_update import digest_of
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

ORDERS = (1, 2, 3)
# Everything that a fit depends on, besides the journeys and the day.
FIT_KNOBS = (FittedModels, Markov, ReportingDay)


class ChannelFit(NamedTuple):
    """A registered fit: its version ('<name>/<version>'), its effects, and the Markov fit of each conversion type."""

    version: str
    model: ChannelModel
    chains: dict[str, MarkovFit]


def fitted_channels(work: Work) -> ChannelFit:
    """A fit of the wanted models on the journeys up to the run's day: registered, not yet promoted.

    InputError where no journey has a touch.
    """
    timezone = work.knobs(ReportingDay).timezone
    journeys = known_journeys(work.read(SILVER_JOURNEYS), as_of=work.run.as_of, timezone=timezone)
    model, chains = fit_channels(
        journeys,
        as_of=work.run.as_of,
        timezone=timezone,
        models=work.knobs(FittedModels),
        markov=work.knobs(Markov),
    )
    version = store_version(work.knobs(Mlflow), work.knobs(DataDriven), model, tags=_tags(work))
    return ChannelFit(version, model, chains)


def slice_of_fit(work: Work) -> str:
    """SQL of the rows of the fit in a table that has rows of every version."""
    return f"model_version = '{work.once(fitted_channels).version}'"


def promote_channels(work: Work) -> None:
    """Promotes the fit: credits are made with it from now on. Runs last, so that a promoted version has its rows."""
    from warehouse.model_registry import promote  # noqa: PLC0415

    fit = work.once(fitted_channels)
    promote(work.run.knobs(Mlflow), fit.version)
    orders = ", ".join(f"{kind} order {chain.order}" for kind, chain in fit.chains.items())
    work.run.say(f"{fit.version} is now used for credits" + (f" (markov: {orders})" if orders else ""))


def champion_origin(work: Work) -> Origin | None:
    """What the promoted fit was made from, read from its tags; None before the first fit."""
    champion = champion_version(work.run.knobs(Mlflow), work.run.knobs(DataDriven))
    if champion is None:
        return None
    tags = champion.tags
    inputs = {**json.loads(tags.get("data_versions", "{}")), "as_of": tags.get("as_of", "")}
    return Origin(inputs, tags.get("settings_digest", ""), tags.get("code_version", ""))


def fit_channels(
    journeys: DataFrame, *, as_of: date, timezone: str, models: FittedModels, markov: Markov
) -> tuple[ChannelModel, dict[str, MarkovFit]]:
    """The effects of every wanted model on `known_journeys`, and the Markov fit of each conversion type.

    InputError where no journey has a touch.
    """
    effects: list[ChannelEffect] = []
    chains: dict[str, MarkovFit] = {}
    if "markov" in models.models:
        chains = _chains(journeys, as_of=as_of, timezone=timezone, knobs=markov)
        effects += [effect for kind, chain in chains.items() for effect in markov_effects(kind, chain)]
    if "shapley" in models.models:
        by_type = _by_type(count_channel_sets(journeys))
        effects += [effect for kind, rows in by_type.items() for effect in shapley_effects(kind, paths_of(rows))]
    if not effects:
        raise InputError(f"no journey up to {as_of} has a touch: run `distributary attribute` on landed files first")
    return ChannelModel(as_of=as_of, effects=effects, collapse=markov.collapse), chains


def _chains(journeys: DataFrame, *, as_of: date, timezone: str, knobs: Markov) -> dict[str, MarkovFit]:
    if knobs.order != "auto":
        counted = _by_type(count_transitions(journeys, order=knobs.order, collapse=knobs.collapse))
        return {kind: fit_transitions(*moves_and_ends(rows), knobs.order) for kind, rows in counted.items()}
    train_until = as_of - timedelta(days=knobs.holdout_days)
    orders = _best_orders(journeys, report_day("ended_at", timezone) > F.lit(train_until))
    chains: dict[str, MarkovFit] = {}
    for order in sorted(set(orders.values())):
        counted = _by_type(count_transitions(journeys, order=order, collapse=knobs.collapse))
        chains |= {
            kind: fit_transitions(*moves_and_ends(rows), order)
            for kind, rows in counted.items()
            if orders[kind] == order
        }
    return dict(sorted(chains.items()))


def _best_orders(journeys: DataFrame, is_new: Column) -> dict[str, int]:
    """By conversion type, the order that predicts the new journeys best; 1 where one side has no journey."""
    older, newer = (_by_type(count_paths(journeys.where(side))) for side in (~is_new, is_new))
    return {
        kind: select_order(paths_of(older[kind]), paths_of(newer[kind]), ORDERS)
        if kind in older and kind in newer
        else 1
        for kind in sorted({*older, *newer})
    }


def _by_type(counted: DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in counted.collect():
        found[row["conversion_type"]].append(row)
    return dict(sorted(found.items()))


def _tags(work: Work) -> dict[str, str]:
    """What a fit is made from, as tags of its version. The same tags give the same fit."""
    return {
        "as_of": work.run.as_of.isoformat(),
        "data_versions": json.dumps({name: str(state) for name, state in work.lake.states([SILVER_JOURNEYS]).items()}),
        "settings_digest": digest_of([work.knobs(part) for part in FIT_KNOBS]),
        "code_version": code_version(),
    }
