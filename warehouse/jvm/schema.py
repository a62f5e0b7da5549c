"""A Delta table's schema by its contract: columns, comments and table properties."""

from __future__ import annotations

import re
from collections.abc import Mapping

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from warehouse.arrow.log import STATS_COLUMNS, create_log
from warehouse.change_feed import CHANGE_FEED
from warehouse.contracts import Column, Table
from warehouse.delta_log import Snapshot, local_table, log_of

DELETION_VECTORS = "delta.enableDeletionVectors"
DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
INDEXED_COLUMNS = "delta.dataSkippingNumIndexedCols"
# Every reader opens reader version 1: no deletion vectors, no column mapping.
TABLE_PROPERTIES = {
    DELETION_VECTORS: "false",
    "delta.columnMapping.mode": "none",
    CHANGE_FEED: "true",
}


def create_table(spark: SparkSession, path: str, table: Table) -> None:
    """Creates the table in `path`, without rows. In a local folder that needs no command of Spark."""
    if (folder := local_table(path)) is None:
        create_by_spark(spark, path, table)
        return
    types = spark.createDataFrame([], table.ddl).schema
    fields = [
        StructField(column.name, types[column.name].dataType, column.nullable, {"comment": column.comment})
        for column in table.columns
    ]
    create_log(str(folder), StructType(fields).json(), comment=table.comment, properties=wanted_properties(table))


def create_by_spark(spark: SparkSession, path: str, table: Table) -> None:
    """The same by Delta's command, wherever the table is."""
    create = DeltaTable.createIfNotExists(spark).location(path).comment(table.comment)
    for column in table.columns:
        create = create.addColumn(column.name, column.type, nullable=column.nullable, comment=column.comment)
    for key, value in wanted_properties(table).items():
        create = create.property(key, value)
    create.execute()


def keeps_contract(held: Snapshot, table: Table) -> bool:
    """Whether a stored table has the properties and columns of its contract, with room for its numbers."""
    has_properties = wanted_properties(table).items() <= held.properties.items()
    return has_properties and {*table.column_names} <= {*held.columns} and not _too_narrow(held, table)


def bring_to_contract(spark: SparkSession, path: str, table: Table) -> None:
    """Adds the properties and columns that a table made by an older version or contract lacks, and widens decimals.

    Existing rows hold null in an added column. Rows with wider decimals are written again, in one commit: Delta's
    way to widen a type in place needs a newer reader. No column is NOT NULL after that: checks count nulls in all.
    """
    wanted = wanted_properties(table)
    held = log_of(path, lambda: spark).newest()
    assert held is not None, f"there is no table in {path}"
    # Before the properties, which name columns of time.
    for column in table.columns:
        if column.name not in held.columns:
            definition = f"{column.name} {column.type} COMMENT {_quoted(column.comment)}"
            spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS ({definition})")
    if lacking := {key: value for key, value in wanted.items() if held.properties.get(key) != value}:
        set_properties(spark, path, lacking)
    if narrow := _too_narrow(held, table):
        rows = spark.read.format("delta").load(path)
        wider = {c.name: F.col(c.name).cast(c.type).alias(c.name, metadata={"comment": c.comment}) for c in narrow}
        columns = [wider.get(name, F.col(name)) for name in rows.columns]
        rows.select(*columns).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)


def _too_narrow(held: Snapshot, table: Table) -> list[Column]:
    """Decimals of the contract that the stored ones cannot hold."""

    def whole(type_: str) -> int:
        found = DECIMAL.fullmatch(type_)
        return int(found[1]) - int(found[2]) if found else 0

    return [c for c in table.columns if c.name in held.columns and whole(held.columns[c.name]) < whole(c.type)]


def set_properties(spark: SparkSession, path: str, properties: Mapping[str, str]) -> None:
    """Sets properties of the table in `path`: one commit, also where they are set already."""
    assignments = ", ".join(f"'{key}' = {_quoted(value)}" for key, value in properties.items())
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ({assignments})")


def wanted_properties(table: Table) -> dict[str, str]:
    """The properties of a table. Only timestamps and dates get a range per file, by which a query skips files.

    Ranges of ids and texts would span every file, finding them takes an eighth of a build's processor time, and the log
    would hold what the first and last row say of a person.
    """
    moments = [column.name for column in table.columns if column.type in ("timestamp", "date")]
    return TABLE_PROPERTIES | ({STATS_COLUMNS: ",".join(moments)} if moments else {INDEXED_COLUMNS: "0"})


def _quoted(text: str) -> str:
    """A literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
