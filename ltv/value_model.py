"""The customer value model as a whole: a purchase model, and Gamma-Gamma for the value of purchases. Parameters only.

It stores its unit of time, so that callers pass horizons in days, whatever the unit of recency and T.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from ltv.covariates import Attributes, columns_of, levels_of
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import Array
from ltv.pareto_nbd import ParetoNBDFit
from ltv.purchase_fits import PurchaseFit, caution, purchase_fit
from ltv.purchase_models import PurchaseForecast
from ltv.scorer import DAYS_PER_UNIT, Scorer
from ltv.season import Pace, Season
from warehouse.errors import UsageError

__all__ = ["DAYS_PER_UNIT", "ValueModel"]


class Kind(NamedTuple):
    """Customers with the same attributes, and their share of all whom a model was fitted to."""

    attributes: dict[str, str]
    share: float


@dataclass(frozen=True, kw_only=True)
class ValueModel:
    """Two fitted models, the unit of their recency and T, their currency, and the last day (inclusive) of the data.

    `warnings` name what was wrong with the data, `findings` what was looked for in them, and with what result;
    `p_values` are those of the covariates that were tried, `mix` the kinds of customers where covariates count. With a
    season, forecasts are of the days after as_of, or after the day of `on`.
    """

    purchases: PurchaseFit
    spend: GammaGammaFit
    time_unit: str
    currency: str
    as_of: dt.date
    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    p_values: dict[str, float] = field(default_factory=dict)
    mix: tuple[Kind, ...] = ()
    season: Season | None = None
    forecasts_after: dt.date | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse an unknown unit of time."""
        if self.time_unit not in DAYS_PER_UNIT:
            raise UsageError(f"time_unit is one of {', '.join(DAYS_PER_UNIT)}, not {self.time_unit!r}.")

    @property
    def scorer(self) -> Scorer:
        """The same model reduced to its predictions."""
        purchases = self.purchases
        return Scorer(
            purchases=self.purchases.theta,
            spend=self.spend.theta,
            purchases_covariance=self.purchases.log_covariance,
            spend_covariance=self.spend.log_covariance,
            time_unit=self.time_unit,
            model=purchases.MODEL,
            day=self.day,
            k=1 if isinstance(purchases, ParetoNBDFit) else purchases.k,
            columns=purchases.covariates,
            season=self.season,
            after=self.forecasts_after or self.as_of,
        )

    @property
    def day(self) -> float:
        """Length of a day in the unit of T where the fit is one of days with a purchase, otherwise 0."""
        return self.purchases.day if isinstance(self.purchases, ParetoNBDFit) else 0.0

    def on(self, day: dt.date) -> Self:
        """The same model, forecasting the days after this one."""
        return replace(self, forecasts_after=day)

    def pace(self, days: float) -> Pace:
        """The season of the next `days` days."""
        return self.scorer.pace(days)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns of gold.customer_summary that predictions ask for besides the history."""
        return self.scorer.attributes

    @property
    def levels(self) -> dict[str, list[str]]:
        """The levels of each of these that the fit tells from the base."""
        return levels_of(self.purchases.covariates)

    def units(self, days: float) -> float:
        """A length of time in the model's unit."""
        return self.scorer.units(days)

    def discount_rate(self, annual: float) -> float:
        """The continuous rate per unit of time that takes 1/(1 + annual) off a value a year (365 days) away."""
        return self.scorer.discount_rate(annual)

    def purchase_predictions(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        churn_days: Sequence[int],
        value_days: Sequence[int],
        annual_discount_rate: float,
        attributes: Attributes | None = None,
    ) -> dict[str, Array]:
        """All predictions that do not depend on money, one value per history.

        p_alive; churn_<h>d = P(no purchase within h days); expected_purchases_<h>d; discounted_purchases_<h>d, the
        same with each purchase times its discount. One likelihood serves all of them.
        """
        return self.scorer.purchase_predictions(
            frequency,
            recency,
            T,
            churn_days=churn_days,
            value_days=value_days,
            annual_discount_rate=annual_discount_rate,
            attributes=attributes,
        )

    def purchase_intervals(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        churn_days: Sequence[int],
        value_days: Sequence[int],
        annual_discount_rate: float,
        level: float,
        attributes: Attributes | None = None,
    ) -> dict[str, Array]:
        """`purchase_predictions`, each with <name>_lower and <name>_upper around the true probability or expectation.

        discounted_purchases_<h>d has <name>_log_error instead, the standard error of its logarithm, to be joined with
        that of the money. UsageError for a model without standard errors.
        """
        return self.scorer.purchase_intervals(
            frequency,
            recency,
            T,
            churn_days=churn_days,
            value_days=value_days,
            annual_discount_rate=annual_discount_rate,
            level=level,
            attributes=attributes,
        )

    def predict(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        monetary_value: ArrayLike,
        *,
        churn_days: Sequence[int],
        value_days: Sequence[int],
        margin: float,
        annual_discount_rate: float,
        attributes: Attributes | None = None,
    ) -> dict[str, Array]:
        """All predictions of gold.customer_value: p_alive, churn, expected purchases, expected_order_value and clv.

        clv_<h>d = margin x discounted purchases within h days x expected_order_value.
        """
        return self.scorer.predict(
            frequency,
            recency,
            T,
            monetary_value,
            churn_days=churn_days,
            value_days=value_days,
            margin=margin,
            annual_discount_rate=annual_discount_rate,
            attributes=attributes,
        )

    def expected_repeat_purchases(self, age_days: ArrayLike) -> Array:
        """Repeat purchases expected of a new customer within `age_days` days of the first purchase."""
        zero = np.zeros_like(np.atleast_1d(np.asarray(age_days, dtype=np.float64)))
        ages = np.asarray(age_days, dtype=np.float64) / DAYS_PER_UNIT[self.time_unit]
        if not self.mix:
            return self.purchases.expected_purchases(ages, zero, zero, zero)
        kinds = ((self.forecast(zero, zero, zero, kind.attributes), kind.share) for kind in self.mix)
        return np.asarray(sum(share * known.expected_purchases(ages) for known, share in kinds))

    def forecast(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        attributes: Attributes,
        fit: PurchaseFit | None = None,
    ) -> PurchaseForecast:
        """What `fit` (the model's own where None) knows of customers with these attributes, without the season."""
        fit = fit or self.purchases
        if not isinstance(fit, ParetoNBDFit):
            return fit.forecast(frequency, recency, T)
        return fit.forecast(frequency, recency, T, **columns_of(fit.covariates, attributes, np.size(frequency)))

    @property
    def params(self) -> dict[str, float]:
        """Parameters of the purchases, such as r, alpha, s, beta; p, q, gamma of their value."""
        return self.purchases.params | self.spend.params

    @property
    def notes(self) -> list[str]:
        """What a reader of predictions must know: what was wrong with the data, and what the fits are where they are
        not inner maxima of their likelihoods."""
        known = (*self.warnings, caution(self.purchases), self.purchases.note, self.spend.note)
        return [note for note in known if note]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, a few kB; `from_dict` reads it back."""
        return {
            "time_unit": self.time_unit,
            "currency": self.currency,
            "as_of": self.as_of.isoformat(),
            "warnings": list(self.warnings),
            "findings": list(self.findings),
            "p_values": self.p_values,
            "mix": [kind._asdict() for kind in self.mix],
            "season": self.season and self.season.to_dict(),
            "purchases": self.purchases.to_dict(),
            "spend": self.spend.to_dict(),
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote."""
        return cls(
            purchases=purchase_fit(plain["purchases"]),
            spend=GammaGammaFit.from_dict(plain["spend"]),
            time_unit=plain["time_unit"],
            currency=plain["currency"],
            as_of=dt.date.fromisoformat(plain["as_of"]),
            warnings=tuple(plain.get("warnings", ())),
            findings=tuple(plain.get("findings", ())),
            p_values=plain.get("p_values", {}),
            mix=tuple(Kind(**kind) for kind in plain.get("mix", ())),
            season=Season.from_dict(plain.get("season")),
        )
