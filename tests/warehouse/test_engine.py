"""The engine seam: a session of Spark and one of Sail in one process, each in use for a while."""

from __future__ import annotations

import os
import sys

import pytest
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from warehouse import engine
from warehouse.engine import CONNECT, engine_of, session, using
from warehouse.errors import InputError


def test_a_session_of_each_engine_is_used_by_turns_in_one_process(
    spark_session: SparkSession, sail_session: SparkSession
) -> None:
    def second_of_each_half(used: SparkSession) -> list[int]:
        half = Window.partitionBy(F.col("id") >= 4).orderBy("id")
        rows = used.range(8).select("id", F.row_number().over(half).alias("place")).where(F.col("place") == 2)
        return sorted(row["id"] for row in rows.collect())

    for used in (spark_session, sail_session, spark_session, sail_session):
        with using(used):
            assert second_of_each_half(used) == [1, 5]


def test_within_a_block_of_one_engine_another_can_be_used_and_the_first_goes_on(
    spark_session: SparkSession, sail_session: SparkSession
) -> None:
    with using(sail_session):
        with using(spark_session):
            assert CONNECT not in os.environ
            assert spark_session.range(1).select(F.lit(1)).count() == 1
        assert sail_session.range(1).select(F.lit(1)).count() == 1
    assert CONNECT not in os.environ


def test_an_engine_is_known_by_its_session(spark_session: SparkSession, sail_session: SparkSession) -> None:
    assert (engine_of(spark_session), engine_of(sail_session)) == ("spark", "sail")


def test_sail_counts_days_in_utc_and_refuses_what_ansi_refuses(sail_session: SparkSession) -> None:
    with using(sail_session):
        conf = sail_session.conf
        assert (conf.get("spark.sql.session.timeZone"), conf.get("spark.sql.ansi.enabled")) == ("UTC", "true")


def test_a_session_ends_with_its_block() -> None:
    with session("sail", "test", {"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"}) as made:
        assert made.range(3).agg(F.sum("id").alias("sum")).collect()[0]["sum"] == 3
    assert CONNECT not in os.environ
    assert made.is_stopped  # type: ignore[attr-defined]  # of Connect's session


def test_without_sail_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysail.spark", None)

    with pytest.raises(InputError, match=r'^the engine sail is not installed .*: pip install "\.\[sail\]"$'):
        engine.opened("sail", "test", {}).__enter__()
