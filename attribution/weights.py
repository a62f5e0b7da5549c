"""What models see of a path in Spark, and their result: the touch that takes all, or a weight of each touch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import channels_of, times_in


@dataclass(frozen=True)
class Path:
    """A path as a whole: its touches (`path` of silver.journeys) and its milestones."""

    touches: Column
    milestones: Column

    @property
    def size(self) -> Column:
        """How many touches."""
        return F.size(self.touches)

    @property
    def channels(self) -> Column:
        """The channel of each touch."""
        return channels_of(self.touches)

    @property
    def last_micros(self) -> Column:
        """Time of the last touch [microseconds since 1970]."""
        return F.unix_micros(F.element_at(self.touches, -1)["touched_at"])

    @property
    def anchors(self) -> Column:
        """Indices of the first touch, the last touch, and for each milestone the last touch up to it; an index repeats
        if its touch has several roles. A milestone before every touch has none."""
        reached = F.transform(
            self.milestones,
            lambda milestone: F.array_max(
                F.transform(
                    self.touches,
                    lambda touch, index: F.when(touch["touched_at"] <= milestone["converted_at"], index),
                )
            ),
        )
        return F.concat(F.array(F.lit(0), self.size - 1), F.array_compact(reached))

    def last_where(self, holds: Callable[[Column], Column]) -> Column:
        """Index of the last touch whose channel `holds`; of the last touch where none does."""
        found = F.transform(self.touches, lambda touch, index: F.when(holds(touch["channel"]), index))
        return F.coalesce(F.array_max(found), self.size - 1)


@dataclass(frozen=True)
class Touch:
    """A touch where it is weighed: the struct of silver.journeys, its 0-based index, the path's number of touches, and
    what the model needs of the path as a whole (`Model.of_path`)."""

    fields: Column
    index: Column
    size: Column
    of_path: Column

    @property
    def channel(self) -> Column:
        """Its channel."""
        return self.fields["channel"]

    @property
    def micros(self) -> Column:
        """Its time [microseconds since 1970]."""
        return F.unix_micros(self.fields["touched_at"])

    @property
    def to_last(self) -> Column:
        """How many touches follow it in the path, as a double."""
        return (self.size - 1 - self.index).cast("double")

    def ends_and_middle(self, first: float, last: float) -> Column:
        """The ends get their shares, the middle touches divide the rest; one touch has all."""
        return (
            F.when(self.size == 1, F.lit(1.0))
            .when(self.index == 0, F.lit(first))
            .when(self.index == self.size - 1, F.lit(last))
            # Rounded, so that ends that take all leave exactly 0 despite binary fractions.
            .otherwise(F.lit(round(1.0 - first - last, 12)) / (self.size - 2))
        )

    def anchors_and_others(self, share: float) -> Column:
        """`share` in equal parts to the anchors, which the rule has as `of_path`; the others divide the rest."""
        anchors = self.of_path
        others = self.size - F.size(F.array_distinct(anchors))
        times = times_in(anchors, self.index)
        rest = F.lit(round(1.0 - share, 12))
        return F.when(times == 0, rest / others).otherwise(times * F.lit(share) / F.size(anchors))

    def weight_of_channel(self, weights: Mapping[str, float]) -> Column:
        """The weight of its channel; 0 where there is none."""
        pairs = (F.lit(each) for pair in sorted(weights.items()) for each in pair)
        return F.coalesce(F.try_element_at(F.create_map(*pairs).cast("map<string,double>"), self.channel), F.lit(0.0))


class Model(NamedTuple):
    """One model at one version, over one path. `of_path` is computed once for each path: without `weigh` the index of
    the touch that takes all, otherwise what the weights depend on, null where they need nothing."""

    name: str
    version: str
    of_path: Column
    weigh: Callable[[Touch], Column] | None = None
