"""Every reason why a row is set aside is listed, with its meaning and the way out, and docs/input.md has them all."""

from __future__ import annotations

import pytest

from intake.adapters.orders.orders import STATUSES
from intake.csv_records import NOT_CLOSED
from intake.line_text import NOT_UTF8
from intake.parse import NOT_DATA, STATUS_WORDS
from intake.reasons import REASONS, known_reason
from intake.reasons_page import PAGE, page


def test_the_page_is_what_the_code_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `make docs`"


def test_a_reason_that_is_not_listed_cannot_be_given() -> None:
    with pytest.raises(ValueError, match=r"^'the moon is full' is not listed in intake/reasons\.py"):
        known_reason("the moon is full")
    assert known_reason("order_id is missing") == "order_id is missing"


def test_each_reason_is_listed_once_with_a_meaning_and_a_way_out() -> None:
    texts = [reason.text for reason in REASONS]
    assert len(set(texts)) == len(texts)
    assert all(reason.meaning and reason.way_out for reason in REASONS)


@pytest.mark.parametrize(
    "reason",
    [
        NOT_UTF8,
        NOT_CLOSED,
        "not a JSON object",
        "not JSON",
        "more than one JSON object",
        "a field is given twice",
        "does not have the header's 11 fields",
        "is not cp949, the encoding of its input (landing.inputs)",
        *NOT_DATA,
    ],
)
def test_the_reasons_of_the_reader_are_listed_too(reason: str) -> None:
    assert known_reason(reason) == reason


def test_every_state_of_an_order_has_words_and_no_word_two_states() -> None:
    assert sorted(STATUS_WORDS) == sorted(STATUSES)
    words = [word for of_state in STATUS_WORDS.values() for word in of_state]
    assert len(set(words)) == len(words)
