"""Records of quoted fields with line breaks, and what becomes of a quote that is never closed."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.csv_records import LINES_AT_MOST, NOT_CLOSED, Line, records


def read(text: str, width: int | None = 2, delimiter: str = ",") -> list[tuple[int, str, str]]:
    lines = (Line(number, line) for number, line in enumerate(text.split("\n"), start=1))
    return [tuple(record) for record in records(lines, delimiter, width)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('1,a\n2,"Spring\nSale 50% off"\n3,b', [(1, "1,a", ""), (2, '2,"Spring\nSale 50% off"', ""), (4, "3,b", "")]),
        ('"a\n\n""b"", c\nd",2', [(1, '"a\n\n""b"", c\nd",2', "")]),
        ('5" pipe,"x\ny"\n2,b', [(1, '5" pipe,"x\ny"', ""), (3, "2,b", "")]),
        # A lone quote takes no line after it, whatever follows.
        ('1,"lone\n2,b\n3,c', [(1, '1,"lone', NOT_CLOSED), (2, "2,b", ""), (3, "3,c", "")]),
        ('1,"lone\n2,"b, c"\n3,c', [(1, '1,"lone', NOT_CLOSED), (2, '2,"b, c"', ""), (3, "3,c", "")]),
        ('1,"a\n2,"b\n3,c', [(1, '1,"a', NOT_CLOSED), (2, '2,"b', NOT_CLOSED), (3, "3,c", "")]),
        # What is closed is a record only if it has the header's fields.
        ('1,"a\n2,b",c,d\n3,e', [(1, '1,"a', NOT_CLOSED), (2, '2,b",c,d', ""), (3, "3,e", "")]),
        ('1,"a', [(1, '1,"a', NOT_CLOSED)]),
        ('1,a"b\n2,""\n3,""""', [(1, '1,a"b', ""), (2, '2,""', ""), (3, '3,""""', "")]),
    ],
)
def test_a_quoted_field_goes_on_over_lines_and_a_lone_quote_takes_its_own_line_only(
    text: str, expected: list[tuple[int, str, str]]
) -> None:
    assert read(text) == expected


def test_a_record_ends_at_the_limit_of_lines() -> None:
    fits = '1,"' + "x\n" * (LINES_AT_MOST - 1) + '"'
    assert read(fits) == [(1, fits, "")]
    too_long = '1,"' + "x\n" * LINES_AT_MOST + '"'
    assert read(too_long)[:2] == [(1, '1,"x', NOT_CLOSED), (2, "x", "")]
    assert len(read(too_long)) == LINES_AT_MOST + 1, "every line is accounted for"


@given(
    st.lists(st.lists(st.text(alphabet='ab ,"\n', max_size=6), min_size=2, max_size=2), min_size=1, max_size=8),
)
def test_what_a_csv_writer_writes_comes_back_record_by_record(rows: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    found = read(written.getvalue().removesuffix("\n"))
    assert [next(csv.reader(io.StringIO(raw, newline=""))) for _, raw, _ in found] == rows
    assert {problem for *_, problem in found} == {""}


@given(st.text(alphabet='ab,"\n', max_size=60))
def test_no_line_is_lost_or_read_twice(text: str) -> None:
    found = read(text)
    assert "\n".join(raw for _, raw, _ in found) == text
    assert [line for line, *_ in found] == [
        1 + sum(raw.count("\n") + 1 for _, raw, _ in found[:place]) for place in range(len(found))
    ]
