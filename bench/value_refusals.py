"""How often a value model is refused, and how far its 60-day totals lie from those under the true parameters.

    python bench/value_refusals.py --shops 60

Shops are drawn from the model itself: r .7, alpha 60, s .6, beta 150, whole days. Per number of customers and observed
days: shops in which nobody bought twice (they have no forecast), shops refused although somebody did, shops whose
likelihood has no inner maximum (a weak prior decides), and the error of the total of 60 days against the true
parameters' total for the same histories. `held` counts the shops whose 95% interval of the total holds the purchases
that came. The last columns count the Gamma-Gamma fits with a weak prior, and the spread of their mean value of a
purchase around the true one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from typing import Any

import numpy as np
from ltv_shop import SPEND, simulate

from ltv import gamma_gamma, pareto_nbd
from ltv.gamma_gamma import GammaGammaFit
from ltv.intervals import total_interval, total_purchases
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_forecast import Forecast
from warehouse.errors import ConvergenceError, InputError

TRUE = {"r": 0.7, "alpha": 60.0, "s": 0.6, "beta": 150.0}
CUSTOMERS = (100, 300, 1000, 3000)
OBSERVED_DAYS = (180, 365, 548)
HORIZON = 60


def cell(customers: int, observed_days: int, shops: int) -> dict[str, Any]:
    """One number of customers and observed days."""
    true, true_spend = ParetoNBDFit.from_params(**TRUE), GammaGammaFit.from_params(**SPEND)
    nobody = refused = prior = held = spend_prior = 0
    errors: list[float] = []
    value_errors: list[float] = []
    for seed in range(shops):
        shop = simulate(customers, seed, purchases=TRUE, observed_days=observed_days, future_days=HORIZON)
        histories = (shop.frequency, shop.recency, shop.T)
        if not shop.frequency.any():
            nobody += 1
            continue
        try:
            fit, spend = pareto_nbd.fit(*histories), gamma_gamma.fit(shop.frequency, shop.monetary_value)
        except (ConvergenceError, InputError):
            refused += 1
            continue

        def forecast(model: ParetoNBDFit, histories: tuple[Any, ...] = histories) -> Forecast:
            return model.forecast(*histories)

        total = total_interval(total_purchases(fit, forecast, HORIZON), fit)
        truth = float(true.expected_purchases(HORIZON, *histories).sum())
        errors.append(float(total.estimate) / truth - 1)
        held += bool(total.lower <= shop.future_purchases.sum() <= total.upper)
        prior += fit.note is not None
        spend_prior += spend.note is not None
        value_errors.append(float(spend.expected_value(0, 0)[0] / true_spend.expected_value(0, 0)[0]) - 1)
    return {
        "customers": customers,
        "days": observed_days,
        "nobody": nobody,
        "refused": refused,
        "prior": prior,
        "within_10": float(np.mean(np.abs(errors) <= 0.1)),
        "error_quantiles": np.quantile(errors, [0.05, 0.5, 0.95]).round(4).tolist(),
        "held": held,
        "spend_prior": spend_prior,
        "value_error_quantiles": np.quantile(value_errors, [0.05, 0.5, 0.95]).round(4).tolist(),
    }


def main() -> None:
    """Print one line per number of customers and observed days, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # customers of the last day, correlations by chance

    started = time.perf_counter()
    cells = []
    for customers in CUSTOMERS:
        for days in OBSERVED_DAYS:
            cells.append(cell(customers, days, options.shops))
            print(f"{customers} customers, {days} days: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    if options.json:
        print(json.dumps({"shops": options.shops, "true": TRUE, "cells": cells}, indent=1))
        return
    print(f"of {options.shops} shops each; errors: 5%, median, 95%")
    print("customers days nobody refused prior within10%   error of 60 days      held  spend prior  error of the mean")
    for c in cells:
        error, value = (" ".join(f"{e:+6.1%}" for e in c[f"{name}_quantiles"]) for name in ("error", "value_error"))
        print(
            f"{c['customers']:9d} {c['days']:4d} {c['nobody']:6d} {c['refused']:7d} {c['prior']:5d} "
            f"{c['within_10']:9.0%}  {error}  {c['held']:4d}  {c['spend_prior']:11d}  {value}"
        )


if __name__ == "__main__":
    main()
