"""A data-driven fit as plain data: each channel's effects and credit weights, by model and conversion type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from attribution import markov, shapley
from attribution.fitted_credit import FittedModel
from attribution.paths import Floats, Paths, summed


class ChannelEffect(NamedTuple):
    """One row of gold.channel_effects, without version and day."""

    model: str
    conversion_type: str
    channel: str
    markov_order: int | None
    removal_effect: float
    share: float
    value_removal_effect: float
    value_share: float


@dataclass(frozen=True, kw_only=True)
class ChannelModel:
    """The effects of every model, type and channel, fitted on the journeys up to `as_of`.

    collapse: whether equal neighbours were one touch in the states of a Markov model of order 2 and more.
    """

    as_of: dt.date
    effects: Sequence[ChannelEffect]
    collapse: bool = False

    @property
    def models(self) -> list[str]:
        """The models that were fitted, sorted."""
        return sorted({effect.model for effect in self.effects})

    @property
    def has_longer_states(self) -> bool:
        """Whether it has a Markov model of order 2 or more, where `collapse` makes a difference."""
        return any((effect.markov_order or 1) > 1 for effect in self.effects)

    def fitted(self, models: Iterable[str], version: str) -> list[FittedModel]:
        """The models of `models` that were fitted, in this order, as credit uses them."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for effect in self.effects:
            by_type = found.setdefault(effect.model, {})
            by_type.setdefault(effect.conversion_type, {})[effect.channel] = effect.share
        return [FittedModel(name=name, version=version, weights=found[name]) for name in models if name in found]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return {
            "as_of": self.as_of.isoformat(),
            "effects": [effect._asdict() for effect in self.effects],
            "collapse": self.collapse,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ChannelModel:
        """The model of `to_dict`; KeyError, TypeError or ValueError for other data."""
        effects = [ChannelEffect(**effect) for effect in plain["effects"]]
        # Fits that were stored before this was a choice had collapsed.
        collapse = bool(plain.get("collapse", True))
        return cls(as_of=dt.date.fromisoformat(plain["as_of"]), effects=effects, collapse=collapse)


def markov_effects(conversion_type: str, fitted: markov.MarkovFit) -> list[ChannelEffect]:
    """The removal effects of a Markov fit and their shares."""
    columns = (fitted.removal_effects, fitted.shares, fitted.value_removal_effects, fitted.value_shares)
    return _effects("markov", conversion_type, fitted.order, fitted.channels, columns)


def shapley_effects(conversion_type: str, sets: Paths) -> list[ChannelEffect]:
    """Effects of each channel in the subset game of shapley.py; `sets` lists the channels of each journey once.

    share: its Shapley value over all conversions with a touch. removal_effect: the part of those conversions that it
    touched, which is what the grand coalition loses without it.
    """
    touched = sets.touched()
    fitted = shapley.fit_subset_game(touched)
    conversions, value = touched.conversions, touched.value
    touched_amounts = [
        summed(touched.steps, amounts[touched.path_of_step], len(touched.channels)) for amounts in (conversions, value)
    ]
    columns = (
        _ratio(touched_amounts[0], conversions.sum()),
        _ratio(fitted.credited_conversions, conversions.sum()),
        _ratio(touched_amounts[1], value.sum()),
        _ratio(fitted.credited_value, value.sum()),
    )
    return _effects("shapley", conversion_type, None, touched.channels, columns)


def _effects(
    model: str, conversion_type: str, order: int | None, channels: Sequence[str], columns: Sequence[Floats]
) -> list[ChannelEffect]:
    rows = zip(channels, *(column.tolist() for column in columns), strict=True)
    return [ChannelEffect(model, conversion_type, channel, order, *numbers) for channel, *numbers in rows]


def _ratio(amounts: Floats, total: float) -> Floats:
    return amounts / total if total > 0 else np.zeros_like(amounts)
