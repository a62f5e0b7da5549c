"""Fitting and scoring a Pareto/NBD on a million simulated customers, compared with lifetimes, in one run on one core.

    python bench/bench_ltv.py --skip-slow      # without lifetimes' fit on all rows, which takes 7 to 10 minutes

Seconds are CPU seconds of this process, so that other work hardly changes the ratios; wall seconds are given too. Our
fit starts from one row per customer and includes counting the distinct histories and the standard errors. lifetimes'
weighted fit is given the counted histories; counting is not in its time. Predictions start from one row per customer.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from lifetimes import ParetoNBDFitter
from lifetimes.utils import _customer_lifetime_value
from ltv_shop import Shop, simulate

from ltv import pareto_nbd
from ltv.histories import Histories, histories
from ltv.intervals import prediction_intervals, total_purchases
from ltv.pareto_nbd_forecast import Forecast
from ltv.pareto_nbd_likelihood import sums

# The smallest acceptable value of each figure.
TARGETS = {
    "fit: times faster than lifetimes, all rows": 15,
    "fit: times faster than lifetimes, weights": 4,
    "p_alive + expected purchases, customers per second": 1_000_000,
    "discounted value: times lifetimes' rate": 20,
}
RATE = float(np.log(1.10) / 365)
SLOW_ROWS = 100_000  # lifetimes' discounted value is timed on these


def timed(work: Callable[[], Any], repeat: int = 1) -> tuple[Any, float, float]:
    """The result, and the lowest CPU and wall seconds of `repeat` runs."""
    best_cpu = best_wall = np.inf
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        best_cpu, best_wall = min(best_cpu, time.process_time() - cpu), min(best_wall, time.perf_counter() - wall)
    return result, best_cpu, best_wall


def lifetimes_fit(frequency: Any, recency: Any, T: Any, weights: Any = None) -> ParetoNBDFitter:
    """lifetimes' fit; its random start comes from numpy's global state."""
    np.random.seed(1)
    fitter = ParetoNBDFitter()
    fitter.fit(frequency, recency, T, weights=weights)
    return fitter


def fits(
    shop: Shop, data: Histories, skip_slow: bool
) -> tuple[pareto_nbd.ParetoNBDFit, ParetoNBDFitter, dict[str, Any]]:
    """Our fit, lifetimes' fit, and per fit its seconds, parameters and log-likelihood (natural units, by our sums)."""
    rows = (shop.frequency, shop.recency, shop.T)
    ours, cpu, wall = timed(lambda: pareto_nbd.fit(*rows))
    report: dict[str, Any] = {"ours, all rows": {"cpu": cpu, "wall": wall, "log_likelihood": ours.log_likelihood}}
    report["ours, all rows"] |= {"params": ours.params, "standard_errors": ours.standard_errors}
    ways: dict[str, Callable[[], ParetoNBDFitter]] = {
        "lifetimes, weights": lambda: lifetimes_fit(data.frequency, data.recency, data.T, data.weights)
    }
    if not skip_slow:
        ways["lifetimes, all rows"] = lambda: lifetimes_fit(*rows)
    for way, work in ways.items():
        theirs, cpu, wall = timed(work)
        value = sums(np.log(list(theirs.params_)), data).log_likelihood
        report[way] = {"cpu": cpu, "wall": wall, "log_likelihood": value, "params": dict(theirs.params_)}
    return ours, theirs, report


