"""Rolling origins: what forecasts of the past were worth.

An origin is a day of the past from which a model, fitted to what was known by then, forecasts the days after it.
Origins lie one period apart, so no period overlaps another, and the newest period is always the last one judged.
Whatever is learned from past forecasts, the factor of the recalibration and the model's own error, is learned at each
origin from earlier ones alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ltv import baselines
from ltv.backtest import MODELS, PURCHASE_RATE, RECALIBRATED, RECENCY, VALUE_MODEL, Backtest, JudgedModel, JudgedTotal
from ltv.evaluate import (
    auc,
    buys_again_scores,
    floats,
    known,
    normalised_gini,
    predict_holdout,
    purchase_errors,
    reliability_error,
)
from ltv.histories import Array
from ltv.intervals import total_interval, total_variance
from ltv.mbg_cnbd_k import Gaps
from ltv.model_totals import Measure, estimated_for, model_totals
from ltv.own_error import OwnError, PastForecast, own_error, recalibration, with_own_error
from ltv.scorer import DAYS_PER_UNIT
from ltv.value_model import ValueModel
from warehouse.errors import ConvergenceError, InputError

MEASURES: tuple[Measure, ...] = ("purchases", "value")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What was known by the end of `cutoff`, and what came up to `until` (inclusive).

    `holdout` is `customer_summary.count_holdout`'s table, with a column for each of `covariates`, `spend` that of
    `count_spend`; recency and T are in `time_unit`. `gaps` are those between the purchases up to the cutoff, where a
    model needs them.
    """

    cutoff: dt.date
    until: dt.date
    holdout: pd.DataFrame
    spend: pd.DataFrame
    time_unit: str
    gaps: Gaps | None = None
    covariates: tuple[str, ...] = ()

    @property
    def days(self) -> int:
        """Length of the forecast period."""
        return (self.until - self.cutoff).days

    @property
    def histories(self) -> pd.DataFrame:
        """The distinct histories at the cutoff with their customers: what a fit of purchases needs."""
        return self.holdout.groupby(["frequency", "recency", "T", *self.covariates], as_index=False)[
            ["customers"]
        ].sum()


class FittedOrigin(NamedTuple):
    """An origin, and the model that was fitted to what was known at it."""

    origin: Origin
    model: ValueModel


def fit_origins(origins: Iterable[Origin], fit: Callable[[Origin], ValueModel]) -> tuple[list[FittedOrigin], list[str]]:
    """The origins that can be fitted, each with its model; and of the others why not, one line each."""
    fitted, skipped = [], []
    for origin in origins:
        try:
            fitted.append(FittedOrigin(origin, fit(origin)))
        except (ConvergenceError, InputError) as error:
            skipped.append(f"{origin.cutoff}: {error}")
    return fitted, skipped


def judge_origins(fitted: Sequence[FittedOrigin], *, level: float, skipped: Sequence[str] = ()) -> Backtest:
    """The value model, its recalibration and the baselines at each origin; `fitted` is in the order of time."""
    past: dict[Measure, list[PastForecast]] = {measure: [] for measure in MEASURES}
    judged: list[JudgedModel] = []
    for origin, model in fitted:
        known_by_now = {measure: own_error(measure, past[measure]) for measure in MEASURES}
        totals = _totals(origin, model, known_by_now, past, level)
        judged += _judged(origin, model, totals, recalibration(known_by_now["purchases"]))
    return Backtest(
        judged=tuple(judged),
        purchases=own_error("purchases", past["purchases"]),
        value=own_error("value", past["value"]),
        skipped=tuple(skipped),
    )


def pooled_rmse(model_of: Callable[[FittedOrigin], ValueModel], fitted: Sequence[FittedOrigin]) -> float:
    """Root of the mean squared error of purchase days over all customers of all origins."""
    squares = customers = 0.0
    for one in fitted:
        expected, _ = _predicted(one.origin, model_of(one))
        actual, weights = floats(one.origin.holdout, "holdout_purchases"), floats(one.origin.holdout, "customers")
        squares += float(weights @ (expected - actual) ** 2)
        customers += float(weights.sum())
    return float(np.sqrt(squares / customers))


