"""What a server keeps of its answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.serve.publications import LastUsed


def test_many_who_ask_for_one_answer_wait_for_one_of_them_to_make_it() -> None:
    kept, made = LastUsed[str](2), []

    def make() -> str:
        made.append("page")
        time.sleep(0.05)
        return "page"

    with ThreadPoolExecutor(8) as readers:
        assert [*readers.map(lambda _: kept.made("/paths", make), range(40))] == ["page"] * 40
    assert made == ["page"]


def test_where_making_fails_the_next_one_tries() -> None:
    kept = LastUsed[str](2)

    def fail() -> str:
        raise ValueError("no table")

    for _ in range(2):
        with pytest.raises(ValueError, match="no table"):
            kept.made("/paths", fail)
    assert kept.made("/paths", lambda: "page") == "page"


def test_what_was_not_used_for_longest_is_let_go() -> None:
    kept = LastUsed[str](2)
    for key in ("a", "b"):
        kept.made(key, lambda: "first")
    kept.get("a")
    kept.made("c", lambda: "first")
    assert [kept.made(key, lambda: "again") for key in ("a", "c", "b")] == ["first", "first", "again"]
