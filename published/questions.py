"""Questions that people ask about numbers, and the answers: rows that are added to ops.questions without Spark."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from deltalake import QueryBuilder

from published.delta_files import Row, exists, fetch, location, open_table
from published.publication import Published, quoted
from warehouse.arrow.insert import insert_once
from warehouse.errors import UsageError
from warehouse.tables import OPS_QUESTIONS

LONGEST_NOTE, LONGEST_NAME, LONGEST_ADDRESS, LONGEST_FILTERS = 2_000, 200, 4_000, 4_000  # characters
MOST_QUESTIONS = 1_000
OPEN, ANSWERED = "open", "answered"


@dataclass(frozen=True)
class Question:
    """A question about a number, with its newest answer, if there is one.

    `number` is the text that was shown, `filters` its dimensions and filters, `table_versions` and `run_id` what it was
    read from. asked_by, answered_by, note, answer and address are personal.
    """

    question_id: str
    asked_at: datetime
    asked_by: str
    run_id: str
    table_versions: dict[str, int]
    metric: str
    number: str
    filters: dict[str, str]
    address: str
    note: str
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def state(self) -> str:
        """open or answered."""
        return OPEN if self.answered_at is None else ANSWERED


def ask(
    published: Published,
    *,
    metric: str,
    number: str,
    filters: Mapping[str, str],
    note: str,
    asked_by: str,
    asked_at: datetime,
    address: str = "",
    is_dry_run: bool = False,
) -> Question:
    """Writes a question about a number of the publication, unless `is_dry_run`, and returns it.

    The same question of the same person, moment and number is written once, however often it is sent. Texts are taken
    without blanks at their ends. UsageError where one is empty, too long or has control characters (a note may have
    several lines), or where the address is no path of this page. NotWritable where the lake takes nothing.
    """
    question = Question(
        question_id="",
        asked_at=_moment("asked_at", asked_at),
        asked_by=_text("asked_by", asked_by, LONGEST_NAME),
        run_id=published.run_id,
        table_versions=dict(published.versions),
        metric=_text("metric", metric, LONGEST_NAME),
        number=_text("number", number, LONGEST_NAME),
        filters={name: _text(f"filter {name}", text, LONGEST_FILTERS) for name, text in sorted(filters.items())},
        address=_address(address),
        note=_text("note", note, LONGEST_NOTE, may_have_lines=True),
    )
    if len(canonical_json(question.filters)) > LONGEST_FILTERS:
        raise UsageError(f"filters: more than {LONGEST_FILTERS:,} characters; name fewer")
    asked = replace(question, question_id=_id_of(question))
    if is_dry_run:
        return asked
    _add(published.lake, asked, "old.answered_at is null")
    return asked


def answer(
    lake: str, question_id: str, *, answer: str, answered_by: str, answered_at: datetime, is_dry_run: bool = False
) -> Question:
    """Writes an answer to a question, beside earlier ones, unless `is_dry_run`, and returns the question with it.

    UsageError where the lake has no such question, where the texts are not as in `ask`, and where the moment is before
    the question's or that of another answer.
    """
    asked = next(iter(_read(lake, f"question_id = {quoted(question_id)}")), None)
    if asked is None:
        raise UsageError(f"no question has the id {question_id[:80]!r}; `distributary questions list` shows them")
    answered = replace(
        asked,
        answer=_text("answer", answer, LONGEST_NOTE, may_have_lines=True),
        answered_by=_text("answered_by", answered_by, LONGEST_NAME),
        answered_at=_moment("answered_at", answered_at),
    )
    if answered_at < asked.asked_at:
        raise UsageError(f"answered_at {answered_at} is before the question, {asked.asked_at}")
    if is_dry_run:
        return answered
    is_new = _add(lake, answered, "old.answered_at = new.answered_at")
    stored = {one.answer: one for one in _answers(lake, question_id, answered.answered_at)}
    if not is_new and answered.answer not in stored:
        raise UsageError(f"question {question_id} has another answer of that moment; answer again")
    return answered


def questions_for(
    lake: str,
    *,
    metric: str | None = None,
    filters: Mapping[str, str] | None = None,
    run_id: str | None = None,
    state: str | None = None,
    limit: int = 100,
) -> tuple[Question, ...]:
    """The questions of a lake, newest first, then by id, each with its newest answer; those of one number, publication
    or state where given. None yet where nobody has asked.

    `filters` are compared as a whole: a question about a channel is none about one of its campaigns.
    """
    if not 1 <= limit <= MOST_QUESTIONS:
        raise UsageError(f"limit {limit}: 1 to {MOST_QUESTIONS:,} questions are shown")
    if state not in (None, OPEN, ANSWERED):
        raise UsageError(f"no state of a question is called {state!r}; there are: {OPEN}, {ANSWERED}")
    conditions = {
        "metric": metric,
        "run_id": run_id,
        "state": state,
        "filters": None if filters is None else canonical_json(dict(filters)),
    }
    where = [f"{name} = {quoted(text)}" for name, text in conditions.items() if text is not None]
    return _read(lake, " and ".join(where) or "true", limit=limit)


def _read(lake: str, where: str, *, limit: int = 1) -> tuple[Question, ...]:
    rows = _rows(
        lake,
        f"""
        select * from (
            select *, row_number() over (
                partition by question_id order by answered_at desc nulls last, answered_by, answer) as place
            from ops_questions
        ) where place = 1 and {where} order by asked_at desc, question_id limit {limit}
        """,
    )
    return tuple(map(_question, rows))


def _answers(lake: str, question_id: str, answered_at: datetime | None) -> list[Question]:
    rows = _rows(lake, f"select * from ops_questions where question_id = {quoted(question_id)}")
    return [_question(row) for row in rows if row["answered_at"] == answered_at]


def _rows(lake: str, sql: str) -> list[Row]:
    if not exists(lake, OPS_QUESTIONS):
        return []
    query = QueryBuilder().register("ops_questions", open_table(lake, OPS_QUESTIONS, version=None))
    return fetch(query, sql, what=OPS_QUESTIONS.full_name)


def _question(row: Row) -> Question:
    plain = {name: row[name] for name in OPS_QUESTIONS.column_names if name != "state"}
    texts = {name: json.loads(plain[name]) for name in ("table_versions", "filters")}
    return Question(**{**plain, **texts})


def _add(lake: str, question: Question, is_same: str) -> bool:
    """Adds the question's row, unless it is there; whether it was added."""
    values: dict[str, Any] = {name: getattr(question, name) for name in OPS_QUESTIONS.column_names}
    row = {**values, **{name: canonical_json(values[name]) for name in ("table_versions", "filters")}}
    return insert_once(
        location(lake, OPS_QUESTIONS), OPS_QUESTIONS, row, same=f"old.question_id = new.question_id and {is_same}"
    )


