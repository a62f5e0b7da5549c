"""Delta's change feed: which rows of a table were added, removed or changed since a version.

Later steps read it and so skip rows that did not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.arrow.changed import CHANGE_TYPE
from warehouse.delta_log import DeltaLog

CHANGE_FEED = "delta.enableChangeDataFeed"
# operation: the metrics that count its rows in the feed, with the number of rows of each
METRICS: Mapping[str, Mapping[str, int]] = {
    "WRITE": {"numOutputRows": 1},
    "MERGE": {"numTargetRowsInserted": 1, "numTargetRowsUpdated": 2, "numTargetRowsDeleted": 1},
    "UPDATE": {"numUpdatedRows": 2},
    "CREATE TABLE": {},
    "ADD COLUMNS": {},
    "SET TBLPROPERTIES": {},
}


def changed_rows(spark: SparkSession, path: str, since: int, newest: int) -> DataFrame:
    """One row per row that was added or removed after version `since`, up to `newest`, and two per changed row.

    Columns: the table's and _change_type (insert, delete; update_preimage and update_postimage of a changed row).
    `since` must be before `newest`, and the table not `replaced_since`.
    """
    feed = spark.read.format("delta").option("readChangeFeed", "true")
    rows = feed.option("startingVersion", since + 1).option("endingVersion", newest).load(path)
    return rows.drop("_commit_version", "_commit_timestamp")


def change_sign() -> Column:
    """What a row of the change feed adds to a count: 1 where it is a new state, -1 where it is an old one."""
    is_new_state = F.col(CHANGE_TYPE).isin("insert", "update_postimage")
    return F.when(is_new_state, F.lit(1)).otherwise(F.lit(-1))


def replaced_since(log: DeltaLog, since: int, newest: int) -> bool:
    """Whether the feed does not hold the rows that changed after version `since`, up to `newest`.

    True where the table was replaced or restored as a whole, got its feed, or lost that part of its log, and where
    `newest` is older than `since`. Reads only the commits' infos, no rows.
    """
    if newest < since:
        return True
    followed = 0
    for commit in islice(log.commits_back(newest), newest - since):
        if hides_changes(commit):
            return True
        followed += 1
    return followed < newest - since


def rows_counted(log: DeltaLog, since: int, newest: int) -> int | None:
    """How many rows `changed_rows` has, by the metrics of the commits; None where a commit does not record it."""
    counts = [_rows_of(commit) for commit in islice(log.commits_back(newest), newest - since)]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == newest - since else None


def _rows_of(commit: Mapping[str, Any]) -> int | None:
    """The rows that a commit adds to the feed: an update adds two."""
    weights = METRICS.get(str(commit.get("operation")))
    metrics = commit.get("operationMetrics", {})
    if weights is None or not weights.keys() <= metrics.keys():
        return None
    return sum(weight * int(metrics[name]) for name, weight in weights.items())


def hides_changes(commit: Mapping[str, Any]) -> bool:
    """Whether a commit's changes cannot be followed row by row: the table was replaced, restored, or got its feed."""
    operation, parameters = commit.get("operation"), commit.get("operationParameters", {})
    return (
        operation == "RESTORE"
        or parameters.get("mode") == "Overwrite"
        or (operation == "SET TBLPROPERTIES" and CHANGE_FEED in parameters.get("properties", ""))
    )
