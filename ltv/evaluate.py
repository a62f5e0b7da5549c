"""Metrics of predictions on a period that the fit has not seen.

All functions take one row per counted history: `weights` customers share it. Equal predictions are treated as
ties, so no figure depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ltv.histories import Array
from ltv.value_model import DAYS_PER_UNIT, ValueModel
from warehouse.errors import InputError

GROUPS = 10


def judge(model: ValueModel, holdout: pd.DataFrame, *, days: int, time_unit: str) -> dict[str, float]:
    """Metrics of a model on a holdout period of `days` days.

    `holdout` is `customer_summary.count_holdout`'s table, its recency and T in `time_unit` (the model may be in
    another). Keys: customers; total_error and value_total_error (predicted / actual - 1, of purchase days and of net
    value); mae, rmse (purchase days per customer); normalised_gini, decile_wape; buys_again_brier, buys_again_auc of
    P(at least one purchase); buys_again_base_brier of predicting the mean for all. A metric without meaning on this
    period (nobody bought, or everybody) is left out.
    """
    if holdout.empty:
        raise InputError("There is no customer to judge the model on.")
    expected, buys_again = predict_holdout(model, holdout, days=days, time_unit=time_unit)
    actual, weights = _floats(holdout, "holdout_purchases"), _floats(holdout, "customers")
    did_buy = (actual > 0).astype(np.float64)
    base = np.full_like(did_buy, np.average(did_buy, weights=weights))
    # Gamma-Gamma's expectation is linear in the mean value, so a group's mean gives the group's total.
    value = expected * model.spend.expected_value(holdout["frequency"], holdout["monetary_value"])
    metrics = {
        "customers": float(weights.sum()),
        "total_error": _relative(float(weights @ expected), float(weights @ actual)),
        "value_total_error": _relative(float(weights @ value), float(holdout["holdout_value"].sum())),
        "mae": float(np.average(np.abs(expected - actual), weights=weights)),
        "rmse": float(np.sqrt(np.average((expected - actual) ** 2, weights=weights))),
        "normalised_gini": normalised_gini(expected, actual, weights),
        "decile_wape": decile_wape(expected, actual, weights),
        "buys_again_brier": brier(buys_again, did_buy, weights),
        "buys_again_base_brier": brier(base, did_buy, weights),
        "buys_again_auc": auc(buys_again, did_buy, weights),
    }
    return {name: metric for name, metric in metrics.items() if np.isfinite(metric)}


def predict_holdout(model: ValueModel, holdout: pd.DataFrame, *, days: int, time_unit: str) -> tuple[Array, Array]:
    """Expected purchase days and P(at least one) in the next `days` days, per row of the holdout table."""
    to_model = DAYS_PER_UNIT[time_unit] / DAYS_PER_UNIT[model.time_unit]
    forecast = model.purchases.forecast(
        holdout["frequency"], _floats(holdout, "recency") * to_model, _floats(holdout, "T") * to_model
    )
    horizon = model.units(days)
    return forecast.expected_purchases(horizon), 1 - forecast.probability_of_no_purchase(horizon)


def brier(probability: Array, outcome: Array, weights: Array) -> float:
    """Mean squared difference of a probability and what happened (1 or 0): smaller is better."""
    return float(np.average((probability - outcome) ** 2, weights=weights))


def auc(score: Array, outcome: Array, weights: Array) -> float:
    """Probability that a customer with outcome 1 scores above one with outcome 0; a tie counts half.

    NaN where all outcomes are the same.
    """
    ties = _sums_by_value(score, {"yes": weights * outcome, "no": weights * (1 - outcome)})
    below = ties["no"].cumsum() - ties["no"]
    pairs = ties["yes"].sum() * ties["no"].sum()
    return float(ties["yes"] @ (below + ties["no"] / 2) / pairs) if pairs > 0 else np.nan


def normalised_gini(predicted: Array, actual: Array, weights: Array) -> float:
    """Gini of the actual amounts in the order of predictions over that in their own order: 1 is perfect, 0 is chance.

    NaN where all actual amounts are the same.
    """
    best = _gini(actual, actual, weights)
    return _gini(predicted, actual, weights) / best if best > 0 else np.nan


def _gini(order_by: Array, amount: Array, weights: Array) -> float:
    """Twice the area between the diagonal and the Lorenz curve of `amount`, customers in rising order of `order_by`."""
    ties = _sums_by_value(order_by, {"customers": weights, "amount": weights * amount})
    total = ties["amount"].sum()
    if total == 0:
        return np.nan
    lorenz = np.concatenate([[0.0], ties["amount"].cumsum() / total])
    share = ties["customers"].to_numpy() / ties["customers"].sum()
    return float(1 - share @ (lorenz[1:] + lorenz[:-1]))


def decile_wape(predicted: Array, actual: Array, weights: Array) -> float:
    """Sum over deciles of |predicted - actual| over the sum of actual: the error of groups, not of customers."""
    table = calibration_table(predicted, actual, weights)
    total = (table["customers"] * table["actual"]).sum()
    off = (table["customers"] * (table["predicted"] - table["actual"]).abs()).sum()
    return float(off / total) if total > 0 else np.nan


def calibration_table(predicted: Array, actual: Array, weights: Array, groups: int = GROUPS) -> pd.DataFrame:
    """Groups of equal size in rising order of prediction: group (from 1), customers, means of predicted and actual.

    Customers with the same prediction that straddle a border are divided between the groups in proportion.
    """
    ties = _sums_by_value(
        predicted, {"customers": weights, "predicted": weights * predicted, "actual": weights * actual}
    )
    upto = np.concatenate([[0.0], ties["customers"].cumsum()])
    borders = np.linspace(0.0, upto[-1], groups + 1)
    sums = {
        column: np.diff(np.interp(borders, upto, np.concatenate([[0.0], ties[column].cumsum()])))
        for column in ("predicted", "actual")
    }
    size = upto[-1] / groups
    return pd.DataFrame(
        {"group": np.arange(1, groups + 1), "customers": size, **{name: total / size for name, total in sums.items()}}
    )


def _sums_by_value(value: Array, amounts: Mapping[str, Array]) -> pd.DataFrame:
    return pd.DataFrame({"value": value, **amounts}).groupby("value", sort=True).sum().reset_index(drop=True)


def _relative(predicted: float, actual: float) -> float:
    return predicted / actual - 1 if actual > 0 else np.nan


def _floats(frame: pd.DataFrame, column: str) -> Array:
    return frame[column].to_numpy(dtype=np.float64)