def _id_of(question: Question) -> str:
    parts = [
        question.asked_at.isoformat(),
        question.asked_by,
        question.run_id,
        question.metric,
        question.number,
        canonical_json(question.filters),
        question.note,
    ]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:32]


def _text(what: str, text: str, most: int, *, may_have_lines: bool = False) -> str:
    plain = text.replace("\r\n", "\n").strip()
    if not plain:
        raise UsageError(f"{what}: is empty")
    if len(plain) > most:
        raise UsageError(f"{what}: has {len(plain):,} characters, at most {most:,} are taken; shorten it")
    allowed = "\n\t" if may_have_lines else ""
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in allowed for sign in plain):
        raise UsageError(f"{what}: has control characters; write plain text")
    return plain


def _address(address: str) -> str:
    if not address:
        return ""
    plain = _text("address", address, LONGEST_ADDRESS)
    if not plain.startswith("/") or plain.startswith(("//", "/\\")):
        raise UsageError(f"address: {plain[:80]!r} is no path of this page; it begins with one /")
    return plain


def _moment(what: str, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise UsageError(f"{what}: {moment} has no time zone")
    return moment.astimezone(UTC)


def canonical_json(plain: object) -> str:
    """Plain data as JSON in one form: keys sorted, no blanks, letters as they are."""
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
