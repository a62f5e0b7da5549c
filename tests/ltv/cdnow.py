"""The CDNOW sample of the literature: 2,357 customers who came in the first quarter of 1997, in weeks."""

from __future__ import annotations

import importlib.resources
import io
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest


@cache
def cdnow(end: str = "1997-09-30") -> SimpleNamespace:
    """frequency, recency, T and mean value of repeat purchase days up to and with `end`."""
    text = (importlib.resources.files("lifetimes") / "datasets" / "CDNOW_sample.txt").read_text()
    columns = ["master_id", "customer", "date", "items", "value"]
    lines = pd.read_csv(io.StringIO(text), sep=r"\s+", header=None, names=columns, dtype={"date": str})
    lines["date"] = pd.to_datetime(lines["date"])
    days = lines[lines["date"] <= end].groupby(["customer", "date"], as_index=False)["value"].sum()
    first = days.groupby("customer")["date"].transform("min")
    customers = days.groupby("customer")["date"].agg(["min", "max", "count"])
    repeat_value = days[days["date"] > first].groupby("customer")["value"].mean()
    return SimpleNamespace(
        frequency=customers["count"].to_numpy(dtype=float) - 1,
        recency=(customers["max"] - customers["min"]).dt.days.to_numpy() / 7,
        T=(pd.Timestamp(end) - customers["min"]).dt.days.to_numpy() / 7,
        monetary_value=repeat_value.reindex(customers.index).to_numpy(),
    )


@cache
def cdnow_holdout() -> np.ndarray:
    """Purchase days of the same customers in the 39 weeks after."""
    return cdnow("1998-06-30").frequency - cdnow().frequency


def cumulative_purchases(model: object, weeks: np.ndarray) -> np.ndarray:
    """Repeat purchases expected of all customers up to the end of each week since 1997-01-01, as BTYD tracks them."""
    started = cdnow().T.max() - cdnow().T
    ages = np.clip(weeks[:, None] - started, 0, None)
    return np.array([model.expected_purchases(age, 0, 0, np.zeros_like(age)).sum() for age in ages])


def check_golden_customers(fit: Any, expected: dict[str, Any]) -> None:
    """Predictions for a new customer, a regular one and fading ones equal the golden numbers."""
    assert fit.expected_purchases(52, 0, 0, 0) == pytest.approx(expected["expectation_t52"], rel=1e-6)
    regular = (26, 30.857142857, 31)
    assert fit.expected_purchases(52, *regular) == pytest.approx(expected["cust1516"]["cet52"], rel=1e-6)
    assert fit.p_alive(*regular) == pytest.approx(expected["cust1516"]["palive"], rel=1e-6)
    fading = expected["cet52_tx20_T39"]
    assert fit.expected_purchases(52, [int(x) for x in fading], 20, 39) == pytest.approx(
        list(fading.values()), rel=1e-5
    )
