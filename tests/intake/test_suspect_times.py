"""Which moments are suspect: later than their own file, or far later than all others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.suspect_times import Dated, dated, last_believable, limit_of, micros_of, spans_of, stray_files
from tests.quick import BELIEVABLE

MARCH = datetime(2026, 3, 20, 12, tzinfo=UTC)
WRITTEN = datetime(2026, 3, 21, tzinfo=UTC)


def day(year: int, month: int = 3, day_of_month: int = 20) -> datetime:
    return datetime(year, month, day_of_month, 12, tzinfo=UTC)


def looked_at(*rows: tuple[datetime, int], written: datetime = WRITTEN) -> Dated:
    """What is suspect in a file with so many rows at each moment."""
    counted = [(micros_of(at), micros_of(at), number) for at, number in rows]
    return dated(spans_of(counted, modified_at=written, knobs=BELIEVABLE), BELIEVABLE)


def test_an_event_dated_years_after_its_file_is_suspect_and_the_last_day_is_that_of_the_others() -> None:
    assert looked_at((MARCH, 52), (day(2036), 1)) == Dated(1, MARCH)
    assert looked_at((MARCH, 79), (day(2099, 12, 31), 1)) == Dated(1, MARCH)
    assert looked_at((MARCH, 79), (day(2036), 1), (day(2099), 2)) == Dated(3, MARCH)


def test_a_clock_or_a_zone_may_be_ahead_by_the_knobs_hours() -> None:
    at_the_limit = WRITTEN + timedelta(hours=BELIEVABLE.max_ahead_hours)
    assert looked_at((MARCH, 52), (at_the_limit, 1)) == Dated(0, at_the_limit)
    assert looked_at((MARCH, 52), (at_the_limit + timedelta(microseconds=1), 1)) == Dated(1, MARCH)


@pytest.mark.parametrize("written", [datetime(1980, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)])
def test_where_most_rows_are_later_than_their_file_its_time_is_wrong_and_none_is_suspect(written: datetime) -> None:
    assert looked_at((day(2026, 2, 1), 3), (MARCH, 50), written=written) == Dated(0, MARCH)


def test_a_moment_ten_years_after_all_others_is_suspect_where_the_time_of_its_file_is_wrong_too() -> None:
    assert looked_at((MARCH, 5), (day(2036), 1), written=datetime(1980, 1, 1, tzinfo=UTC)) == Dated(1, MARCH)


def test_few_rows_long_after_all_others_are_suspect_but_not_a_shop_that_opens_again() -> None:
    long_ago, later = (day(2020, 5), 1000), (day(2022, 5), 10)
    assert looked_at(long_ago, later) == Dated(10, day(2020, 5))
    assert looked_at(long_ago, (day(2022, 5), 11)) == Dated(0, day(2022, 5)), "more than one in a hundred"
    assert looked_at(long_ago, (day(2020, 10), 1)) == Dated(0, day(2020, 10)), "within the knob's days"
    assert looked_at(long_ago, (MARCH, 1)) == Dated(0, MARCH), "the file was written then"


def landed(name: str, last_at: datetime | None, rows: int, *, written: datetime = WRITTEN) -> dict[str, Any]:
    return {
        "file": name,
        "modified_at": written,
        "rows_read": rows + 2,
        "rows_quarantined": 2,
        "rows_suspect": 0,
        "last_at": last_at,
    }


def test_a_file_of_one_event_ten_years_ahead_is_passed_over_whenever_it_lands() -> None:
    orders, spend = landed("orders.csv", MARCH, 52), landed("spend.csv", None, 10)
    stray = landed("event.jsonl", day(2036), 1)
    for files in ([orders, spend, stray], [stray, spend, orders]):
        assert last_believable(files, BELIEVABLE) == MARCH
        assert stray_files(files, BELIEVABLE) == [stray]
    assert last_believable([stray], BELIEVABLE) == day(2036), "nothing says that it is a stray"


def test_files_of_a_new_season_are_believed_from_their_first_day_on() -> None:
    history = landed("history.csv", day(2024, 12), 100_000)
    first_day = landed("2026-03-20.jsonl", MARCH, 3)
    assert last_believable([history, first_day], BELIEVABLE) == MARCH


def test_without_dated_rows_there_is_no_last_day() -> None:
    assert last_believable([landed("spend.csv", None, 10)], BELIEVABLE) is None
    assert last_believable([], BELIEVABLE) is None


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@given(rows=st.lists(st.tuples(moments, st.integers(1, 500)), min_size=1, max_size=8), written=moments)
def test_no_row_is_counted_twice_and_the_last_moment_is_one_of_the_rows(
    rows: Sequence[tuple[datetime, int]], written: datetime
) -> None:
    found = looked_at(*rows, written=written)
    total = sum(number for _, number in rows)
    assert 0 <= found.rows_suspect < total
    assert found.last_at in {at for at, _ in rows}
    later = sum(number for at, number in rows if at > (found.last_at or at))
    assert found.rows_suspect >= later, "what is later than the last believable moment is suspect"
    ahead = sum(number for at, number in rows if micros_of(at) > limit_of(written, BELIEVABLE))
    if 2 * ahead <= total:
        assert found.rows_suspect >= ahead
