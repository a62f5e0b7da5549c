"""Ids of persons, devices, orders and sessions. Only this module composes them and takes them apart.

person_id is `user:<login>`, `device:<anonymous_id>`, or, for an event or order that names neither, `event:<event_id>`
or `order:<order_id>`. The device of an event is `a:<anonymous_id>`, without one the login `u:<user_id>`, without either
the event itself `e:<event_id>`. The order of a purchase that names none is `event:<event_id>`.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.expressions import id_of
from warehouse.person_ids import DEVICE, USER, person_of_device, person_of_user

__all__ = ["DEVICE", "USER", "person_of_device", "person_of_user"]

# How a person_id begins that neither a login nor a device names.
EVENT, ORDER = "event:", "order:"
# How the device of an event begins.
BY_ANONYMOUS_ID, BY_USER, BY_EVENT = "a:", "u:", "e:"
# An order_id of the shop's own that looks like one that is composed here; it gets one more "order:" in front.
LOOKS_COMPOSED = f"^({ORDER})*{EVENT}"
MONEY_EVENTS = ("purchase", "refund")
# What trackers send for "nobody"; the zeros are the advertising id of every phone that does not give its own.
NOBODY = (
    "0", "-1", "null", "none", "nil", "nan", "undefined", "anonymous", "guest", "unknown", "true", "false", "id",
    "user_id", "userid", "distinct_id", "email", "[object object]", "(not set)", "00000000-0000-0000-0000-000000000000",
)  # fmt: skip


def identified(frame: DataFrame) -> DataFrame:
    """`frame` (of bronze.events or bronze.orders) with null for an anonymous_id or user_id that stands for nobody.

    Taken for a device or a login it would merge many persons into one. An order_id that looks like that of an event
    without one is set apart from it. All readers of bronze ids go through this.
    """
    ids = ("anonymous_id", "user_id")
    order_id = F.col("order_id")
    own = F.when(order_id.rlike(LOOKS_COMPOSED), F.concat(F.lit(ORDER), order_id)).otherwise(order_id)
    return frame.withColumns(
        {**{name: F.when(~F.lower(name).isin(*NOBODY), F.col(name)) for name in ids}, "order_id": own}
    )


def person_of_event(event_id: Column) -> Column:
    """person_id of an event that names neither a login nor a device: each is a person of its own."""
    return F.concat(F.lit(EVENT), event_id)


def person_of_order(order_id: Column) -> Column:
    """person_id of an order that names neither a login nor a device: each is a person of its own."""
    return F.concat(F.lit(ORDER), order_id)


def device_of_anonymous_id(anonymous_id: Column) -> Column:
    """The device of a cookie or device id; null without one."""
    return F.concat(F.lit(BY_ANONYMOUS_ID), anonymous_id)


def device_of_user(user_id: Column) -> Column:
    """The device of a login's events that name no device."""
    return F.concat(F.lit(BY_USER), user_id)


def device_of_lone_event(event_id: Column) -> Column:
    """The device of an event that names neither device nor login."""
    return F.concat(F.lit(BY_EVENT), event_id)


def device_of_event() -> Column:
    """The device of an event: its anonymous_id, without one its login, without either the event itself."""
    return F.coalesce(
        device_of_anonymous_id(F.col("anonymous_id")),
        device_of_user(F.col("user_id")),
        device_of_lone_event(F.col("event_id")),
    )


def anonymous_id_of(device: Column) -> Column:
    """The cookie or device id of a device; null where it is known by a login or an event alone."""
    is_named = F.startswith(device, F.lit(BY_ANONYMOUS_ID))
    return F.when(is_named, F.substr(device, F.lit(len(BY_ANONYMOUS_ID) + 1)))


def order_id_of_event() -> Column:
    """The order_id of a money event, `event:<event_id>` where it names none; null for other events."""
    own = F.concat(F.lit(EVENT), F.col("event_id"))
    return F.when(F.col("event_name").isin(*MONEY_EVENTS), F.coalesce("order_id", own))


def event_id_of_order(order_id: Column) -> Column:
    """The event_id of an order among events, and the login_id of an order that names a login."""
    return F.concat(F.lit(ORDER), order_id)


def session_id_of(device: str, start_event_id: str) -> Column:
    """A hash of two columns, device and first event. Not of the person, so that a late login leaves it as it is."""
    return id_of(F.col(device), F.col(start_event_id))


def cut_session_id_of(session_id: Column, since: Column) -> Column:
    """The id of a later part of a session that is cut, by when the part begins [microseconds since its first event]."""
    return id_of(session_id, since.cast("string"))


def composed(beginning: str, names: Iterable[str]) -> set[str]:
    """The ids of persons or devices that begin like this, of plain texts on the driver."""
    return {beginning + name for name in names}


def taken_apart(beginning: str, ids: Iterable[str]) -> set[str]:
    """What follows `beginning` in those of `ids` that begin so, of plain texts on the driver."""
    return {id_.removeprefix(beginning) for id_ in ids if id_.startswith(beginning)}


def users_of_persons(persons: DataFrame) -> DataFrame:
    """user_id of those of `persons` (person_id) that are logins."""
    return _after(persons, "person_id", USER, "user_id")


def anonymous_ids_of_persons(persons: DataFrame) -> DataFrame:
    """anonymous_id of those of `persons` (person_id) that are devices."""
    return _after(persons, "person_id", DEVICE, "anonymous_id")


def events_of_persons(persons: DataFrame) -> DataFrame:
    """event_id of those of `persons` (person_id) that are known by one event alone."""
    return _after(persons, "person_id", EVENT, "event_id")


def orders_of_persons(persons: DataFrame) -> DataFrame:
    """order_id of those of `persons` (person_id) that are known by one order alone."""
    return _after(persons, "person_id", ORDER, "order_id")


def anonymous_ids_of_devices(devices: DataFrame) -> DataFrame:
    """anonymous_id of those of `devices` (device) that have one."""
    return _after(devices, "device", BY_ANONYMOUS_ID, "anonymous_id")


def users_of_devices(devices: DataFrame) -> DataFrame:
    """user_id of those of `devices` (device) that are logins without a device."""
    return _after(devices, "device", BY_USER, "user_id")


def events_of_devices(devices: DataFrame) -> DataFrame:
    """event_id of those of `devices` (device) that are events without device and login."""
    return _after(devices, "device", BY_EVENT, "event_id")


def _after(frame: DataFrame, name: str, prefix: str, column: str) -> DataFrame:
    """One row per value of the column `name` that begins with `prefix`: the rest of it, as `column`."""
    rest = F.substr(name, F.lit(len(prefix) + 1))
    return frame.where(F.startswith(name, F.lit(prefix))).select(rest.alias(column))
