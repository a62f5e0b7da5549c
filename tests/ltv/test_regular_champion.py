"""A champion for regular buyers under the monitor: the same rows, without the score."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from pyspark.sql import SparkSession
from shops import summary as summary_of
from test_model_monitor import DRIFT, FITTED, TODAY, conversions, model, shop, summary

from ltv import mbg_cnbd_k
from ltv.model_monitor import find_drift
from ltv.registry import Champion
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY


def test_a_champion_for_regular_buyers_has_the_same_rows_and_the_score_says_that_it_is_left_out(
    spark: SparkSession,
) -> None:
    bought = shop(2, buying=0.5)
    days = pd.DataFrame(bought, columns=["customer", "day", "value"]).astype({"day": "datetime64[ns]", "value": float})
    known = summary_of(days, pd.Timestamp(FITTED))
    regular = replace(model(), purchases=mbg_cnbd_k.fit(known["frequency"], known["recency"], known["T"], k=2))

    found = find_drift(
        Champion(model=regular, at_cutoff=regular, version="customer-value/7"),
        conversions=conversions(spark, bought),
        summary=summary(spark, {person: (day, "Email") for person, day, _ in reversed(bought)}),
        accuracy=spark.createDataFrame([], GOLD_FORECAST_ACCURACY.ddl),
        as_of=TODAY,
        timezone="UTC",
        interval_level=0.95,
        seed=1,
        drift=DRIFT,
    )

    assert [one.check for one in found] == ["purchases"] * 2 + ["score"] * 2 + ["inputs"] * 4
    assert ("purchases", "since the fit") in [(one.check, one.subject) for one in found if one.is_alarm]
    assert {one.detail for one in found if one.check == "score"} == {
        "left out: it is that of a Pareto/NBD, and this model is MBG/CNBD-k (k = 2)"
    }
