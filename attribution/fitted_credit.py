"""Touch credit of data-driven models: a fit's shares, divided within each conversion over the touches of its path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import let
from attribution.rules import credit_of


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """A data-driven model at one version: `weights` is conversion type: channel: its share of all conversions."""

    name: str
    version: str
    weights: Mapping[str, Mapping[str, float]]


def fitted_credits_of(models: Sequence[FittedModel], path: Column, conversion_type: Column) -> list[Column]:
    """struct<model, version, shares> of each model, as `markov.touch_shares` divides one path.

    Each channel's weight divides equally over its touches in the path, normalised within the path; equal per touch
    where all weights are zero, and so for a type that the fit did not know. Unknown channels weigh nothing.
    """
    return [credit_of(model.name, model.version, _shares(model, path, conversion_type)) for model in models]


def _shares(model: FittedModel, path: Column, conversion_type: Column) -> Column:
    parts = let(
        _part_of_channel(path["channel"], _weights(model.weights, conversion_type)),
        lambda part_of: F.transform(path, lambda touch: F.element_at(part_of, touch["channel"])),
    )
    total = F.aggregate(parts, F.lit(0.0), lambda sum_, weight: sum_ + weight)
    equal = F.lit(1.0) / F.size(path)
    return let(total, lambda once: F.transform(parts, lambda weight: F.when(once > 0, weight / once).otherwise(equal)))


def _part_of_channel(channels: Column, weight_of: Column) -> Column:
    """map<channel, weight over its touches> of a path."""

    def part(channel: Column) -> Column:
        weight = F.coalesce(F.try_element_at(weight_of, channel), F.lit(0.0))
        return weight / F.size(F.filter(channels, lambda other: other == channel))

    return let(F.array_distinct(channels), lambda names: F.map_from_arrays(names, F.transform(names, part)))


def _weights(weights: Mapping[str, Mapping[str, float]], conversion_type: Column) -> Column:
    """map<channel, weight> of the conversion's type; null for a type without weights."""
    found = F.lit(None).cast("map<string,double>")
    for kind, by_channel in sorted(weights.items()):
        literal = F.create_map(*(F.lit(each) for pair in sorted(by_channel.items()) for each in pair))
        found = F.when(conversion_type == kind, literal.cast("map<string,double>")).otherwise(found)
    return found
