"""Writes commits with Spark. What must be written is decided in warehouse.store and warehouse.differences.

Each function makes one commit to the table in `path`; `metadata` becomes the commit's userMetadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.arrow.changed import IS_GONE
from warehouse.contracts import Table
from warehouse.differences import Differences, same_key
from warehouse.jvm.schema import DELETION_VECTORS, INDEXED_COLUMNS, TABLE_PROPERTIES, set_properties

USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
MERGE_CONF = {
    # The merged rows are staged already: read a second time, they are the same.
    "spark.databricks.delta.merge.materializeSource": "none",
    # One file per task, so that a rewritten file stays the file of its period.
    "spark.sql.files.openCostInBytes": str(128 * 1024 * 1024),
}
# Up to so many full rows are broadcast to every executor instead of shuffling the table. Of single ids more fit: see
# touchpoints.sessions.BROADCAST_SESSION_IDS_AT_MOST.
BROADCAST_AT_MOST = 200_000


def overwrite(path: str, frame: DataFrame, *, where: str | None, metadata: str) -> None:
    """Replaces all rows, or those that `where` (SQL) selects, by `frame`.

    Delta may leave out the commit where there is no row to remove and none to add.
    """
    writer = frame.write.format("delta").mode("overwrite").option("userMetadata", metadata)
    if where is not None:
        writer = writer.option("replaceWhere", where)
    writer.save(path)


def overwrite_with_schema(path: str, frame: DataFrame, *, metadata: str) -> None:
    """Replaces all rows, and the columns by those of `frame`. No file gets ranges of its values: they may be of a
    person."""
    writer = frame.write.format("delta").mode("overwrite").option("userMetadata", metadata)
    writer.option("overwriteSchema", "true").option(INDEXED_COLUMNS, "0").save(path)


def append(path: str, frame: DataFrame, *, metadata: str) -> None:
    """Adds rows."""
    frame.write.format("delta").mode("append").option("userMetadata", metadata).save(path)


def merge_rows(
    spark: SparkSession,
    path: str,
    table: Table,
    frame: DataFrame,
    *,
    update_when: str | None,
    all_are_known: bool,
    metadata: str,
) -> None:
    """Inserts or updates by key; see `Lake.merge`."""
    merge = DeltaTable.forPath(spark, path).alias("t").merge(frame.alias("s"), same_key(table, "t.", "s."))
    if update_when is not None:
        merge = merge.whenMatchedUpdateAll(update_when)
    if not all_are_known:
        merge = merge.whenNotMatchedInsertAll()
    with committing(spark, metadata, MERGE_CONF if all_are_known else None):
        merge.execute()


def merge_differences(spark: SparkSession, path: str, found: Differences, *, metadata: str) -> None:
    """Changes and removes rows with a known key, and adds rows with a new one."""
    values = _values(found.table)
    merge = _merge_of_known(spark, path, found, found.rows).whenNotMatchedInsert(F.lit(True), values)
    with committing(spark, metadata, MERGE_CONF):
        merge.execute()


def merge_known(spark: SparkSession, path: str, found: Differences, *, metadata: str) -> None:
    """Changes and removes rows with a known key. Without inserts Delta need not shuffle the table to look for keys."""
    rows = F.broadcast(found.known_rows) if found.known <= BROADCAST_AT_MOST else found.known_rows
    with committing(spark, metadata, MERGE_CONF):
        _merge_of_known(spark, path, found, rows).execute()


def update_rows(spark: SparkSession, path: str, where: Column, values: Mapping[str, Column], *, metadata: str) -> None:
    """Sets `values`, by column, in the rows that `where` selects."""
    with committing(spark, metadata):
        DeltaTable.forPath(spark, path).update(where, dict(values))


def commit_metadata_alone(spark: SparkSession, path: str, *, metadata: str) -> None:
    """A commit that changes nothing: it sets a property that is set already, and not one that hides changes."""
    with committing(spark, metadata):
        set_properties(spark, path, {DELETION_VECTORS: TABLE_PROPERTIES[DELETION_VECTORS]})


@contextmanager
def committing(spark: SparkSession, metadata: str, conf: Mapping[str, str] | None = None) -> Iterator[None]:
    """Sets the commit's metadata, and `conf`, in the session while the block runs, for commands without an option."""
    wanted = {USER_METADATA: metadata, **(conf or {})}
    before = {name: spark.conf.get(name, None) for name in wanted}
    for name, value in wanted.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, earlier in before.items():
            if earlier is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, earlier)


def _merge_of_known(spark: SparkSession, path: str, found: Differences, rows: DataFrame) -> DeltaMergeBuilder:
    table = found.table
    condition = same_key(table, "t.", "s.")
    if table.ordered_by:
        # Literals, so that Delta skips the files outside the range.
        type_ = table.column(table.ordered_by).type
        first, last = (F.lit(bound).cast(type_) for bound in (found.first, found.last))
        condition &= F.col(f"t.{table.ordered_by}").between(first, last)
    merge = DeltaTable.forPath(spark, path).alias("t").merge(rows.alias("s"), condition)
    return merge.whenMatchedDelete(F.col(f"s.{IS_GONE}")).whenMatchedUpdate(set=_values(table))


def _values(table: Table) -> dict[str, str | Column]:
    return {name: F.col(f"s.{name}") for name in table.column_names}