def predicted_and_actual(one: FittedOrigin) -> tuple[float, float]:
    """Purchase days of all customers of an origin: what its model predicts, and what came."""
    expected, _ = _predicted(one.origin, one.model)
    weights = floats(one.origin.holdout, "customers")
    return float(weights @ expected), float(weights @ floats(one.origin.holdout, "holdout_purchases"))


def _totals(
    origin: Origin,
    model: ValueModel,
    own: Mapping[Measure, OwnError],
    past: Mapping[Measure, list[PastForecast]],
    level: float,
) -> tuple[JudgedTotal, ...]:
    """Both totals of an origin; what came is then added to the past forecasts."""
    holdout = origin.holdout
    unit = DAYS_PER_UNIT[origin.time_unit] / DAYS_PER_UNIT[model.time_unit]
    customers = holdout.assign(recency=holdout["recency"] * unit, T=holdout["T"] * unit)
    actual: dict[Measure, float] = {
        "purchases": float(floats(holdout, "holdout_purchases") @ floats(holdout, "customers")),
        "value": float(floats(holdout, "holdout_value").sum()),
    }
    totals = []
    model = model.on(origin.cutoff)
    predicted = model_totals(model, customers, days=origin.days, margin=1.0, annual_discount_rate=0.0)
    for measure, total in predicted.items():
        fits = estimated_for(model, measure, days=origin.days)
        alone = total_interval(total, *fits, level=level)
        wide = with_own_error(alone, own[measure], level=level)
        totals.append(
            JudgedTotal(
                measure=measure,
                predicted=total.estimate,
                lower=float(wide.lower),
                upper=_finite(wide.upper),
                lower_if_model_holds=float(alone.lower),
                upper_if_model_holds=_finite(alone.upper),
                actual=actual[measure],
            )
        )
        past[measure].append(PastForecast(total.estimate, total_variance(total, *fits), actual[measure]))
    return tuple(totals)


def _judged(origin: Origin, model: ValueModel, totals: tuple[JudgedTotal, ...], factor: float) -> list[JudgedModel]:
    """The value model, recalibrated too, and both baselines on the purchases of one origin."""
    holdout = origin.holdout
    actual, weights = floats(holdout, "holdout_purchases"), floats(holdout, "customers")
    did_buy = (actual > 0).astype(np.float64)
    expected, buys_again = _predicted(origin, model)
    rate = baselines.purchase_rate(holdout, horizon=origin.days / DAYS_PER_UNIT[origin.time_unit])
    recency = baselines.recency(holdout)
    metrics = {
        VALUE_MODEL: {
            **_totals_and_errors(expected, actual, weights),
            "normalised_gini": normalised_gini(expected, actual, weights),
            **buys_again_scores(buys_again, actual, weights),
            "reliability_error": reliability_error(buys_again, did_buy, weights),
        },
        RECALIBRATED: {**_totals_and_errors(factor * expected, actual, weights), "factor": factor},
        PURCHASE_RATE: {
            **_totals_and_errors(rate, actual, weights),
            "normalised_gini": normalised_gini(rate, actual, weights),
            "buys_again_auc": auc(rate, did_buy, weights),
        },
        # A score has no totals: it only ranks.
        RECENCY: {
            "actual": float(weights @ actual),
            "normalised_gini": normalised_gini(recency, actual, weights),
            "buys_again_auc": auc(recency, did_buy, weights),
        },
    }
    return [
        JudgedModel(
            cutoff=origin.cutoff,
            until=origin.until,
            model=name,
            customers=float(weights.sum()),
            metrics=known(metrics[name]),
            totals=totals if name == VALUE_MODEL else (),
        )
        for name in MODELS
    ]


def _totals_and_errors(expected: Array, actual: Array, weights: Array) -> dict[str, float]:
    totals = {"predicted": float(weights @ expected), "actual": float(weights @ actual)}
    return totals | purchase_errors(expected, actual, weights)


def _predicted(origin: Origin, model: ValueModel) -> tuple[Array, Array]:
    return predict_holdout(model.on(origin.cutoff), origin.holdout, days=origin.days, time_unit=origin.time_unit)


def _finite(bound: Array) -> float | None:
    """The bound as a number; None where there is no finite one."""
    return float(bound) if np.isfinite(bound) else None
