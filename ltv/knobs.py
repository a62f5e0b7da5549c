"""The knobs of the value models."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from warehouse.knobs import Knobs, PositiveDays


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


class Ltv(SummaryUnit, Scoring, Retention):
    """Value models: unit, fitter, money and holdout."""

    fitter: Literal["exact", "lifetimes"]
    purchase_days: bool
    driver_rows: Annotated[int, Field(gt=0)]
    fit_sample_customers: Annotated[int, Field(gt=0)] | None
    holdout_days: PositiveDays
    holdout_until: dt.date | None
    origins: Annotated[int, Field(ge=0)]
    covariates: tuple[Literal["acquisition_channel"], ...]
    season: Literal["none", "month", "auto"]
    seed: int
    min_customers: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _sample_can_be_fitted(self) -> Self:
        if self.fit_sample_customers is not None and self.fit_sample_customers < self.min_customers:
            raise ValueError("fit_sample_customers must be at least min_customers, or null")
        return self
