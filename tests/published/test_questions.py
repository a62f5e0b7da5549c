"""Questions about numbers: written once, answered beside, and found again by the number."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from published.publication import Published, read_published
from published.questions import Question, answer, ask, questions_for
from tests.published_lake import arrow_schema, publish
from warehouse.errors import NotWritable, UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, OPS_QUESTIONS

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
FILTERS = {"model": "linear", "channel": "Email"}


@pytest.fixture
def published(tmp_path: Path) -> Published:
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: 3})
    return read_published(str(tmp_path))


def asked(published: Published, note: str = "Why so high?", **other: Any) -> Question:
    given = {"metric": "roas", "number": "4.2", "filters": FILTERS, "asked_by": "ann", "asked_at": NOON, **other}
    return ask(published, note=note, **given)


def answered(published: Published, question: Question, text: str, *, hours: int = 1, by: str = "bob") -> Question:
    moment = NOON + timedelta(hours=hours)
    return answer(published.lake, question.question_id, answer=text, answered_by=by, answered_at=moment)


def notes(*questions: Question) -> list[str]:
    return [question.note for question in questions]


def test_a_question_is_found_by_its_number_with_who_when_and_which_version(published: Published) -> None:
    question = asked(published, address="/channels?model=linear")
    (found,) = questions_for(published.lake, metric="roas", filters={"channel": "Email", "model": "linear"})
    assert found == question
    assert (found.asked_by, found.asked_at, found.number, found.state) == ("ann", NOON, "4.2", "open")
    assert (found.run_id, found.table_versions) == ("run-1", {"gold.channel_performance": 3})
    assert found.address == "/channels?model=linear"


def test_a_question_of_another_number_is_none_of_this_one(published: Published) -> None:
    asked(published)
    assert questions_for(published.lake, metric="cpa") == ()
    assert questions_for(published.lake, metric="roas", filters={**FILTERS, "campaign": "spring"}) == ()
    assert questions_for(published.lake, metric="roas", filters={}) == ()
    assert questions_for(published.lake, run_id="run-2") == ()
    assert notes(*questions_for(published.lake, run_id="run-1")) == ["Why so high?"]


def test_where_nobody_asked_there_are_none_and_no_table_is_made(published: Published) -> None:
    assert questions_for(published.lake) == ()
    assert not (Path(published.lake) / "ops" / "questions").exists()


def test_the_newest_question_is_the_first_then_by_id(published: Published) -> None:
    asked(published, "first", asked_at=NOON - timedelta(hours=1))
    both = sorted([asked(published, "second"), asked(published, "third")], key=lambda one: one.question_id)
    assert questions_for(published.lake)[:2] == tuple(both)
    assert notes(*questions_for(published.lake, limit=3))[2:] == ["first"]
    assert len(questions_for(published.lake, limit=1)) == 1


def test_the_same_question_is_written_once(published: Published) -> None:
    one = asked(published)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    assert asked(published, " Why so high?\r\n", asked_at=elsewhere).question_id == one.question_id
    assert asked(published, asked_by="bob").question_id != one.question_id
    assert len(questions_for(published.lake)) == 2


def test_the_newest_answer_counts_and_earlier_ones_stay(published: Published) -> None:
    question = asked(published)
    answered(published, question, "I do not know.", hours=1)
    last = answered(published, question, "A late refund.", hours=2)
    (found,) = questions_for(published.lake, state="answered")
    assert found == last
    assert (found.answer, found.answered_by, found.note) == ("A late refund.", "bob", "Why so high?")
    assert questions_for(published.lake, state="open") == ()
    table = DeltaTable(f"{published.lake}/ops/questions")
    assert table.to_pyarrow_table().num_rows == 3
    assert {commit["operation"] for commit in table.history()} == {"CREATE TABLE", "MERGE"}


def test_the_same_answer_is_written_once_and_another_of_that_moment_is_refused(published: Published) -> None:
    question = asked(published)
    assert answered(published, question, "A refund.") == answered(published, question, "A refund.")
    with pytest.raises(UsageError, match="has another answer of that moment"):
        answered(published, question, "No refund.")


def test_questions_of_several_writers_at_once_are_all_written_once(published: Published) -> None:
    with ThreadPoolExecutor(6) as writers:
        list(writers.map(lambda number: asked(published, f"question {number % 6}"), range(12)))
    assert sorted(notes(*questions_for(published.lake))) == [f"question {number}" for number in range(6)]


def test_the_table_is_that_of_the_contract(published: Published) -> None:
    asked(published)
    table = DeltaTable(f"{published.lake}/ops/questions")
    assert pa.schema(table.schema().to_arrow()).equals(arrow_schema(OPS_QUESTIONS), check_metadata=False)
    comments = {field.name: field.metadata["comment"] for field in table.schema().fields}
    assert comments == {column.name: column.comment for column in OPS_QUESTIONS.columns}
    assert table.protocol().min_reader_version == 1
    log = "".join(file.read_text() for file in (Path(published.lake) / "ops/questions/_delta_log").glob("*.json"))
    assert "Why so high?" not in log, "the log says nothing of what somebody wrote"
    assert '\\"ann\\"' not in log


def nothing_written(published: Published) -> None:
    assert questions_for(published.lake) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"note": "  \n"}, "note: is empty"),
        ({"note": "x" * 2_001}, "note: has 2,001 characters, at most 2,000"),
        ({"note": "a\x1b[31mb"}, "note: has control characters"),
        ({"asked_by": "ann\nbob"}, "asked_by: has control characters"),
        ({"metric": "x" * 201}, "metric: has 201 characters"),
        ({"number": ""}, "number: is empty"),
        ({"filters": {"campaign": "x" * 4_001}}, "filter campaign: has 4,001 characters"),
        ({"filters": dict.fromkeys("abcde", "x" * 900)}, "filters: more than 4,000 characters"),
        ({"address": "https://elsewhere.example/"}, "address: .* is no path of this page"),
        ({"address": "//elsewhere.example/"}, "address: .* is no path of this page"),
        ({"address": "javascript:alert(1)"}, "address: .* is no path of this page"),
        ({"asked_at": NOON.replace(tzinfo=None)}, "asked_at: .* has no time zone"),
    ],
)
def test_what_cannot_be_written_is_refused(published: Published, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        asked(published, **given)
    nothing_written(published)


def test_a_note_may_have_lines_and_any_letters(published: Published) -> None:
    note = "왜 이렇게 높죠?\n\t<script>alert('x')</script> it's 100%"
    asked(published, note)
    assert notes(*questions_for(published.lake)) == [note]
    asked(published, "x" * 2_000)


REFUSED: dict[str, tuple[Callable[[Published, Question], object], str]] = {
    "an unknown question": (
        lambda published, _: answer(published.lake, "no'ne", answer="x", answered_by="b", answered_at=NOON),
        'no question has the id "no\'ne"',
    ),
    "an answer before its question": (lambda p, q: answered(p, q, "x", hours=-1), "is before the question"),
    "an empty answer": (lambda p, q: answered(p, q, ""), "answer: is empty"),
    "an unknown state": (lambda p, _: questions_for(p.lake, state="closed"), "no state of a question is called"),
    "too many": (lambda p, _: questions_for(p.lake, limit=1_001), "limit 1001: 1 to 1,000"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_or_listed_is_refused(published: Published, case: str) -> None:
    act, message = REFUSED[case]
    with pytest.raises(UsageError, match=message):
        act(published, asked(published))


def test_a_lake_that_takes_nothing_says_so(published: Published) -> None:
    (Path(published.lake) / "ops" / "questions").write_text("no folder")
    with pytest.raises(NotWritable, match=r"ops/questions: ops\.questions cannot be written"):
        asked(published)
