"""Touch credit of data-driven models: a fit's shares, divided within each conversion over the touches of its path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import channels_of, times_in
from attribution.weights import Model, Touch


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """A data-driven model at one version: `weights` maps conversion type and channel to its share."""

    name: str
    version: str
    weights: Mapping[str, Mapping[str, float]]


def fitted_of(models: Sequence[FittedModel], path: Column, conversion_type: Column) -> list[Model]:
    """The models over a path; they divide a conversion as `markov.touch_shares` does.

    A channel's weight is divided equally over its touches in the path. Where all weights are zero, and for a type that
    the fit has not seen, all touches get equal shares. Unknown channels have weight 0.
    """
    channels = channels_of(path)

    def part(touch: Touch, weights: Mapping[str, Mapping[str, float]]) -> Column:
        weight = F.coalesce(F.try_element_at(_weights(weights, conversion_type), touch.channel), F.lit(0.0))
        return weight / times_in(touch.of_path, touch.channel)

    return [Model(model.name, model.version, channels, partial(part, weights=model.weights)) for model in models]


def _weights(weights: Mapping[str, Mapping[str, float]], conversion_type: Column) -> Column:
    """map<channel, weight> of the conversion's type; null for a type without weights."""
    found = F.lit(None).cast("map<string,double>")
    for kind, by_channel in sorted(weights.items()):
        literal = F.create_map(*(F.lit(each) for pair in sorted(by_channel.items()) for each in pair))
        found = F.when(conversion_type == kind, literal.cast("map<string,double>")).otherwise(found)
    return found
