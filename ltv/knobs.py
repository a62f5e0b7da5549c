"""The knobs of the value models."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from warehouse.knobs import Knobs, PositiveDays, Share


class SummaryUnit(Knobs):
    """The unit of recency and T."""

    time_unit: Literal["days", "weeks"]


class Scoring(Knobs):
    """What a purchase is worth, and how wide intervals are."""

    interval_level: Annotated[float, Field(gt=0, lt=1)]
    margin: Annotated[float, Field(gt=0)]
    annual_discount_rate: Annotated[float, Field(ge=0)]


class Retention(Knobs):
    """How many days scores are stored."""

    keep_days: PositiveDays


class AcquisitionWindow(Knobs):
    """How many days up to as_of gold.channel_value sets spend and the customers of these days side by side."""

    acquisition_days: Annotated[int, Field(gt=0, le=365)]


class Holiday(Knobs):
    """Days that return on other dates each year: a name, and the first and last day of each time, past and to come."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    dates: Annotated[tuple[tuple[dt.date, dt.date], ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _days_are_in_order(self) -> Self:
        for first, last in self.dates:
            if last < first:
                raise ValueError(f"{self.name}: the last day {last} is before the first day {first}")
        return self


class Ltv(SummaryUnit, Scoring, Retention, AcquisitionWindow):
    """Value models: unit, purchase model, fitter, money and holdout."""

    model: Literal["pareto_nbd", "bg_nbd", "mbg_nbd", "mbg_cnbd_k", "auto"]
    fitter: Literal["exact", "lifetimes"]
    purchase_days: bool | Literal["auto"]
    driver_rows: Annotated[int, Field(gt=0)]
    fit_sample_customers: Annotated[int, Field(gt=0)] | None
    holdout_days: PositiveDays
    holdout_until: dt.date | None
    origins: Annotated[int, Field(ge=0)]
    covariates: tuple[
        Literal["acquisition_channel", "acquisition_source", "acquisition_medium", "acquisition_campaign"], ...
    ]
    season: Literal["none", "month", "auto"]
    holidays: tuple[Holiday, ...]
    seed: int
    min_customers: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _sample_can_be_fitted(self) -> Self:
        if self.fit_sample_customers is not None and self.fit_sample_customers < self.min_customers:
            raise ValueError("fit_sample_customers must be at least min_customers, or null")
        return self

    @model_validator(mode="after")
    def _each_is_named_once(self) -> Self:
        for knob, names in (("covariates", self.covariates), ("holidays", [one.name for one in self.holidays])):
            if len({*names}) < len(names):
                raise ValueError(f"{knob} name one of them twice")
        return self

    @model_validator(mode="after")
    def _a_day_has_one_holiday(self) -> Self:
        spans = sorted((*span, holiday.name) for holiday in self.holidays for span in holiday.dates)
        for (_, last, name), (first, _, other) in pairwise(spans):
            if first <= last:
                raise ValueError(f"holidays: {first} is in {name} and again in {other}; a day has one holiday")
        return self

    @model_validator(mode="after")
    def _model_can_be_fitted(self) -> Self:
        if self.fitter == "lifetimes" and self.model != "pareto_nbd":
            raise ValueError(f"fitter lifetimes fits pareto_nbd alone; use exact for model {self.model}")
        if self.purchase_days is True and self.model not in {"pareto_nbd", "auto"}:
            raise ValueError(f"purchase_days is a likelihood of pareto_nbd alone; use false for model {self.model}")
        if self.covariates and self.model not in {"pareto_nbd", "auto"}:
            raise ValueError(f"covariates are those of pareto_nbd alone; use [] for model {self.model}")
        return self


Customers = Annotated[int, Field(ge=0)]


class Experiment(Knobs):
    """A test of the contact: customers with and without it, drawn alike, and how many of each bought again."""

    contacted: Annotated[int, Field(gt=0)]
    contacted_stayed: Customers
    control: Annotated[int, Field(gt=0)]
    control_stayed: Customers

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if self.contacted_stayed > self.contacted or self.control_stayed > self.control:
            raise ValueError("more customers stayed than there are in the group")
        if self.control_stayed == self.control:
            raise ValueError("all of the control stayed, so nobody could be kept: wait longer, or test other customers")
        return self


class RetentionCampaign(Knobs):
    """A campaign that contacts customers who have left or are about to: what it costs, and what a contact does."""

    contact_cost: Annotated[float, Field(ge=0)] | None
    uplift: Annotated[float, Field(ge=-1, le=1)] | None
    uplift_lower: Annotated[float, Field(ge=-1, le=1)] | None
    uplift_upper: Annotated[float, Field(ge=-1, le=1)] | None
    experiment: Experiment | None
    leaving_days: PositiveDays
    horizon_days: PositiveDays
    high_value_share: Annotated[float, Field(gt=0, le=1)]
    max_refunded_share: Share
    max_days_since_purchase: PositiveDays | None
    max_contacts: Annotated[int, Field(gt=0)] | None

    @model_validator(mode="after")
    def _uplift_is_known(self) -> Self:
        given = (self.uplift_lower, self.uplift, self.uplift_upper)
        if self.experiment and given != (None, None, None):
            raise ValueError("uplift follows from experiment: name one of them")
        known = [share for share in given if share is not None]
        if known and len(known) < len(given):
            raise ValueError("uplift needs uplift_lower and uplift_upper, which may equal it where it is known exactly")
        if known != sorted(known):
            raise ValueError("uplift does not lie between uplift_lower and uplift_upper")
        if self.contact_cost is not None and not (known or self.experiment):
            raise ValueError("contact_cost needs an uplift with its bounds, or an experiment")
        if self.leaving_days > self.horizon_days:
            raise ValueError("leaving_days must be at most horizon_days")
        return self


class Drift(Knobs):
    """When a champion, of value, churn or early value, is stale, and what a run does then."""

    alarm_level: Annotated[float, Field(ge=0, lt=1)]
    least_change: Share
    exit: Literal["warn", "fail"]


class SeenPersons(Knobs):
    """Whom features are made of: persons who were seen in the last days."""

    seen_days: PositiveDays


class ChurnModelName(Knobs):
    """The registered churn model."""

    churn_model: Annotated[str, Field(min_length=1)]


class EarlyValueModelName(Knobs):
    """The registered model of early value."""

    early_value_model: Annotated[str, Field(min_length=1)]


class NewUsers(Knobs):
    """Whom early value is predicted for: new users of the last days."""

    early_days: PositiveDays


class Behaviour(SeenPersons, ChurnModelName, EarlyValueModelName, NewUsers):
    """Features of persons, churn from all they do, and early value of new users."""

    features: bool
    churn: bool
    early_value: bool
    train_every_days: PositiveDays
    fit_customers: Annotated[int, Field(gt=0)]
    fit_new_users: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _churn_has_features(self) -> Self:
        if self.churn and not self.features:
            raise ValueError("churn is predicted from features: set features to true as well")
        return self
