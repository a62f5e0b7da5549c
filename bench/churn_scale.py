"""How long features of persons and the training of churn take as a shop grows, on Spark as in a run.

    python bench/churn_scale.py --persons 10000 100000 --days 60

Each shop: seconds and processor seconds (this process and its JVM) of the features of all persons on the last day, the
rows that churn is learned from, and the training of every horizon that the record is long enough for.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import churn_shop
from pyspark.sql import SparkSession

from ltv.behaviour.churn_training import train_churn
from ltv.behaviour.rows import collect_churn_rows
from ltv.behaviour.spark_fitter import spark_fitter
from ltv.knobs import SeenPersons
from ltv.person_features import build_person_features
from simulator.shop import Shop
from warehouse.engine import session
from warehouse.jvm.session import process_id
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE

CONF = {"spark.ui.enabled": "false", "spark.driver.memory": "6g", "spark.sql.shuffle.partitions": "8"}
BEFORE = 5 / 6  # of the persons: visitors, beside whom there are a fifth as many customers of before
SEEN_DAYS, FIT_CUSTOMERS = 365, 30_000  # as conf/base.yaml has them


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with session("spark", "churn", CONF) as spark, tempfile.TemporaryDirectory() as folder:
        measure(
            spark, Path(folder) / "warm", Shop(seed=given.seed, days=given.days, visitors=2_000), say=lambda _: None
        )
        for persons in given.persons:
            shop = Shop(seed=given.seed, days=given.days, visitors=round(persons * BEFORE))
            say(f"{persons:,} persons, {given.days} days")
            measure(spark, Path(folder) / str(persons), shop, say=say)


def say(line: str) -> None:
    """A line of the report."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def measure(spark: SparkSession, place: Path, shop: Shop, *, say: Callable[[str], None]) -> None:
    """One shop."""
    churn_shop.simulated(place, shop)
    silver, until = churn_shop.read(spark, place), shop.start_date + dt.timedelta(days=shop.days - 1)
    value = spark.createDataFrame([], GOLD_CUSTOMER_VALUE.ddl)
    with timed("features of all persons", spark, say):
        seen = SeenPersons(seen_days=SEEN_DAYS)
        features = build_person_features(silver, value, as_of=until, timezone=churn_shop.ZONE, seen=seen)
        features.write.parquet(str(place / "person_features"))
    say(f"  {spark.read.parquet(str(place / 'person_features')).count():,} rows")
    with timed("rows to learn from", spark, say):
        rows = collect_churn_rows(
            silver,
            until=until,
            timezone=churn_shop.ZONE,
            seen_days=SEEN_DAYS,
            most_customers=FIT_CUSTOMERS,
            seed=shop.seed,
        )
    assert rows is not None
    say(f"  {len(rows.rows):,} rows of {', '.join(rows.origins)}; a share of {rows.share:.2f}")
    with timed("training", spark, say):
        training = train_churn(rows, spark_fitter(spark, seed=shop.seed))
    say(f"  {training.picked}: {', '.join(f'{one.horizon.name} {one.served}' for one in training.models)}")


@contextmanager
def timed(what: str, spark: SparkSession, say: Callable[[str], None]) -> Iterator[None]:
    """Says the seconds and the processor seconds of a block."""
    begun, before = time.perf_counter(), processor_seconds(spark)
    yield
    say(f"  {what}: {time.perf_counter() - begun:.1f} s, {processor_seconds(spark) - before:.1f} processor seconds")


def processor_seconds(spark: SparkSession) -> float:
    """Of this process and its JVM."""
    fields = Path(f"/proc/{process_id(spark)}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
