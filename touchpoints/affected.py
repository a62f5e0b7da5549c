"""The persons that changed input affects, and the input that is needed to rebuild their rows.

A changed event or order affects every person that its device ever belonged to, before and after the change, and the
buyers of its order. The rows of each of these persons are rebuilt from all input of all their devices; the rows of
other persons cannot differ. A login that has become an alias, or is none any more, affects its buyer and itself, and
everybody on the devices of both.

What names a device, a login or an order together is read once, as ties. Where there are few, whom they affect is found
on the driver (touchpoints.affected_on_driver), otherwise by joins (touchpoints.affected_by_joins); both give the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from touchpoints.affected_by_joins import affected_by_joins
from touchpoints.affected_on_driver import affected_on_driver
from touchpoints.ids import anonymous_ids_of_devices, device_of_event
from touchpoints.ties import ties_of
from warehouse.staging import Stage

# Ties of a lake up to so many are looked at on the driver: some 30 MB, half a second.
TIES_ON_DRIVER_AT_MOST = 100_000


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
    aliases: DataFrame | None = None,
    changed_aliases: DataFrame | None = None,
    on_driver_at_most: int = TIES_ON_DRIVER_AT_MOST,
) -> Affected:
    """The persons that `changed_events` and `changed_orders` (old and new states of rows) affect, and their input.

    `events` and `orders` are all of bronze as it is now; all four frames are `identified`. `other_persons` (person_id)
    are affected in any case. `stage` stores a frame under a name and reads it back: several sets follow from it.
    `aliases`: see `known_aliases`; `changed_aliases` are old and new states of changed rows of silver.aliases.
    """
    found = ties_of(
        events, orders, changed_events, changed_orders, other_persons, aliases=aliases, changed_aliases=changed_aliases
    )
    ties = stage("ties", found)
    few = ties.limit(on_driver_at_most + 1).toArrow()
    if few.num_rows > on_driver_at_most:
        return Affected(*affected_by_joins(ties, stage=stage))
    ids = affected_on_driver(few)
    names = ("person_id", "device", "order_id")
    return Affected(*(_one_column(ties.sparkSession, name, texts) for name, texts in zip(names, ids, strict=True)))


def _one_column(session: SparkSession, name: str, texts: set[str]) -> DataFrame:
    """A frame of one text column, which Spark knows to be small."""
    return session.createDataFrame(pa.table({name: pa.array(sorted(texts), pa.string())}))
