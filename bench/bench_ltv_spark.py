"""Scoring customers with intervals on Spark, and a fit over partitions: rows per second on local cores.

    python bench/bench_ltv_spark.py --histories 1000000 --cores 2

Every customer has a distinct history. That is the worst case: scoring each history once saves nothing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from typing import Any

from ltv_shop import PURCHASES, SPEND, simulate
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.settings import load_settings
from ltv import gamma_gamma, pareto_nbd, spark_likelihood
from ltv.backtest import Backtest
from ltv.customer_totals import customer_totals
from ltv.customer_value import build_customer_value
from ltv.knobs import Scoring
from ltv.value_model import ValueModel
from warehouse.jvm.session import build_session
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

AS_OF = dt.date(2026, 3, 31)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the wall seconds."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def fitted_model() -> ValueModel:
    """A model fitted to 20,000 simulated customers."""
    shop = simulate(20_000, 1)
    seen = shop.T > 0
    return ValueModel(
        purchases=pareto_nbd.fit(shop.frequency[seen], shop.recency[seen], shop.T[seen]),
        spend=gamma_gamma.fit(shop.frequency, shop.monetary_value),
        time_unit="days",
        currency="USD",
        as_of=AS_OF,
    )


def distinct_histories(spark: Any, count: int) -> DataFrame:
    """One row per customer, with about `count` distinct histories and T up to four years, kept in memory."""
    number, T = F.col("id"), F.pmod(F.hash("id"), F.lit(1440)) + 20
    frequency = F.when(number % 5 < 3, 0).otherwise(F.pmod(F.hash(number + 1), F.lit(12)) + 1)
    share = F.pmod(F.hash(number + 2), F.lit(10_000)) / 10_000
    histories = spark.range(count).select(
        F.concat(F.lit("user:"), number).alias("person_id"),
        F.lit(AS_OF).alias("as_of"),
        frequency.cast("bigint").alias("frequency"),
        F.when(frequency > 0, frequency + share * (T - frequency))
        .otherwise(F.lit(0.0))
        .cast("double")
        .alias("recency"),
        (T + number / F.lit(float(count))).cast("double").alias("T"),
        F.when(frequency > 0, F.lit(20.0) + share * 50).otherwise(F.lit(0.0)).alias("monetary_value"),
        F.lit("USD").alias("currency"),
        F.lit("Email").alias("acquisition_channel"),
    )
    return histories.persist()


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1_000_000)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    spark = build_session("bench", load_settings().spark.conf, master=f"local[{options.cores}]")
    model, histories = fitted_model(), distinct_histories(spark, options.histories)
    rows = histories.select("frequency", "recency", "T").distinct().count()
    scoring = Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95)
    value = build_customer_value(histories, model=model, model_version="value/1", scoring=scoring)
    _, scoring_seconds = timed(lambda: value.write.format("noop").mode("overwrite").save())
    _, totals_seconds = timed(
        lambda: customer_totals(histories, model=model, days=VALUE_HORIZONS_DAYS, scoring=scoring, backtest=Backtest())
    )
    counted = histories.groupBy("frequency", "recency", "T").agg(F.count("*").alias("customers"))
    counts, spread_seconds = timed(lambda: spark_likelihood.spread(counted, seed=1))
    evaluate = spark_likelihood.summed(counts.frame, spark_likelihood.purchase_sums)
    _, one_pass_seconds = timed(lambda: evaluate(model.purchases.theta, 2))
    figures = {
        "distinct_histories": rows,
        "cores": options.cores,
        "load_average": os.getloadavg(),
        "truth": PURCHASES | SPEND,
        "scoring_seconds": round(scoring_seconds, 1),
        "scored_per_second": round(rows / scoring_seconds),
        "totals_seconds": round(totals_seconds, 1),
        "spread_seconds": round(spread_seconds, 1),
        "one_pass_of_sums_with_hessian_seconds": round(one_pass_seconds, 1),
    }
    print(json.dumps(figures, indent=1))
    spark.stop()


if __name__ == "__main__":
    main()
