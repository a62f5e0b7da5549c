"""Records whose newest row was quarantined: an older one counts, and by how much it is wrong is not known."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import Table

PLACE = ("file", "line")


def newest_quarantined(quarantine: DataFrame, table: Table) -> DataFrame:
    """One row per record_id of bronze.quarantine among rows meant for `table`: `dated`, the newest of its rows with a
    time (version_at, file, line, amount, reason), and `undated`, the last by place of those without (file, line, ..).
    """
    is_dated = F.col("version_at").isNotNull()
    of_table = quarantine.where((F.col("table_name") == table.full_name) & F.col("record_id").isNotNull())
    return of_table.groupBy("record_id").agg(
        F.max(F.when(is_dated, F.struct("version_at", *PLACE, "amount", "reason"))).alias("dated"),
        F.max(F.when(~is_dated, F.struct(*PLACE, "amount", "reason"))).alias("undated"),
    )


def newer_than(version_at: Column, file: Column, line: Column) -> Column:
    """Of a row joined with `newest_quarantined`: the quarantined row that is newer than the one at this time and place,
    as a struct of file, line, amount and reason; null where none is. A row without a time is compared by place."""
    dated, undated = F.col("dated"), F.col("undated")
    place = (file.alias("file"), line.alias("line"))
    is_newer = F.struct(*(dated[name] for name in ("version_at", *PLACE))) > F.struct(
        version_at.alias("version_at"), *place
    )
    is_later = F.struct(*(undated[name] for name in PLACE)) > F.struct(*place)
    return F.when(dated.isNotNull() & is_newer, _row(dated)).when(undated.isNotNull() & is_later, _row(undated))


def because_of(row: Column) -> Column:
    """The reason of an unsettled amount."""
    return F.concat(F.lit("a newer row was quarantined: "), row["reason"])


def _row(of: Column) -> Column:
    return F.struct(*(of[name].alias(name) for name in (*PLACE, "amount", "reason")))
