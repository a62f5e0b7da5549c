"""How well churn was predicted on the newest period, and whether a prediction is better than another beyond chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ltv.churn_scorer import Array
from ltv.evaluate import auc, brier, calibration_table

LEAST_GAIN_ERRORS = 3.0  # standard errors: 1 in 700 by chance, where nothing predicts
LEAST_GAIN_SHARE = 0.01  # of the other's Brier score: two fits of one thing differ by a few thousandths


class Scores(NamedTuple):
    """Of one model on one period: AUC (NaN where all did the same), Brier score, and the largest distance of a
    decile's mean probability from the share that left."""

    auc: float
    brier: float
    worst_decile: float


class Gain(NamedTuple):
    """How much smaller the Brier score of a model is than another's, the standard error of that over customers, the
    gain as a share of the other's score, and how much larger the AUC is."""

    brier: float
    error: float
    share: float
    auc: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance gives and worth a model, and the ranking is no worse."""
        is_more_than_chance = self.brier > LEAST_GAIN_ERRORS * self.error
        return is_more_than_chance and self.share >= LEAST_GAIN_SHARE and self.auc >= 0


def scores_of(probability: Array, left: Array) -> Scores:
    """The scores of a probability of churn; `left` is 1 for who left, 0 for who came back."""
    ones = np.ones(len(left))
    worst = max(abs(predicted - actual) for predicted, actual in deciles_of(probability, left))
    return Scores(auc(probability, left, ones), brier(probability, left, ones), worst)


def deciles_of(probability: Array, left: Array) -> tuple[tuple[float, float], ...]:
    """Of each tenth of the customers, in rising order of probability, its mean and the share that left."""
    table = calibration_table(probability, left, np.ones(len(left)))
    return tuple(zip(table["predicted"].tolist(), table["actual"].tolist(), strict=True))


def gain_over(probability: Array, other: Array, left: Array) -> Gain:
    """What `probability` gains over `other` on the same customers."""
    ones = np.ones(len(left))
    saved = (other - left) ** 2 - (probability - left) ** 2
    error = float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else np.inf
    better = auc(probability, left, ones) - auc(other, left, ones)
    theirs, gain = brier(other, left, ones), float(saved.mean())
    return Gain(gain, error, gain / theirs if theirs > 0 else 0.0, better if np.isfinite(better) else 0.0)
