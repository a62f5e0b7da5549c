"""The search of the beta-geometric fits: its start, and what decides where there is no maximum."""

from __future__ import annotations

import numpy as np

from ltv.fit import Prior, Search
from ltv.histories import Array, Histories
from ltv.prior import normal_prior
from warehouse.errors import InputError


def check(data: Histories) -> None:
    """Refuse data that cannot tell how often customers buy from how likely they leave."""
    if not data.customers > 0:
        raise InputError("No customers to fit: every weight is 0, or there are no rows.")
    if not data.weights @ data.frequency > 0:
        raise InputError("No customer has bought twice: purchase rate and dropout cannot be estimated separately.")
    if not data.T.any():
        raise InputError("T is 0 for every customer: nobody has been observed after the first purchase.")


def search_box(data: Histories, k: int = 1) -> Search:
    """Start from moderate heterogeneity; six decades in either direction count as infinity."""
    age = float(np.average(data.T, weights=data.weights))
    start = np.log([0.7, age / (3 * k), 0.8, 2.5])
    wall = np.log([1e6, 1e8, 1e6, 1e6])
    return Search(start, start - wall, start + wall, np.ones(4))


def weak_prior(data: Histories) -> Prior:
    """r and a near 1, and b/a near the purchases a customer would make in twice the time seen, had nobody left."""
    seen = float(np.average(data.frequency, weights=data.weights))
    directions = np.zeros((3, 4))
    directions[[0, 1, 2, 2], [0, 2, 3, 2]] = 1.0, 1.0, 1.0, -1.0
    return normal_prior(directions, np.array([0.0, 0.0, np.log(1 + 2 * seen)]))


def explain(theta: Array, model: str) -> str:
    """Why there is no inner maximum, from where the search ended."""
    why = "; ".join(reason for reason, _ in _reasons(theta)) or "the likelihood is flat: too few customers"
    r, alpha, a, b = np.exp(theta)
    return (
        f"{model} has no maximum inside its range: {why}. "
        f"The search ended at r = {r:.4g}, alpha = {alpha:.4g}, a = {a:.4g}, b = {b:.4g}."
    )


def note(ended: Array) -> str:
    """What a fit with the weak prior is: what the likelihood ran to, and what that means for predictions."""
    found = _reasons(ended) or [("the likelihood is flat: too few customers", "intervals are wide")]
    reasons = "; ".join(f"{reason}: {meaning}" for reason, meaning in found)
    return f"Purchases: {reasons}. The likelihood has no inner maximum, so a weak prior decides."


def _reasons(theta: Array) -> list[tuple[str, str]]:
    """What the likelihood ran to where it has no inner maximum, each with what it means for predictions."""
    r, _, a, b = np.exp(theta)
    reasons = []
    if a / (a + b) < 1e-3:
        reasons.append(
            (
                "no churn shows in the data (a/(a+b) goes to 0)",
                "nearly all customers count as alive, and only a longer history can show who has left",
            )
        )
    elif a + b > 1e4:
        reasons.append(
            (
                "customers do not differ in how likely they leave (a and b go to infinity)",
                "all leave with about one probability, and a longer history may show differences",
            )
        )
    if a + b < 1e-3:
        reasons.append(
            ("customers leave at once or never (a and b go to 0)", "who came back is expected to stay for good")
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
