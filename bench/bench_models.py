"""How long credit takes in the warehouse, from 1,000,000 journeys on disk to written credits. Prints JSON and a table.

python bench/bench_models.py [--journeys 1000000] [--runs 5] [--channel-attribution]

The journeys (4,000,000 touches, about 350,000 distinct paths, 20 channels, by seed) are on disk as Parquet with the
columns of silver.journeys. Timed are the transition counts, the exact Markov fit of order 1, and the credits of all
rules of conf/base.yaml and of that fit, written as Parquet. Shapley is timed separately. The session is warm, so the
figures are job time without start-up. They are the median of several runs, because the first runs wait for Java's
compiler. --channel-attribution also runs the ChannelAttribution package (GPL) on the same paths, in a separate
environment below the scratch folder; it is not a dependency.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from attribution import markov
from attribution.attribution_credits import build_attribution_credits, credited_journeys
from attribution.channel_model import ChannelModel, markov_effects, shapley_effects
from attribution.knobs import RuleKnobs
from attribution.transitions import count_channel_sets, count_transitions, moves_and_ends, paths_of
from jobs.settings import load_settings
from warehouse.conform import conform
from warehouse.jvm.session import build_session
from warehouse.knobs import part_of
from warehouse.tables import SILVER_JOURNEYS

CHANNELS = 20
KIND = "purchase"
TARGET_SECONDS = 8.0
CHANNEL_ATTRIBUTION = """
import json, sys, time
import pandas as pd
from ChannelAttribution import markov_model
paths = pd.read_csv(sys.argv[1])
begun = time.perf_counter()
markov_model(paths, "path", "conversions", var_null="nulls", order=1, seed=1, verbose=False)
print(json.dumps({"seconds": round(time.perf_counter() - begun, 2)}))
"""


def write_journeys(spark: SparkSession, folder: str, count: int, seed: int = 5) -> None:
    """Write journeys of 4 touches on average, with some channels more frequent than others; one in ten converts."""
    draw = np.random.default_rng(seed)
    popular = 1.0 / np.arange(1, CHANNELS + 1) ** 0.9
    edges = np.cumsum(popular / popular.sum()).tolist()

    def unit(salt: int) -> Column:
        return (F.abs(F.xxhash64("id", F.lit(int(salt)))) % 1_000_003) / 1_000_003.0

    names = F.array(*(F.lit(f"channel {i:02}") for i in range(CHANNELS)))

    def channel(index: Any) -> Any:
        chance = (F.abs(F.xxhash64("id", index, F.lit(seed))) % 1_000_003) / 1_000_003.0
        number = sum((F.when(chance > edge, 1).otherwise(0) for edge in edges[:-1]), F.lit(0))
        return F.element_at(names, number + 1)

    salts = draw.integers(1, 10**9, 3)
    # 1, 2, 3 … touches with a mean of 4.
    touches = F.least(F.floor(F.log(F.greatest(unit(salts[0]), F.lit(1e-6))) / float(np.log(0.75))) + 1, F.lit(30))
    end = F.timestamp_seconds(F.lit(1_774_958_400) - F.floor(unit(salts[1]) * 30 * 86_400))
    journeys = spark.range(count, numPartitions=8).select(
        F.col("id").cast("string").alias("journey_id"),
        F.lit(KIND).alias("conversion_type"),
        F.concat(F.lit("person "), "id").alias("person_id"),
        F.when(unit(salts[2]) < 0.1, F.concat(F.lit("c"), "id")).alias("conversion_id"),
        end.alias("ended_at"),
        F.transform(
            F.sequence(F.lit(1), touches.cast("int")),
            lambda index: F.struct(
                F.timestamp_seconds(F.unix_seconds(end) - (touches - index) * 3_600).alias("touched_at"),
                F.concat_ws("-", F.col("id"), index).alias("touchpoint_id"),
                channel(index).alias("channel"),
                F.lit("source").alias("source"),
                F.lit("medium").alias("medium"),
                F.lit(None).cast("string").alias("campaign"),
                F.lit(None).cast("string").alias("campaign_id"),
            ),
        ).alias("path"),
    )
    paid = F.when(F.col("conversion_id").isNotNull(), F.lit(25.5)).otherwise(0.0)
    journeys_with_value = journeys.withColumns(
        {
            "report_value": paid,
            "report_gross_value": paid,
            "report_currency": F.lit("KRW"),
            "is_first_purchase": F.lit(False),
            "milestones": F.array(),
        }
    )
    conform(journeys_with_value, SILVER_JOURNEYS).write.mode("overwrite").parquet(folder)


def fitted_markov(journeys: DataFrame) -> markov.MarkovFit:
    """The Markov fit of order 1: transitions counted by Spark, solved in this process."""
    return markov.fit_transitions(*moves_and_ends(count_transitions(journeys, order=1).collect()))


def credit(journeys: DataFrame, folder: str, model: ChannelModel | None) -> None:
    """Write the credits of the rules, and of `model` if given."""
    settings = load_settings().attribution
    credits = build_attribution_credits(
        credited_journeys(journeys, start_date=None, timezone="UTC"),
        models=settings.models,
        knobs=part_of(settings, RuleKnobs),
        fitted=model.fitted(model.models, "bench/1") if model else (),
    )
    credits.write.mode("overwrite").parquet(folder)


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result of the action."""
    begun = time.perf_counter()
    result = action()
    return round(time.perf_counter() - begun, 2), result


