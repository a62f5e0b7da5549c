"""How often the monitor of churn takes a steady shop for a changed one, and how soon it sees a change.

    python bench/churn_drift.py --shops 50 --common 0.1
    python bench/churn_drift.py --shops 50 --common 0.1 --change -0.3

Customers arrive evenly, visit at rates of their own and leave after a time of their own. What all of them have in
common multiplies their rates, by another number each week: `--common` is the standard deviation of its logarithm. A
champion (a logistic regression on recency and visits) is fitted every four weeks and scores every day; a run looks at
it every week. With `--change` the rates of all change on the day of the last fit but two. An alarm is what
`ltv.churn_drift` makes one.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ltv.behaviour.logistic import fit_logistic
from ltv.behaviour.origins import ORIGINS, STEP_DAYS
from ltv.churn_drift import SHARE, DueChurn, PastShift, judge_churn, judge_churn_inputs
from ltv.churn_scorer import expit
from ltv.findings import Finding
from ltv.stability import Counts, stability

Array = NDArray[np.float64]

HORIZONS = {"7d": 7, "14d": 14, "30d": 30}
FIRST_DAY = dt.date(2025, 1, 1)
FIRST_FIT, EVERY, FITS, WEEK = 112, 28, 7, 7
DAYS = FIRST_FIT + EVERY * FITS
VISITS, LIFE = (0.7, 0.25), 120.0  # shape and scale of visits a day; days until a customer leaves, on average
LEVEL, LEAST_CHANGE = 0.01, 0.1  # the knobs' defaults


class Shop(NamedTuple):
    """By customer and day: visits up to its end, and the day of the last (-1: none yet)."""

    counted: NDArray[np.int32]
    last: NDArray[np.int32]

    def features(self, day: int) -> tuple[NDArray[np.int64], Array]:
        """Who was seen in the last 60 days up to the end of a day, and log(1 + x) of recency, visits in 7 and 30."""
        seen = np.flatnonzero((self.last[:, day] >= 0) & (day - self.last[:, day] < 60))
        visits = (self.counted[seen, day] - self.counted[seen, max(day - length, 0)] for length in (7, 30))
        return seen, np.log1p(np.stack([day - self.last[seen, day], *visits], axis=1).astype(float))

    def left(self, seen: NDArray[np.int64], day: int, horizon: int) -> NDArray[np.bool_]:
        """Who did not visit in the days of the horizon."""
        return np.asarray(self.counted[seen, day + horizon] == self.counted[seen, day])


def simulate(customers: int, seed: int, *, common: float, change: float, changed_from: int) -> Shop:
    """A shop of DAYS days, to which `customers` come in all."""
    rng = np.random.default_rng([seed, 55])
    start = rng.uniform(-2 * LIFE, DAYS, customers)
    end = start + rng.exponential(LIFE, customers)
    days = np.arange(DAYS)
    of_all = np.exp(rng.normal(0, common, DAYS // WEEK + 1)[days // WEEK])
    of_all = np.where(days >= changed_from, 1 + change, 1.0) * of_all
    here = (days >= start[:, None]) & (days < end[:, None])
    rate = rng.gamma(*VISITS, customers)
    visits = (rng.random((customers, DAYS)) < -np.expm1(-rate[:, None] * of_all)) & here
    last = np.maximum.accumulate(np.where(visits, days, -1), axis=1)
    return Shop(np.cumsum(visits, axis=1, dtype=np.int32), last.astype(np.int32))


def fit(shop: Shop, day: int, horizon: int) -> tuple[Array, float]:
    """Coefficients from the origins whose outcome is known on a day, and the share that left."""
    parts = []
    for origin in (day - horizon - STEP_DAYS * number for number in range(ORIGINS)):
        seen, columns = shop.features(origin)
        parts.append((columns, shop.left(seen, origin, horizon).astype(float)))
    left = np.concatenate([part[1] for part in parts])
    return fit_logistic(np.concatenate([part[0] for part in parts]), left), float(left.mean())


def weekly_runs(
    customers: int, seed: int, *, common: float, change: float = 0.0
) -> Iterator[tuple[int, list[Finding]]]:
    """What each run finds, with the number of the champion that it looks at."""
    fits = [FIRST_FIT + EVERY * number for number in range(FITS)]
    shop = simulate(customers, seed, common=common, change=change, changed_from=fits[-3])
    models = [{name: fit(shop, day, days) for name, days in HORIZONS.items()} for day in fits]
    past: list[PastShift] = []
    for run in range(FIRST_FIT + WEEK, DAYS, WEEK):
        number = max(at for at, day in enumerate(fits) if day < run)
        due = []
        for name, days in HORIZONS.items():
            predicted_by = [at for at, day in enumerate(fits) if day <= run - days]
            if predicted_by:
                due.append(come_due(shop, models[predicted_by[-1]][name], predicted_by[-1], name, run))
        found = judge_churn(
            due,
            past,
            version=f"churn/{number}",
            fitted=day_of(fits[number]),
            level=LEVEL,
            least_change=LEAST_CHANGE,
        )
        past += [
            PastShift(one.subject, one.since, one.until, float(np.log1p(one.change)))
            for one in found
            if one.check == SHARE and one.change is not None
        ]
        counted = [inputs(shop, day) for day in (fits[number], run)]
        compared = {name: stability(counted[0][name], counted[1][name]) for name in counted[0]}
        yield (
            number,
            [*found, *judge_churn_inputs(compared, since=day_of(fits[number]), until=day_of(run), level=LEVEL)],
        )


def come_due(shop: Shop, model: tuple[Array, float], number: int, horizon: str, run: int) -> DueChurn:
    """The predictions that come due with the run's day."""
    day = run - HORIZONS[horizon]
    seen, columns = shop.features(day)
    theta, base_rate = model
    return DueChurn(
        horizon=horizon,
        as_of=day_of(day),
        until=day_of(run),
        model_version=f"churn/{number}",
        base_rate=base_rate,
        probability=expit(theta[0] + columns @ theta[1:]),
        customers=np.ones(len(seen)),
        left=shop.left(seen, day, HORIZONS[horizon]).astype(float),
    )


