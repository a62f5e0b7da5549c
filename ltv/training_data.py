"""The training data from silver.conversions, counted on Spark: distinct histories, never a row per customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.acquisition import with_attributes, without_rare_values
from ltv.customer_summary import (
    count_gaps,
    count_histories,
    count_holdout,
    count_spend,
    daily_purchases,
    draw_customers,
    purchase_days,
    purchase_histories,
    purchase_rhythm,
)
from ltv.knobs import Ltv
from ltv.mbg_cnbd_k import Gaps
from ltv.origins import Origin
from ltv.silent_days import warnings_of_days, warnings_of_rhythm
from ltv.spark_likelihood import SpreadCounts, spread
from ltv.whole_days import one_day
from warehouse.errors import InputError, UsageError

GAPS_NEEDED = ("mbg_cnbd_k", "auto")  # of ltv.model
SEGMENT_CUSTOMERS = 50_000  # at most, drawn for the fit of segments


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The input of a fit: distinct histories and distinct spend up to `as_of`, each with the number of customers.

    Tables of more than ltv.driver_rows stay on Spark as `all_histories` and `all_spend`; `histories` and `spend` are
    then samples of their rows. `share` of the customers were drawn for the fit (ltv.fit_sample_customers). `gaps` are
    those between their purchases, where ltv.model needs them.
    """

    as_of: dt.date
    histories: pd.DataFrame
    spend: pd.DataFrame
    all_histories: SpreadCounts | None = None
    all_spend: SpreadCounts | None = None
    share: float = 1.0
    gaps: Gaps | None = None

    @property
    def customers(self) -> int:
        """Customers that the fit sees."""
        return self.all_histories.customers if self.all_histories else int(self.histories["customers"].sum())

    @property
    def distinct_histories(self) -> int:
        """Rows that the fit of purchases sees."""
        return self.all_histories.rows if self.all_histories else len(self.histories)


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The input of a training: counted rows, no row per customer.

    `calibration` ends at the cutoff, `holdout` has the later purchases of its customers, up to `until` (inclusive),
    `full` ends at as_of. `earlier` are the origins before the cutoff, oldest first. recency and T are in `time_unit`.
    Where more than ltv.driver_rows customers are known at the cutoff, the holdout is a sample of about that many,
    `holdout_share` of all, drawn by seed and a hash of person_id; so are the origins. `warnings` name what is wrong
    with the data up to as_of (`silent_days`). `day` is that of `pareto_nbd.fit`, by ltv.purchase_days; None where the
    fit decides (`ltv.whole_days`). `covariates` are columns of the counted histories. `returning` are customers with
    repeat purchases up to as_of for the fit of segments, a row each without the person: frequency, recency, T,
    monetary_value and covariates, of all or of a drawn `SEGMENT_CUSTOMERS`. `release` unpersists what Spark holds.
    """

    calibration: Counts
    holdout: pd.DataFrame
    full: Counts
    daily: pd.DataFrame
    until: dt.date
    time_unit: str
    currency: str
    holdout_share: float = 1.0
    warnings: tuple[str, ...] = ()
    day: float | None = 0.0
    earlier: tuple[Origin, ...] = ()
    covariates: tuple[str, ...] = ()
    returning: pd.DataFrame = field(default_factory=pd.DataFrame)

    def release(self) -> None:
        """Unpersist the tables of the fits."""
        for counts in (self.calibration, self.full):
            for table in (counts.all_histories, counts.all_spend):
                if table:
                    table.release()

    @property
    def holdout_days(self) -> int:
        """Days after the cutoff on which the models are judged."""
        return (self.until - self.calibration.as_of).days

    @property
    def newest(self) -> Origin:
        """The cutoff as an origin: its period is the newest, on which the challenger must win."""
        return Origin(
            cutoff=self.calibration.as_of,
            until=self.until,
            holdout=self.holdout,
            spend=self.calibration.spend,
            time_unit=self.time_unit,
            covariates=self.covariates,
        )


def collect_training_data(
    conversions: DataFrame,
    *,
    as_of: dt.date,
    timezone: str,
    currency: str,
    ltv: Ltv,
    attributes: DataFrame | None = None,
) -> TrainingData:
    """Count silver.conversions for training; the one step of it that runs on Spark.

    The holdout is the last `holdout_days` days up to `holdout_until` (null: up to as_of); its start, the cutoff, must
    not lie after as_of. The earlier ones of ltv.origins lie holdout_days apart before it, as far back as min_customers
    were known. `attributes` has the columns of ltv.covariates by person_id, and is not needed where there are none.
    Raises InputError when fewer than `min_customers` had bought by the cutoff.
    """
    until = ltv.holdout_until or as_of
    cutoff = until - dt.timedelta(days=ltv.holdout_days)
    if cutoff > as_of:
        raise UsageError(
            f"ltv.holdout_until {until} minus ltv.holdout_days {ltv.holdout_days} is {cutoff}, after as_of {as_of}: "
            "the days between would not be used. Use more holdout days."
        )
    days = purchase_days(conversions, timezone=timezone).persist()
    known = None
    if attributes is not None and ltv.covariates:
        known = without_rare_values(attributes.select("person_id", *ltv.covariates)).persist()

    def histories(day: dt.date) -> DataFrame:
        return with_attributes(purchase_histories(days, as_of=day, time_unit=ltv.time_unit), known)

    try:
        earlier = [cutoff - dt.timedelta(days=ltv.holdout_days * number) for number in range(1, ltv.origins)]
        customers = _customers(days, cutoff, as_of, *earlier)
        if customers[cutoff] < ltv.min_customers:
            raise InputError(
                f"Too few customers to fit a value model: {customers[cutoff]} bought up to {cutoff}, before the "
                f"holdout, and at least {ltv.min_customers} are needed (ltv.min_customers). "
                "Use fewer ltv.holdout_days, or more history."
            )
        shares = {date: _share(customers[date], ltv.fit_sample_customers) for date in (cutoff, as_of)}
        shares |= {date: _origin_share(customers[date], ltv) for date in earlier}
        gaps: Mapping[dt.date, Gaps] = {}
        if ltv.model in GAPS_NEEDED:
            gaps = count_gaps(days, shares, seed=ltv.seed, time_unit=ltv.time_unit)
        histories_at_cutoff = histories(cutoff)
        holdout_share = _share(customers[cutoff], ltv.driver_rows)
        holdout_histories = draw_customers(histories_at_cutoff, share=holdout_share, seed=ltv.seed)
        calibration = _counts(
            histories_at_cutoff, as_of=cutoff, customers=customers[cutoff], gaps=gaps.get(cutoff), ltv=ltv
        )
        full, histories_at_as_of = calibration, histories_at_cutoff
        if cutoff != as_of:
            histories_at_as_of = histories(as_of)
            full = _counts(histories_at_as_of, as_of=as_of, customers=customers[as_of], gaps=gaps.get(as_of), ltv=ltv)
        daily = daily_purchases(days, until=max(as_of, until)).toPandas()
        rhythm = purchase_rhythm(days, until=as_of).collect()[0]
        return TrainingData(
            calibration=calibration,
            holdout=_collected(
                count_holdout(holdout_histories, days, cutoff=cutoff, until=until, covariates=ltv.covariates)
            ),
            full=full,
            daily=daily,
            until=until,
            time_unit=ltv.time_unit,
            currency=currency,
            holdout_share=holdout_share,
            day=_day(ltv),
            warnings=(
                *warnings_of_days(daily, as_of=as_of),
                *warnings_of_rhythm(rhythm["pairs"], rhythm["unevenness"] or 0.0, full.histories),
            ),
            earlier=tuple(
                _origin(days, histories(origin), origin, share=shares[origin], gaps=gaps.get(origin), ltv=ltv)
                for origin in reversed(earlier)
                if customers[origin] >= ltv.min_customers
            ),
            covariates=ltv.covariates,
            returning=_returning(histories_at_as_of, customers=customers[as_of], ltv=ltv),
        )
    finally:
        days.unpersist()
        if known is not None:
            known.unpersist()


def _day(ltv: Ltv) -> float | None:
    if ltv.purchase_days == "auto":
        return None if ltv.fitter == "exact" else 0.0  # lifetimes knows purchases alone
    return one_day(ltv.time_unit) if ltv.purchase_days else 0.0


def _origin(days: DataFrame, known: DataFrame, cutoff: dt.date, *, share: float, gaps: Gaps | None, ltv: Ltv) -> Origin:
    """The counted customers of an origin; a sample where there are more than the driver takes or a fit may see."""
    until = cutoff + dt.timedelta(days=ltv.holdout_days)
    histories = draw_customers(known, share=share, seed=ltv.seed)
    return Origin(
        cutoff=cutoff,
        until=until,
        holdout=_collected(count_holdout(histories, days, cutoff=cutoff, until=until, covariates=ltv.covariates)),
        spend=_collected(count_spend(histories)),
        time_unit=ltv.time_unit,
        gaps=gaps,
        covariates=ltv.covariates,
    )


def _returning(histories: DataFrame, *, customers: int, ltv: Ltv) -> pd.DataFrame:
    drawn = draw_customers(histories, share=_share(customers, SEGMENT_CUSTOMERS), seed=ltv.seed)
    value = F.col("monetary_value").cast("double").alias("monetary_value")
    return _collected(drawn.where(F.col("frequency") > 0).select("frequency", "recency", "T", value, *ltv.covariates))


def _share(customers: int, most: int | None) -> float:
    return 1.0 if most is None or customers <= most else most / customers


def _origin_share(customers: int, ltv: Ltv) -> float:
    return _share(customers, min(ltv.driver_rows, ltv.fit_sample_customers or ltv.driver_rows))


def _customers(days: DataFrame, *until: dt.date) -> dict[dt.date, int]:
    """How many persons had bought by the end of each date."""
    first = days.groupBy("person_id").agg(F.min("day").alias("day"))
    row = first.agg(*(F.count_if(F.col("day") <= F.lit(date)).alias(f"at_{i}") for i, date in enumerate(until)))
    counted = row.collect()[0]
    return {date: int(counted[f"at_{i}"]) for i, date in enumerate(until)}


def _counts(histories: DataFrame, *, as_of: dt.date, customers: int, gaps: Gaps | None, ltv: Ltv) -> Counts:
    """The counted tables of a fit: on the driver or, with more than ltv.driver_rows rows, on Spark."""
    share = _share(customers, ltv.fit_sample_customers)
    drawn = draw_customers(histories, share=share, seed=ltv.seed)
    tables: list[tuple[pd.DataFrame, SpreadCounts | None]] = []
    for counted in (count_histories(drawn, ltv.covariates), count_spend(drawn)):
        # There are at most as many distinct rows as customers, so small shops need no count.
        if customers * share <= ltv.driver_rows:
            tables.append((_collected(counted), None))
            continue
        large = spread(counted, seed=ltv.seed)
        if large.rows > ltv.driver_rows:
            tables.append((large.sample, large))
        else:
            tables.append((_collected(large.frame), None))
            large.release()
    (rows, all_histories), (spend, all_spend) = tables
    return Counts(
        as_of=as_of,
        histories=rows,
        spend=spend,
        all_histories=all_histories,
        all_spend=all_spend,
        share=share,
        gaps=gaps,
    )


def _collected(counts: DataFrame) -> pd.DataFrame:
    """The rows in an order that does not depend on Spark's partitions, so sums and fits are the same on every run."""
    rows = counts.toPandas()
    return rows.sort_values(list(rows.columns), ignore_index=True)