def channel_attribution(journeys: DataFrame, scratch: Path) -> dict[str, Any]:
    """Seconds of the package's Markov model on the same distinct paths, or the reason why it failed."""
    rows = (
        journeys.select(
            F.array_join(F.col("path")["channel"], " > ").alias("path"),
            F.col("conversion_id").isNotNull().cast("int").alias("one"),
        )
        .groupBy("path")
        .agg(F.sum("one").alias("conversions"), F.sum(1 - F.col("one")).alias("nulls"))
        .collect()
    )
    file = scratch / "paths.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["path", "conversions", "nulls"])
        writer.writerows(rows)
    python = scratch / "other" / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(scratch / "other")], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "ChannelAttribution", "pandas", "matplotlib"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
        script = [str(python), "-c", CHANNEL_ATTRIBUTION, str(file)]
        done = subprocess.run(script, check=True, capture_output=True, text=True, timeout=600)
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except subprocess.CalledProcessError as error:
        message = error.stderr if isinstance(error.stderr, str) else error.stderr.decode(errors="replace")
        return {"failed": (message.strip().splitlines() or [str(error)])[-1]}
    except subprocess.TimeoutExpired as error:
        return {"failed": f"not finished after {error.timeout:.0f} s"}


def main() -> None:
    """Write the journeys, warm up on a few of them, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journeys", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5, help="number of runs; their median is reported")
    parser.add_argument("--channel-attribution", action="store_true", help="also time that package")
    options = parser.parse_args()
    conf = {**load_settings().spark.conf, "spark.sql.shuffle.partitions": "2", "spark.driver.memory": "4g"}
    spark = build_session("bench models", conf, master="local[2]")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        small, whole, out = (str(scratch / name) for name in ("small", "whole", "credits"))
        write_journeys(spark, small, max(options.journeys // 50, 1_000))
        write_journeys(spark, whole, options.journeys)
        journeys = spark.read.schema(SILVER_JOURNEYS.ddl).parquet(whole)
        size = journeys.agg(
            F.count(F.lit(1)).alias("journeys"),
            F.sum(F.size("path")).alias("touches"),
            F.count_distinct(F.col("path")["channel"]).alias("distinct_paths"),
            F.count("conversion_id").alias("conversions"),
        ).collect()[0]

        def model(fit: markov.MarkovFit) -> ChannelModel:
            return ChannelModel(as_of=date(2026, 3, 31), effects=markov_effects(KIND, fit))

        warm = spark.read.schema(SILVER_JOURNEYS.ddl).parquet(small)
        credit(warm, out, model(fitted_markov(warm)))
        runs = []
        for _ in range(options.runs):
            fit_seconds, fit = timed(lambda: fitted_markov(journeys))
            credit_seconds, _ = timed(partial(credit, journeys, out, model(fit)))
            runs.append((round(fit_seconds + credit_seconds, 2), fit_seconds, credit_seconds))
        job_seconds, fit_seconds, credit_seconds = sorted(runs)[len(runs) // 2]
        rows = spark.read.parquet(out).count()
        shapley_seconds, _ = timed(lambda: shapley_effects(KIND, paths_of(count_channel_sets(journeys).collect())))
        result = {
            **size.asDict(),
            "credit_rows": rows,
            "load_average": round(os.getloadavg()[0], 1),
            "markov_seconds": fit_seconds,
            "credit_seconds": credit_seconds,
            "job_seconds": job_seconds,
            "job_seconds_of_runs": [run[0] for run in runs],
            "target_seconds": TARGET_SECONDS,
            "shapley_seconds": shapley_seconds,
        }
        if options.channel_attribution:
            result["channel_attribution"] = channel_attribution(journeys, scratch)
    spark.stop()
    print(json.dumps(result))
    for name, value in result.items():
        print(f"{name:22} {value:>14,}" if isinstance(value, int | float) else f"{name:22} {value}")


if __name__ == "__main__":
    main()
