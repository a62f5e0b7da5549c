"""What a training logs of its back-test: metrics by day of origin, all of it as JSON, and two charts."""

from __future__ import annotations

import datetime as dt

import numpy as np

from ltv import plots
from ltv.backtest import VALUE_MODEL, Backtest
from ltv.evaluate import calibration_table, floats, predict_holdout
from ltv.origins import Origin
from ltv.own_error import recalibration
from ltv.value_model import ValueModel
from warehouse.model_registry import mlflow


def log_backtest(tested: Backtest, newest: Origin, model: ValueModel) -> None:
    """Log into the active run.

    A metric backtest_<model>_<metric> has one value per origin; its step is the cutoff as a number of days since 1970.
    The reliability curve is that of the newest period.
    """
    for one in tested.judged:
        step = (one.cutoff - dt.date(1970, 1, 1)).days
        mlflow.log_metrics({f"backtest_{one.model}_{name}": value for name, value in one.metrics.items()}, step=step)
    totals = [(one.until, total) for one in tested.of(VALUE_MODEL) for total in one.totals]
    mlflow.log_metrics(
        {
            "origins": len(tested.of(VALUE_MODEL)),
            "origins_skipped": len(tested.skipped),
            "totals_held": sum(total.held for _, total in totals),
            "totals_judged": len(totals),
            "own_error_purchases": tested.purchases.deviation,
            "own_error_value": tested.value.deviation,
            "recalibration_factor": recalibration(tested.purchases),
        }
    )
    mlflow.log_dict(tested.to_dict(), "backtest.json")
    _, buys_again = predict_holdout(model, newest.holdout, days=newest.days, time_unit=newest.time_unit)
    did_buy = (floats(newest.holdout, "holdout_purchases") > 0).astype(np.float64)
    reliability = calibration_table(buys_again, did_buy, floats(newest.holdout, "customers"))
    mlflow.log_table(reliability, "reliability.json")
    mlflow.log_figure(plots.reliability_plot(reliability), "reliability.png")
    if purchases := [(until, total) for until, total in totals if total.measure == "purchases"]:
        mlflow.log_figure(plots.origins_plot(purchases), "backtest.png")


def backtest_lines(tested: Backtest) -> list[str]:
    """One line per origin for people: what was predicted, its interval, what came."""
    lines = []
    for one in tested.of(VALUE_MODEL):
        total = one.totals[0]
        held = "" if total.held else ", outside the interval"
        lines.append(
            f"{one.cutoff} to {one.until}: {total.predicted:,.0f} purchases predicted "
            f"({total.lower:,.0f} to {total.upper or np.inf:,.0f}), {total.actual:,.0f} came{held}"
        )
    return [*lines, *(f"not fitted at {reason}" for reason in tested.skipped)]
