"""The step that fits the data-driven attribution models and makes the fit the one that credits."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from attribution.channel_effects import build_channel_effects
from attribution.channel_model import ChannelEffect, ChannelModel, markov_effects, shapley_effects
from attribution.channel_registry import champion_version, store_version
from attribution.channel_transitions import build_channel_transitions
from attribution.markov import MarkovFit, fit_transitions, select_order
from attribution.transitions import (
    count_channel_sets,
    count_paths,
    count_transitions,
    known_journeys,
    moves_and_ends,
    paths_of,
)
from jobs.run import Run
from warehouse.code_version import code_version
from warehouse.days import report_day
from warehouse.errors import InputError
from warehouse.model_registry import promote
from warehouse.tables import GOLD_CHANNEL_EFFECTS, GOLD_CHANNEL_TRANSITIONS, SILVER_JOURNEYS

ORDERS = (1, 2, 3)


def fit_channels(run: Run) -> None:
    """Fits the models of attribution.data_driven on the journeys up to as_of, registers the fit and its effects.

    The same journeys, day, settings and code as the standing fit's give no new version. Credits follow with the next
    `attribute`. InputError where no journey with a touch is known.
    """
    settings = run.settings
    with run.step("train-attribution") as log:
        kept = settings.attribution.data_driven
        wanted = kept.models
        tags = _tags(run)
        champion = champion_version(settings.mlflow, kept)
        if not wanted:
            log.skip("attribution.data_driven.models names none")
        elif champion and not run.full and {name: champion.tags.get(name) for name in tags} == tags:
            log.skip(f"{champion.full_name} was fitted on the same journeys and settings")
        elif run.dry_run:
            log.skip(f"would fit {', '.join(wanted)} on journeys up to {run.as_of}")
        else:
            model, fits = _fitted(run)
            version = store_version(settings.mlflow, kept, model, tags=tags)
            _write(run, version, model, fits)
            # Last, so that a version that credits has its rows.
            promote(settings.mlflow, version)
            orders = ", ".join(f"{kind} order {fit.order}" for kind, fit in fits.items())
            log.message = f"{version}: {', '.join(wanted)}" + (f" ({orders})" if orders else "")


def _fitted(run: Run) -> tuple[ChannelModel, dict[str, MarkovFit]]:
    """The model, and the Markov fit of each conversion type where markov is wanted."""
    wanted = run.settings.attribution.data_driven.models
    journeys = known_journeys(run.lake.read(SILVER_JOURNEYS), as_of=run.as_of, timezone=run.settings.report.timezone)
    effects: list[ChannelEffect] = []
    fits: dict[str, MarkovFit] = {}
    if "markov" in wanted:
        fits = _markov(run, journeys)
        effects += [effect for kind, fit in fits.items() for effect in markov_effects(kind, fit)]
    if "shapley" in wanted:
        by_type = _by_type(count_channel_sets(journeys))
        effects += [effect for kind, rows in by_type.items() for effect in shapley_effects(kind, paths_of(rows))]
    if not effects:
        raise InputError(
            f"no journey up to {run.as_of} has a touch: run `distributary attribute` on landed files first"
        )
    return ChannelModel(as_of=run.as_of, effects=effects), fits


def _markov(run: Run, journeys: DataFrame) -> dict[str, MarkovFit]:
    wanted = run.settings.attribution.markov.order
    if wanted != "auto":
        counted = _by_type(count_transitions(journeys, order=wanted))
        return {kind: fit_transitions(*moves_and_ends(rows), wanted) for kind, rows in counted.items()}
    orders = _chosen_orders(run, journeys)
    fits: dict[str, MarkovFit] = {}
    for order in sorted(set(orders.values())):
        counted = _by_type(count_transitions(journeys, order=order))
        fits |= {
            kind: fit_transitions(*moves_and_ends(rows), order)
            for kind, rows in counted.items()
            if orders[kind] == order
        }
    return dict(sorted(fits.items()))


def _chosen_orders(run: Run, journeys: DataFrame) -> dict[str, int]:
    """By conversion type, the order that foretells the newest holdout_days best; 1 where one side has no journey."""
    newest = run.as_of - timedelta(days=run.settings.attribution.markov.holdout_days)
    is_new = report_day("ended_at", run.settings.report.timezone) > F.lit(newest)
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


def _write(run: Run, version: str, model: ChannelModel, fits: dict[str, MarkovFit]) -> None:
    origin = run.origin([SILVER_JOURNEYS], "attribution", "report")
    where = f"model_version = '{version}'"
    effects = build_channel_effects(run.spark, model, model_version=version)
    run.lake.replace(GOLD_CHANNEL_EFFECTS, effects, origin=origin, where=where)
    transitions = build_channel_transitions(run.spark, fits, model_version=version)
    run.lake.replace(GOLD_CHANNEL_TRANSITIONS, transitions, origin=origin, where=where)


def _tags(run: Run) -> dict[str, str]:
    """What a fit is made of: the same tags would give the same fit."""
    return {
        "as_of": str(run.as_of),
        "data_versions": json.dumps(run.lake.versions([SILVER_JOURNEYS])),
        "settings_digest": run.settings.digest("attribution", "report"),
        "code_version": code_version(),
    }
