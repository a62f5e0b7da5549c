"""Lines of landed files: found by number or by the event's id, and shown without what names a person."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from published import landed_lines
from published.landed_lines import ELSEWHERE, NO_ID, NO_LINE, NOT_HERE, NOT_READABLE, LandedLine, read_landed_lines
from published.landed_records import LandedRecord
from tests.tracker_histories import EXPORTS, event_id, history

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def event(record_id: str, file: str = "events/1.jsonl") -> LandedRecord:
    return LandedRecord("bronze.events", file, None, "page_view", NOON, record_id)


def row(line: int, file: str = "orders/1.csv", table: str = "bronze.orders") -> LandedRecord:
    return LandedRecord(table, file, line, "paid", NOON, "A1")


def found(root: Path, record: LandedRecord, *, personal: bool = False) -> LandedLine:
    (line,) = read_landed_lines([record], str(root), personal=personal).values()
    return line


def land(root: Path, name: str, content: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_an_event_is_the_line_whose_own_id_it_is(tmp_path: Path) -> None:
    lines = [
        {"event_id": "e10", "properties": {"event_id": "e1"}},
        {"event_id": "e2", "page_url": "https://shop.example/?x=e1"},
        {"event_id": "e1", "event_name": "page_view"},
        {"event_id": "e1", "event_name": "page_view", "received_ts": "again"},
    ]
    land(tmp_path, "events/1.jsonl", "\n".join(map(json.dumps, lines)))
    assert found(tmp_path, event("e1")).line == 3
    assert found(tmp_path, event("e2")).line == 2
    assert found(tmp_path, event("e3")).problem == NO_ID


@pytest.mark.parametrize("id_", ["a b", 'with "quotes"', "일", "back\\slash", "7"])
def test_an_id_is_found_as_json_writes_it(tmp_path: Path, id_: str) -> None:
    for ascii_only in (True, False):
        text = json.dumps({"event_id": 7 if id_ == "7" else id_}, ensure_ascii=ascii_only)
        land(tmp_path, "events/1.jsonl", f'{{"event_id": "other"}}\n{text}\n')
        assert found(tmp_path, event(id_)).line == 2


@pytest.mark.parametrize("line", ["x\te1\ty", 'x,"e1",y', "x;e1;y"])
def test_in_other_formats_an_id_is_a_whole_field(tmp_path: Path, line: str) -> None:
    land(tmp_path, "events/1.jsonl", f"a,b,c\ne12{line[1:].replace('e1', 'e13')}\n{line}\n")
    assert found(tmp_path, event("e1")).line == 3


@pytest.mark.parametrize("adapter", ["events", "segment_events", "snowplow_events", "posthog_events"])
def test_events_of_formats_with_ids_have_their_lines(tmp_path: Path, adapter: str) -> None:
    export, ending = EXPORTS[adapter]
    moments = history("ann")
    lines = export(moments)
    land(tmp_path, f"events/1.{ending}", "\n".join(lines))
    records = [event(event_id(moment), f"events/1.{ending}") for moment in moments]
    found_lines = read_landed_lines(records, str(tmp_path), personal=True)
    assert len({line.line for line in found_lines.values()}) == len(records)
    assert all(line.text is not None and line.record.record_id in line.text for line in found_lines.values())


def test_events_of_formats_without_ids_have_a_file_alone(tmp_path: Path) -> None:
    export, _ = EXPORTS["ga4_events"]
    land(tmp_path, "events/1.jsonl", "\n".join(export(history("ann"))))
    assert found(tmp_path, event("0c5ff0a2a3b1c7a8d3f1a2b3c4d5e6f7")).problem == NO_ID


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
    "bz2": bz2.compress,
    "plain": lambda content: content,
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_files_are_read_whatever_their_names_are(tmp_path: Path, kind: str) -> None:
    land(tmp_path, "events/1.jsonl", PACKED[kind](b'{"event_id":"e1"}\n{"event_id":"e2"}\n'))
    assert found(tmp_path, event("e2")).line == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_over_all_pieces_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(landed_lines, "CHUNK", 64)
    lines = [json.dumps({"event_id": f"e{number}", "event_name": "n" * (number % 90)}) for number in range(1, 200)]
    land(tmp_path, "events/1.jsonl", end.join(lines))
    read = read_landed_lines([event(f"e{number}") for number in range(1, 200)], str(tmp_path), personal=True)
    assert [(line.line, line.text) for line in read.values()] == list(enumerate(lines, start=1))


def test_no_more_of_a_file_is_looked_through_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landed_lines, "CHUNK", 64)
    monkeypatch.setattr(landed_lines, "MOST_BYTES", 640)
    land(tmp_path, "events/1.jsonl", "".join(f'{{"event_id":"e{number}"}}\n' for number in range(1, 200)))
    assert found(tmp_path, event("e3")).line == 3
    assert found(tmp_path, event("e150")).problem == NO_ID


def test_a_file_that_is_one_endless_line_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landed_lines, "CHUNK", 64)
    monkeypatch.setattr(landed_lines, "MOST_BYTES_OF_LINE", 1_000)
    land(tmp_path, "events/1.jsonl", "x" * 5_000 + '\n{"event_id":"e1"}\n')
    assert found(tmp_path, event("e1")).problem == NO_ID


def test_a_row_of_a_csv_is_shown_by_the_names_of_its_header(tmp_path: Path) -> None:
    land(tmp_path, "orders/1.csv", "\ufefforder_id;user_id;order_ts;value\r\nA1;ann;2026-03-31;10,5\r\n")
    line = found(tmp_path, row(2))
    assert line.fields == {"order_ts": "2026-03-31", "value": "10,5"}
    assert line.left_out == ("order_id", "user_id")
    assert found(tmp_path, row(2), personal=True).text == "A1;ann;2026-03-31;10,5"


def test_fields_of_names_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    ga4 = {"event_name": "page_view", "user_pseudo_id": "123.456", "geo": {"city": "Seoul"}, "event_id": "e1"}
    land(tmp_path, "events/1.jsonl", json.dumps(ga4))
    line = found(tmp_path, event("e1"))
    assert line.fields == {"event_name": "page_view"}
    assert line.left_out == ("event_id", "geo", "user_pseudo_id")


def test_a_table_without_personal_columns_is_shown_whole(tmp_path: Path) -> None:
    land(tmp_path, "ad_spend/1.csv", "title\ndate,spend\n2026-03-31,10\n")
    line = found(tmp_path, row(3, "ad_spend/1.csv", "bronze.ad_spend"))
    assert (line.text, line.fields) == ("2026-03-31,10", {}), "the header is not the first line"


def test_a_name_is_as_addresses_write_it(tmp_path: Path) -> None:
    land(tmp_path, "orders/my orders (1).csv", "order_id,value\nA1,10\n")
    assert found(tmp_path, row(2, "orders/my%20orders%20(1).csv")).fields == {"value": "10"}


@pytest.mark.parametrize("file", ["../secret.csv", "%2e%2e/secret.csv", "/etc/hostname", "orders/../../secret.csv"])
def test_nothing_outside_of_the_landing_folder_is_read(tmp_path: Path, file: str) -> None:
    land(tmp_path, "secret.csv", "order_id\nA1\n")
    (tmp_path / "landing").mkdir()
    assert found(tmp_path / "landing", row(1, file), personal=True).problem == NOT_HERE


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert found(tmp_path, row(1)).problem == NOT_HERE
    land(tmp_path, "orders/1.csv", "order_id\nA1\n")
    assert found(tmp_path, row(3)).problem == NO_LINE
    land(tmp_path, "orders/1.csv", gzip.compress(b"order_id\n" * 9_000)[:-20])
    assert found(tmp_path, row(2)).problem == NOT_READABLE
    (line,) = read_landed_lines([row(1)], "s3://bucket/landing").values()
    assert line.problem == ELSEWHERE
