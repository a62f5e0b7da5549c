"""A session is started at its first use, once, and those who wait for it are called then."""

from __future__ import annotations

from pyspark.sql import SparkSession

from warehouse.session_at_need import SessionAtNeed


def test_a_session_is_started_at_the_first_call_and_not_before(spark: SparkSession) -> None:
    starts: list[str] = []
    called: list[SparkSession] = []

    def start() -> SparkSession:
        starts.append("start")
        return spark

    session = SessionAtNeed(start)
    session.once_started(called.append)
    assert (starts, called) == ([], [])
    assert session() is spark
    assert session() is spark
    assert (starts, called) == (["start"], [spark])
    session.once_started(called.append)
    assert called == [spark, spark]


def test_with_a_session_that_runs_already_nobody_waits(spark: SparkSession) -> None:
    called: list[SparkSession] = []
    session = SessionAtNeed(spark)
    session.once_started(called.append)
    assert called == [spark]
    assert session() is spark
