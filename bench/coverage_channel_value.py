"""How often the 95% intervals of gold.channel_value and gold.cohort_value contain the truth, over simulated shops.

    python bench/coverage_channel_value.py --shops 200

Each shop has two years of customers as CDNOW's (see ltv_shop.py), who come at random; those of the last 120 days were
won by three channels, whose spend is fixed. The value model is fitted to each shop, and the tables are built by the
builders of the package, on Sail. Estimands: of ltv_to_cac what the channel's spend brings on average (its rate of new
customers times the expected margin of a customer by an age of 365 days, by its spend); of a cohort's expected_to_date
what its customers really have brought 365 days after as_of (predictive). The intervals are those if the model holds,
because in these shops it does. One channel wins some 25 customers a shop, one some 300.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from ltv_shop import DAYS, PURCHASES, SPEND, Array
from pyspark.sql import DataFrame, SparkSession

from ltv import gamma_gamma, pareto_nbd
from ltv.channel_value import Days, build_channel_value
from ltv.cohort_value import build_cohort_value
from ltv.intervals import total_interval
from ltv.knobs import Scoring
from ltv.model_totals import estimated_for, model_totals
from ltv.own_error import OwnError
from ltv.value_model import ValueModel
from warehouse.campaign_names import campaign_names
from warehouse.engine import session
from warehouse.tables import SILVER_AD_SPEND
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

CHANNELS = {"small": 0.05, "middle": 0.35, "large": 0.6}  # share of the customers
WINDOW = 120  # days in which channels are compared
AHEAD = VALUE_HORIZONS_DAYS[-1]
AS_OF = dt.date(2025, 12, 31)
COST = 10.0  # spend for each customer that a channel is expected to win
SCORING = Scoring(interval_level=0.95, margin=0.5, annual_discount_rate=0.0)
FEWEST = 20  # customers of a cohort that is counted
TOGETHER = 20  # shops in one table
CLV = (*(f"clv_{days}d" for days in VALUE_HORIZONS_DAYS), f"clv_{AHEAD}d_upper")


def expected_repeats(days: float) -> float:
    """Repeat purchases that a new customer of the true model makes within some days."""
    r, alpha, s, beta = (PURCHASES[name] for name in ("r", "alpha", "s", "beta"))
    return r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + days)) ** (s - 1))


def simulate(customers: int, seed: int) -> pd.DataFrame:
    """A shop with `customers` on average, over DAYS; time is continuous, as in the model.

    One row per customer: person_id, acquisition_channel (both with the seed before them, so that shops can lie in one
    table), day, frequency, recency, T, monetary_value, value (all to date) and future (value of the next 365 days).
    """
    rng = np.random.default_rng(seed)
    count = int(rng.poisson(customers))
    T = rng.uniform(0, DAYS, count)
    rate = rng.gamma(PURCHASES["r"], 1 / PURCHASES["alpha"], count)
    leaving = rng.gamma(PURCHASES["s"], 1 / PURCHASES["beta"], count)
    stays = np.minimum(rng.exponential(1, count) / np.maximum(leaving, 1e-300), T + AHEAD)
    who = np.repeat(np.arange(count), rng.poisson(rate * stays))
    when = rng.uniform(0, 1, len(who)) * stays[who]
    seen = when < T[who]
    frequency = np.bincount(who[seen], minlength=count).astype(np.float64)
    recency = np.zeros(count)
    np.maximum.at(recency, who[seen], when[seen])
    spend_rate = rng.gamma(SPEND["q"], 1 / SPEND["gamma"], count)

    def worth(purchases: Array) -> Array:
        return rng.gamma(SPEND["p"] * purchases) / spend_rate

    repeats = worth(frequency)
    names = np.array([f"{seed}/{name}" for name in CHANNELS])
    return pd.DataFrame(
        {
            "person_id": [f"{seed}/{number}" for number in range(count)],
            "acquisition_channel": names[rng.choice(len(names), count, p=list(CHANNELS.values()))],
            "day": [AS_OF - dt.timedelta(days=int(age)) for age in T],
            "frequency": frequency,
            "recency": recency,
            "T": T,
            "monetary_value": np.divide(repeats, frequency, out=np.zeros(count), where=frequency > 0),
            "value": worth(np.ones(count)) + repeats,
            "future": worth(np.bincount(who[~seen], minlength=count).astype(np.float64)),
        }
    )


def covered(spark: SparkSession, customers: int, seeds: range) -> Counter[str]:
    """How many intervals of these shops there are, and how many contain the truth (name + ' held').

    The shops lie in one table, each with channels of its own: planning a query takes longer than a shop.
    """
    shops = [simulate(customers, seed) for seed in seeds]
    models = [fitted(shop) for shop in shops]
    value = pd.concat([scores(model, shop) for model, shop in zip(models, shops, strict=True)])
    totals = [row for model, shop in zip(models, shops, strict=True) for row in totals_of(model, shop)]
    all_ = pd.concat(shops)
    frames = Frames(spark, all_, value, totals)
    found: Counter[str] = Counter()

    def count(name: str, lower: float, truth: float, upper: float) -> None:
        found.update([name, *([f"{name} held"] if lower <= truth <= upper else [])])

    of_purchase = SPEND["p"] * SPEND["gamma"] / (SPEND["q"] - 1)
    ratio = SCORING.margin * of_purchase * (1 + expected_repeats(AHEAD)) / COST
    for row in frames.channel_value(customers).collect():
        name = f"ltv_to_cac, {row['channel'].partition('/')[2]}"
        count(name, row["lower_if_model_holds"], ratio, row["upper_if_model_holds"])
    came = SCORING.margin * (all_["value"] + all_["future"])
    cohorts = came.groupby([all_["day"].map(lambda day: day.replace(day=1)), all_["acquisition_channel"]]).sum()
    for row in frames.cohort_value().where("month = DATE'2026-12-01'").collect():
        if row["customers"] >= FEWEST:
            name = f"expected_to_date, {row['acquisition_channel'].partition('/')[2]}"
            truth = cohorts[row["cohort"], row["acquisition_channel"]]
            count(name, row["lower_if_model_holds"], truth, row["upper_if_model_holds"])
    return found


def fitted(shop: pd.DataFrame) -> ValueModel:
    """The value model of a shop's own customers."""
    return ValueModel(
        purchases=pareto_nbd.fit(*(shop[name].to_numpy() for name in ("frequency", "recency", "T"))),
        spend=gamma_gamma.fit(shop["frequency"].to_numpy(), shop["monetary_value"].to_numpy()),
        time_unit="days",
        currency="USD",
        as_of=AS_OF,
    )


