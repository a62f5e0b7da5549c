"""Whom a change affects, from any number of ties, by joins of stored sets.

touchpoints.affected_on_driver says the same for few ties.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.ids import (
    anonymous_ids_of_devices,
    anonymous_ids_of_persons,
    device_of_anonymous_id,
    device_of_lone_event,
    device_of_user,
    events_of_devices,
    events_of_persons,
    orders_of_persons,
    person_of_device,
    person_of_event,
    person_of_order,
    person_of_user,
    users_of_devices,
    users_of_persons,
)
from touchpoints.ties import CHANGED, LINK, PERSON, RENAMED, VERSION
from warehouse.staging import Stage


def affected_by_joins(ties: DataFrame, *, stage: Stage) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The affected persons (person_id), and the devices (device) and orders (order_id) whose whole input they need.

    `ties` (see `ties_of`) are stored; `stage` stores a frame under a name and reads it back: several sets follow from
    each.
    """
    changed, versions, links, others, renamed = (
        ties.where(F.col("kind") == kind) for kind in (CHANGED, VERSION, LINK, PERSON, RENAMED)
    )
    other_persons, buyers = others.select("person_id"), versions.where(F.col("user_id").isNotNull())
    orders_of_devices = _union(
        links.where(F.col("order_id").isNotNull()).select("device", "order_id"),
        versions.where(F.col("device").isNotNull()).select("device", "order_id"),
    )
    logins = stage(
        "logins",
        _union(
            links.where(F.col("user_id").isNotNull()).select("device", "user_id"),
            orders_of_devices.join(buyers.select("order_id", "user_id"), "order_id", how="inner").drop("order_id"),
        ),
    )
    order_ids = changed.select("order_id").where(F.col("order_id").isNotNull()).distinct()
    changed_devices = stage(
        "changed_devices",
        _union(
            changed.select("device").where(F.col("device").isNotNull()),
            orders_of_devices.join(order_ids, "order_id", how="left_semi").select("device"),
            logins.join(renamed, "user_id", how="left_semi").select("device"),
        ),
    )
    users = stage(
        "users",
        _union(
            logins.join(changed_devices, "device", how="left_semi").select("user_id"),
            changed.select("user_id").where(F.col("user_id").isNotNull()),
            buyers.join(order_ids, "order_id", how="left_semi").select("user_id"),
            users_of_devices(changed_devices),
            users_of_persons(other_persons),
            renamed.select("user_id"),
        ),
    )
    persons = stage(
        "persons",
        _union(
            users.select(person_of_user(F.col("user_id")).alias("person_id")),
            anonymous_ids_of_devices(changed_devices).select(
                person_of_device(F.col("anonymous_id")).alias("person_id")
            ),
            events_of_devices(changed_devices).select(person_of_event(F.col("event_id")).alias("person_id")),
            order_ids.select(person_of_order(F.col("order_id")).alias("person_id")),
            other_persons,
        ),
    )
    their_devices = stage(
        "their_devices",
        _union(
            changed_devices,
            logins.join(users, "user_id", how="left_semi").select("device"),
            users.select(device_of_user(F.col("user_id")).alias("device")),
            anonymous_ids_of_persons(persons).select(device_of_anonymous_id(F.col("anonymous_id")).alias("device")),
            events_of_persons(persons).select(device_of_lone_event(F.col("event_id")).alias("device")),
        ),
    )
    their_orders = stage(
        "their_orders",
        _union(
            order_ids,
            buyers.join(users, "user_id", how="left_semi").select("order_id"),
            orders_of_devices.join(their_devices, "device", how="left_semi").select("order_id"),
            orders_of_persons(persons),
        ),
    )
    # An order with events on several devices needs all of them.
    devices = stage(
        "devices",
        _union(their_devices, orders_of_devices.join(their_orders, "order_id", how="left_semi").select("device")),
    )
    orders = stage(
        "orders",
        _union(their_orders, orders_of_devices.join(devices, "device", how="left_semi").select("order_id")),
    )
    return persons, devices, orders


def _union(*frames: DataFrame) -> DataFrame:
    """The distinct rows of all frames."""
    return reduce(DataFrame.unionByName, frames).distinct()
