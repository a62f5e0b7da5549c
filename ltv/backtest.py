"""What a back-test found, as plain data: each model at each rolling origin, and what the next forecast learns."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from ltv.model_totals import Measure
from ltv.own_error import OwnError, own_error

VALUE_MODEL, RECALIBRATED, PURCHASE_RATE, RECENCY = "value_model", "recalibrated", "purchase_rate", "recency"
MODELS = (VALUE_MODEL, RECALIBRATED, PURCHASE_RATE, RECENCY)


@dataclass(frozen=True, kw_only=True)
class JudgedTotal:
    """A predicted total of all customers of an origin, its two intervals, and what came.

    `lower` and `upper` hold the model's own error as it was known at the origin, the others parameters and chance.
    None: no finite bound.
    """

    measure: str
    predicted: float
    lower: float
    upper: float | None
    lower_if_model_holds: float
    upper_if_model_holds: float | None
    actual: float

    @property
    def held(self) -> bool:
        """Whether the actual total lies in the interval that holds the model's own error."""
        return self.lower <= self.actual <= (math.inf if self.upper is None else self.upper)


@dataclass(frozen=True, kw_only=True)
class JudgedModel:
    """The metrics of one model, or of a baseline, at one origin."""

    cutoff: dt.date
    until: dt.date
    model: str
    customers: float
    metrics: Mapping[str, float]
    totals: tuple[JudgedTotal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All models at all origins, oldest first, and what the next forecast learns from them.

    `skipped` says of each origin that could not be fitted why. Without any origin the own errors are those of the
    public shops.
    """

    judged: tuple[JudgedModel, ...] = ()
    purchases: OwnError = field(default_factory=lambda: own_error("purchases", ()))
    value: OwnError = field(default_factory=lambda: own_error("value", ()))
    skipped: tuple[str, ...] = ()

    def own_error(self, measure: Measure) -> OwnError:
        """The model's own error of a measure's totals."""
        return self.purchases if measure == "purchases" else self.value

    def of(self, model: str) -> list[JudgedModel]:
        """One model at each origin."""
        return [one for one in self.judged if one.model == model]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        plain = asdict(self)
        for one in plain["judged"]:
            one.update(cutoff=one["cutoff"].isoformat(), until=one["until"].isoformat())
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The back-test that `to_dict` wrote."""
        return cls(
            judged=tuple(_judged_model(one) for one in plain["judged"]),
            purchases=OwnError(**plain["purchases"]),
            value=OwnError(**plain["value"]),
            skipped=tuple(plain["skipped"]),
        )


def _judged_model(plain: Mapping[str, Any]) -> JudgedModel:
    days = {name: dt.date.fromisoformat(plain[name]) for name in ("cutoff", "until")}
    return JudgedModel(**{**plain, **days, "totals": tuple(JudgedTotal(**total) for total in plain["totals"])})
