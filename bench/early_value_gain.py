"""Whether the first days say what new users will bring better than their channel does: simulated shops, even shops.

    python bench/early_value_gain.py --seeds 8
    python bench/early_value_gain.py --seeds 6 --first-seed 11 --visitors 240000 --most 400000
    python bench/early_value_gain.py --seeds 20 --days 120 --visitors 8000 --even

All on Sail, without a JVM. Each shop: for each age and horizon the error of totals and the ranking of behaviour and of
the channel's mean on the newest period, for all and for those who had not bought yet, and what is served. The last
lines are over all shops: totals of all together beside their chance, means and standard deviations over shops.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import churn_shop
import numpy as np
from pyspark.sql import DataFrame

from ltv.behaviour.early_judge import Group
from ltv.behaviour.early_rows import EarlyRows, collect_early_rows
from ltv.behaviour.early_training import EarlyTraining, TrainedAge, train_early_value
from ltv.behaviour.newer_users import ALL, NOT_YET
from simulator.shop import Shop
from warehouse.engine import opened, using

BOTH = ("behaviour", "channel_mean")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=280)
    parser.add_argument("--visitors", type=int, default=80_000)
    parser.add_argument("--most", type=int, default=100_000, help="new users of a shop that are drawn")
    parser.add_argument("--even", action="store_true", help="shops in which nothing predicts anything")
    given = parser.parse_args()
    found = []
    for seed, rows in collected(given):
        began = time.perf_counter()
        found.append(train_early_value(rows))
        show(seed, found[-1], time.perf_counter() - began)
    summarise(found)


def collected(given: argparse.Namespace) -> Iterator[tuple[int, EarlyRows]]:
    """The rows of each shop."""
    with opened("sail", "early value", {}) as session, using(session), tempfile.TemporaryDirectory() as folder:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            place = Path(folder) / str(seed)
            shop = Shop(seed=seed, days=given.days, visitors=given.visitors)
            if given.even:
                churn_shop.even_arrivals(place, seed=seed, days=given.days, people=given.visitors)
            else:
                churn_shop.simulated(place, shop)
            until = shop.start_date + dt.timedelta(days=given.days - 1)
            began = time.perf_counter()
            kept = count()

            def keep(frame: DataFrame, place: Path = place, kept: Iterator[int] = kept) -> DataFrame:
                file = str(place / f"kept {next(kept)}.parquet")
                frame.write.parquet(file)
                return session.read.parquet(file)

            silver = churn_shop.read(session, place)
            rows = collect_early_rows(silver, until=until, timezone=churn_shop.ZONE, most=given.most, seed=1, keep=keep)
            assert rows is not None
            sys.stdout.write(f"seed {seed}: {len(rows.rows):,} rows in {time.perf_counter() - began:.0f} s\n")
            yield seed, rows


def show(seed: int, training: EarlyTraining, seconds: float) -> None:
    """Two lines for each age and horizon."""
    sys.stdout.write(f"seed {seed}: trained in {seconds:.0f} s\n")
    for one in training.models:
        errors = one.gain.deviance / one.gain.error
        sys.stdout.write(f"  {one.name}: served {one.model.served}; gain {one.gain.share:.1%}, {errors:.1f} errors\n")
        for name, group in one.groups.items():
            scores = "; ".join(
                f"{which} total {s.total_error:+.1%} later {s.later_error:+.1%} Gini {s.gini:.3f} AUC {s.auc:.3f}"
                for which, s in group.scores.items()
            )
            sys.stdout.write(
                f"    {name}: {group.users:,}, {group.buyers:,} buy, chance {group.chance:.1%}: {scores}\n"
            )
    sys.stdout.flush()


def summarise(found: list[EarlyTraining]) -> None:
    """Totals over all shops, means and wins, and how often behaviour was served."""
    by_name: dict[str, list[TrainedAge]] = defaultdict(list)
    for training in found:
        for one in training.models:
            by_name[one.name].append(one)
    for name, models in by_name.items():
        served = sum(one.model.served == "behaviour" for one in models)
        sys.stdout.write(f"{name}: behaviour served in {served} of {len(models)}\n")
        for whom in (ALL, NOT_YET):
            groups = [one.groups[whom] for one in models]
            chance = _chance(groups)
            sys.stdout.write(f"  {whom}: chance of the value to come of all shops together {chance:.1%}\n")
            for which in BOTH:
                errors = np.array([[g.scores[which].total_error, g.scores[which].later_error] for g in groups])
                together = _together(groups, which)
                ranks = np.array([[g.scores[which].gini, g.scores[which].auc] for g in groups])
                sys.stdout.write(
                    f"    {which}: early value {errors[:, 0].mean():+.1%} ± {errors[:, 0].std(ddof=1):.1%}, to come "
                    f"{errors[:, 1].mean():+.1%} ± {errors[:, 1].std(ddof=1):.1%} ({together:+.1%} together), "
                    f"Gini {ranks[:, 0].mean():.3f}, AUC {ranks[:, 1].mean():.3f}\n"
                )
            pairs = [(g.scores["behaviour"], g.scores["channel_mean"]) for g in groups]
            better = [sum(a.gini > b.gini for a, b in pairs), sum(a.auc > b.auc for a, b in pairs)]
            sys.stdout.write(f"    behaviour ranks better in {better[0]} (Gini), {better[1]} (AUC) of {len(pairs)}\n")


def _totals(groups: list[Group]) -> np.ndarray:
    return np.array([group.mean_value * group.users for group in groups])


def _together(groups: list[Group], which: str) -> float:
    """The error of the sum over all shops."""
    totals, errors = _totals(groups), np.array([group.scores[which].later_error for group in groups])
    return float((totals * errors).sum() / totals.sum())


def _chance(groups: list[Group]) -> float:
    """The standard deviation of the sum over all shops by chance of persons, as a share."""
    totals, chances = _totals(groups), np.array([group.chance for group in groups])
    return float(np.sqrt(((totals * chances) ** 2).sum()) / totals.sum())


if __name__ == "__main__":
    main()
