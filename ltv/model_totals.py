"""What all customers of a table will buy and be worth together: purchases and value, ready to be summed and bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from ltv.covariates import Attributes
from ltv.histories import Array
from ltv.intervals import Estimated, Total, total_purchases, total_value
from ltv.purchase_fits import PurchaseFit
from ltv.purchase_models import PurchaseForecast
from ltv.value_model import ValueModel

Measure = Literal["purchases", "value"]


def model_totals(
    model: ValueModel, customers: pd.DataFrame, *, days: int, margin: float, annual_discount_rate: float
) -> dict[Measure, Total]:
    """Purchase days and discounted margin within `days` days of all customers: one row per counted history.

    Columns frequency, recency and T (the model's unit), monetary_value, customers, and the model's attributes.
    """
    x, t_x, T, m, count = (
        customers[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "monetary_value", "customers")
    )
    forecast = _forecasts(model, (x, t_x, T), customers, days=days)
    horizon = model.units(days)
    value = total_value(
        model.purchases,
        model.spend,
        forecast,
        horizon,
        frequency=x,
        monetary_value=m,
        weights=count,
        margin=margin,
        rate=model.discount_rate(annual_discount_rate),
    )
    totals: dict[Measure, Total] = {
        "purchases": total_purchases(model.purchases, forecast, horizon, weights=count),
        "value": value,
    }
    return {measure: _of_season(total) for measure, total in totals.items()} if model.season else totals


def purchases_total(
    model: ValueModel, history: tuple[Array, Array, Array], attributes: Attributes, *, days: int, weights: Array
) -> Total:
    """Purchase days alone within `days` days; `history` is frequency, recency and T."""
    forecast = _forecasts(model, history, attributes, days=days)
    total = total_purchases(model.purchases, forecast, model.units(days), weights=weights)
    return _of_season(total) if model.season else total


def estimated_for(model: ValueModel, measure: Measure, *, days: int) -> tuple[Estimated, ...]:
    """What a measure's total within `days` days depends on, in the order of the total's gradient."""
    fits: tuple[Estimated, ...] = (model.purchases,) if measure == "purchases" else (model.purchases, model.spend)
    return (*fits, model.pace(days)) if model.season else fits


def _forecasts(
    model: ValueModel, history: tuple[Array, Array, Array], attributes: Attributes, *, days: int
) -> Callable[[PurchaseFit], PurchaseForecast]:
    """What each fit expects of the customers at the rate of the season; each is asked once."""
    forecasts: dict[bytes, PurchaseForecast] = {}
    pace = model.pace(days)

    def forecast(fit: PurchaseFit) -> PurchaseForecast:
        # The derivatives by the spend parameters reuse the same forecast of purchases.
        key = fit.theta.tobytes()
        if key not in forecasts:
            forecasts[key] = model.forecast(*history, attributes, fit).at_rate(pace.factor)
        return forecasts[key]

    return forecast


def _of_season(total: Total) -> Total:
    """With its derivative by the logarithm of the season's factor, in proportion to which it is."""
    return Total(total.estimate, np.append(total.gradient, total.estimate), total.variance)
