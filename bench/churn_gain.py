"""Whether behaviour predicts churn better than Pareto/NBD and recency do: simulated shops, and shops of no signal.

    python bench/churn_gain.py --seeds 5 --days 120 --visitors 12000 --horizons 14d 30d
    python bench/churn_gain.py --seeds 20 --even --horizons 14d 30d --fitter newton

Features are made on Sail, the pipelines are fitted on Spark (`--fitter newton`: a logistic regression without a JVM
in their place, for many seeds), boosted trees by Newton's method in numpy. Each shop: AUC, Brier score and worst decile
of each model on its newest period, and what is served. The last lines are over all seeds, deciles of all customers
together.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import churn_shop
import numpy as np

from ltv.behaviour.churn_training import ChurnTraining, train_churn
from ltv.behaviour.classifiers import Fitter
from ltv.behaviour.rows import ChurnRows, collect_churn_rows
from ltv.behaviour.spark_fitter import newton_fitter, spark_fitter
from simulator.shop import Shop
from warehouse.engine import opened, using


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--visitors", type=int, default=12_000)
    parser.add_argument("--even", action="store_true", help="shops in which nothing predicts anything")
    parser.add_argument("--horizons", nargs="+", default=["14d", "30d"])
    parser.add_argument("--fitter", choices=("spark", "newton"), default="spark")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    data = list(collected(given, seeds))
    with fitter_of(given.fitter) as fitter:
        found = []
        for seed, rows in zip(seeds, data, strict=True):
            began = time.perf_counter()
            found.append(train_churn(rows, fitter))
            show(seed, found[-1], time.perf_counter() - began)
    summarise(found)


def collected(given: argparse.Namespace, seeds: range) -> Iterator[ChurnRows]:
    """The rows of each shop, of the horizons that were asked for."""
    with opened("sail", "churn", {}) as session, using(session), tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            place = Path(folder) / str(seed)
            shop = Shop(seed=seed, days=given.days, visitors=given.visitors)
            if given.even:
                churn_shop.even_shop(place, seed=seed, days=given.days, customers=given.visitors // 2)
            else:
                churn_shop.simulated(place, shop)
            until = shop.start_date + dt.timedelta(days=given.days - 1)
            began = time.perf_counter()
            rows = collect_churn_rows(
                churn_shop.read(session, place),
                until=until,
                timezone=churn_shop.ZONE,
                seen_days=365,
                most_customers=100_000,
                seed=1,
            )
            assert rows is not None
            seconds = time.perf_counter() - began
            sys.stdout.write(f"seed {seed}: {len(rows.rows):,} rows of features in {seconds:.0f} s\n")
            yield replace(rows, origins={name: one for name, one in rows.origins.items() if name in given.horizons})


@contextmanager
def fitter_of(name: str) -> Iterator[Fitter]:
    """The fitter of that name."""
    if name == "newton":
        yield newton_fitter
        return
    with opened("spark", "churn", {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2"}) as session:
        yield spark_fitter(session, seed=1)


def show(seed: int, training: ChurnTraining, seconds: float) -> None:
    """One line for each horizon and model."""
    sys.stdout.write(f"seed {seed}: {training.picked} in {seconds:.0f} s; {json.dumps(training.candidates)}\n")
    for model in training.models:
        sys.stdout.write(
            f"  {model.horizon.name}: served {model.served}; {model.customers} customers, {model.left:.3f} left; "
            f"gain {model.gain.brier:.5f} ± {model.gain.error:.5f}; "
            + "; ".join(
                f"{name} AUC {s.auc:.4f} Brier {s.brier:.4f} worst decile {s.worst_decile:.3f}"
                for name, s in model.scores.items()
            )
            + f"; most: {', '.join(list(model.importances)[:5])}\n"
        )
        sys.stdout.flush()


def summarise(found: list[ChurnTraining]) -> None:
    """Means over seeds, wins, and how often behaviour was served."""
    by_model = defaultdict(list)
    for training in found:
        for model in training.models:
            by_model[model.horizon.name].append(model)
    for name, models in by_model.items():
        served = sum(model.served == "behaviour" for model in models)
        sys.stdout.write(f"{name}: behaviour served in {served} of {len(models)}\n")
        for other in ("recency", "pareto_nbd"):
            pairs = [(one.scores["behaviour"], one.scores[other]) for one in models if other in one.scores]
            for measure, sign in (("auc", 1), ("brier", -1)):
                both = np.array([[getattr(one, measure) for one in pair] for pair in pairs])
                better = int((sign * (both[:, 0] - both[:, 1]) > 0).sum())
                means = " against ".join(f"{mean:.4f}" for mean in both.mean(axis=0))
                sys.stdout.write(f"  {measure}: {means} of {other}, better in {better} of {len(pairs)}\n")
        deciles = np.mean([model.deciles["behaviour"] for model in models], axis=0)
        off = ", ".join(f"{predicted - left:+.3f}" for predicted, left in deciles)
        sys.stdout.write(f"  deciles over all seeds, predicted - left: {off}\n")


if __name__ == "__main__":
    main()
