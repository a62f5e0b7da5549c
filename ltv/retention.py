"""What a retention campaign earns: uplift of a contact, expected profit of some contacts, and their intervals.

A contact keeps, with probability `uplift`, a customer who has left or would leave otherwise; it changes nothing for
the others. A kept customer goes on as the customer was. So a contact is expected to earn uplift x value at risk - cost.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ltv import beta_geometric_leavers, pareto_nbd_leavers
from ltv.covariates import Attributes, columns_of
from ltv.delta_method import errors_of, quantile, slopes
from ltv.histories import Array, Histories, histories
from ltv.knobs import Experiment, RetentionCampaign
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_leavers import Leavers
from ltv.purchase_fits import PurchaseFit
from ltv.scorer import DAYS_PER_YEAR
from ltv.value_model import ValueModel

# The mean square of what customers spend on a purchase, by the square of what they are expected to: 1 to 2 in shops
# drawn from a Gamma-Gamma of the trade, least for those who bought often.
SPEND_SQUARE = 1.5


class Uplift(NamedTuple):
    """Probability that a contact keeps a customer who would leave otherwise, with its interval."""

    estimate: float
    lower: float
    upper: float


def uplift_of_experiment(experiment: Experiment, *, level: float) -> Uplift:
    """1 - share that left with a contact / share that left without one; the interval is of the logarithm of the ratio.

    >>> from ltv.knobs import Experiment
    >>> test = Experiment(contacted=5000, contacted_stayed=1400, control=5000, control_stayed=1000)
    >>> [round(share, 3) for share in uplift_of_experiment(test, level=0.95)]
    [0.1, 0.08, 0.12]
    """
    left, left_of_control = (
        (experiment.contacted - experiment.contacted_stayed, experiment.contacted),
        (experiment.control - experiment.control_stayed, experiment.control),
    )
    ratio = (left[0] / left[1]) / (left_of_control[0] / left_of_control[1])
    # with half a customer more, so that a group of which nobody left has an interval too
    variance = sum(1 / (count + 0.5) - 1 / (customers + 0.5) for count, customers in (left, left_of_control))
    factor = math.exp(quantile(level) * math.sqrt(variance))
    smoothed = ratio or 0.5 / (left[1] + 0.5) / (left_of_control[0] / left_of_control[1])
    return Uplift(1 - ratio, max(1 - smoothed * factor, -1.0), 1 - ratio / factor)


def uplift_of(campaign: RetentionCampaign, *, level: float) -> Uplift:
    """The uplift that the knobs name, or that of their experiment."""
    if campaign.experiment:
        return uplift_of_experiment(campaign.experiment, level=level)
    assert campaign.uplift is not None, "RetentionCampaign asks for one of them"
    assert campaign.uplift_lower is not None
    assert campaign.uplift_upper is not None
    return Uplift(campaign.uplift, campaign.uplift_lower, campaign.uplift_upper)


def mean_discount(days: int, annual_rate: float) -> float:
    """What a unit of money that comes at any time of the next `days` days, evenly, is worth now."""
    rate = math.log1p(annual_rate) / DAYS_PER_YEAR
    return -math.expm1(-rate * days) / (rate * days) if rate else 1.0


def leavers(fit: PurchaseFit, theta: Array, data: Histories, *, within: float, horizon: float) -> Leavers:
    """Who leaves, and what that costs, under a fitted model of any kind with these parameters."""
    if isinstance(fit, ParetoNBDFit):
        return pareto_nbd_leavers.leavers(theta, data, within=within, horizon=horizon)
    at_once = fit.LEAVES_AT_ONCE
    return beta_geometric_leavers.leavers(theta, data, k=fit.k, leaves_at_once=at_once, within=within, horizon=horizon)


def purchases_at_risk(
    model: ValueModel,
    frequency: Array,
    recency: Array,
    T: Array,
    *,
    leaving_days: int,
    horizon_days: int,
    attributes: Attributes | None = None,
) -> dict[str, Array]:
    """Per history: leaving, lost_purchases, lost_pairs (see `ltv.pareto_nbd_leavers`) and lost_log_error.

    lost_log_error is the standard error of the logarithm of lost_purchases, from the uncertainty of the parameters.
    `attributes` has a column for each of `model.attributes`. A season multiplies the purchases of the horizon; who
    leaves is that of the fit.
    """
    fit, pace = model.purchases, model.pace(horizon_days)
    columns = columns_of(fit.covariates, {} if attributes is None else attributes, np.size(frequency))
    known = histories(frequency, recency, T, day=model.day, **columns)
    within, horizon = model.units(leaving_days), model.units(horizon_days)

    def predict(theta: Array) -> Leavers:
        return leavers(fit, theta, known, within=within, horizon=horizon)

    found, covariance = predict(fit.theta), fit.fitted_covariance()
    lost = found.lost_purchases
    errors = errors_of(slopes(lambda theta: predict(theta).lost_purchases, fit.theta, covariance), covariance)
    return {
        "leaving": found.leaving,
        "lost_purchases": lost * pace.factor,
        "lost_pairs": found.lost_pairs * pace.factor**2,
        "lost_log_error": np.hypot(errors / np.where(lost > 0, lost, 1.0), pace.log_error),
    }


class Contacts(NamedTuple):
    """Sums over the customers of a campaign: how many, their value at risk, its standard error by the parameters, and
    the mean square of what a customer would bring who is a leaver and is kept. Disjoint groups add up."""

    contacts: int
    value_at_risk: float
    error: float
    square: float

    def plus(self, other: Contacts) -> Contacts:
        """The customers of both. Errors are added as if they were one: parameters are common to all."""
        return Contacts(
            self.contacts + other.contacts,
            self.value_at_risk + other.value_at_risk,
            self.error + other.error,
            self.square + other.square,
        )


NOBODY = Contacts(0, 0.0, 0.0, 0.0)


class Profit(NamedTuple):
    """Expected profit of some contacts, its predictive interval, and the uplift from which on they earn something.

    The interval has the uncertainty of the uplift, that of the parameters, and chance. No value at risk: no such
    uplift.
    """

    expected: float
    lower: float
    upper: float
    break_even_uplift: float | None


def campaign_profit(contacts: Contacts, uplift: Uplift, *, contact_cost: float, level: float) -> Profit:
    """What contacts earn: uplift x value at risk - cost, for all of them together.

    Deviations by uplift, parameters and chance are independent, so they add up in squares.

    >>> from ltv.retention import Contacts, Uplift, campaign_profit
    >>> profit = campaign_profit(
    ...     Contacts(1000, 30_000.0, 900.0, 2e6), Uplift(0.1, 0.08, 0.12), contact_cost=1.5, level=0.95
    ... )
    >>> [round(figure, 2) for figure in profit]
    [1500.0, 423.24, 2576.76, 0.05]
    """
    cost = contact_cost * contacts.contacts
    expected = uplift.estimate * contacts.value_at_risk - cost
    by_model = quantile(level) * uplift.estimate * contacts.error
    by_chance = quantile(level) * math.sqrt(max(uplift.estimate, 0.0) * contacts.square)
    below, above = (
        math.hypot((uplift.estimate - bound) * contacts.value_at_risk, by_model, by_chance) for bound in uplift[1:]
    )
    break_even = cost / contacts.value_at_risk if contacts.value_at_risk > 0 else None
    return Profit(expected, expected - below, expected + above, break_even)
