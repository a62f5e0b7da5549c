"""A value model reduced to its predictions: parameters and their covariances as plain arrays, and what follows of them.

`ltv.value_model.ValueModel` predicts by it, and every registered model has a copy of this file (see `ltv.pyfunc`), so
that table and served model cannot differ.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag

from .covariates import Attributes, Columns, attributes_of, columns_of
from .delta_method import bounded, errors_of, quantile, slopes, symmetric
from .errors import UsageError
from .histories import Array, Histories, histories
from .order_value import expected_order_value, spend
from .purchase_models import PARAMETERS, PARETO_NBD, PurchaseForecast, forecast
from .season import NO_SEASON, Pace, Season

DAYS_PER_UNIT = {"days": 1, "weeks": 7}
DAYS_PER_YEAR = 365
COLUMNS = ("frequency", "recency", "T", "monetary_value")
BOUNDS = ("lower", "upper")
HORIZON = "discounted_purchases_"
SPEND_PARAMETERS = ("p", "q", "gamma")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scorer:
    """Logarithms of the purchase parameters and of p, q, gamma with their covariances, and the unit of recency and T.

    A covariance is None for plain parameters, which have no intervals. Horizons are in days, whatever the unit. `model`
    is the purchase model (`ltv.purchase_models`); `day` and `k` are those of the fit (see `ltv.pareto_nbd.fit`,
    `ltv.mbg_cnbd_k.fit`), `columns` are its covariates: predictions take `attributes`, a column for each attribute that
    they ask for. With a season, forecasts are of the days after `after`.
    """

    purchases: Array
    spend: Array
    purchases_covariance: Array | None
    spend_covariance: Array | None
    time_unit: str
    model: str = PARETO_NBD
    day: float = 0.0
    k: int = 1
    columns: Columns = field(default_factory=dict)
    season: Season | None = None
    after: dt.date | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """What predictions ask for of customers besides their purchases; where it is missing, they are of the base."""
        return attributes_of(self.columns)

    @property
    def has_intervals(self) -> bool:
        """False for plain parameters."""
        return self.purchases_covariance is not None and self.spend_covariance is not None

    def on(self, day: dt.date) -> Self:
        """The same model, forecasting the days after this one."""
        return replace(self, after=day)

    def pace(self, days: float) -> Pace:
        """The season of the next `days` days."""
        return NO_SEASON if self.season is None or self.after is None else self.season.pace(self.after, days)

    def units(self, days: float) -> float:
        """A length of time in the model's unit."""
        return days / DAYS_PER_UNIT[self.time_unit]

    def discount_rate(self, annual: float) -> float:
        """The continuous rate per unit of time that takes 1/(1 + annual) off a value a year (365 days) away."""
        return math.log1p(annual) / self.units(DAYS_PER_YEAR)

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
        """See `ValueModel.purchase_predictions`."""
        known = self._forecast(self.purchases, self._histories(frequency, recency, T, attributes))
        return self._of_purchases(known, churn_days, value_days, annual_discount_rate)

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
        """See `ValueModel.purchase_intervals`."""
        covariance = self.purchases_covariance
        if covariance is None:
            raise UsageError("This model was made of plain parameters: it has no standard errors. Fit it to data.")
        table = self.purchase_predictions(
            frequency,
            recency,
            T,
            churn_days=churn_days,
            value_days=value_days,
            annual_discount_rate=annual_discount_rate,
            attributes=attributes,
        )
        data = self._histories(frequency, recency, T, attributes)

        size = len(self.purchases)

        def predict(theta: Array) -> Array:
            known = self._forecast(theta[:size], data)
            away = float(theta[size:].sum())
            return np.stack([*self._of_purchases(known, churn_days, value_days, annual_discount_rate, away).values()])

        theta = self.purchases
        if self.season is not None:  # how many errors its factor is away counts as one more parameter
            theta, covariance = np.append(theta, 0.0), block_diag(covariance, np.ones((1, 1)))
        errors = errors_of(slopes(predict, theta, covariance), covariance)
        for (name, estimate), error in zip(list(table.items()), errors, strict=True):
            if name.startswith(HORIZON):
                table[f"{name}_log_error"] = error / np.where(estimate > 0, estimate, 1.0)
                continue
            scale: Literal["log", "logit"] = "log" if name.startswith("expected_purchases_") else "logit"
            _, table[f"{name}_lower"], table[f"{name}_upper"] = bounded(estimate, error, level=level, scale=scale)
        return table

    def order_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Array:
        """Expected value of a future purchase of each customer."""
        return expected_order_value(self.spend, *spend(frequency, monetary_value))

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
        """See `ValueModel.predict`."""
        predictions = self.purchase_predictions(
            frequency,
            recency,
            T,
            churn_days=churn_days,
            value_days=value_days,
            annual_discount_rate=annual_discount_rate,
            attributes=attributes,
        )
        value = self.order_value(frequency, monetary_value)
        discounted = {days: predictions.pop(f"{HORIZON}{days}d") for days in value_days}
        clv = {f"clv_{days}d": margin * purchases * value for days, purchases in discounted.items()}
        return predictions | {"expected_order_value": value} | clv

    def predict_with_intervals(
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
        level: float,
        attributes: Attributes | None = None,
    ) -> dict[str, Array]:
        """`predict`, each with <name>_lower and <name>_upper, as gold.customer_value has them; see there.

        The two models are taken as independent, so the variances of their logarithms add. UsageError for plain
        parameters.
        """
        covariance = self.spend_covariance
        table = self.purchase_intervals(
            frequency,
            recency,
            T,
            churn_days=churn_days,
            value_days=value_days,
            annual_discount_rate=annual_discount_rate,
            level=level,
            attributes=attributes,
        )
        if covariance is None:
            raise UsageError("This model was made of plain parameters: it has no standard errors. Fit it to data.")
        x, m = spend(frequency, monetary_value)
        value = expected_order_value(self.spend, x, m)
        value_error = errors_of(
            slopes(lambda theta: np.log(expected_order_value(theta, x, m)), self.spend, covariance), covariance
        )
        table["expected_order_value"] = value
        _, table["expected_order_value_lower"], table["expected_order_value_upper"] = _around(value, value_error, level)
        for days in value_days:
            purchases, error = table.pop(f"{HORIZON}{days}d"), table.pop(f"{HORIZON}{days}d_log_error")
            clv = margin * purchases * value
            name = f"clv_{days}d"
            table[name], table[f"{name}_lower"], table[f"{name}_upper"] = _around(
                clv, np.hypot(error, value_error), level
            )
        return table

    def _forecast(self, theta: Array, data: Histories) -> PurchaseForecast:
        return forecast(self.model, theta, data, k=self.k)

    def _histories(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, attributes: Attributes | None
    ) -> Histories:
        known = columns_of(self.columns, {} if attributes is None else attributes, np.size(frequency))
        return histories(frequency, recency, T, day=self.day, **known)

    def _of_purchases(
        self,
        known: PurchaseForecast,
        churn_days: Sequence[int],
        value_days: Sequence[int],
        annual_discount_rate: float,
        away: float = 0.0,
    ) -> dict[str, Array]:
        """The predictions; those of a season are `away` standard errors of its factor's logarithm higher."""

        def within(days: int) -> PurchaseForecast:
            pace = self.pace(days)
            return known.at_rate(pace.factor * math.exp(away * pace.log_error))

        rate = self.discount_rate(annual_discount_rate)
        predictions = {"p_alive": known.p_alive}
        for days in churn_days:
            predictions[f"churn_{days}d"] = within(days).probability_of_no_purchase(self.units(days))
        for days in value_days:
            horizon = self.units(days)
            paced = within(days)
            predictions[f"expected_purchases_{days}d"] = paced.expected_purchases(horizon)
            predictions[f"{HORIZON}{days}d"] = paced.discounted_expected_purchases(rate, horizon)
        return predictions

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The scorer of a model that `ValueModel.to_dict` wrote; what it does not need is left out."""

        def theta(fit: Mapping[str, Any], names: Sequence[str]) -> Array:
            coefficients = [value for columns in fit["covariates"].values() for value in columns.values()]
            return np.array([*(math.log(fit["params"][name]) for name in names), *coefficients])

        def covariance(fit: Mapping[str, Any]) -> Array | None:
            given = fit["log_covariance"]
            return None if given is None else symmetric(given)

        purchases, money = plain["purchases"], plain["spend"]
        model = purchases["model"]
        return cls(
            purchases=theta(purchases, PARAMETERS[model]),
            spend=theta(money, SPEND_PARAMETERS),
            purchases_covariance=covariance(purchases),
            spend_covariance=covariance(money),
            time_unit=plain["time_unit"],
            model=model,
            day=purchases.get("day", 0.0),
            k=purchases.get("k", 1),
            columns=purchases["covariates"],
            season=Season.from_dict(plain.get("season")),
            after=dt.date.fromisoformat(plain["as_of"]),
        )


def output_columns(churn_days: Sequence[int], value_days: Sequence[int]) -> list[str]:
    """The names of the predictions in the order of gold.customer_value, each with its bounds behind it."""
    figures = [
        "p_alive",
        *(f"churn_{days}d" for days in churn_days),
        *(f"expected_purchases_{days}d" for days in value_days),
        "expected_order_value",
        *(f"clv_{days}d" for days in value_days),
    ]
    return [name + end for name in figures for end in ("", *(f"_{bound}" for bound in BOUNDS))]


def _around(estimate: Array, log_error: Array, level: float) -> tuple[Array, Array, Array]:
    """The estimate and its bounds, symmetric on the log scale; a bound too large for a number is the largest one."""
    with np.errstate(over="ignore"):
        factor = np.exp(quantile(level) * log_error)
        return estimate, estimate / factor, np.minimum(estimate * factor, np.finfo(np.float64).max)
