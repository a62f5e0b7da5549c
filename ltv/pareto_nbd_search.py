"""The search of the Pareto/NBD fit: its start, the data it refuses, and the explanation where there is no maximum."""

from __future__ import annotations

import warnings

import numpy as np

from ltv.fit import Search
from ltv.histories import Array, Histories
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
    return Search(
        np.concatenate([start, np.zeros_like(unit)]),
        np.concatenate([start - wall, -20 * unit]),
        np.concatenate([start + wall, 20 * unit]),
        np.concatenate([np.ones(4), unit]),
    )


def explain(theta: Array, search: Search, data: Histories) -> str:
    """Why there is no inner maximum, from where the search ended, and what to look at."""
    r, alpha, s, beta = np.exp(theta[:4])
    age = float(np.average(data.T, weights=data.weights))
    reasons = []
    if -np.expm1(-s * np.log1p(age / beta)) < 1e-3:
        reasons.append("no churn shows in the data (the dropout rate goes to 0): observe customers for longer")
    elif s > 1e3:
        reasons.append("customers do not differ in how fast they leave (s goes to infinity): a longer history may help")
    if r > 1e3:
        reasons.append("customers do not differ in how often they buy (r goes to infinity)")
    if r < 1e-3:
        reasons.append("almost nobody buys again (r goes to 0)")
    names = [*(f"transaction.{n}" for n in data.transaction_names), *(f"dropout.{n}" for n in data.dropout_names)]
    reasons += [
        f"the coefficient of {name} goes to infinity: some of its groups never buy again, or never leave"
        for name, size in zip(names, np.abs((theta / search.scale)[4:]), strict=True)
        if size > 10
    ]
    if not reasons:
        reasons.append("the likelihood is flat there: too few customers, or covariates that repeat one another")
    usual = float(np.quantile(data.T, 0.99))
    if data.T.max() > 5 * usual:
        reasons.append(f"the largest T is {data.T.max():g}, but 99% lie below {usual:g}: look for bad rows")
    return (
        f"Pareto/NBD has no maximum inside its range: {'; '.join(reasons)}. "
        f"The search ended at r = {r:.4g}, alpha = {alpha:.4g}, s = {s:.4g}, beta = {beta:.4g}."
    )
