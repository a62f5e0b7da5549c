"""gold.channel_effects: the effect of each channel in each data-driven fit."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from attribution.channel_fit import FIT_KNOBS, champion_origin, fitted_channels, slice_of_fit
from attribution.channel_model import ChannelModel
from attribution.knobs import ChannelModelName
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import Registry
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_channel_effects import GOLD_CHANNEL_EFFECTS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

TOLERANCE = 1e-9


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


def check_channel_effects(effects: DataFrame) -> list[CheckResult]:
    """The shares of each fit, model and conversion type sum to 1, or are all 0."""
    sums = effects.groupBy("model_version", "model", "conversion_type").agg(
        F.sum("share").alias("share"), F.sum("value_share").alias("value_share")
    )
    is_valid = [(F.abs(F.col(name) - 1) <= TOLERANCE) | (F.col(name) == 0) for name in ("share", "value_share")]
    return [none_found("fits whose channel shares do not sum to 1", sums.where(~(is_valid[0] & is_valid[1])).count())]


def _build(work: Work) -> DataFrame:
    fit = work.once(fitted_channels)
    return build_channel_effects(work.lake.spark, fit.model, model_version=fit.version)


# The fit writes its own rows; the model registry records what the fit was made from.
CHANNEL_EFFECTS = Recipe(
    table=GOLD_CHANNEL_EFFECTS,
    inputs=(SILVER_JOURNEYS,),
    knobs=FIT_KNOBS,
    registered=(Registry, ChannelModelName),
    build=_build,
    is_of_day=True,
    slice=slice_of_fit,
    stored_origin=champion_origin,
    checks=lambda work: check_channel_effects(work.read(GOLD_CHANNEL_EFFECTS)),
)
