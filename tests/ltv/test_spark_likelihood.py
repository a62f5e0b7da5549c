"""Fits whose sums are made on Spark: the same numbers as on one machine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cdnow import cdnow
from pyspark.sql import DataFrame, SparkSession
from test_training import AS_OF, LTV, conversions  # noqa: F401 (a fixture)

from ltv import gamma_gamma, pareto_nbd, spark_likelihood
from ltv.fitters import fit_purchases
from ltv.knobs import Ltv
from ltv.mbg_cnbd_k import Gaps
from ltv.spark_likelihood import SpreadCounts, spread
from ltv.training_data import TrainingData, collect_training_data, draw_customers
from ltv.value_fit import fit_value_model
from warehouse.errors import InputError, UsageError

# Days since the first purchase, not rounded, as a summary in weeks has them.
pytestmark = pytest.mark.spark_only  # which rows a partition has is decided by Spark

HISTORIES = pd.DataFrame({name: getattr(cdnow(), name) for name in ("frequency", "recency", "T")})
REPEATERS = pd.DataFrame({"frequency": cdnow().frequency, "monetary_value": cdnow().monetary_value}).query(
    "frequency > 0 and monetary_value > 0"
)


def counted(spark: SparkSession, rows: pd.DataFrame, *, sample_rows: int = 300) -> SpreadCounts:
    counts = rows.groupby(list(rows.columns), as_index=False).size().rename(columns={"size": "customers"})
    return spread(spark.createDataFrame(counts), seed=1, sample_rows=sample_rows)


def test_purchases_fitted_over_partitions_are_those_of_one_machine(spark: SparkSession) -> None:
    here = pareto_nbd.fit(HISTORIES["frequency"], HISTORIES["recency"], HISTORIES["T"])
    counts = counted(spark, HISTORIES)

    there = spark_likelihood.fit_purchases(counts)

    assert counts.frame.rdd.getNumPartitions() >= 2
    assert len(counts.sample) < counts.rows / 2
    assert there.params == pytest.approx(here.params, rel=1e-7)
    assert there.standard_errors == pytest.approx(here.standard_errors, rel=1e-7)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-13)
    assert there.customers == here.customers == 2357
    counts.release()


def test_spend_fitted_over_partitions_is_that_of_one_machine(spark: SparkSession) -> None:
    here = gamma_gamma.fit(REPEATERS["frequency"], REPEATERS["monetary_value"])
    counts = counted(spark, REPEATERS)

    there = spark_likelihood.fit_spend(counts)

    assert there.params == pytest.approx(here.params, rel=1e-7)
    assert there.standard_errors == pytest.approx(here.standard_errors, rel=1e-7)
    assert there.customers == here.customers
    counts.release()


def test_days_with_a_purchase_are_fitted_there_too(spark: SparkSession) -> None:
    here = pareto_nbd.fit(HISTORIES["frequency"], HISTORIES["recency"], HISTORIES["T"], day=1 / 7)
    counts = counted(spark, HISTORIES)

    there = spark_likelihood.fit_purchases(counts, day=1 / 7)

    assert there.day == here.day
    assert there.params == pytest.approx(here.params, rel=1e-7)
    counts.release()


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "mbg_cnbd_k"])
def test_every_purchase_model_is_fitted_there_too(spark: SparkSession, model: str) -> None:
    gaps = Gaps(HISTORIES["frequency"].sum(), 2.3 * HISTORIES["frequency"].sum())
    rows = HISTORIES.groupby(list(HISTORIES.columns), as_index=False).size().rename(columns={"size": "customers"})
    here = fit_purchases(rows, fitter="exact", seed=1, model=model, gaps=gaps)
    counts = counted(spark, HISTORIES)

    there = spark_likelihood.fit_purchases(counts, model=model, gaps=gaps)

    assert (there.MODEL, there.k, there.customers) == (model, here.k, 2357)
    assert there.params == pytest.approx(here.params, rel=1e-7)
    assert there.standard_errors == pytest.approx(here.standard_errors, rel=1e-7)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, rel=1e-12)
    counts.release()


def test_customers_of_today_do_not_change_the_fit(spark: SparkSession) -> None:
    today = pd.concat([HISTORIES, pd.DataFrame({"frequency": [0.0] * 500, "recency": 0.0, "T": 0.0})])
    here = pareto_nbd.fit(HISTORIES["frequency"], HISTORIES["recency"], HISTORIES["T"])

    assert spark_likelihood.fit_purchases(counted(spark, today)).params == pytest.approx(here.params, rel=1e-7)


def test_the_same_table_gives_the_same_digits_in_any_order(spark: SparkSession) -> None:
    shuffled = HISTORIES.sample(frac=1, random_state=3)

    once, again = (spark_likelihood.fit_purchases(counted(spark, rows)) for rows in (HISTORIES, shuffled))

    assert once.params == again.params


def test_data_without_churn_give_the_same_fit_and_note_there(spark: SparkSession) -> None:
    regulars = pd.DataFrame([(x, 100.0 - x % 3, 100.0) for x in range(1, 12)] * 40, columns=HISTORIES.columns)
    regulars = pd.concat([regulars, pd.DataFrame({"frequency": [0] * 30, "recency": 0.0, "T": 3.0})])

    here = pareto_nbd.fit(regulars["frequency"], regulars["recency"], regulars["T"])
    there = spark_likelihood.fit_purchases(counted(spark, regulars, sample_rows=10_000))

    assert there.note == here.note is not None
    assert "no churn shows" in there.note
    assert there.params == pytest.approx(here.params, rel=1e-6)


def test_one_price_and_spending_without_a_finite_mean_give_the_same_fits_there(spark: SparkSession) -> None:
    rng = np.random.default_rng(1)
    x = rng.geometric(0.4, 400).astype(float)
    uneven = rng.gamma(4 * x) / rng.gamma(0.6, 1 / 10, 400) / x
    for m in (np.full(400, 19.99), uneven):
        here = gamma_gamma.fit(x, m)
        rows = pd.DataFrame({"frequency": x, "monetary_value": m})
        there = spark_likelihood.fit_spend(counted(spark, rows, sample_rows=10_000))

        assert there.note == here.note is not None
        assert there.params == pytest.approx(here.params, rel=1e-6)
        assert there.standard_errors == pytest.approx(here.standard_errors, rel=1e-6)


def test_no_customers_are_one_clear_error(spark: SparkSession) -> None:
    with pytest.raises(InputError, match="No customers to fit"):
        spark_likelihood.fit_purchases(counted(spark, HISTORIES.iloc[:1].assign(T=0.0)))


def collected(conversions: DataFrame, ltv: Ltv) -> TrainingData:  # noqa: F811 (the fixture)
    return collect_training_data(conversions, as_of=AS_OF, timezone="UTC", currency="USD", ltv=ltv)


EXACT = LTV.model_copy(update={"fitter": "exact"})


def test_training_beyond_driver_rows_gives_the_same_model(conversions: DataFrame) -> None:  # noqa: F811
    small = collected(conversions, EXACT)
    large = collected(conversions, EXACT.model_copy(update={"driver_rows": 500}))

    assert small.full.all_histories is None
    assert large.full.all_histories is not None
    assert (large.full.customers, large.full.distinct_histories) == (2357, len(small.full.histories))
    here, there = (fit_value_model(data.full, data, fitter="exact", seed=1) for data in (small, large))
    for mine, theirs in ((there.purchases, here.purchases), (there.spend, here.spend)):
        assert mine.params == pytest.approx(theirs.params, rel=1e-7)
        assert mine.standard_errors == pytest.approx(theirs.standard_errors, rel=1e-7)
    assert large.holdout_share == pytest.approx(500 / 2357)
    assert large.holdout["customers"].sum() == pytest.approx(500, rel=0.15)
    with pytest.raises(UsageError, match=r"ltv\.fitter lifetimes needs all rows on one machine"):
        fit_value_model(large.full, large, fitter="lifetimes", seed=1)
    large.release()


def test_a_sample_of_customers_is_drawn_by_seed_and_reports_its_share(conversions: DataFrame) -> None:  # noqa: F811
    sampling = EXACT.model_copy(update={"fit_sample_customers": 1000})

    once, again = (collected(conversions, sampling) for _ in range(2))
    other = collected(conversions, sampling.model_copy(update={"seed": 2}))

    assert once.full.share == pytest.approx(1000 / 2357)
    assert once.full.customers == pytest.approx(1000, rel=0.1)
    pd.testing.assert_frame_equal(once.full.histories, again.full.histories)
    assert not once.full.histories.equals(other.full.histories)
    assert once.holdout["customers"].sum() == 2357  # the sample is for the fit; all customers are judged
    assert np.isfinite(list(fit_value_model(once.full, once, fitter="exact", seed=1).params.values())).all()


def test_all_customers_are_drawn_where_the_share_is_1(spark: SparkSession) -> None:
    people = spark.createDataFrame([(f"person {n}",) for n in range(50)], "person_id string")

    assert draw_customers(people, share=1.0, seed=1).count() == 50
    assert 0 < draw_customers(people, share=0.5, seed=1).count() < 50


def test_a_sample_too_small_to_fit_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="fit_sample_customers must be at least min_customers"):
        Ltv.model_validate({**LTV.model_dump(), "fit_sample_customers": 10})
