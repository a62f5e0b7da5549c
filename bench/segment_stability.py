"""How many customers change their segment when the model is trained again seven days later, though they did not buy.

    PYTHONPATH=. python bench/segment_stability.py --shops 3 --weeks 4

CDNOW (23,570 customers; its files ship with lifetimes), and shops drawn from the model itself, in whole days, that are
observed for two years. Each week is one training and one scoring. `by_training` is the share of returning customers
without a purchase in the week whose segment differs between last week's version and this week's, both on this week's
day; `in_all` that of all customers without a purchase between both days, when a week of silence counts too. Beside them
`plain_by_training`, of plain k-means: the best of five random starts by Spark ML, without typical customers, named by
the nearest of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.resources
import json
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ltv_shop import SPEND
from pyspark.ml.clustering import KMeans
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DoubleType, StructField, StructType
from scipy.optimize import linear_sum_assignment

from ltv import gamma_gamma, pareto_nbd
from ltv.segment_columns import with_segments
from ltv.segments import Segmentation, fit_segments
from ltv.value_model import ValueModel
from warehouse.jvm.clusters import k_means
from warehouse.jvm.session import build_session

CUSTOMERS = (300, 1000, 20_000)
OBSERVED_DAYS = 730
TRUE = {"r": 0.7, "alpha": 60.0, "s": 0.6, "beta": 150.0}
POINTS = StructType([StructField("point", ArrayType(DoubleType(), containsNull=False))])


class Version(NamedTuple):
    """A training: the model, its segments, and those of plain k-means."""

    model: ValueModel
    segments: Segmentation
    plain: Segmentation


def purchases(customers: int, seed: int, days: int) -> pd.DataFrame:
    """Purchase days (customer, day, value) of customers who come evenly over the time."""
    rng = np.random.default_rng(seed)
    rate, leaving = (
        rng.gamma(TRUE["r"], 1 / TRUE["alpha"], customers),
        rng.gamma(TRUE["s"], 1 / TRUE["beta"], customers),
    )
    start = rng.uniform(0, days, customers)
    end = np.minimum(start + rng.exponential(1 / leaving), days)
    count = rng.poisson(rate * (end - start))
    who = np.repeat(np.arange(customers), count)
    again = start[who] + rng.random(len(who)) * (end - start)[who]
    mean = SPEND["p"] / rng.gamma(SPEND["q"], 1 / SPEND["gamma"], customers)
    rows = pd.DataFrame({"customer": np.r_[np.arange(customers), who], "day": np.floor(np.r_[start, again])})
    rows = rows.drop_duplicates(ignore_index=True)
    return rows.assign(value=rng.gamma(SPEND["p"], mean[rows["customer"]] / SPEND["p"]))


def cdnow() -> pd.DataFrame:
    """Purchase days of CDNOW, the last one being OBSERVED_DAYS - 1."""
    text = (importlib.resources.files("lifetimes") / "datasets" / "CDNOW_master.txt").read_text()
    lines = [line.split() for line in text.splitlines() if line.strip() and line.split()[0].isdigit()]
    rows = pd.DataFrame(
        [(who, when, float(value)) for who, when, _, value in lines], columns=["customer", "day", "value"]
    )
    when = pd.to_datetime(rows["day"])
    rows["day"] = (when - when.max()).dt.days + OBSERVED_DAYS - 1.0
    return rows.groupby(["customer", "day"], as_index=False)["value"].sum()


def summary(rows: pd.DataFrame, day: int) -> pd.DataFrame:
    """frequency, recency, T and monetary_value of the customers known on a day."""
    known = rows[rows["day"] <= day]
    spans = known.groupby("customer")["day"].agg(["min", "max", "size"])
    again = known[known["day"] > known.groupby("customer")["day"].transform("min")]
    return pd.DataFrame(
        {
            "frequency": spans["size"] - 1,
            "recency": spans["max"] - spans["min"],
            "T": day - spans["min"],
            "monetary_value": again.groupby("customer")["value"].mean().reindex(spans.index).fillna(0.0),
        }
    )


def plain_k_means(spark: SparkSession, count: int, points: Any, start: Any) -> Any:
    """Centres of the first `count` points, the customers; in the order of the nearest of `start`."""
    frame = spark.createDataFrame([(point,) for point in points[:count].tolist()], POINTS).coalesce(1).persist()
    fits = [KMeans(featuresCol="point", k=len(start), seed=seed).fit(frame) for seed in range(5)]
    centres = np.array(min(fits, key=lambda fit: fit.summary.trainingCost).clusterCenters())
    frame.unpersist()
    _, order = linear_sum_assignment(((start[:, None] - centres) ** 2).sum(axis=2))
    return centres[order]


def trained(spark: SparkSession, customers: pd.DataFrame) -> Version:
    """The model of these customers, and both segmentations."""
    x, t_x, T = (customers[name].to_numpy() for name in ("frequency", "recency", "T"))
    returning = customers[customers["frequency"] > 0]
    spent = returning[returning["monetary_value"] > 0]
    model = ValueModel(
        purchases=pareto_nbd.fit(x[T > 0], t_x[T > 0], T[T > 0]),
        spend=gamma_gamma.fit(spent["frequency"], spent["monetary_value"]),
        time_unit="days",
        currency="USD",
        as_of=dt.date(2026, 3, 31),
    )
    held, plain = (
        fit_segments(returning, model, annual_discount_rate=0.1, clusters=clusters)
        for clusters in (partial(k_means, spark), partial(plain_k_means, spark, len(returning)))
    )
    return Version(model, held, plain)


def named(spark: SparkSession, customers: pd.DataFrame, model: ValueModel, segments: Segmentation) -> Any:
    """The segment of each customer."""
    columns = [customers[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value")]
    known = model.predict(*columns, churn_days=(90,), value_days=(365,), margin=1.0, annual_discount_rate=0.1)
    value = known["expected_order_value"]
    figures = (*columns[:3], known["p_alive"], known["churn_90d"], known["clv_365d"] / value, value)
    rows = [*zip(range(len(customers)), *(column.tolist() for column in figures), strict=True)]
    types = "number int, frequency bigint, recency double, T double, p_alive double, churn_90d double"
    frame = spark.createDataFrame(rows, f"{types}, discounted_purchases_365d double, expected_order_value double")
    found = with_segments(frame, segments, days_per_unit=1).select("number", "segment").collect()
    return np.array([row["segment"] for row in sorted(found, key=lambda row: row["number"])])


def weeks_of(spark: SparkSession, rows: pd.DataFrame, weeks: int) -> list[dict[str, float]]:
    """One row per week after the first."""
    days = [OBSERVED_DAYS - 1 - 7 * week for week in range(weeks, -1, -1)]
    summaries = [summary(rows, day) for day in days]
    versions = [trained(spark, one) for one in summaries]
    found = []
    for week in range(1, len(days)):
        old, new = versions[week - 1], versions[week]
        before = summaries[week - 1]
        now = summaries[week].loc[before.index]
        silent = (now["frequency"] == before["frequency"]).to_numpy()
        returning = silent & (now["frequency"] > 0).to_numpy()
        by_new = named(spark, now, new.model, new.segments)
        plain = named(spark, now, old.model, old.plain) != named(spark, now, new.model, new.plain)
        found.append(
            {
                "by_training": float((named(spark, now, old.model, old.segments) != by_new)[returning].mean()),
                "in_all": float((named(spark, before, old.model, old.segments) != by_new)[silent].mean()),
                "plain_by_training": float(plain[returning].mean()),
            }
        )
    return found


def main() -> None:
    """Print the mean and the largest share per number of customers as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=3)
    parser.add_argument("--weeks", type=int, default=4)
    options = parser.parse_args()
    spark = build_session(
        "bench", {"spark.sql.shuffle.partitions": "2", "spark.ui.showConsoleProgress": "false"}, master="local[2]"
    )
    shops = {
        f"{customers} customers": [purchases(customers, seed, OBSERVED_DAYS) for seed in range(options.shops)]
        for customers in CUSTOMERS
    }
    for name, of_name in ({"CDNOW": [cdnow()]} | shops).items():
        found = pd.DataFrame([row for rows in of_name for row in weeks_of(spark, rows, options.weeks)])
        shares = {how: getattr(found, how)().round(4).to_dict() for how in ("mean", "max")}
        print(json.dumps({"shop": name, "trainings": len(found), **shares}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
