"""How well what new users bring was predicted on the newest period, and whether beyond chance better than otherwise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ltv.churn_scorer import Array
from ltv.early_value_model import Prediction
from ltv.evaluate import auc, normalised_gini

LEAST_GAIN_ERRORS = 3.0  # standard errors: 1 in 700 by chance, where nothing predicts
LEAST_GAIN_SHARE = 0.01  # of the other's deviance: two fits of one thing differ by a few thousandths
POWER = 1.5  # of Tweedie's deviance: of amounts of which most are 0
LEAST = 1e-12  # of an expectation, whose deviance is not finite at 0


class Scores(NamedTuple):
    """Of one prediction for some new users: predicted / actual - 1 of their early value (to date and to come) and of
    what was to come alone, and how it ranked what was to come: normalised Gini (of value) and AUC (of who bought).

    NaN where one has no meaning: nobody bought, or everybody.
    """

    total_error: float
    later_error: float
    gini: float
    auc: float


class Group(NamedTuple):
    """New users who were judged: how many, who bought after the age, and what they brought then on average; `chance` is
    the standard deviation of that by chance of persons, as a share of it. Scores are those of each prediction."""

    users: int
    buyers: int
    mean_value: float
    chance: float
    scores: dict[str, Scores]


class Gain(NamedTuple):
    """How much smaller the mean deviance is than another's, the standard error of that over new users, the gain as a
    share of the other's deviance, and how much larger the Gini is."""

    deviance: float
    error: float
    share: float
    gini: float

    @property
    def is_real(self) -> bool:
        """Whether it is more than chance gives and worth a model, and the ranking is no worse."""
        is_more_than_chance = self.deviance > LEAST_GAIN_ERRORS * self.error
        return is_more_than_chance and self.share >= LEAST_GAIN_SHARE and self.gini >= 0


def group_of(predictions: dict[str, Array], later: Array, to_date: Array) -> Group:
    """The scores of predictions of `later`, the value after the age, beside the value to date."""
    ones, total = np.ones(len(later)), float(later.sum())
    whole, bought = total + float(to_date.sum()), (later > 0).astype(np.float64)

    def scores(value: Array) -> Scores:
        miss = float(value.sum()) - total
        return Scores(
            miss / whole if whole > 0 else np.nan,
            miss / total if total > 0 else np.nan,
            normalised_gini(value, later, ones) if total > 0 else np.nan,
            auc(value, bought, ones),
        )

    spread = float(later.std()) * np.sqrt(len(later))
    return Group(
        users=len(later),
        buyers=int(bought.sum()),
        mean_value=total / max(len(later), 1),
        chance=spread / total if total > 0 else np.nan,
        scores={name: scores(value) for name, value in predictions.items()},
    )


def deviance(value: Array, actual: Array) -> Array:
    """Tweedie's deviance of each new user: 0 where an expectation is met, smaller on average the nearer it is."""
    mean, rest = np.maximum(value, LEAST), 2 - POWER
    parts = actual**rest / ((1 - POWER) * rest), actual * mean ** (1 - POWER) / (1 - POWER), mean**rest / rest
    return np.asarray(2 * (parts[0] - parts[1] + parts[2]))


def gain_over(value: Array, other: Array, actual: Array) -> Gain:
    """What the prediction `value` gains over `other` for the same new users."""
    ones, theirs = np.ones(len(actual)), deviance(other, actual)
    saved = theirs - deviance(value, actual)
    error = float(saved.std(ddof=1) / np.sqrt(len(saved))) if len(saved) > 1 else np.inf
    better = normalised_gini(value, actual, ones) - normalised_gini(other, actual, ones)
    gain, mean = float(saved.mean()), float(theirs.mean())
    return Gain(gain, error, gain / mean if mean > 0 else 0.0, better if np.isfinite(better) else 0.0)


def chance_of_total(prediction: Prediction, actual: Array) -> float:
    """The standard deviation of a total by chance of persons, as a share of the predicted one."""
    total = float(prediction.value.sum())
    return float(np.sqrt(((actual - prediction.value) ** 2).sum())) / total if total > 0 else np.inf


def model_error(*, judged_error: float, judged_chance: float, learned_then: float, learned_now: float) -> float:
    """The relative error of a model's totals, as a standard deviation: the chance of those whom it learned from and
    follows now, and what its error on the newest period had beyond chance, of these and of the same at that time."""
    beyond = judged_error**2 - judged_chance**2 - learned_then**2
    return float(np.sqrt(learned_now**2 + max(beyond, 0.0)))
