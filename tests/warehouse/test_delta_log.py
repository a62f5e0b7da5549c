"""What the log's files say of commits is what Delta's own history says."""

from __future__ import annotations

from pathlib import Path

from delta.tables import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.delta_log import commits_back, newest_version


def test_commits_are_told_newest_first_as_deltas_history_tells_them(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    spark.range(3).write.format("delta").option("userMetadata", "first").save(path)
    spark.range(3, 5).write.format("delta").mode("append").save(path)
    DeltaTable.forPath(spark, path).delete("id = 4")

    assert newest_version(spark, path) == 2
    told = [(one["operation"], one["operationParameters"], one.get("userMetadata")) for one in _all(spark, path)]
    history = DeltaTable.forPath(spark, path).history().orderBy(F.desc("version")).collect()
    assert told == [(row["operation"], row["operationParameters"], row["userMetadata"]) for row in history]
    assert [one.get("userMetadata") for one in commits_back(spark, path, 0)] == ["first"]


def test_a_commit_that_the_log_has_no_longer_ends_the_list(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    for _ in range(3):
        spark.range(1).write.format("delta").mode("append").save(path)
    (tmp_path / "things" / "_delta_log" / f"{1:020d}.json").unlink()
    assert len(list(commits_back(spark, path, 2))) == 1


def test_where_no_table_is_there_is_no_version(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert newest_version(spark, str(tmp_path / "folder")) is None
    assert newest_version(spark, str(tmp_path / "nothing")) is None


def _all(spark: SparkSession, path: str) -> list[dict[str, object]]:
    newest = newest_version(spark, path)
    assert newest is not None
    return list(commits_back(spark, path, newest))
