"""The commits read from the log's files are those of Delta's own history."""

from __future__ import annotations

from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.change_feed import CHANGE_FEED
from warehouse.jvm.delta_log import commits_back, held_columns, held_properties, newest_version


def test_commits_come_newest_first_as_in_deltas_history(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    spark.range(3).write.format("delta").option("userMetadata", "first").save(path)
    spark.range(3, 5).write.format("delta").mode("append").save(path)
    DeltaTable.forPath(spark, path).delete("id = 4")

    assert newest_version(spark, path) == 2
    infos = [(one["operation"], one["operationParameters"], one.get("userMetadata")) for one in _all(spark, path)]
    history = DeltaTable.forPath(spark, path).history().orderBy(F.desc("version")).collect()
    assert infos == [(row["operation"], row["operationParameters"], row["userMetadata"]) for row in history]
    assert [one.get("userMetadata") for one in commits_back(spark, path, 0)] == ["first"]


def test_a_commit_that_is_gone_from_the_log_ends_the_list(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    for _ in range(3):
        spark.range(1).write.format("delta").mode("append").save(path)
    (tmp_path / "things" / "_delta_log" / f"{1:020d}.json").unlink()
    assert len(list(commits_back(spark, path, 2))) == 1


def test_without_a_table_there_is_no_version(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert newest_version(spark, str(tmp_path / "folder")) is None
    assert newest_version(spark, str(tmp_path / "nothing")) is None


def test_properties_and_columns_are_those_that_the_table_has_now(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    spark.range(1).write.format("delta").save(path)
    assert held_properties(spark, path, [CHANGE_FEED]) == {}
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{CHANGE_FEED}' = 'true')")
    spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS (name string)")
    assert held_properties(spark, path, [CHANGE_FEED, "delta.appendOnly"]) == {CHANGE_FEED: "true"}
    assert held_columns(spark, path) == ["id", "name"]


def _all(spark: SparkSession, path: str) -> list[dict[str, object]]:
    newest = newest_version(spark, path)
    assert newest is not None
    return list(commits_back(spark, path, newest))
