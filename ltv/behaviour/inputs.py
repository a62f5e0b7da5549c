"""From rows to the columns that classifiers take: which features count, and what stands for a null."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ltv import pareto_nbd
from ltv.behaviour.rows import ChurnRows
from ltv.churn_model import of_purchases
from ltv.churn_scorer import Array, looked_back
from ltv.pareto_nbd import ParetoNBDFit
from warehouse.errors import ConvergenceError, InputError
from warehouse.tables.gold_person_features import (
    FEATURES,
    OF_ACTIVITY,
    OF_BOTH,
    OF_MODEL,
    OF_PURCHASES,
    OF_TOUCHES,
    OF_VISITS,
)

WINDOW = re.compile(r"_([0-9]+)d$")
# Those without a window in their name; some grow with the record until it is a year long.
OTHER_WINDOWS = {
    **dict.fromkeys(("days_since_first_visit", "days_since_sign_up"), 365),
    **dict.fromkeys(("visit_gap_days", "silence_in_visit_gaps", "cycle_days"), 90),
}
TREND_DAYS = 28
UNITS_WITHOUT_LOGARITHM = ("share", "log ratio", "probability")
DAYS = "days"
BY_NAME = {column.name: column for column in FEATURES}


def purchase_model(rows: ChurnRows) -> ParetoNBDFit | None:
    """Pareto/NBD of the histories at the oldest origin; None where they cannot be fitted, as where nobody bought
    twice. Who first bought on that day had no time to buy again."""
    counted = rows.histories[rows.histories["T"] > 0]
    try:
        return pareto_nbd.fit(counted["frequency"], counted["recency"], counted["T"], weights=counted["customers"])
    except (InputError, ConvergenceError):
        return None


def record_days(first: dt.date, oldest: dt.date) -> int:
    """For how many days something was on record at the end of `oldest`, since its first day."""
    return (oldest - first).days + 1


def usable_features(rows: ChurnRows, oldest: dt.date, *, with_purchase_model: bool) -> tuple[str, ...]:
    """The features that mean the same at every origin from `oldest` on: no window reaches to before the record.

    A count of 90 days is one of 40 where the record is 40 days old, and would be a larger one a month later.
    """
    by_record = (
        (rows.first_visit, (*OF_VISITS, *OF_ACTIVITY, *OF_TOUCHES, *OF_BOTH)),
        (rows.first_purchase, OF_PURCHASES),
    )
    short = {
        column.name
        for first, columns in by_record
        for column in columns
        if _window_days(column.name) > record_days(first, oldest)
    }
    of_model = {column.name for column in OF_MODEL}
    return tuple(name for name in BY_NAME if name not in short and (with_purchase_model or name not in of_model))


def _window_days(name: str) -> int:
    if name.endswith("_trend"):
        return TREND_DAYS
    found = WINDOW.search(name)
    return OTHER_WINDOWS.get(name, int(found.group(1)) if found else 0)


def columns_of(rows: pd.DataFrame, purchases: ParetoNBDFit | None, *, lookback_days: float) -> dict[str, Array]:
    """Every feature of the rows by name, NaN where null, of visits in `lookback_days`; those of a purchase model by the
    one given."""
    names = [column.name for column in FEATURES if column not in OF_MODEL]
    columns = {name: rows[name].to_numpy(dtype=np.float64) for name in names}
    nothing = {column.name: np.full(len(rows), np.nan) for column in OF_MODEL}
    of_model = of_purchases(columns, purchases.params) if purchases else nothing
    return looked_back(columns, lookback_days) | of_model


def fill_values(columns: Mapping[str, Array], names: Sequence[str]) -> tuple[float, ...]:
    """What stands for a null: of days the most there are, as what never happened is long ago; otherwise the median."""

    def of(name: str) -> float:
        known = columns[name][~np.isnan(columns[name])]
        if not len(known):
            return 0.0
        return float(known.max() if BY_NAME[name].unit == DAYS else np.median(known))

    return tuple(map(of, names))


def has_logarithm(name: str) -> bool:
    """Whether the logarithm of 1 + a feature is taken: of counts, days, money and ratios, whose tails are long."""
    return BY_NAME[name].unit not in UNITS_WITHOUT_LOGARITHM
