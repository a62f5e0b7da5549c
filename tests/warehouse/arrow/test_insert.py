"""Rows that people write beside jobs: each once, readable by Spark, and in the form of their contract."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from warehouse.arrow.insert import insert_once
from warehouse.contract_checks import check_contracts
from warehouse.errors import NotWritable
from warehouse.store import Lake
from warehouse.tables import OPS_QUESTIONS

SAME = "old.question_id = new.question_id and old.answered_at is null"
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def row(question_id: str, **other: Any) -> dict[str, Any]:
    texts = {name: "{}" for name in OPS_QUESTIONS.column_names if OPS_QUESTIONS.column(name).type == "string"}
    nothing = dict.fromkeys(("answer", "answered_by", "answered_at"))
    return {**texts, **nothing, "question_id": question_id, "state": "open", "asked_at": NOON, **other}


def path(lake: Path) -> str:
    return str(lake / "ops" / "questions")


def test_a_row_is_added_once_and_spark_reads_it_by_its_contract(spark: SparkSession, tmp_path: Path) -> None:
    added = [insert_once(path(tmp_path), OPS_QUESTIONS, row(name), same=SAME) for name in ("a", "b", "a")]
    answered = row("a", state="answered", answer="yes", answered_by="bob", answered_at=NOON)
    is_answer = "old.question_id = new.question_id and old.answered_at = new.answered_at"
    assert insert_once(path(tmp_path), OPS_QUESTIONS, answered, same=is_answer)
    assert added == [True, True, False]
    lake = Lake(spark, str(tmp_path), "look")
    found = lake.read(OPS_QUESTIONS).orderBy("question_id", "state").collect()
    assert [(one["question_id"], one["state"], one["asked_at"], one["answer"]) for one in found] == [
        ("a", "answered", NOON.replace(tzinfo=None), "yes"),
        ("a", "open", NOON.replace(tzinfo=None), None),
        ("b", "open", NOON.replace(tzinfo=None), None),
    ]
    assert all(result.passed for result in check_contracts(lake.read, [OPS_QUESTIONS]))
    comments = {field.name: field.metadata.get("comment") for field in lake.read(OPS_QUESTIONS).schema}
    assert comments == {column.name: column.comment for column in OPS_QUESTIONS.columns}


def test_a_job_may_write_to_the_table_as_well(spark: SparkSession, tmp_path: Path) -> None:
    insert_once(path(tmp_path), OPS_QUESTIONS, row("a"), same=SAME)
    Lake(spark, str(tmp_path), "run-1", small_change_rows=100).append_rows(OPS_QUESTIONS, [row("b")])
    assert not insert_once(path(tmp_path), OPS_QUESTIONS, row("b"), same=SAME)
    assert insert_once(path(tmp_path), OPS_QUESTIONS, row("c"), same=SAME)
    assert Lake(spark, str(tmp_path), "look").read(OPS_QUESTIONS).count() == 3


def test_of_several_writers_of_a_row_one_adds_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as writers:
        added = list(
            writers.map(
                lambda number: insert_once(path(tmp_path), OPS_QUESTIONS, row(f"q{number % 3}"), same=SAME), range(9)
            )
        )
    assert sum(added) == 3


def test_a_place_that_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "ops").write_text("no folder")
    with pytest.raises(NotWritable, match=r"ops/questions: ops\.questions cannot be written"):
        insert_once(path(tmp_path), OPS_QUESTIONS, row("a"), same=SAME)
