"""Ties: what names a device, a login and an order together. Who is affected by a change follows from them alone."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.ids import device_of_anonymous_id, device_of_event, order_id_of_event
from warehouse.frames import stacked

# Kinds of ties: a changed row; a version of an order; an event that links its device with a login or an order; a person
# affected in any case.
CHANGED, VERSION, LINK, PERSON = "changed", "version", "link", "person"
TIES = "kind string, device string, user_id string, order_id string, person_id string"


def ties_of(
    events: DataFrame,
    orders: DataFrame,
    changed_events: DataFrame,
    changed_orders: DataFrame,
    other_persons: DataFrame,
) -> DataFrame:
    """One row per distinct tie, with the columns of TIES, from one pass over each frame.

    `events` and `orders` are all of bronze, `changed_events` and `changed_orders` old and new states of changed rows,
    all `identified`; `other_persons` (person_id) are affected in any case. device, user_id and order_id are null where
    a row names none; person_id is null but for the kind PERSON.
    """
    versions = _of_orders(orders, VERSION)
    links = _of_events(events, LINK).withColumn("user_id", F.when(F.col("anonymous_id").isNotNull(), F.col("user_id")))
    frames = (
        _of_events(changed_events, CHANGED),
        _of_orders(changed_orders, CHANGED),
        versions,
        links.where(F.col("user_id").isNotNull() | F.col("order_id").isNotNull()),
        other_persons.select(F.lit(PERSON).alias("kind"), "person_id"),
    )
    names = [column.split(" ")[0] for column in TIES.split(", ")]
    return reduce(stacked, frames).select(*names).distinct()


def _of_events(events: DataFrame, kind: str) -> DataFrame:
    return events.select(
        F.lit(kind).alias("kind"),
        device_of_event().alias("device"),
        "user_id",
        order_id_of_event().alias("order_id"),
        "anonymous_id",
    )


def _of_orders(orders: DataFrame, kind: str) -> DataFrame:
    device = device_of_anonymous_id(F.col("anonymous_id")).alias("device")
    return orders.select(F.lit(kind).alias("kind"), device, "user_id", "order_id")
