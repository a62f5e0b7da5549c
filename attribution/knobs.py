"""The knobs of attribution: which conversions are credited, over which window, by which models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from attribution.rule import unmet_need
from attribution.rules import RULES, rules_named
from warehouse.errors import did_you_mean
from warehouse.knobs import Knobs, PositiveDays, Share


def _rule_model(name: str) -> str:
    if name not in RULES:
        *others, last = map(repr, RULES)
        raise PydanticCustomError(
            "rule_model",
            "Input should be {names}{near}",
            {"names": f"{', '.join(others)} or {last}", "near": did_you_mean(name, RULES)},
        )
    return name


RuleModel = Annotated[str, AfterValidator(_rule_model)]


class CreditedTypes(Knobs):
    """The conversion types that get journeys and credit."""

    conversion_types: list[str]


class JourneyKnobs(CreditedTypes):
    """What makes a journey.

    view_through_hours: of impressions, where they take part, only those count that are at most so long before the
    journey's end. conversions: with 'first', only a person's first conversion of a type, by (converted_at,
    conversion_id), ends a journey. restart: a path holds only touches after the person's previous conversion of the
    type. milestones: types of auxiliary conversions that the model w_shape gives credit for.
    """

    interactions: list[Literal["click", "impression"]]
    view_through_hours: Annotated[int, Field(gt=0, le=24 * 366)]
    lookback_days: PositiveDays
    lookback_days_by_type: dict[str, PositiveDays]
    conversions: Literal["every", "first"]
    restart: bool
    milestones: list[str]

    def lookback_of(self, conversion_type: str) -> int:
        """Days of 86,400 s that a conversion of this type looks back."""
        return self.lookback_days_by_type.get(conversion_type, self.lookback_days)

    @property
    def has_views(self) -> bool:
        """Whether impressions take part."""
        return "impression" in self.interactions

    @property
    def lookbacks(self) -> dict[str, int]:
        """Days that each credited type looks back."""
        return {name: self.lookback_of(name) for name in self.conversion_types}


class CreditStart(Knobs):
    """The first reporting day whose conversions get credit; null = all."""

    start_date: dt.date | None


class RuleModels(Knobs):
    """The rule models to credit."""

    models: list[RuleModel]


class PositionBased(Knobs):
    """Shares of the ends; the touches between them share the rest."""

    first: Share
    last: Share

    @model_validator(mode="after")
    def _within_one(self) -> Self:
        if not 0 < self.first + self.last <= 1:
            raise ValueError("first and last must sum to more than 0 and at most 1")
        return self


class PaidChannels(Knobs):
    """The channels that count as paid."""

    paid_channels: list[str]


class RuleKnobs(PaidChannels):
    """What rule models read: half-life in days, ratio of a touch's weight to the next one's, shares of the ends, paid
    channels and weights by channel. Each entry of attribution/rules.py lists the knobs that its rule reads."""

    half_life_days: Annotated[float, Field(gt=0)]
    order_ratio: Annotated[float, Field(gt=0, le=1)]
    position_based: PositionBased
    channel_weights: dict[str, Annotated[float, Field(ge=0)]]


class Transforms(Knobs):
    """Touches that are left out before credit."""

    transforms: list[Literal["exposure", "first", "drop_direct"]]


class Markov(Knobs):
    """How many last touches make a state of the Markov model, and whether equal neighbours are one touch in it."""

    order: Annotated[int, Field(ge=1, le=3)] | Literal["auto"]
    collapse: bool
    holdout_days: PositiveDays


DATA_DRIVEN_MODELS = ("markov", "shapley")


class FittedModels(Knobs):
    """Which data-driven models are fitted and credited."""

    models: list[Literal["markov", "shapley"]]


class ChannelModelName(Knobs):
    """The registered model that holds the data-driven fits."""

    model_name: str


class DataDriven(FittedModels, ChannelModelName):
    """Which data-driven models are fitted and credited, and where their fits are stored."""

    experiment: str


class LinkKnobs(Knobs):
    """How soon a conversion must follow a small step."""

    within_days: PositiveDays


class Attribution(JourneyKnobs, CreditStart, RuleModels, RuleKnobs, Transforms):
    """Which conversions are credited, over which window, by which models."""

    markov: Markov
    data_driven: DataDriven
    conversion_links: LinkKnobs

    @model_validator(mode="after")
    def _rules_have_their_knobs(self) -> Self:
        if unmet := unmet_need(rules_named(self.models), self):
            raise ValueError(unmet)
        return self
