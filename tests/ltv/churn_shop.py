"""Rows of churn without a lake: customers whose visits, and whether they come back, follow from what they are."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ltv.behaviour.origins import HORIZONS, origins_of
from ltv.behaviour.rows import ChurnRows
from warehouse.tables.gold_person_features import BUILT

UNTIL, FIRST_VISIT, FIRST_PURCHASE = dt.date(2026, 4, 29), dt.date(2026, 1, 1), dt.date(2025, 1, 1)


def churn_rows(seed: int, *, customers: int = 1500, predicts: bool, horizons: tuple[str, ...] = ("14d",)) -> ChurnRows:
    """Customers come back after an exponential time. With `predicts` those with many visits come back sooner;
    otherwise all alike, and no feature has anything to do with it."""
    random = np.random.default_rng(seed)
    found = {one.name: origins_of(one, until=UNTIL, first_visit=FIRST_VISIT) for one in HORIZONS}
    origins = {name: days for name, days in found.items() if days is not None and name in horizons}
    days = sorted({day for one in origins.values() for day in one.all})
    rate = random.gamma(0.8, 0.1, customers) if predicts else np.full(customers, 0.05)
    parts = []
    for day in days:
        rows = pd.DataFrame({column.name: random.poisson(3.0, customers).astype(float) for column in BUILT})
        visits = random.poisson(30 * (rate if predicts else np.full(customers, 0.1)))
        rows["visits_30d"] = visits.astype(float)
        rows["days_since_visit"] = np.where(visits > 0, random.exponential(9.0, customers), np.nan)
        rows["days_since_active"] = np.fmin(rows["days_since_visit"], 40.0)
        rows["repeat_purchase_days"] = random.poisson(2.0, customers).astype(float)
        rows["days_since_first_purchase"] = 200.0
        rows["days_since_purchase"] = random.uniform(1, 100, customers).round()
        rows["purchase_span_days"] = np.where(rows["repeat_purchase_days"] > 0, 200 - rows["days_since_purchase"], 0.0)
        rows["cycle_days"] = random.uniform(7, 30, customers)
        back = random.exponential(1.0, customers) / np.maximum(rate, 1e-9)
        rows["next_active_days"] = np.where(back < 90, back, np.nan)
        rows.insert(0, "person_id", [f"user:{number}" for number in range(customers)])
        rows.insert(1, "origin", day)
        parts.append(rows)
    histories = pd.DataFrame({"frequency": [0, 1, 1, 3, 3, 8, 8], "recency": [0.0, 4, 30, 8, 35, 10, 38]})
    return ChurnRows(
        until=UNTIL,
        first_visit=FIRST_VISIT,
        first_purchase=FIRST_PURCHASE,
        rows=pd.concat(parts, ignore_index=True),
        origins=origins,
        histories=histories.assign(T=39.0, customers=[600, 80, 60, 25, 40, 8, 30]),
        share=1.0,
    )
