"""A Delta table's schema by its contract: columns, comments and table properties."""

from __future__ import annotations

from collections.abc import Mapping

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from warehouse.arrow.log import STATS_COLUMNS
from warehouse.change_feed import CHANGE_FEED
from warehouse.contracts import Table
from warehouse.delta_log import Snapshot, log_of

DELETION_VECTORS = "delta.enableDeletionVectors"
INDEXED_COLUMNS = "delta.dataSkippingNumIndexedCols"
# Every reader opens reader version 1: no deletion vectors, no column mapping.
TABLE_PROPERTIES = {
    DELETION_VECTORS: "false",
    "delta.columnMapping.mode": "none",
    CHANGE_FEED: "true",
}


def create_table(spark: SparkSession, path: str, table: Table) -> None:
    """Creates the table in `path`, without rows."""
    create = DeltaTable.createIfNotExists(spark).location(path).comment(table.comment)
    for column in table.columns:
        create = create.addColumn(column.name, column.type, nullable=column.nullable, comment=column.comment)
    for key, value in wanted_properties(table).items():
        create = create.property(key, value)
    create.execute()


def keeps_contract(held: Snapshot, table: Table) -> bool:
    """Whether a stored table has the properties and columns of its contract."""
    return wanted_properties(table).items() <= held.properties.items() and {*table.column_names} <= {*held.columns}


def bring_to_contract(spark: SparkSession, path: str, table: Table) -> None:
    """Adds the properties and columns that a table made by an older version or contract lacks.

    Existing rows hold null in an added column.
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


def set_properties(spark: SparkSession, path: str, properties: Mapping[str, str]) -> None:
    """Sets properties of the table in `path`: one commit, also where they are set already."""
    assignments = ", ".join(f"'{key}' = '{value}'" for key, value in properties.items())
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
