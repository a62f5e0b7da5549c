"""Ties: what names a device, a login and an order together. Who is affected by a change follows from them alone."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.aliases import with_buyer
from touchpoints.ids import device_of_anonymous_id, device_of_event, order_id_of_event
from warehouse.frames import stacked
from warehouse.tables.silver_aliases import ALIAS

# Kinds of ties: a changed row; a version of an order; an event that links its device with a login or an order; a person
# affected in any case; a login that became an alias or a buyer with aliases, or ceased to be.
CHANGED, VERSION, LINK, PERSON, RENAMED = "changed", "version", "link", "person", "renamed"
TIES = "kind string, device string, user_id string, order_id string, person_id string"


def ties_of(
    events: DataFrame,
    orders: DataFrame,
    changed_events: DataFrame,
    changed_orders: DataFrame,
    other_persons: DataFrame,
    *,
    aliases: DataFrame | None = None,
    changed_aliases: DataFrame | None = None,
) -> DataFrame:
    """One row per distinct tie, with the columns of TIES, from one pass over each frame.

    `events` and `orders` are all of bronze, `changed_events` and `changed_orders` old and new states of changed rows,
    all `identified`; `other_persons` (person_id) are affected in any case. device, user_id and order_id are null where
    a row names none; person_id is null but for the kind PERSON. user_id is the buyer of an alias (`aliases`: see
    `known_aliases`), but both ids of a row of silver.aliases that changed (`changed_aliases`).
    """
    # The device of a login without one says who it is, if it is no alias.
    known = F.when(F.col("anonymous_id").isNotNull() | F.col("is_alias"), F.col("user_id"))
    links = _of_events(events, LINK, aliases).withColumn("user_id", known)
    frames = (
        _of_events(changed_events, CHANGED, aliases),
        _of_orders(changed_orders, CHANGED, aliases),
        _of_orders(orders, VERSION, aliases),
        links.where(F.col("user_id").isNotNull() | F.col("order_id").isNotNull()),
        other_persons.select(F.lit(PERSON).alias("kind"), "person_id"),
        *([] if changed_aliases is None else _renamed(changed_aliases)),
    )
    names = [column.split(" ")[0] for column in TIES.split(", ")]
    return reduce(stacked, frames).select(*names).distinct()


def _of_events(events: DataFrame, kind: str, aliases: DataFrame | None) -> DataFrame:
    return with_buyer(events, aliases).select(
        F.lit(kind).alias("kind"),
        device_of_event().alias("device"),
        F.coalesce("buyer_id", "user_id").alias("user_id"),
        order_id_of_event().alias("order_id"),
        "anonymous_id",
        F.col("buyer_id").isNotNull().alias("is_alias"),
    )


def _of_orders(orders: DataFrame, kind: str, aliases: DataFrame | None) -> DataFrame:
    device = device_of_anonymous_id(F.col("anonymous_id")).alias("device")
    user_id = F.coalesce("buyer_id", "user_id").alias("user_id")
    return with_buyer(orders, aliases).select(F.lit(kind).alias("kind"), device, user_id, "order_id")


def _renamed(changed_aliases: DataFrame) -> list[DataFrame]:
    changed = changed_aliases.where(F.col("outcome") == ALIAS)
    return [
        changed.select(F.lit(RENAMED).alias("kind"), F.col(id_).alias("user_id")) for id_ in ("user_id", "buyer_id")
    ]
