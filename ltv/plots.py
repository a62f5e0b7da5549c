"""Charts of a value model: who is alive, predictions against what came, purchases over time, forecasts of the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ltv.backtest import JudgedTotal
from ltv.value_model import ValueModel

SIZE = (6.4, 4.8)


def alive_heatmap(model: ValueModel, *, frequency: int, T: float) -> Figure:
    """P(alive) by frequency (0 to `frequency`) and recency (0 to T), for customers of age T."""
    frequencies = np.arange(frequency + 1)
    recencies = np.linspace(0, T, 100)
    x, t_x = np.meshgrid(frequencies, recencies)
    # frequency 0 means recency 0 and the reverse: no customer can be elsewhere on these two edges
    exists = (x == 0) == (t_x == 0)
    alive = np.full(x.shape, np.nan)
    # of customers of the base, where the fit has covariates
    alive[exists] = model.forecast(x[exists], t_x[exists], np.full(exists.sum(), T), {}).p_alive
    figure, axes = _figure(
        "Probability of being alive", "frequency (repeat purchase days)", f"recency ({model.time_unit})"
    )
    image = axes.pcolormesh(frequencies, recencies, alive, vmin=0, vmax=1, cmap="viridis", shading="nearest")
    figure.colorbar(image, ax=axes, label="P(alive)")
    return figure


def calibration_plot(table: pd.DataFrame) -> Figure:
    """Mean predicted against mean actual purchase days of the holdout, by decile of the prediction."""
    figure, axes = _figure("Holdout: predicted and actual purchases by decile", "predicted", "actual")
    top = float(table[["predicted", "actual"]].max().max()) or 1.0
    axes.plot([0, top], [0, top], color="grey", linestyle="--", label="perfect")
    axes.plot(table["predicted"], table["actual"], marker="o", label="deciles of customers")
    axes.legend()
    return figure


def tracking_plot(tracked: pd.DataFrame, cutoff: dt.date) -> Figure:
    """Cumulative repeat purchases, actual and expected of all customers by their first day; a line marks the cutoff.

    `tracked` is the table of `track`.
    """
    figure, axes = _figure("Cumulative repeat purchases", "", "purchase days")
    axes.plot(tracked["day"], tracked["actual"], label="actual")
    axes.plot(tracked["day"], tracked["expected"], label="expected", linestyle="--")
    axes.axvline(pd.Timestamp(cutoff), color="grey", linewidth=1, label="end of fit")  # type: ignore[arg-type]
    axes.legend()
    figure.autofmt_xdate()
    return figure


def reliability_plot(table: pd.DataFrame) -> Figure:
    """How often customers bought again against the probability that they would, by tenth of it.

    `table` is `evaluate.calibration_table` of the probability of at least one purchase.
    """
    figure, axes = _figure("Holdout: who buys again", "predicted probability", "share who bought")
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="perfect")
    axes.plot(table["predicted"], table["actual"], marker="o", label="tenths of customers")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.legend()
    return figure


def origins_plot(totals: Sequence[tuple[dt.date, JudgedTotal]]) -> Figure:
    """Purchases predicted at each origin with both intervals, and what came; by the last day of the period."""
    figure, axes = _figure("Forecasts of the past", "period up to", "purchase days")
    days = np.array([until for until, _ in totals], dtype="datetime64[D]")
    for name, width, label in (("", 1.5, "with the model's own error"), ("_if_model_holds", 5.0, "if the model holds")):
        bounds = [(getattr(total, f"lower{name}"), getattr(total, f"upper{name}")) for _, total in totals]
        bottoms, tops = ([np.nan if bound is None else bound for bound in side] for side in zip(*bounds, strict=True))
        axes.vlines(days, bottoms, tops, linewidth=width, color="tab:blue", alpha=0.5, label=label)
    axes.plot(days, [total.predicted for _, total in totals], "o", color="tab:blue", label="predicted")
    axes.plot(days, [total.actual for _, total in totals], "x", color="black", label="came")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.autofmt_xdate()
    return figure


def track(daily: pd.DataFrame, model: ValueModel) -> pd.DataFrame:
    """Per day from the first to the last: cumulative repeat purchase days, actual and expected (in season)."""
    by_day = daily.assign(day=pd.to_datetime(daily["day"])).set_index("day")[["first_purchases", "repeat_purchases"]]
    by_day = by_day.asfreq("D", fill_value=0)
    first_purchases = by_day["first_purchases"].to_numpy(np.float64)
    per_customer = model.expected_repeat_purchases(np.arange(len(first_purchases)))
    expected = np.convolve(first_purchases, per_customer)[: len(first_purchases)]
    if model.season:
        expected = np.cumsum(np.diff(expected, prepend=0.0) * model.season.of(by_day.index.to_numpy()))
    return pd.DataFrame(
        {
            "day": by_day.index,
            "actual": by_day["repeat_purchases"].cumsum().to_numpy(),
            "expected": expected,
        }
    )


def _figure(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes
