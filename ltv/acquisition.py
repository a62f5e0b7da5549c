"""Attributes of customers: where each came from, by the first touch of the first purchase or sign-up."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.covariates import LEAST_CUSTOMERS, OTHER
from warehouse.terms import NOT_SET, UNATTRIBUTED

ACQUISITION_TYPES = ("purchase", "sign_up")
ATTRIBUTES = ("acquisition_channel", "acquisition_source", "acquisition_medium", "acquisition_campaign")


def acquisitions(journeys: DataFrame, attributes: Sequence[str] = ATTRIBUTES) -> DataFrame:
    """(person_id and the attributes): the first touch before the person's first purchase or sign-up ever known.

    `journeys` is silver.journeys. All are of one touch: '(not set)' where it has no source, medium or campaign. A first
    conversion without touches gives '(unattributed)' in all; of two at the same instant the smaller journey_id is
    taken.
    """
    is_acquisition = F.col("conversion_id").isNotNull() & F.col("conversion_type").isin(*ACQUISITION_TYPES)
    first_touch = F.get(F.col("path"), F.lit(0))

    def of_first_touch(name: str) -> Column:
        given = F.coalesce(first_touch[name.removeprefix("acquisition_")], F.lit(NOT_SET))
        return F.when(F.size("path") > F.lit(0), given).otherwise(F.lit(UNATTRIBUTED)).alias(name)

    return (
        journeys.where(is_acquisition)
        .select("person_id", *map(of_first_touch, attributes), F.struct("ended_at", "journey_id").alias("moment"))
        .groupBy("person_id")
        .agg(*(F.min_by(name, "moment").alias(name) for name in attributes))
    )


def with_attributes(histories: DataFrame, attributes: DataFrame | None) -> DataFrame:
    """Histories with the attributes of each person (texts by person_id, such as those of `acquisitions`).

    A person without a row there is '(unattributed)'.
    """
    if attributes is None:
        return histories
    names = [name for name in attributes.columns if name != "person_id"]
    known = histories.join(attributes, on="person_id", how="left")
    return known.withColumns({name: F.coalesce(F.col(name), F.lit(UNATTRIBUTED)) for name in names})


def without_rare_values(attributes: DataFrame) -> DataFrame:
    """The attributes, with '(other)' for each value that fewer than LEAST_CUSTOMERS persons have.

    No fit gives such a value a coefficient of its own, so a fit sees the same; but of a thousand campaigns its counted
    tables have few.
    """
    for name in attributes.columns:
        if name != "person_id":
            sizes = attributes.groupBy(name).agg(F.count("*").alias("_persons"))
            common = sizes.where(F.col("_persons") >= F.lit(LEAST_CUSTOMERS)).select(name, F.lit(True).alias("_common"))
            known = attributes.join(F.broadcast(common), on=name, how="left")
            attributes = known.withColumn(name, _or_other(F.col(name), F.col("_common"))).drop("_common")
    return attributes


def named_or_other(name: str, levels: Sequence[str]) -> Column:
    """The attribute of a customer where it is one of these levels, otherwise '(other)'."""
    return _or_other(F.col(name), F.col(name).isin(*levels))


def _or_other(value: Column, is_named: Column) -> Column:
    return F.when(is_named, value).otherwise(F.lit(OTHER))
