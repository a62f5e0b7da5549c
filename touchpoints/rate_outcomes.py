"""What became of each landed exchange rate."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.outcomes import COUNTED, REPLACED, SAME_AGAIN, SET_ASIDE, as_outcomes, differing
from warehouse.file_order import file_order

RATES = "exchange_rates"


def rate_outcomes(rates: DataFrame) -> DataFrame:
    """One row per row of bronze.exchange_rates; see `touchpoints.outcomes`. A rate has no amount: it is 0.

    Of a day and pair the newest counts. Another rate for them without a newer exported_at is set aside.
    """
    newest_first = Window.partitionBy("rate_date", "currency", "report_currency").orderBy(
        F.col("exported_at").desc(), file_order("source_file").desc(), F.col("source_line").desc()
    )
    judged = rates.select(
        "*",
        F.first(F.struct("rate", "exported_at", "source_file", "source_line")).over(newest_first).alias("newest"),
        F.row_number().over(newest_first).alias("place"),
    )
    is_other_rate = F.col("rate") != F.col("newest.rate")
    outcome = (
        F.when(F.col("place") == 1, COUNTED)
        .when(~is_other_rate, SAME_AGAIN)
        .when(F.col("newest.exported_at") > F.col("exported_at"), REPLACED)
        .otherwise(SET_ASIDE)
    )
    return as_outcomes(
        judged,
        RATES,
        record_id=F.concat_ws(" ", F.col("rate_date").cast("string"), "currency", "report_currency"),
        outcome=outcome,
        reason=F.when(outcome == SET_ASIDE, differing("day and currencies", rate=is_other_rate)).otherwise(""),
        amount=F.lit(0),
        other_file=F.col("newest.source_file"),
        other_line=F.col("newest.source_line"),
    )
