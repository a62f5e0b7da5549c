"""The persons that changed input affects, and the input that is needed to rebuild their rows.

A changed event or order affects every person that its device ever belonged to, before and after the change, and the
buyers of its order. The rows of each of these persons are rebuilt from all input of all their devices; the rows of
other persons cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.ids import (
    anonymous_ids_of_devices,
    anonymous_ids_of_persons,
    device_of_anonymous_id,
    device_of_event,
    device_of_lone_event,
    device_of_user,
    events_of_devices,
    events_of_persons,
    order_id_of_event,
    orders_of_persons,
    person_of_device,
    person_of_event,
    person_of_order,
    person_of_user,
    users_of_devices,
    users_of_persons,
)
from warehouse.store import Stage


@dataclass(frozen=True)
class Affected:
    """The affected persons (person_id), and the devices (device) and orders (order_id) whose whole input they need."""

    persons: DataFrame
    devices: DataFrame
    orders: DataFrame

    def owned(self, frame: DataFrame) -> DataFrame:
        """The rows of `frame` (column person_id) that belong to these persons."""
        return frame.join(self.persons, "person_id", how="left_semi")

    def events(self, events: DataFrame) -> DataFrame:
        """The events of the devices."""
        return (
            events.withColumn("device", device_of_event()).join(self.devices, "device", how="left_semi").drop("device")
        )

    def order_versions(self, orders: DataFrame) -> DataFrame:
        """Every version of the orders."""
        return orders.join(self.orders, "order_id", how="left_semi")

    def on_devices(self, frame: DataFrame) -> DataFrame:
        """The rows of `frame` (column anonymous_id) that are of the devices."""
        known = anonymous_ids_of_devices(self.devices)
        return frame.join(known, "anonymous_id", how="left_semi")


def find_affected(
    events: DataFrame,
    orders: DataFrame,
    changed_events: DataFrame,
    changed_orders: DataFrame,
    *,
    other_persons: DataFrame,
    stage: Stage,
) -> Affected:
    """The persons that `changed_events` and `changed_orders` (old and new states of rows) affect, and their input.

    `events` and `orders` are all of bronze as it is now; all four frames are `identified`. `other_persons` (person_id)
    are affected in any case. `stage` stores a frame under a name and reads it back: several sets follow from each.
    """
    changed = stage("changed", _union(_named_by_events(changed_events), _named_by_orders(changed_orders)))
    buyers = stage("buyers", _named_by_orders(orders))
    links = stage("links", _links(events, buyers))
    devices_of_orders = links.where(F.col("order_id").isNotNull()).select("device", "order_id").distinct()
    logins = stage("logins", _logins(links, buyers, devices_of_orders))

    order_ids = changed.select("order_id").where(F.col("order_id").isNotNull()).distinct()
    changed_devices = stage(
        "touched",
        _union(
            changed.select("device").where(F.col("device").isNotNull()),
            devices_of_orders.join(order_ids, "order_id", how="left_semi").select("device"),
        ),
    )
    users = stage(
        "users",
        _union(
            logins.join(changed_devices, "device", how="left_semi").select("user_id"),
            changed.select("user_id"),
            buyers.join(order_ids, "order_id", how="left_semi").select("user_id"),
            users_of_devices(changed_devices),
            users_of_persons(other_persons),
        ).where(F.col("user_id").isNotNull()),
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
            other_persons.select("person_id"),
        ),
    )

    their_devices = stage(
        "theirs",
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
            devices_of_orders.join(their_devices, "device", how="left_semi").select("order_id"),
            orders_of_persons(persons),
        ),
    )
    # An order with events on several devices needs all of them.
    devices = stage(
        "devices",
        _union(their_devices, devices_of_orders.join(their_orders, "order_id", how="left_semi").select("device")),
    )
    all_orders = stage(
        "orders",
        _union(their_orders, devices_of_orders.join(devices, "device", how="left_semi").select("order_id")),
    )
    return Affected(persons, devices, all_orders)


def _named_by_events(events: DataFrame) -> DataFrame:
    """One row per event: the device, user_id and order_id that it names."""
    return events.select(device_of_event().alias("device"), "user_id", order_id_of_event().alias("order_id"))


def _named_by_orders(orders: DataFrame) -> DataFrame:
    """One row per version of an order: the device, user_id and order_id that it names; device null without one."""
    device = device_of_anonymous_id(F.col("anonymous_id")).alias("device")
    return orders.select(device, "user_id", "order_id")


def _links(events: DataFrame, buyers: DataFrame) -> DataFrame:
    """One row per link of a device with a login or an order, from one pass over all events: device and

    - user_id of an event that has an anonymous_id too;
    - order_id of a money event, or of a version of an order that names the device.
    """
    event_links = events.select(
        device_of_event().alias("device"),
        F.when(F.col("anonymous_id").isNotNull(), F.col("user_id")).alias("user_id"),
        order_id_of_event().alias("order_id"),
    ).where(F.col("user_id").isNotNull() | F.col("order_id").isNotNull())
    order_links = buyers.where(F.col("device").isNotNull()).withColumn("user_id", F.lit(None).cast("string"))
    return _union(event_links, order_links)


def _logins(links: DataFrame, buyers: DataFrame, devices_of_orders: DataFrame) -> DataFrame:
    """One row per pair of device and user_id that an event, any version of an order, or an event's order links."""
    of_orders = devices_of_orders.join(buyers.drop("device"), "order_id", how="inner").select("device", "user_id")
    return _union(links.select("device", "user_id"), of_orders).where(F.col("user_id").isNotNull())


def _union(*frames: DataFrame) -> DataFrame:
    """The distinct rows of all frames."""
    return reduce(DataFrame.unionByName, frames).distinct()
