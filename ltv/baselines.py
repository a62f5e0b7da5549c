"""What a value model has to beat: rules that need no fit.

One row per counted history of a holdout table; recency, T and the horizon are in one unit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ltv.evaluate import floats
from ltv.histories import Array


def purchase_rate(holdout: pd.DataFrame, *, horizon: float) -> Array:
    """Purchase days expected of a customer who goes on at the own rate of the past: horizon x frequency / T.

    0 for a customer of the last day.
    """
    age = floats(holdout, "T")
    return floats(holdout, "frequency") / np.where(age > 0, age, np.inf) * horizon


def recency(holdout: pd.DataFrame) -> Array:
    """A score that ranks customers by the time since their last purchase: the more recent, the higher (0 at most)."""
    return floats(holdout, "recency") - floats(holdout, "T")
