"""What training needs of silver.conversions, counted on Spark: distinct histories, never a row per customer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd
from pyspark.sql import DataFrame

from ltv.customer_summary import (
    count_histories,
    count_holdout,
    count_spend,
    daily_purchases,
    purchase_days,
    purchase_histories,
)
from warehouse.errors import InputError, UsageError
from warehouse.settings import Ltv


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a fit takes: distinct histories and distinct spend up to `as_of`, each with the number of customers."""

    as_of: dt.date
    histories: pd.DataFrame
    spend: pd.DataFrame

    @property
    def customers(self) -> int:
        """Customers behind the rows."""
        return int(self.histories["customers"].sum())


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """All that training needs, on one machine: counted rows, no row per customer.

    `calibration` ends at the cutoff, `holdout` says what its customers did up to `until` (inclusive), `full` ends at
    as_of. recency and T are in `time_unit`.
    """

    calibration: Counts
    holdout: pd.DataFrame
    full: Counts
    daily: pd.DataFrame
    until: dt.date
    time_unit: str
    currency: str

    @property
    def holdout_days(self) -> int:
        """Days after the cutoff that the models are judged on."""
        return (self.until - self.calibration.as_of).days


def collect_training_data(
    conversions: DataFrame, *, as_of: dt.date, timezone: str, currency: str, ltv: Ltv
) -> TrainingData:
    """Count silver.conversions for training; the one step of it that runs on Spark.

    The holdout is the last `holdout_days` days up to `holdout_until` (null: up to as_of); its start, the cutoff, must
    not lie after as_of. Raises InputError when fewer than `min_customers` had bought by the cutoff.
    """
    until = ltv.holdout_until or as_of
    cutoff = until - dt.timedelta(days=ltv.holdout_days)
    if cutoff > as_of:
        raise UsageError(
            f"ltv.holdout_until {until} minus ltv.holdout_days {ltv.holdout_days} is {cutoff}, after as_of {as_of}: "
            "days between would be used for nothing. Use more holdout days."
        )
    days = purchase_days(conversions, timezone=timezone).persist()
    try:
        known = purchase_histories(days, as_of=cutoff, time_unit=ltv.time_unit)
        holdout = _collected(count_holdout(known, days, cutoff=cutoff, until=until))
        calibration = Counts(
            as_of=cutoff,
            histories=holdout.groupby(["frequency", "recency", "T"])["customers"].sum().reset_index(),
            spend=_collected(count_spend(known)),
        )
        if calibration.customers < ltv.min_customers:
            raise InputError(
                f"Too few customers to fit a value model: {calibration.customers} bought up to {cutoff}, before the "
                f"holdout, and at least {ltv.min_customers} are needed (ltv.min_customers). "
                "Use fewer ltv.holdout_days, or more history."
            )
        full = calibration
        if cutoff != as_of:
            everybody = purchase_histories(days, as_of=as_of, time_unit=ltv.time_unit)
            full = Counts(
                as_of=as_of,
                histories=_collected(count_histories(everybody)),
                spend=_collected(count_spend(everybody)),
            )
        return TrainingData(
            calibration=calibration,
            holdout=holdout,
            full=full,
            daily=daily_purchases(days, until=max(as_of, until)).toPandas(),
            until=until,
            time_unit=ltv.time_unit,
            currency=currency,
        )
    finally:
        days.unpersist()


def _collected(counts: DataFrame) -> pd.DataFrame:
    """The rows in one order whatever Spark's partitions: sums, and so fits, are then the same on every run."""
    rows = counts.toPandas()
    return rows.sort_values(list(rows.columns), ignore_index=True)
