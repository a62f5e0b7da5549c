"""gold.customer_value: the model's predictions for every customer of a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.value_model import ValueModel
from warehouse.conform import conform
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS

HISTORY = ("frequency", "recency", "T")


def build_customer_value(
    summary: DataFrame, *, model: ValueModel, model_version: str, margin: float, annual_discount_rate: float
) -> DataFrame:
    """One row per row of gold.customer_summary, whose recency and T must be in the model's unit of time.

    Purchases are predicted once per distinct (frequency, recency, T) and joined back; the value of a purchase is
    arithmetic in SQL. clv_<h>d = margin x purchases expected within h days, each discounted by `annual_discount_rate`
    over its time from as_of, x expected_order_value.
    """
    predictions = _predict(summary.select(*HISTORY).distinct(), model, annual_discount_rate)
    scored = (
        summary.join(predictions, on=list(HISTORY), how="inner")
        .withColumn("expected_order_value", _expected_order_value(model))
        .withColumns(
            {
                f"clv_{days}d": F.lit(margin) * F.col(f"discounted_purchases_{days}d") * F.col("expected_order_value")
                for days in VALUE_HORIZONS_DAYS
            }
        )
        .withColumn("model_version", F.lit(model_version))
    )
    return conform(scored, GOLD_CUSTOMER_VALUE)


def _predict(histories: DataFrame, model: ValueModel, annual_discount_rate: float) -> DataFrame:
    columns = [
        "p_alive",
        *(f"churn_{days}d" for days in CHURN_HORIZONS_DAYS),
        *(f"expected_purchases_{days}d" for days in VALUE_HORIZONS_DAYS),
        *(f"discounted_purchases_{days}d" for days in VALUE_HORIZONS_DAYS),
    ]
    schema = "frequency bigint, recency double, T double, " + ", ".join(f"{column} double" for column in columns)
    return histories.mapInPandas(_batches(model, annual_discount_rate), schema)


def _batches(
    model: ValueModel, annual_discount_rate: float
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    def predict(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            predictions = model.purchase_predictions(
                *(batch[column].to_numpy() for column in HISTORY),
                churn_days=CHURN_HORIZONS_DAYS,
                value_days=VALUE_HORIZONS_DAYS,
                annual_discount_rate=annual_discount_rate,
            )
            yield batch.assign(**predictions)

    return predict


def _expected_order_value(model: ValueModel) -> Column:
    """Gamma-Gamma's conditional expectation p (gamma + x m) / (p x + q - 1); all customers' mean where x is 0."""
    p, q, gamma = (F.lit(model.spend.params[name]) for name in ("p", "q", "gamma"))
    repeat_value = F.col("frequency") * F.col("monetary_value").cast("double")
    return p * (gamma + repeat_value) / (p * F.col("frequency") + q - F.lit(1.0))
