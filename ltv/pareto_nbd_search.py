"""The search of the Pareto/NBD fit: its start, the data it refuses, and what decides where there is no maximum."""

from __future__ import annotations

import warnings

import numpy as np

from ltv.fit import Prior, Search
from ltv.histories import Array, Histories
from ltv.prior import normal_prior
from warehouse.errors import InputError

# Above this many distinct histories, a systematic sample of about as many finds the neighbourhood of the optimum.
SAMPLE = 20_000


def check(data: Histories) -> None:
    """Refuse data that cannot identify the four parameters; warn of rows without information."""
    if not data.customers > 0:
        raise InputError("No customers to fit: every weight is 0, or there are no rows.")
    unseen = float(data.weights[data.T == 0].sum())
    if unseen == data.customers:
        raise InputError("T is 0 for every customer: nobody has been observed after the first purchase.")
    if unseen:
        warnings.warn(
            f"{unseen:g} customers have T = 0: they hold no information and do not move the fit.", stacklevel=3
        )
    if not data.weights @ data.frequency > 0:
        raise InputError("No customer has bought twice: purchase and dropout rates cannot be estimated separately.")
    for process, matrix, names in (
        ("transaction", data.transaction, data.transaction_names),
        ("dropout", data.dropout, data.dropout_names),
    ):
        constant = [name for name, values in zip(names, matrix.T, strict=True) if np.ptp(values) == 0]
        if constant:
            raise InputError(
                f"{process}_covariates: {', '.join(constant)} is the same for every customer; leave it out."
            )


def systematic_sample(data: Histories) -> Histories:
    """Every k-th of the sorted histories, about SAMPLE of them; all of them (the same object) where there are fewer."""
    step = len(data) // SAMPLE
    return data.take(slice(step // 2, None, step)) if step > 1 else data


def search_box(data: Histories) -> Search:
    """Start from moderate heterogeneity and rates of one event per mean T; six decades either way are infinity."""
    age = float(np.average(data.T, weights=data.weights))
    start = np.log([0.7, age / 3, 0.7, age / 3])
    wall = np.log([1e6, 1e8, 1e6, 1e8])
    spread = np.concatenate([data.transaction.std(axis=0), data.dropout.std(axis=0)])
    unit = 1 / np.where(spread > 0, spread, 1.0)
    least = start - wall
    if data.day:
        least[1] = np.log(0.51 * data.day)  # the likelihood of days is one of alpha above half a day
    return Search(
        np.concatenate([start, np.zeros_like(unit)]),
        np.concatenate([least, -20 * unit]),
        np.concatenate([start + wall, 20 * unit]),
        np.concatenate([np.ones(4), unit]),
    )


def weak_prior(data: Histories) -> Prior:
    """r and s near 1, and a mean dropout rate s/beta near one leaving in twice the mean T. Coefficients are free."""
    age = float(np.average(data.T, weights=data.weights))
    directions = np.zeros((3, 4 + data.transaction.shape[1] + data.dropout.shape[1]))
    directions[[0, 1, 2, 2], [0, 2, 2, 3]] = 1.0, 1.0, 1.0, -1.0
    return normal_prior(directions, np.array([0.0, 0.0, -np.log(2 * age)]))


def explain(theta: Array, search: Search, data: Histories) -> str:
    """Why there is no inner maximum, from where the search ended, and what to look at."""
    reasons = [reason for reason, _ in _reasons(theta, data)]
    names = [*(f"transaction.{n}" for n in data.transaction_names), *(f"dropout.{n}" for n in data.dropout_names)]
    reasons += [
        f"the coefficient of {name} goes to infinity: some of its groups never buy again, or never leave"
        for name, size in zip(names, np.abs((theta / search.scale)[4:]), strict=True)
        if size > 10
    ]
    if not reasons:
        reasons.append("the likelihood is flat there: too few customers, or covariates that repeat one another")
    r, alpha, s, beta = np.exp(theta[:4])
    return (
        f"Pareto/NBD has no maximum inside its range: {'; '.join(reasons + _bad_rows(data))}. "
        f"The search ended at r = {r:.4g}, alpha = {alpha:.4g}, s = {s:.4g}, beta = {beta:.4g}."
    )


def note(ended: Array, data: Histories) -> str:
    """What a fit with the weak prior is: what the likelihood ran to, and what that means for predictions."""
    found = _reasons(ended, data) or [("the likelihood is flat: too few customers", "intervals are wide")]
    reasons = "; ".join([f"{reason}: {meaning}" for reason, meaning in found] + _bad_rows(data))
    return f"Purchases: {reasons}. The likelihood has no inner maximum, so a weak prior decides."


def _reasons(theta: Array, data: Histories) -> list[tuple[str, str]]:
    """What the likelihood ran to where it has no inner maximum, each with what it means for predictions."""
    r, _, s, beta = np.exp(theta[:4])
    age = float(np.average(data.T, weights=data.weights))
    reasons = []
    if -np.expm1(-s * np.log1p(age / beta)) < 1e-3:
        reasons.append(
            (
                "no churn shows in the data (the dropout rate goes to 0)",
                "nearly all customers count as alive, and only a longer history can show who has left",
            )
        )
    elif s > 1e3:
        reasons.append(
            (
                "customers do not differ in how fast they leave (s goes to infinity)",
                "all leave at about one rate, and a longer history may show differences",
            )
        )
    if r > 1e3:
        reasons.append(
            (
                "customers do not differ in how often they buy (r goes to infinity)",
                "all buy at about one rate, as with contracts or too few customers",
            )
        )
    if r < 1e-3:
        reasons.append(("almost nobody buys again (r goes to 0)", "very few purchases are expected"))
    return reasons


def _bad_rows(data: Histories) -> list[str]:
    usual = float(np.quantile(data.T, 0.99))
    if data.T.max() <= 5 * usual:
        return []
    return [f"the largest T is {data.T.max():g}, but 99% lie below {usual:g}: look for bad rows"]
