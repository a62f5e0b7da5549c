"""gold.channel_transitions: the transition matrix of one Markov fit."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from attribution.markov import MarkovFit
from warehouse.conform import conform
from warehouse.tables.gold_channel_transitions import GOLD_CHANNEL_TRANSITIONS


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