def predictions(ours: pareto_nbd.ParetoNBDFit, theirs: ParetoNBDFitter, shop: Shop) -> dict[str, float]:
    """Customers per CPU second of each prediction."""
    rows = (shop.frequency, shop.recency, shop.T)
    n = len(shop.T)

    def alive_and_expected() -> Any:
        known = ours.forecast(*rows)
        return known.p_alive, known.expected_purchases(90)

    def scores() -> Any:
        known = ours.forecast(*rows)
        churn = [known.probability_of_no_purchase(h) for h in (7, 14, 30, 60, 90)]
        return known.p_alive, churn, known.expected_purchases(90), known.discounted_expected_purchases(RATE)

    def forecast(model: pareto_nbd.ParetoNBDFit) -> Forecast:
        return model.forecast(*rows)

    few = [pd.Series(column[:SLOW_ROWS]) for column in rows]
    money = pd.Series(np.ones(len(few[0])))
    theirs_expected = theirs.conditional_expected_number_of_purchases_up_to_time
    work: dict[str, tuple[int, Callable[[], Any]]] = {
        "ours: p_alive + expected purchases": (n, alive_and_expected),
        "ours: discounted value, for ever": (n, lambda: ours.discounted_expected_purchases(RATE, *rows)),
        "ours: discounted value, 12 months": (n, lambda: ours.discounted_expected_purchases(RATE, *rows, horizon=365)),
        "ours: p_alive, 5 churn horizons, expected, value": (n, scores),
        "ours: expected purchases with intervals": (
            n,
            lambda: prediction_intervals(lambda model: forecast(model).expected_purchases(90), ours),
        ),
        "ours: total with interval": (n, lambda: total_purchases(ours, forecast, 90)),
        "lifetimes: p_alive": (n, lambda: theirs.conditional_probability_alive(*rows)),
        "lifetimes: expected purchases": (n, lambda: theirs_expected(90, *rows)),
        "lifetimes: discounted value, 12 months": (
            len(money),
            lambda: _customer_lifetime_value(theirs, *few, money, time=12, discount_rate=0.01, freq="D"),
        ),
    }
    return {name: count / timed(task, repeat=2)[1] for name, (count, task) in work.items()}


def main() -> None:
    """Print the figures and their targets, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skip-slow", action="store_true", help="leave out lifetimes' fit on all rows, and its ratio")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")

    shop = simulate(options.customers, options.seed)
    data, count_cpu, _ = timed(lambda: histories(shop.frequency, shop.recency, shop.T).counted())
    ours, theirs, fitted = fits(shop, data, options.skip_slow)
    rates = predictions(ours, theirs, shop)
    seconds = fitted["ours, all rows"]["cpu"]
    figures = {
        f"fit: times faster than lifetimes, {rows}": fitted[f"lifetimes, {rows}"]["cpu"] / seconds
        for rows in ("all rows", "weights")
        if f"lifetimes, {rows}" in fitted
    }
    figures["p_alive + expected purchases, customers per second"] = rates["ours: p_alive + expected purchases"]
    figures["discounted value: times lifetimes' rate"] = (
        rates["ours: discounted value, 12 months"] / rates["lifetimes: discounted value, 12 months"]
    )
    report = {
        "customers": options.customers,
        "seed": options.seed,
        "distinct_histories": len(data),
        "counting_cpu_seconds": count_cpu,
        "fits": fitted,
        "customers_per_cpu_second": rates,
        "figures": {name: {"value": value, "target": TARGETS[name]} for name, value in figures.items()},
    }
    print(json.dumps(report, indent=1) if options.json else table(report))


def table(report: dict[str, Any]) -> str:
    """The report as a text table."""
    lines = [
        f"{report['customers']:,} customers, {report['distinct_histories']:,} distinct histories "
        f"(counted in {report['counting_cpu_seconds']:.2f} CPU s)",
        "",
        f"{'fit':24s}{'CPU s':>9s}{'wall s':>9s}{'log-likelihood':>18s}",
    ]
    for name, fit in report["fits"].items():
        lines.append(f"{name:24s}{fit['cpu']:9.2f}{fit['wall']:9.2f}{fit['log_likelihood']:18.3f}")
    lines += ["", f"{'prediction':52s}{'customers per CPU s':>20s}"]
    lines += [f"{name:52s}{rate:20,.0f}" for name, rate in report["customers_per_cpu_second"].items()]
    lines += ["", f"{'figure':52s}{'measured':>12s}{'target':>12s}"]
    for name, figure in report["figures"].items():
        verdict = "" if figure["value"] >= figure["target"] else "  missed"
        lines.append(f"{name:52s}{figure['value']:12,.1f}{figure['target']:12,}{verdict}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
