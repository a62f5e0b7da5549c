"""How soon a change of the purchase rate is seen, and how often a steady shop is taken for a changed one.

    python bench/drift_power.py --shops 100
    python bench/drift_power.py --shops 100 --change 0
    python bench/drift_power.py --shops 100 --after 90 --day 1

A shop of whole days as CDNOW's (r .55, alpha 74 days, s .6, beta 82 days), whose customers arrive evenly, is fitted
after a year. `--after` days later all purchase rates change. Two weekly runs follow, the first of them a week later. An
alarm is what `ltv.findings` makes one: of the purchases or of the score, in any window, or of the gaps between
purchases.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from ltv_shop import SPEND
from numpy.typing import NDArray

from ltv import pareto_nbd
from ltv.drift import MONTH, Followed, joint_dates
from ltv.findings import Finding, judge_followed, judge_inputs
from ltv.gamma_gamma import GammaGammaFit
from ltv.stability import stability
from ltv.value_model import ValueModel

Array = NDArray[np.float64]

SHOP = {"r": 0.55, "alpha": 74.0, "s": 0.6, "beta": 82.0}
FIRST_DAY = dt.date(2025, 1, 1)
YEAR = 365
LEVEL, LEAST_CHANGE = 0.01, 0.1  # the knobs' defaults


class Purchases(NamedTuple):
    """Every purchase day as a day number: first[c] of each customer, then (who, day) of the later ones in order."""

    first: NDArray[np.int64]
    who: NDArray[np.int64]
    day: NDArray[np.int64]


def simulate(customers: int, seed: int, *, days: int, changed_from: int, change: float) -> Purchases:
    """A shop with `customers` first purchases a year; from a day on all buy at (1 + change) times their rate."""
    rng = np.random.default_rng([seed, 25])
    count = customers * days // YEAR
    start = rng.uniform(0, days, count)
    buying = rng.gamma(SHOP["r"], 1 / SHOP["alpha"], count) * max(1.0, 1 + change)
    leaving = rng.gamma(SHOP["s"], 1 / SHOP["beta"], count)
    end = np.minimum(start + rng.exponential(1, count) / np.maximum(leaving, 1e-300), days)
    who = np.repeat(np.arange(count), rng.poisson(buying * (end - start)))
    when = start[who] + rng.uniform(0, 1, len(who)) * (end - start)[who]
    share = np.where(when < changed_from, 1.0, 1 + change) / max(1.0, 1 + change)
    kept = rng.uniform(size=len(who)) < share
    first = np.floor(start).astype(np.int64)
    who, day = np.divmod(np.unique(who[kept] * days + np.floor(when[kept]).astype(np.int64)), days)
    later = day > first[who]
    return Purchases(first, who[later], day[later])


def follow(shop: Purchases, dates: Sequence[int]) -> Followed:
    """The customers of the last date as they were known on each."""
    came = shop.first <= dates[-1]
    purchases, spans = [], []
    for date in dates:
        seen = shop.day <= date
        repeats = np.bincount(shop.who[seen], minlength=len(shop.first))
        last = shop.first.copy()
        np.maximum.at(last, shop.who[seen], shop.day[seen])
        purchases.append(np.where(shop.first <= date, repeats + 1, 0)[came])
        spans.append((last - shop.first)[came])
    return Followed(
        dates=tuple(FIRST_DAY + dt.timedelta(days=date) for date in dates),
        age=(dates[-1] - shop.first)[came].astype(np.float64),
        purchases=np.stack(purchases, axis=1).astype(np.float64),
        span=np.stack(spans, axis=1).astype(np.float64),
        customers=np.ones(int(came.sum())),
    )


def gaps(shop: Purchases, until: int, length: int) -> Counter[float]:
    """Gaps that ended in the last `length` days up to a day, by fine bin."""
    same = np.concatenate([[False], shop.who[1:] == shop.who[:-1]])
    before = np.where(same, np.concatenate([[0], shop.day[:-1]]), shop.first[shop.who])
    ended = (shop.day > until - length) & (shop.day <= until)
    return Counter(np.floor(4 * np.log2(shop.day - before)[ended]).tolist())


def fit(shop: Purchases, day: float) -> ValueModel:
    """The champion, fitted after a year."""
    known = follow(shop, [YEAR - 1])
    purchases = pareto_nbd.fit(known.purchases[:, 0] - 1, known.span[:, 0], known.age, day=day)
    return ValueModel(
        purchases=purchases,
        spend=GammaGammaFit.from_params(**SPEND),
        time_unit="days",
        currency="USD",
        as_of=known.dates[0],
    )


def weekly_runs(customers: int, seed: int, *, change: float, after: int, day: float = 0.0) -> list[list[Finding]]:
    """What the monitor finds in the two weekly runs after the change."""
    changed = YEAR + after
    shop = simulate(customers, seed, days=changed + 14, changed_from=changed, change=change)
    model = fit(shop, day)
    found = []
    for as_of in (changed + 6, changed + 13):
        today = FIRST_DAY + dt.timedelta(days=as_of)
        dates = [(date - FIRST_DAY).days for date in joint_dates(model.as_of, today)]
        followed = judge_followed(model, follow(shop, dates), level=LEVEL, least_change=LEAST_CHANGE)
        length = min(MONTH, as_of - YEAR + 1)
        compared = {"gaps between purchases": stability(gaps(shop, YEAR - 1, MONTH), gaps(shop, as_of, length))}
        inputs = judge_inputs(compared, since=today - dt.timedelta(days=length), until=today, level=LEVEL)
        found.append([*followed, *inputs])
    return found


def main() -> None:
    """Print how many shops have an alarm in the first run and in either, and what raised it, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--change", type=float, default=-0.2, help="of the purchase rate, -0.2 for a fifth less")
    parser.add_argument("--after", type=int, default=0, help="days from the fit to the change")
    parser.add_argument("--seed", type=int, default=0, help="of the first shop")
    parser.add_argument("--day", type=float, default=0.0, help="as in pareto_nbd.fit")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # customers of the last day

    started = time.perf_counter()
    first = either = 0
    raised: Counter[str] = Counter()
    largest = 0.0
    for seed in range(options.seed, options.seed + options.shops):
        runs = weekly_runs(options.customers, seed, change=options.change, after=options.after, day=options.day)
        alarms = [{f"{one.check}, {one.subject}" for one in run if one.is_alarm} for run in runs]
        first += bool(alarms[0])
        either += any(alarms)
        raised.update(set().union(*alarms))
        largest = max(largest, *(one.statistic or 0.0 for run in runs for one in run if one.check == "inputs"))
    facts = {
        **vars(options),
        "in_the_first_run": first,
        "in_either_run": either,
        "raised_by": dict(raised.most_common()),
        "largest_psi": round(largest, 3),
        "seconds": round(time.perf_counter() - started),
    }
    if options.json:
        print(json.dumps(facts, indent=1))
        return
    for name, value in facts.items():
        print(f"{name:18} {value}")


if __name__ == "__main__":
    main()
