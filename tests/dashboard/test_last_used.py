"""What a server keeps of its answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard.serve.publications import LastUsed, newest_commits
from tests.published_lake import write_table
from tests.small_shop import performance_rows, write_shop
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, OPS_RUN_LOG


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


def test_a_live_page_is_made_again_where_something_was_written_between_publications(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_shop(lake)
    before = newest_commits(str(lake))
    assert newest_commits(str(lake)) == before
    write_table(lake, GOLD_CHANNEL_PERFORMANCE, performance_rows())
    assert newest_commits(str(lake)) == before, "gold is read as it was published"
    write_table(lake, OPS_RUN_LOG, [], mode="append")
    assert newest_commits(str(lake)) != before
    assert newest_commits("s3a://shop/lake") is None
