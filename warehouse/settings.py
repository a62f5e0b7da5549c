"""Every knob: YAML files into frozen models that refuse what they do not know.

conf/base.yaml holds every knob with its comment and unit; a configuration file names only what it changes.
The models have no defaults of their own, so base.yaml is the one place to read what a run does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
PositiveDays = Annotated[int, Field(gt=0)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a folder of zones, such as Asia
        raise ValueError(f"no time zone is called {name!r}; use a name such as Asia/Seoul") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Section(BaseModel):
    """A group of knobs: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InputFiles(Section):
    """One kind of landed file: which adapter reads which files."""

    name: str
    adapter: str
    files: str
    required: bool
    options: dict[str, str] = {}


class Landing(Section):
    """Where files land, and what is looked for there."""

    root: str
    inputs: list[InputFiles]


class Report(Section):
    """What a reporting day and a reporting amount are, where the report is written and in which language."""

    timezone: TimeZone
    currency: CurrencyCode
    file: str
    language: Literal["en", "ko"]


class Identity(Section):
    """How anonymous events find their login."""

    login_window_days: PositiveDays


class Sessions(Section):
    """What a visit is, and what is no person."""

    timeout_minutes: Annotated[int, Field(gt=0)]
    max_events: Annotated[int, Field(gt=0)]


class Touchpoints(Section):
    """What is no touch, and what a touch means where the sender said nothing."""

    own_domains: list[str]
    internal_ips: list[str]
    consent_ads_missing: bool
    channels_file: str
    sources_file: str


class Conversions(Section):
    """Which events are success."""

    final: list[str]
    auxiliary: list[str]
    default_currency: CurrencyCode | None


class PlatformDefault(Section):
    """Source and medium of a platform's ads where its export does not say."""

    source: str
    medium: str


class AccountDefault(Section):
    """Currency and time zone of an ad account where its export does not say."""

    currency: CurrencyCode
    timezone: TimeZone


class Build(Section):
    """When tables are made anew as a whole."""

    max_changed_share: Share


class AdSpend(Section):
    """How ad spend gets its channel and its missing fields."""

    platforms: dict[str, PlatformDefault]
    accounts: dict[str, AccountDefault]


class ExchangeRates(Section):
    """How old a rate may be."""

    max_age_days: Annotated[int, Field(ge=0)]


RuleModel = Literal[
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "time_decay_by_order",
    "u_shape",
    "w_shape",
    "j_shaped",
    "inverse_j_shaped",
    "last_paid",
    "custom",
]


class PositionBased(Section):
    """Weights of the ends; the rest is shared by the middle."""

    first: Share
    last: Share

    @model_validator(mode="after")
    def _within_one(self) -> Self:
        if not 0 < self.first + self.last <= 1:
            raise ValueError("first and last must sum to more than 0 and at most 1")
        return self


class Markov(Section):
    """How far a state of the Markov model looks back."""

    order: Annotated[int, Field(ge=1, le=3)] | Literal["auto"]
    holdout_days: PositiveDays


class DataDriven(Section):
    """Which data-driven models are fitted and credited, and where their fits are kept."""

    models: list[Literal["markov", "shapley"]]
    experiment: str
    model_name: str


class Attribution(Section):
    """Which conversions are credited, over which window, by which models."""

    models: list[RuleModel]
    conversion_types: list[str]
    interactions: list[Literal["click", "impression"]]
    lookback_days: PositiveDays
    lookback_days_by_type: dict[str, PositiveDays]
    conversions: Literal["every", "first"]
    restart: bool
    milestones: list[str]
    start_date: dt.date | None
    half_life_days: Annotated[float, Field(gt=0)]
    order_ratio: Annotated[float, Field(gt=0, le=1)]
    position_based: PositionBased
    paid_channels: list[str]
    channel_weights: dict[str, Annotated[float, Field(ge=0)]]
    transforms: list[Literal["exposure", "first", "drop_direct"]]
    markov: Markov
    data_driven: DataDriven

    @model_validator(mode="after")
    def _rules_have_their_knobs(self) -> Self:
        if "last_paid" in self.models and not self.paid_channels:
            raise ValueError("the model last_paid needs paid_channels")
        if "custom" in self.models and not any(self.channel_weights.values()):
            raise ValueError("the model custom needs channel_weights, one of them above 0")
        if "w_shape" in self.models and not self.milestones:
            raise ValueError("the model w_shape needs milestones")
        return self

    def lookback_of(self, conversion_type: str) -> int:
        """Days that a conversion of this type looks back."""
        return self.lookback_days_by_type.get(conversion_type, self.lookback_days)


class Ltv(Section):
    """Value models: unit, fitter, money and holdout."""

    time_unit: Literal["days", "weeks"]
    fitter: Literal["exact", "lifetimes"]
    driver_rows: Annotated[int, Field(gt=0)]
    fit_sample_customers: Annotated[int, Field(gt=0)] | None
    interval_level: Annotated[float, Field(gt=0, lt=1)]
    holdout_days: PositiveDays
    holdout_until: dt.date | None
    margin: Annotated[float, Field(gt=0)]
    annual_discount_rate: Annotated[float, Field(ge=0)]
    seed: int
    min_customers: Annotated[int, Field(gt=0)]
    keep_days: PositiveDays

    @model_validator(mode="after")
    def _sample_can_be_fitted(self) -> Self:
        if self.fit_sample_customers is not None and self.fit_sample_customers < self.min_customers:
            raise ValueError("fit_sample_customers must be at least min_customers, or null")
        return self


class Mlflow(Section):
    """Where models are tracked and registered."""

    tracking_uri: str
    artifact_root: str | None
    experiment: str
    model_name: str


class Quality(Section):
    """How bad input may be before a run stops."""

    max_quarantined_share: Share


class Spark(Section):
    """The session: master (null = spark-submit's, else local[*]) and Spark's own settings."""

    master: str | None
    conf: dict[str, str]


class Lock(Section):
    """What a run does where another one writes to the lake."""

    wait_seconds: float = Field(ge=0)


class Settings(Section):
    """All knobs of a run."""

    lake: str
    landing: Landing
    build: Build
    report: Report
    identity: Identity
    sessions: Sessions
    touchpoints: Touchpoints
    conversions: Conversions
    ad_spend: AdSpend
    exchange_rates: ExchangeRates
    attribution: Attribution
    ltv: Ltv
    mlflow: Mlflow
    quality: Quality
    lock: Lock
    spark: Spark
    simulator: dict[str, Any]

    @model_validator(mode="after")
    def _milestones_are_conversions(self) -> Self:
        known = {*self.conversions.final, *self.conversions.auxiliary}
        if unknown := sorted(set(self.attribution.milestones) - known):
            raise ValueError(f"attribution.milestones: {unknown[0]} is neither in conversions.final nor in .auxiliary")
        return self

    def digest(self, *sections: str, also: Sequence[str] = ()) -> str:
        """A hash of the named sections, of all where none is named, and of the texts `also`.

        Named sections are what rows follow from: where and how the report is written is no part of that.
        """
        if sections:
            chosen = self.model_dump(mode="json", include=set(sections), exclude={"report": {"file", "language"}})
        else:
            chosen = self.model_dump(mode="json")
        content = "\n".join([json.dumps(chosen, sort_keys=True), *also])
        return hashlib.sha256(content.encode()).hexdigest()[:16]