def inputs(shop: Shop, day: int) -> dict[str, Counts]:
    """The features of a day, counted by bin, of who was here in the last 30 days."""
    _, columns = shop.features(day)
    here = columns[columns[:, 0] <= np.log1p(30)]
    return {
        name: dict(Counter(np.round(here[:, place], 1).tolist())) for place, name in enumerate(("since", "7d", "30d"))
    }


def day_of(number: int) -> dt.date:
    """The date of a day number."""
    return FIRST_DAY + dt.timedelta(days=number)


def measure(shops: Sequence[int], customers: int, *, common: float, change: float) -> dict[str, object]:
    """Runs and shops with an alarm: of the first champion, of later ones before a change, and of those after it."""
    runs, alarms, checks = Counter[str](), Counter[str](), Counter[str]()
    seen_in: list[int | None] = []
    for seed in shops:
        after: list[bool] = []
        for number, found in weekly_runs(customers, seed, common=common, change=change):
            kind = "first champion" if number == 0 else "later champions" if number < FITS - 3 else "last champions"
            is_alarm = any(finding.is_alarm for finding in found)
            runs[kind] += 1
            alarms[kind] += is_alarm
            checks.update(f"{kind}, {one.check}" for one in found if one.is_alarm)
            if number >= FITS - 3:
                after.append(is_alarm)
        seen_in.append(after.index(True) + 1 if any(after) else None)
    known = [weeks for weeks in seen_in if weeks is not None]
    return {
        "runs": {kind: f"{alarms[kind]} of {runs[kind]}" for kind in runs},
        "alarms by check": dict(checks),
        "shops seen": {f"within {weeks} weeks": sum(one <= weeks for one in known) for weeks in (1, 2, 3, 4)},
    }


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=20)
    parser.add_argument("--customers", type=int, default=8000, help="who come in all; about half are here on a day")
    parser.add_argument("--common", type=float, default=0.1)
    parser.add_argument("--change", type=float, default=0.0)
    given = parser.parse_args()
    began = time.perf_counter()
    found = measure(range(given.shops), given.customers, common=given.common, change=given.change)
    print(json.dumps(vars(given) | found | {"seconds": round(time.perf_counter() - began)}, indent=1))


if __name__ == "__main__":
    main()
