"""The log read from its files, with and without a JVM: the commits are those of Delta's own history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from delta.tables import DeltaTable
from deltalake import write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.arrow.writer import append_rows
from warehouse.change_feed import CHANGE_FEED
from warehouse.days import report_day
from warehouse.delta_log import DeltaLog, LocalLog, log_of
from warehouse.errors import InputError
from warehouse.jvm.delta_log import HadoopLog

Opened = Callable[[Path], DeltaLog]


@pytest.fixture(params=["local", "hadoop"])
def opened(request: pytest.FixtureRequest, spark: SparkSession) -> Opened:
    """The log of a folder, read in either way."""

    def of(folder: Path) -> DeltaLog:
        return LocalLog(folder) if request.param == "local" else HadoopLog(str(folder), lambda: spark)

    return of


def test_commits_come_newest_first_as_in_deltas_history(spark: SparkSession, tmp_path: Path, opened: Opened) -> None:
    path = str(tmp_path / "things")
    spark.range(3).write.format("delta").option("userMetadata", "first").save(path)
    spark.range(3, 5).write.format("delta").mode("append").save(path)
    DeltaTable.forPath(spark, path).delete("id = 4")

    log = opened(tmp_path / "things")
    newest = log.newest()
    assert newest is not None
    assert newest.version == 2
    infos = [(one["operation"], one["operationParameters"], one.get("userMetadata")) for one in log.commits_back(2)]
    history = DeltaTable.forPath(spark, path).history().orderBy(F.desc("version")).collect()
    assert infos == [(row["operation"], row["operationParameters"], row["userMetadata"]) for row in history]
    assert [one.get("userMetadata") for one in log.commits_back(0)] == ["first"]


def test_a_commit_that_is_gone_from_the_log_ends_the_list(spark: SparkSession, tmp_path: Path, opened: Opened) -> None:
    path = str(tmp_path / "things")
    for _ in range(3):
        spark.range(1).write.format("delta").mode("append").save(path)
    (tmp_path / "things" / "_delta_log" / f"{1:020d}.json").unlink()
    assert len(list(opened(tmp_path / "things").commits_back(2))) == 1


def test_without_a_table_there_is_no_version(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "folder").mkdir()
    assert opened(tmp_path / "folder").newest() is None
    assert opened(tmp_path / "nothing").newest() is None


def test_properties_and_columns_are_those_that_the_table_has_now(
    spark: SparkSession, tmp_path: Path, opened: Opened
) -> None:
    path = str(tmp_path / "things [1] é {a}")
    spark.range(1).write.format("delta").save(path)
    log = opened(Path(path))
    before = log.newest()
    assert before is not None
    assert CHANGE_FEED not in before.properties
    spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('{CHANGE_FEED}' = 'true')")
    spark.sql(f"ALTER TABLE delta.`{path}` ADD COLUMNS (name string)")
    now = log.newest()
    assert now is not None
    assert now.properties[CHANGE_FEED] == "true"
    assert now.columns == {"id": "long", "name": "string"}
    assert (now.version, now.id) == (2, before.id)


def test_a_table_that_is_made_again_has_another_id_and_both_ways_read_the_same(
    spark: SparkSession, tmp_path: Path
) -> None:
    found = []
    for name in ("first", "second"):
        spark.range(1).write.format("delta").save(str(tmp_path / name))
        local, hadoop = LocalLog(tmp_path / name), HadoopLog(str(tmp_path / name), lambda: spark)
        assert local.newest() == hadoop.newest()
        found.append(local.newest())
    assert found[0] and found[1]
    assert (found[0].version, found[1].version) == (0, 0)
    assert found[0].id != found[1].id


def test_a_log_whose_old_commits_are_gone_is_read_from_its_checkpoint(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    spark.sql(f"CREATE TABLE delta.`{path}` (id bigint) USING delta TBLPROPERTIES ('delta.checkpointInterval' = '2')")
    for _ in range(3):
        spark.range(1).write.format("delta").mode("append").save(path)
    whole = LocalLog(tmp_path / "things").newest()
    for version in (0, 1):
        (tmp_path / "things" / "_delta_log" / f"{version:020d}.json").unlink()
    assert whole is not None
    assert whole.version == 3
    assert LocalLog(tmp_path / "things").newest() == whole


def test_a_log_with_a_hole_is_an_error_of_one_line_that_names_the_table(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "things")
    for _ in range(3):
        spark.range(1).write.format("delta").mode("append").save(path)
    (tmp_path / "things" / "_delta_log" / f"{1:020d}.json").unlink()
    with pytest.raises(InputError, match="things: the table's log cannot be read") as refusal:
        LocalLog(tmp_path / "things").newest()
    assert "\n" not in str(refusal.value)


def test_a_session_is_asked_for_only_where_the_table_is_not_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def session() -> SparkSession:
        raise AssertionError("no session is needed")

    assert log_of(str(tmp_path), session).newest() is None
    assert log_of(f"file://{tmp_path}", session).newest() is None
    with pytest.raises(AssertionError):
        log_of("s3a://bucket/lake/silver/orders", session).newest()
    with pytest.raises(AssertionError):
        log_of(f"{tmp_path}/lake%20", session).newest()  # delta-rs cannot read it
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))  # it may name another file system for plain paths
    with pytest.raises(AssertionError):
        log_of(str(tmp_path), session).newest()


ZONES = ("UTC", "Asia/Seoul", "America/St_Johns", "Pacific/Apia")
MOMENTS = {
    "just before midnight in UTC": "2026-03-07 23:59:59.999999",
    "midnight in UTC": "2026-03-08 00:00:00.000000",
    "just before midnight in Seoul": "2026-03-08 14:59:59.999999",
    "just before midnight in St. John's, the day before its clocks change": "2026-03-08 03:29:59.999999",
    "before 1970": "1969-12-31 23:59:59.999999",
    "the last that is taken in": "2099-12-31 23:59:59.999999",
}


@pytest.mark.parametrize("writer", ["spark", "delta-rs", "arrow"])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_greatest_moment_and_its_day_are_those_that_a_query_finds(
    spark: SparkSession, tmp_path: Path, moment: str, writer: str
) -> None:
    path = str(tmp_path / "moments")
    properties = "TBLPROPERTIES ('delta.dataSkippingStatsColumns' = 'at')"
    spark.sql(f"CREATE TABLE delta.`{path}` (at timestamp) USING delta {properties}")
    for one in ("1969-01-01 00:00:00", moment):
        if writer == "spark":
            spark.sql(f"SELECT TIMESTAMP'{one}' AS at").write.format("delta").mode("append").save(path)
        elif writer == "arrow":
            append_rows(path, [{"at": datetime.fromisoformat(one).replace(tzinfo=UTC)}], metadata="{}")
        else:
            at = pa.array([datetime.fromisoformat(one).replace(tzinfo=UTC)], pa.timestamp("us", "UTC"))
            write_deltalake(path, pa.table({"at": at}), mode="append")
    greatest = LocalLog(tmp_path / "moments").greatest("at")
    assert greatest is not None
    rows = spark.read.format("delta").load(path)
    days = [F.max(report_day("at", zone)) for zone in ZONES]
    ((micros, *queried),) = rows.agg(F.max(F.unix_micros("at")), *days).collect()
    assert greatest == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    assert [greatest.astimezone(ZoneInfo(zone)).date() for zone in ZONES] == queried


def test_a_file_that_is_gone_is_one_clear_error(spark: SparkSession, tmp_path: Path) -> None:
    spark.sql("SELECT TIMESTAMP'2026-03-01' AS at").write.format("delta").save(str(tmp_path / "moments"))
    for file in (tmp_path / "moments").glob("*.parquet"):
        file.unlink()
    with pytest.raises(InputError, match="the table's file cannot be read"):
        LocalLog(tmp_path / "moments").greatest("at")


def test_without_rows_there_is_no_greatest_moment_and_without_statistics_none_is_known(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert LocalLog(tmp_path / "nothing").greatest("at") is None
    path = str(tmp_path / "moments")
    properties = "TBLPROPERTIES ('delta.dataSkippingStatsColumns' = 'id')"
    spark.sql(f"CREATE TABLE delta.`{path}` (id bigint, at timestamp) USING delta {properties}")
    assert LocalLog(tmp_path / "moments").greatest("at") is None
    rows = spark.createDataFrame([(1, date(2026, 3, 1))], "id bigint, at date").withColumn(
        "at", F.col("at").cast("timestamp")
    )
    rows.write.format("delta").mode("append").save(path)
    with pytest.raises(LookupError):
        LocalLog(tmp_path / "moments").greatest("at")
    DeltaTable.forPath(spark, path).delete("id = 1")
    assert LocalLog(tmp_path / "moments").greatest("at") is None
