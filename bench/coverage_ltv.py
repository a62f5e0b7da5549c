"""How often 95% intervals contain the truth, counted over fits of simulated shops.

    python bench/coverage_ltv.py --shops 1000 --customers 10000

Estimands: the true parameters and the true mean rates r/alpha and s/beta (log scale), and what all customers together
buy and spend in the next 182 days (predictive). The model assumes continuous time. With --daily, purchases fall on
calendar days as in the customer summary; the figures show how much this deviation from the model matters. --dead-time
subtracts half a day per repeat purchase day from recency and T first, because a second purchase on the same day is not
observed. --day auto decides between plain fit and days as the pipeline does. --frequent is a shop whose customers buy
every 12 days (r 1.2, alpha 15) in place of one as CDNOW's.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping

import pandas as pd
from ltv_shop import FUTURE_DAYS, PURCHASES, SPEND, Shop, simulate

from ltv import gamma_gamma, pareto_nbd
from ltv.intervals import (
    Interval,
    parameter_intervals,
    ratio_interval,
    total_interval,
    total_purchases,
    total_value,
)
from ltv.pareto_nbd_forecast import Forecast
from ltv.whole_days import days_matter, likelihood_of_days

FREQUENT = PURCHASES | {"r": 1.2, "alpha": 15.0}


def covered(
    shop: Shop, true: Mapping[str, float], *, dead_time: float = 0.0, day: float | None = 0.0
) -> tuple[dict[str, bool], dict[str, float]]:
    """Which intervals of one shop contain the truth, and the estimates by the truth.

    `dead_time` days per repeat purchase count as not observed; `day` as in `pareto_nbd.fit`; None: the data
    decide.
    """
    blind = dead_time * shop.frequency
    histories = (shop.frequency, shop.recency - blind, shop.T - blind)
    fit = pareto_nbd.fit(*histories, day=day or 0.0)
    if day is None:
        counted = pd.DataFrame(dict(zip(("frequency", "recency", "T"), histories, strict=True))).assign(customers=1)
        if days_matter(fit, likelihood_of_days(counted, 1.0)):
            fit = pareto_nbd.fit(*histories, day=1.0)
    spend = gamma_gamma.fit(shop.frequency, shop.monetary_value)
    checks: dict[str, tuple[float, Interval]] = {
        name: (truth, interval)
        for truths, model in ((true, fit), (SPEND, spend))
        for (name, truth), interval in zip(truths.items(), parameter_intervals(model).values(), strict=True)
    }
    for top, bottom in (("r", "alpha"), ("s", "beta")):
        checks[f"{top}/{bottom}"] = (true[top] / true[bottom], ratio_interval(fit, top, bottom))

    def forecast(model: pareto_nbd.ParetoNBDFit) -> Forecast:
        return model.forecast(*histories)

    purchases = total_purchases(fit, forecast, FUTURE_DAYS)
    value = total_value(fit, spend, forecast, FUTURE_DAYS, frequency=shop.frequency, monetary_value=shop.monetary_value)
    checks["total purchases"] = (shop.future_purchases.sum(), total_interval(purchases, fit))
    checks["total value"] = (shop.future_value.sum(), total_interval(value, fit, spend))
    hits = {name: bool(i.lower <= truth <= i.upper) for name, (truth, i) in checks.items()}
    return hits, {name: float(i.estimate) / truth for name, (truth, i) in checks.items()}


def main() -> None:
    """Print the coverage of each interval, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--daily", action="store_true", help="calendar days instead of continuous time")
    parser.add_argument("--dead-time", action="store_const", const=0.5, default=0.0, help="half a day per purchase day")
    parser.add_argument("--day", default="0", help="1: the likelihood of days with a purchase; auto: the data decide")
    parser.add_argument("--frequent", action="store_true", help="customers who buy every 12 days")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    day = None if options.day == "auto" else float(options.day)

    started = time.perf_counter()
    hits: Counter[str] = Counter()
    ratios: defaultdict[str, float] = defaultdict(float)
    true = FREQUENT if options.frequent else PURCHASES
    for number in range(options.shops):
        # seeds of different runs do not overlap
        shop = simulate(options.customers, options.seed * 1_000_000 + number, daily=options.daily, purchases=true)
        held, by_truth = covered(shop, true, dead_time=options.dead_time, day=day)
        hits.update(held)
        for name, ratio in by_truth.items():
            ratios[name] += ratio / options.shops
        if (number + 1) % 100 == 0:
            print(f"{number + 1} shops, {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    result = {
        "shops": options.shops,
        "customers": options.customers,
        "seed": options.seed,
        "time": "daily" if options.daily else "continuous",
        "dead_time": options.dead_time,
        "day": options.day,
        "level": 0.95,
        "true": true,
        "coverage": {name: hits[name] / options.shops for name in hits},
        "bias": {name: ratios[name] - 1 for name in hits},
        "seconds": round(time.perf_counter() - started, 1),
    }
    if options.json:
        print(json.dumps(result, indent=1))
        return
    noise = 1.96 * (0.95 * 0.05 / options.shops) ** 0.5
    print(f"{options.shops} shops of {options.customers} customers, {result['time']} time, seed {options.seed}")
    for name in hits:
        print(f"  {name:16s} {hits[name] / options.shops:7.1%}   mean estimate {ratios[name] - 1:+.1%}")
    print(f"  (of 95% promised; chance alone moves these figures by {noise:.1%})")


if __name__ == "__main__":
    main()
