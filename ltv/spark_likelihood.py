"""Fits over counted tables too large for one machine: the likelihood is summed where the rows are.

Every evaluation is one pass over the table: each partition sends back one row of sums (log-likelihood, gradient,
Hessian), and the search runs here. Its start comes from a sample of the distinct rows, so a fit takes about four
passes. The result equals that of a fit on one machine: recency and T are not rounded, no row is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, reduce
from operator import add

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv import beta_geometric_likelihood, gamma_gamma, mbg_cnbd_k, pareto_nbd, pareto_nbd_likelihood
from ltv.beta_geometric_search import check as check_beta_geometric
from ltv.customer_summary import BUCKETS
from ltv.fit import Evaluate, Sums
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import Array, histories
from ltv.mbg_cnbd_k import Gaps
from ltv.pareto_nbd_search import SAMPLE, check
from ltv.purchase_fits import BETA_GEOMETRIC, PurchaseFit
from ltv.purchase_models import PARETO_NBD
from ltv.spend_fallback import SpendFacts
from warehouse.errors import UsageError
from warehouse.jvm.session import default_parallelism

SUMS = "log_likelihood double, gradient array<double>, hessian array<double>"
ROWS_PER_PARTITION = 500_000
# parameters, columns of some counted rows, order of the derivatives -> their sums
PartSums = Callable[[Array, dict[str, Array], int], Sums]


@dataclass(frozen=True, kw_only=True)
class SpreadCounts:
    """A counted table that stays on Spark, persisted until `release`, and a sample of its rows for the search.

    `rows` are distinct rows, `customers` those behind them. The sample is drawn by a hash of the row, so it is the
    same on every run.
    """

    frame: DataFrame
    sample: pd.DataFrame
    rows: int
    customers: int

    def release(self) -> None:
        """Unpersist the table."""
        self.frame.unpersist()


def spread(counts: DataFrame, *, seed: int, sample_rows: int = SAMPLE) -> SpreadCounts:
    """A counted table (column `customers`, all others its key) persisted on Spark, in partitions of one fixed order."""
    keys = [column for column in counts.columns if column != "customers"]
    counts = counts.persist()
    rows = counts.count()
    partitions = max(default_parallelism(counts.sparkSession), -(-rows // ROWS_PER_PARTITION))
    # Sums of floats depend on their order: the same rows in the same places give the same digits on every run.
    frame = counts.repartition(partitions, *keys).sortWithinPartitions(*keys).persist()
    customers = frame.agg(F.coalesce(F.sum("customers"), F.lit(0)).alias("customers")).collect()[0]["customers"]
    counts.unpersist()
    share = min(1.0, sample_rows / max(rows, 1))
    sample = frame.where(F.pmod(F.xxhash64(*keys, F.lit(seed)), F.lit(BUCKETS)) < F.lit(int(share * BUCKETS)))
    drawn = sample.toPandas().sort_values(keys, ignore_index=True)
    return SpreadCounts(frame=frame, sample=drawn, rows=rows, customers=int(customers))


def fit_purchases(
    counts: SpreadCounts, *, day: float = 0.0, model: str = PARETO_NBD, gaps: Gaps | None = None
) -> PurchaseFit:
    """The purchase model of counted histories (frequency, recency, T, customers); as `fitters.fit_purchases`."""
    observed = counts.sample[counts.sample["T"] > 0]
    if model != PARETO_NBD:
        return _fit_beta_geometric(model, counts, observed, gaps)
    known = histories(observed["frequency"], observed["recency"], observed["T"], observed["customers"], day=day)
    check(known)
    return pareto_nbd.fit_sums(
        summed(counts.frame.where("T > 0"), partial(purchase_sums, day=day)),
        known,
        customers=counts.customers,
        sample=lambda theta, order: pareto_nbd_likelihood.sums(theta, known, order),
    )


def _fit_beta_geometric(model: str, counts: SpreadCounts, observed: pd.DataFrame, gaps: Gaps | None) -> PurchaseFit:
    kind, rows = BETA_GEOMETRIC[model], counts.frame.where("T > 0")
    known = histories(observed["frequency"], observed["recency"], observed["T"], observed["customers"])
    check_beta_geometric(known)

    def all_of(k: int) -> Evaluate:
        return summed(rows, partial(beta_geometric_sums, leaves_at_once=kind.LEAVES_AT_ONCE, k=k))

    def sample_of(k: int) -> Evaluate:
        return kind.evaluate(known, k)

    if model == "mbg_cnbd_k":
        if gaps is None:
            raise UsageError(mbg_cnbd_k.GAPS_NEEDED)
        return mbg_cnbd_k.best_fit(all_of, known, customers=counts.customers, gaps=gaps, sample_of=sample_of)
    return kind.fit_sums(all_of(1), known, customers=counts.customers, sample=sample_of(1))


def fit_spend(counts: SpreadCounts) -> GammaGammaFit:
    """Gamma-Gamma of counted spend: columns frequency, monetary_value, customers. Errors as `gamma_gamma.fit`."""
    x, m, weights = (counts.sample[name].to_numpy(np.float64) for name in ("frequency", "monetary_value", "customers"))
    gamma_gamma.check(x, m, weights)
    return gamma_gamma.fit_sums(
        summed(counts.frame, spend_sums),
        m,
        weights,
        facts=_spend_facts(counts),
        sample=lambda theta, order: gamma_gamma.sums(theta, x, m, weights, order),
    )


def _spend_facts(counts: SpreadCounts) -> SpendFacts:
    x, weight = F.col("frequency").cast("double"), F.col("customers").cast("double")
    found = counts.frame.agg(
        F.sum(weight * x).alias("purchases"),
        F.sum(F.when(x > 1, weight).otherwise(F.lit(0.0))).alias("returning"),
        F.sum(weight * F.col("monetary_value")).alias("value"),
        F.sum(weight / x).alias("inverse"),
    ).collect()[0]
    customers = float(counts.customers)
    return SpendFacts(
        customers=customers,
        purchases=found["purchases"],
        returning=found["returning"],
        mean=found["value"] / customers,
        mean_inverse=found["inverse"] / customers,
    )


def summed(counts: DataFrame, part_sums: PartSums) -> Evaluate:
    """The sums over a whole table of counted rows; each evaluation is one Spark job."""

    def evaluate(theta: Array, order: int) -> Sums:
        parts = counts.mapInArrow(partial(_sum_part, part_sums, theta.tolist(), order), SUMS).collect()
        size = len(theta)
        nothing = Sums(0.0, np.zeros(size), np.zeros((size, size)) if order == 2 else None)
        return reduce(add, (_sums(row.asDict(), size) for row in parts), nothing)

    return evaluate


def _sum_part(
    part_sums: PartSums, theta: list[float], order: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """One row of sums for the batches of a partition; none where it is empty. Runs on a worker."""
    parameters = np.array(theta)
    filled = (batch for batch in batches if batch.num_rows)
    parts = [part_sums(parameters, _columns(batch), order) for batch in filled]
    if parts:
        total = reduce(add, parts)
        yield pa.RecordBatch.from_pylist(
            [
                {
                    "log_likelihood": total.log_likelihood,
                    "gradient": total.gradient.tolist(),
                    "hessian": None if total.hessian is None else total.hessian.ravel().tolist(),
                }
            ],
            schema=pa.schema(
                [("log_likelihood", pa.float64()), *((n, pa.list_(pa.float64())) for n in ("gradient", "hessian"))]
            ),
        )


def _sums(row: dict[str, list[float] | float], size: int) -> Sums:
    hessian = None if row["hessian"] is None else np.asarray(row["hessian"]).reshape(size, size)
    return Sums(float(np.asarray(row["log_likelihood"])), np.asarray(row["gradient"]), hessian)


def _columns(batch: pa.RecordBatch) -> dict[str, Array]:
    return {
        name: column.to_numpy(zero_copy_only=False).astype(np.float64)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }


def purchase_sums(theta: Array, columns: dict[str, Array], order: int, *, day: float = 0.0) -> Sums:
    """Sums of the Pareto/NBD over counted histories."""
    rows = histories(columns["frequency"], columns["recency"], columns["T"], columns["customers"], day=day)
    return pareto_nbd_likelihood.sums(theta, rows, order)


def beta_geometric_sums(theta: Array, columns: dict[str, Array], order: int, *, leaves_at_once: bool, k: int) -> Sums:
    """Sums of BG/NBD, MBG/NBD or MBG/CNBD-k over counted histories."""
    rows = histories(columns["frequency"], columns["recency"], columns["T"], columns["customers"])
    return beta_geometric_likelihood.sums(theta, rows, leaves_at_once, order, k=k)


def spend_sums(theta: Array, columns: dict[str, Array], order: int) -> Sums:
    """Sums of the Gamma-Gamma over counted spend."""
    return gamma_gamma.sums(theta, columns["frequency"], columns["monetary_value"], columns["customers"], order)
