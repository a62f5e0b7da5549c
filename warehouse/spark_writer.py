"""How a commit is written, by Spark. What must be written is decided elsewhere (warehouse.store, .differences).

Each function makes one commit to the table in `path`; `metadata` becomes the commit's userMetadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from delta.tables import DeltaMergeBuilder, DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.contracts import Table
from warehouse.differences import IS_GONE, Differences, same_key
from warehouse.schema import DELETION_VECTORS, TABLE_PROPERTIES, set_properties

USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
MERGE_CONF = {
    # What is merged is stored already, and comes out the same if it must be made again.
    "spark.databricks.delta.merge.materializeSource": "none",
    # One file a task: a file that is rewritten stays the file of its period.
    "spark.sql.files.openCostInBytes": str(128 * 1024 * 1024),
}
# Rows with all columns of a table that are sent to every executor rather than shuffle the table. Of single ids more
# fit: see touchpoints.sessions.BROADCAST_SESSION_IDS_AT_MOST.
BROADCAST_AT_MOST = 200_000


def overwrite(path: str, frame: DataFrame, *, where: str | None, metadata: str) -> None:
    """Puts `frame` in the place of all rows, or of those that `where` (SQL) selects.

    Delta can leave the commit out where neither `frame` nor its place has a row.
    """
    writer = frame.write.format("delta").mode("overwrite").option("userMetadata", metadata)
    if where is not None:
        writer = writer.option("replaceWhere", where)
    writer.save(path)


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
    """Changes and removes rows of known keys, and adds those of new ones."""
    values = _values(found.table)
    merge = _merge_of_known(spark, path, found, found.rows).whenNotMatchedInsert(F.lit(True), values)
    with committing(spark, metadata, MERGE_CONF):
        merge.execute()


def merge_known(spark: SparkSession, path: str, found: Differences, *, metadata: str) -> None:
    """Changes and removes rows of known keys. Without inserts Delta need not shuffle the table to look for keys."""
    rows = F.broadcast(found.known_rows) if found.known <= BROADCAST_AT_MOST else found.known_rows
    with committing(spark, metadata, MERGE_CONF):
        _merge_of_known(spark, path, found, rows).execute()


def update_rows(spark: SparkSession, path: str, where: Column, values: Mapping[str, Column], *, metadata: str) -> None:
    """Gives the rows that `where` selects other values, by column."""
    with committing(spark, metadata):
        DeltaTable.forPath(spark, path).update(where, dict(values))


def commit_metadata_alone(spark: SparkSession, path: str, *, metadata: str) -> None:
    """A commit that changes nothing: it sets a property that is set already, not the one that hides changes."""
    with committing(spark, metadata):
        set_properties(spark, path, {DELETION_VECTORS: TABLE_PROPERTIES[DELETION_VECTORS]})


@contextmanager
def committing(spark: SparkSession, metadata: str, conf: Mapping[str, str] | None = None) -> Iterator[None]:
    """Commands inside take their commit's metadata from the session, as they have no option for it.

    `conf` holds as long.
    """
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
        # Literals, so that files outside of them are not opened.
        type_ = table.column(table.ordered_by).type
        first, last = (F.lit(bound).cast(type_) for bound in (found.first, found.last))
        condition &= F.col(f"t.{table.ordered_by}").between(first, last)
    merge = DeltaTable.forPath(spark, path).alias("t").merge(rows.alias("s"), condition)
    return merge.whenMatchedDelete(F.col(f"s.{IS_GONE}")).whenMatchedUpdate(set=_values(table))


def _values(table: Table) -> dict[str, str | Column]:
    return {name: F.col(f"s.{name}") for name in table.column_names}