def scores(model: ValueModel, shop: pd.DataFrame) -> pd.DataFrame:
    """What gold.customer_value has of each customer, as far as the tables need it."""
    predicted = model.scorer.predict_with_intervals(
        *(shop[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value")),
        churn_days=(),
        value_days=VALUE_HORIZONS_DAYS,
        margin=SCORING.margin,
        annual_discount_rate=SCORING.annual_discount_rate,
        level=SCORING.interval_level,
    )
    return pd.DataFrame({"person_id": shop["person_id"]} | {name: predicted[name] for name in CLV})


def totals_of(model: ValueModel, shop: pd.DataFrame) -> Iterator[tuple[str, str, int, float, float, float, float]]:
    """What gold.value_totals has of each channel's value, without an error of the model's own."""
    for channel, customers in shop.assign(customers=1).groupby("acquisition_channel"):
        for days in VALUE_HORIZONS_DAYS:
            total = model_totals(model, customers, days=days, margin=SCORING.margin, annual_discount_rate=0.0)["value"]
            found = total_interval(total, *estimated_for(model, "value", days=days), level=SCORING.interval_level)
            upper = float(found.upper)
            yield str(channel), "value", days, float(found.estimate), upper, upper, SCORING.interval_level


class Frames:
    """The tables that both builders read: each customer is of one channel, with one purchase of all that came."""

    def __init__(
        self, spark: SparkSession, all_: pd.DataFrame, value: pd.DataFrame, totals: Sequence[tuple[Any, ...]]
    ) -> None:
        """`all_` are the customers of all shops, `value` their scores, `totals` those of their channels."""
        self.spark = spark
        self.names = sorted(set(all_["acquisition_channel"]))
        self.customers = spark.createDataFrame(all_[["person_id", "acquisition_channel", "day", "value"]])
        self.conversions = self.customers.selectExpr(
            "person_id",
            "'purchase' as conversion_type",
            "cast(day as timestamp) + interval 12 hours as converted_at",
            "cast(value as decimal(18,6)) as report_value",
            "'USD' as report_currency",
        )
        money = [f"cast({name} as decimal(28,6)) as {name}" for name in CLV]
        self.value = spark.createDataFrame(value).selectExpr("person_id", "'value/1' as model_version", *money)
        self.totals = spark.createDataFrame(
            list(totals),
            "acquisition_channel string, measure string, days int, predicted double, upper double, "
            "upper_if_model_holds double, interval_level double",
        )

    def channel_value(self, customers: int) -> DataFrame:
        """gold.channel_value of the window, whose spend is what its channels cost on average."""
        days = Days(AS_OF - dt.timedelta(days=WINDOW - 1), AS_OF, "UTC")
        credits = self.customers.join(self.conversions, "person_id").where(f"day >= DATE'{days.first}'")
        credits = credits.selectExpr(
            *("person_id", "conversion_type", "converted_at", "acquisition_channel as channel", "'m' as model"),
            *("cast(null as string) as source", "cast(null as string) as medium", "cast(null as string) as campaign"),
            *("cast(null as string) as campaign_id", "cast(1.0 as double) as credit"),
            *("report_value as credited_value", "true as is_first_purchase"),
        )
        spent = [
            ("m", "purchase", "conversion", AS_OF, name, "(not set)", money(COST * customers * WINDOW / DAYS * share))
            for name in self.names
            for share in (CHANNELS[name.partition("/")[2]],)
        ]
        performance = self.spark.createDataFrame(
            spent,
            "model string, conversion_type string, date_basis string, date date, channel string, campaign string, "
            "spend decimal(28,6)",
        )
        table = build_channel_value(
            credits,
            performance,
            self.conversions,
            self.value,
            campaign_names(self.spark.createDataFrame([], SILVER_AD_SPEND.ddl)),
            days=days,
            scoring=SCORING,
            own_error=OwnError(0.0, 0.0, 0),
            currency="USD",
            model_version="value/1",
        )
        return table.where("level = 'channel'")

    def cohort_value(self) -> DataFrame:
        """gold.cohort_value of all shops."""
        return build_cohort_value(
            self.conversions,
            self.customers.select("person_id", "acquisition_channel"),
            self.value,
            self.totals,
            as_of=AS_OF,
            timezone="UTC",
            scoring=SCORING,
        )


def money(value: float) -> Decimal:
    """A value to six places."""
    return Decimal(value).quantize(Decimal("0.000001"))


def main() -> None:
    """Print the coverage of each interval, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=200)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    started = time.perf_counter()
    found: Counter[str] = Counter()
    with session("sail", "coverage of channel value", {}) as spark:
        for done in range(0, options.shops, TOGETHER):
            first = options.seed * 1_000_000 + done  # seeds of different runs do not overlap
            found.update(covered(spark, options.customers, range(first, first + min(TOGETHER, options.shops - done))))
            print(
                f"{min(done + TOGETHER, options.shops)} shops, {time.perf_counter() - started:.0f} s",
                file=sys.stderr,
                flush=True,
            )
    names = sorted(name for name in found if not name.endswith(" held"))
    coverage = {name: found[f"{name} held"] / found[name] for name in names}
    if options.json:
        print(json.dumps(vars(options) | {"level": SCORING.interval_level, "coverage": coverage}, indent=1))
        return
    print(f"{options.shops} shops of {options.customers} customers, seed {options.seed}")
    for name in names:
        noise = 1.96 * (0.95 * 0.05 / found[name]) ** 0.5
        print(f"  {name:26s} {coverage[name]:7.1%} of {found[name]:,} (chance alone moves this by {noise:.1%})")


if __name__ == "__main__":
    main()
