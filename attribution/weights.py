"""What a model says of a path: which touch takes all, or a weight of each touch, from 0 up and of any scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Touch:
    """A touch where it is weighed: the struct of silver.journeys, its 0-based index, the path's number of touches, and
    what the model said of the path as a whole (`Model.of_path`)."""

    said: Column
    index: Column
    size: Column
    of_path: Column

    @property
    def channel(self) -> Column:
        """Its channel."""
        return self.said["channel"]


class Model(NamedTuple):
    """One model at one version, over one path. `of_path` is made once of each path: without `weigh` the index of the
    touch that takes all, else what the weights rest on, null where they need nothing."""

    name: str
    version: str
    of_path: Column
    weigh: Callable[[Touch], Column] | None = None


def last_where(channels: Column, holds: Callable[[Column], Column]) -> Column:
    """Index of the last touch whose channel `holds`; of the last touch where none does."""
    found = F.transform(channels, lambda channel, index: F.when(holds(channel), index))
    return F.coalesce(F.array_max(found), F.size(channels) - 1)
