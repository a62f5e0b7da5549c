"""Ids of persons that a login or a device names. Only this module and touchpoints.ids compose person ids."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

# How a person_id begins.
USER, DEVICE = "user:", "device:"


def person_of_user(user_id: Column) -> Column:
    """person_id of a login."""
    return F.concat(F.lit(USER), user_id)


def person_of_device(anonymous_id: Column) -> Column:
    """person_id of a device without a login."""
    return F.concat(F.lit(DEVICE), anonymous_id)


def is_login(person_id: Column) -> Column:
    """Whether a person is known by a login."""
    return F.startswith(person_id, F.lit(USER))
