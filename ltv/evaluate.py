"""Metrics of predictions on a period that the fit has not seen.

All functions take one row per counted history: `weights` customers share it. Equal predictions are treated as
ties, so no figure depends on the order of rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ltv.histories import Array
from ltv.scorer import DAYS_PER_UNIT
from ltv.value_model import ValueModel
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
    actual, weights = floats(holdout, "holdout_purchases"), floats(holdout, "customers")
    # Gamma-Gamma's expectation is linear in the mean value, so a group's mean gives the group's total.
    value = expected * model.spend.expected_value(holdout["frequency"], holdout["monetary_value"])
    value_error = relative_error(float(weights @ value), float(holdout["holdout_value"].sum()))
    return known(
        {
            "customers": float(weights.sum()),
            **purchase_errors(expected, actual, weights),
            "value_total_error": value_error,
            "normalised_gini": normalised_gini(expected, actual, weights),
            **buys_again_scores(buys_again, actual, weights),
        }
    )


def purchase_errors(expected: Array, actual: Array, weights: Array) -> dict[str, float]:
    """total_error, mae, rmse and decile_wape of expected purchase days; NaN where one has no meaning."""
    return {
        "total_error": relative_error(float(weights @ expected), float(weights @ actual)),
        "mae": float(np.average(np.abs(expected - actual), weights=weights)),
        "rmse": float(np.sqrt(np.average((expected - actual) ** 2, weights=weights))),
        "decile_wape": decile_wape(expected, actual, weights),
    }


def buys_again_scores(probability: Array, actual: Array, weights: Array) -> dict[str, float]:
    """buys_again_brier, buys_again_base_brier (of the mean for all) and buys_again_auc of P(at least one purchase)."""
    did_buy = (actual > 0).astype(np.float64)
    base = np.full_like(did_buy, np.average(did_buy, weights=weights))
    return {
        "buys_again_brier": brier(probability, did_buy, weights),
        "buys_again_base_brier": brier(base, did_buy, weights),
        "buys_again_auc": auc(probability, did_buy, weights),
    }


def known(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that have a meaning on their period: those that are finite."""
    return {name: metric for name, metric in metrics.items() if np.isfinite(metric)}


def predict_holdout(model: ValueModel, holdout: pd.DataFrame, *, days: int, time_unit: str) -> tuple[Array, Array]:
    """Expected purchase days and P(at least one) in the next `days` days, per row of the holdout table."""
    to_model = DAYS_PER_UNIT[time_unit] / DAYS_PER_UNIT[model.time_unit]
    forecast = model.forecast(
        holdout["frequency"], floats(holdout, "recency") * to_model, floats(holdout, "T") * to_model, holdout
    ).at_rate(model.pace(days).factor)
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


def reliability_error(probability: Array, outcome: Array, weights: Array) -> float:
    """Mean distance of a probability from how often it happened, over ten groups of customers by the probability.

    0 is a probability that can be taken at its word; ranking plays no part in it. The groups are those of the
    reliability curve, `calibration_table(probability, outcome, weights)`.
    """
    table = calibration_table(probability, outcome, weights)
    return float((table["predicted"] - table["actual"]).abs().mean())


def tracking_errors(tracked: pd.DataFrame, cutoff: dt.date) -> dict[str, float]:
    """How well repeat purchases are tracked after the cutoff: `tracked` is `plots.track`'s table.

    weekly_mape and cumulative_mape: mean relative error of the whole weeks, and of the sums since the first day at
    their ends; final_error: that of the sum on the last day. Weeks without a purchase are left out.
    """
    after = tracked[tracked["day"] >= pd.Timestamp(cutoff)]
    at_ends = after.iloc[:: DAYS_PER_UNIT["weeks"]][["actual", "expected"]]
    weekly = at_ends.diff().iloc[1:]
    last = tracked.iloc[-1]
    return known(
        {
            "weekly_mape": _mape(weekly),
            "cumulative_mape": _mape(at_ends.iloc[1:]),
            "final_error": relative_error(float(last["expected"]), float(last["actual"])),
        }
    )


def _mape(pairs: pd.DataFrame) -> float:
    bought = pairs[pairs["actual"] > 0]
    return float((bought["expected"] / bought["actual"] - 1).abs().mean())


def _sums_by_value(value: Array, amounts: Mapping[str, Array]) -> pd.DataFrame:
    return pd.DataFrame({"value": value, **amounts}).groupby("value", sort=True).sum().reset_index(drop=True)


def relative_error(predicted: float, actual: float) -> float:
    """predicted / actual - 1; NaN where nothing came."""
    return predicted / actual - 1 if actual > 0 else np.nan


def floats(frame: pd.DataFrame, column: str) -> Array:
    """A column as floats."""
    return frame[column].to_numpy(dtype=np.float64)
