"""gold.channel_transitions: the transition matrix of one Markov fit."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from attribution.channel_fit import FIT_KNOBS, champion_origin, fitted_channels, promote_channels, slice_of_fit
from attribution.knobs import ChannelModelName
from attribution.markov import MarkovFit
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import Registry
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_channel_transitions import GOLD_CHANNEL_TRANSITIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

TOLERANCE = 1e-9


def build_channel_transitions(spark: SparkSession, fits: Mapping[str, MarkovFit], *, model_version: str) -> DataFrame:
    """One row per conversion type (the key of `fits`) and entry of its transition matrix above 0."""
    entries = [
        (
            model_version,
            kind,
            list(entry.from_state),
            entry.event,
            list(entry.to_state or ()),
            float(entry.probability),
            float(entry.journeys),
        )
        for kind, fit in fits.items()
        for entry in fit.transitions()
    ]
    return conform(spark.createDataFrame(entries, GOLD_CHANNEL_TRANSITIONS.ddl), GOLD_CHANNEL_TRANSITIONS)


def check_channel_transitions(transitions: DataFrame) -> list[CheckResult]:
    """The probabilities of what follows a state sum to 1."""
    sums = transitions.groupBy("model_version", "conversion_type", "state").agg(
        F.sum("probability").alias("probability")
    )
    uneven = sums.where(F.abs(F.col("probability") - 1) > TOLERANCE).count()
    return [none_found("states whose transition probabilities do not sum to 1", uneven)]


def _build(work: Work) -> DataFrame:
    fit = work.once(fitted_channels)
    return build_channel_transitions(work.lake.spark, fit.chains, model_version=fit.version)


# The last table of a fit: once it is written, the fit is promoted.
CHANNEL_TRANSITIONS = Recipe(
    table=GOLD_CHANNEL_TRANSITIONS,
    inputs=(SILVER_JOURNEYS,),
    knobs=FIT_KNOBS,
    registered=(Registry, ChannelModelName),
    build=_build,
    is_of_day=True,
    slice=slice_of_fit,
    stored_origin=champion_origin,
    after=promote_channels,
    checks=lambda work: check_channel_transitions(work.read(GOLD_CHANNEL_TRANSITIONS)),
)
