"""The knobs of attribution: which conversions are credited, over which window, by which models."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from attribution.rule import unmet_need
from attribution.rules import RULES, rules_named
from warehouse.errors import did_you_mean
from warehouse.knobs import CreditStart, Knobs, PositiveDays, Share


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


def _network(id_: str) -> str:
    if not (network := id_.strip().lower()):
        raise ValueError("is no id of an ad network: write one such as example.skadnetwork")
    return network


def _range(value: Any) -> Any:
    return (value, value) if isinstance(value, int) else value


FineValue = Annotated[int, Field(ge=0, le=63)]


class SkanValue(Knobs):
    """What a conversion value stands for: an event, revenue in report.currency, or both.

    fine: a value of 0 to 63, or the first and the last of several. coarse: low, medium or high. sequence: of the first
    (0), second or third postback alone. app_id: of one app alone.
    """

    fine: Annotated[tuple[FineValue, FineValue], BeforeValidator(_range)] | None = None
    coarse: Literal["low", "medium", "high"] | None = None
    sequence: Literal[0, 1, 2] | None = None
    app_id: str | None = None
    event: str | None = None
    revenue: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.fine is None) == (self.coarse is None):
            raise ValueError("name fine or coarse")
        if self.fine and self.fine[0] > self.fine[1]:
            raise ValueError("fine: the first value is greater than the last")
        if self.event is None and self.revenue is None:
            raise ValueError("name event, revenue or both")
        return self


class SkanKnobs(Knobs):
    """What Apple's postbacks mean: the channel of each ad network's id, and what conversion values stand for; of the
    values the first entry that fits counts."""

    networks: dict[Annotated[str, AfterValidator(_network)], str]
    values: list[SkanValue]


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
