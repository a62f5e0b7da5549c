"""gold.channel_effects: what one data-driven fit says of each channel."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from attribution.channel_model import ChannelModel
from warehouse.conform import conform
from warehouse.tables.gold_channel_effects import GOLD_CHANNEL_EFFECTS


def build_channel_effects(spark: SparkSession, model: ChannelModel, *, model_version: str) -> DataFrame:
    """One row per model, conversion type and channel of the fit."""
    ddl = (
        "model string, conversion_type string, channel string, markov_order int, removal_effect double, share double, "
        "value_removal_effect double, value_share double"
    )
    rows = spark.createDataFrame([tuple(effect) for effect in model.effects], ddl)
    return conform(
        rows.withColumns({"model_version": F.lit(model_version), "as_of": F.lit(model.as_of)}), GOLD_CHANNEL_EFFECTS
    )
