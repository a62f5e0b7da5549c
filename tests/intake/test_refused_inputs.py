"""Files that cannot be taken in: one input's refusal stops no other, and what is mended is taken in."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from intake.adapter import Defaults
from intake.file_accounts import Account
from intake.ingest import Ingest
from intake.inputs import input_of
from intake.knobs import Export, InputFiles
from tests.intake.test_ingest import (
    AD_SPEND,
    EVENTS,
    ORDER_HEADER,
    ORDERS,
    SPEND_HEADER,
    Killed,
    KilledWhenPlanned,
    KilledWhenRowsAreWritten,
    Shop,
    event,
)
from tests.quick import BELIEVABLE
from warehouse.errors import CheckFailed, InputError, UsageError
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    BRONZE_REFUSED_ROWS,
)

ORDER = "o1,u1,2026-03-01T09:00:00Z,10,USD"
SPEND = "2026-03-01,meta,1,1,10,1,2.5,USD"


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path / "shop")


def land(shop: Shop, name: str, content: bytes) -> Path:
    path = shop.folder / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def ingest_of(shop: Shop, lines: list[str], *, max_line_bytes: int = 1 << 24) -> Ingest:
    """An ingest that keeps its lines of progress in `lines`."""
    return Ingest(
        shop.lake,
        str(shop.folder / "landing"),
        defaults=Defaults(),
        max_quarantined_share=0.5,
        believable=BELIEVABLE,
        started_at=datetime(2026, 3, 2, tzinfo=UTC),
        say=lines.append,
        max_line_bytes=max_line_bytes,
    )


@pytest.mark.system
def test_files_whose_names_hide_what_they_are_keep_their_names_in_tables(shop: Shop) -> None:
    def line(number: int) -> bytes:
        return f"{event(f'e{number}')}\n".encode()

    land(shop, "events/1.jsonl", gzip.compress(line(1)))
    land(shop, "events/2.jsonl.gzip", gzip.compress(line(2)))
    land(shop, "events/3.jsonl.GZ", gzip.compress(line(3)))
    land(shop, "events/4.jsonl", zstandard.compress(line(4)))
    land(shop, "events/2026-03-01T00:00:00.jsonl", line(5) + b"no event\n")
    land(shop, "orders/o.csv", f"{ORDER_HEADER}\n{ORDER}\n".encode("utf-16"))
    orders = replace(ORDERS, export=Export(encoding="utf-16"))

    for kind in (KilledWhenPlanned, KilledWhenRowsAreWritten):
        with pytest.raises(Killed):
            shop.run(EVENTS, orders, kind=kind)
    assert shop.run(EVENTS, orders) == {
        "events": Account(read=6, kept=5, quarantined=1),
        "orders": Account(read=1, kept=1),
    }

    assert shop.rows(BRONZE_EVENTS, "event_id", "source_file") == [
        ("e1", "events/1.jsonl"),
        ("e2", "events/2.jsonl.gzip"),
        ("e3", "events/3.jsonl.GZ"),
        ("e4", "events/4.jsonl"),
        ("e5", "events/2026-03-01T00:00:00.jsonl"),
    ]
    assert shop.rows(BRONZE_QUARANTINE, "file", "line") == [("events/2026-03-01T00:00:00.jsonl", 2)]
    assert shop.rows(BRONZE_ORDERS, "order_id", "source_line") == [("o1", 2)]
    assert shop.unbalanced() == []
    assert not (shop.folder / "lake" / "_staging" / "ingest").exists()

    (shop.folder / "landing" / "events" / "1.jsonl").touch()
    assert shop.run(EVENTS, orders) == {}, "touched but unchanged is the same file"


def test_one_input_s_refusal_does_not_undo_the_intake_of_the_others(shop: Shop) -> None:
    shop.land("events/1.jsonl", [event("e1")])
    shop.land("orders/good.csv", [ORDER_HEADER, ORDER])
    land(shop, "orders/export.csv", b"PK\x03\x04" + bytes(30) + b"xl/workbook.xml")
    shop.land("ad_spend/s.csv", ["date,platform,cost", "2026-03-01,meta,2"])

    with pytest.raises(InputError) as refused:
        shop.run(EVENTS, ORDERS, AD_SPEND)

    assert str(refused.value).splitlines() == [
        "orders/export.csv: is an Excel workbook; save its sheet as CSV (UTF-8) and land that",
        "error: ad_spend/s.csv: the header lacks the required columns spend and currency; it has date, platform, cost "
        "(line 1). Where others are meant, name them in landing.inputs, columns: {spend: <column of the file>, "
        "currency: <column of the file>}; see docs/input.md",
    ]
    assert shop.rows(BRONZE_LANDED_FILES, "file", "status") == [("events/1.jsonl", "done")]

    # A refused file is not recorded: mended under its own name it is taken in.
    shop.land("orders/export.csv", [ORDER_HEADER, ORDER.replace("o1", "o2")])
    shop.land("ad_spend/s.csv", [SPEND_HEADER, SPEND])
    assert shop.run(EVENTS, ORDERS, AD_SPEND) == {
        "orders": Account(read=2, kept=2),
        "ad_spend": Account(read=1, kept=1),
    }
    assert shop.unbalanced() == []


@pytest.mark.system
def test_a_killed_run_s_batch_is_gone_on_with_beside_a_new_file_that_is_refused(shop: Shop) -> None:
    shop.land("events/1.jsonl", [event("e1")])
    with pytest.raises(Killed):
        shop.run(EVENTS, kind=KilledWhenPlanned)
    land(shop, "events/2.jsonl", b"%PDF-1.7")
    shop.land("orders/o.csv", [ORDER_HEADER, ORDER])

    with pytest.raises(InputError, match=r"^events/2\.jsonl: is a PDF"):
        shop.run(EVENTS, ORDERS)

    assert shop.rows(BRONZE_LANDED_FILES, "file", "status") == [("events/1.jsonl", "done"), ("orders/o.csv", "done")]
    assert shop.unbalanced() == []


def test_a_refused_input_that_may_lag_stops_nothing_and_is_reported(shop: Shop) -> None:
    shop.land("orders/o.csv", [ORDER_HEADER, ORDER])
    shop.land("ad_spend/s.csv", [SPEND_HEADER, "some day,,,,,,2.5,USD"])
    lines: list[str] = []
    ingest = ingest_of(shop, lines)

    accounts = ingest.take_in(ingest.new_batches([ORDERS, replace(AD_SPEND, may_lag=True)]))
    ingest.require_nothing_refused()

    assert accounts == {"orders": Account(read=1, kept=1)}
    assert lines[-1].startswith("ad_spend lags (may_lag): ad_spend: 1 of 1 rows are unusable")
    assert shop.rows(BRONZE_REFUSED_ROWS, "source", "file", "line", "reason", "raw") == [
        ("ad_spend", "ad_spend/s.csv", 2, "date is missing or not a date", "some day,,,,,,2.5,USD")
    ]
    with pytest.raises(CheckFailed):
        shop.run(ORDERS, AD_SPEND, max_quarantined_share=0.5)


def test_files_that_are_passed_over_are_named_once_and_taken_in_once_they_are_whole(shop: Shop) -> None:
    shop.land("events/1.jsonl", [event("e1")])
    part = shop.land("events/e.jsonl.part", [event("e2")])
    shop.land("orders/notes.docx", ["no order"])
    lines: list[str] = []

    ingest = ingest_of(shop, lines)
    batches = ingest.new_batches([EVENTS, ORDERS])

    assert lines == [
        "passed over, its ending is not one of a known format: orders/notes.docx",
        "passed over, still being written, by its name: events/e.jsonl.part",
    ]
    assert [file.file for batch in batches for file in batch.files] == ["events/1.jsonl"]
    with pytest.raises(Killed):
        shop.run(EVENTS, ORDERS, kind=KilledWhenPlanned)
    part.rename(part.with_suffix(""))
    # The batch of the killed run is what it was; the file that is whole now is one more.
    assert shop.run(EVENTS, ORDERS) == {"events": Account(read=2, kept=2)}
    batch_of = dict(shop.rows(BRONZE_LANDED_FILES, "file", "batch_id"))
    assert batch_of["events/1.jsonl"] == batches[0].batch_id != batch_of["events/e.jsonl"]


@pytest.mark.system
def test_files_in_subfolders_belong_to_the_nearest_input_and_hidden_folders_to_none(shop: Shop) -> None:
    shop.land("events/1.jsonl", [event("e1")])
    shop.land("events/dt=2026-03-01/2.jsonl", [event("e2")])
    shop.land("events/dt=2026-03-01/hour=09/3.jsonl", [event("e3")])
    shop.land("events/_temporary/4.jsonl", [event("e4")])
    shop.land("events/.trash/5.jsonl", [event("e5")])
    shop.land("events/app/6.jsonl", [event("e6")])
    shop.land("events/app/dt=2026-03-01/7.jsonl", [event("e7")])
    app_events = replace(EVENTS, name="app_events", files="events/app/*", required=False)

    accounts = shop.run(EVENTS, app_events)

    assert accounts == {"events": Account(read=3, kept=3), "app_events": Account(read=2, kept=2)}
    assert shop.rows(BRONZE_LANDED_FILES, "source", "file") == [
        ("app_events", "events/app/6.jsonl"),
        ("app_events", "events/app/dt=2026-03-01/7.jsonl"),
        ("events", "events/1.jsonl"),
        ("events", "events/dt=2026-03-01/2.jsonl"),
        ("events", "events/dt=2026-03-01/hour=09/3.jsonl"),
    ]
    assert shop.run(EVENTS, app_events) == {}


@pytest.mark.system
def test_ids_that_differ_in_bytes_that_are_no_text_are_set_aside_and_every_reader_can_read_them(shop: Shop) -> None:
    good = event("e0").encode()
    land(shop, "events/1.jsonl", b"\n".join([good, *(good.replace(b"e0", byte) for byte in (b"\xff", b"\xfe"))]))
    land(shop, "orders/o.csv", f"{ORDER_HEADER}\n{ORDER}\n봄,u1,2026-03-01T09:00:00Z,10,USD\n".encode("cp949"))

    accounts = shop.run(EVENTS, ORDERS)

    assert accounts == {
        "events": Account(read=3, kept=1, quarantined=2),
        "orders": Account(read=2, kept=1, quarantined=1),
    }
    quarantine = DeltaTable(f"{shop.folder}/lake/bronze/quarantine").to_pyarrow_table().to_pylist()
    assert sorted((row["file"], row["line"], row["raw"]) for row in quarantine) == [
        ("events/1.jsonl", 2, good.decode().replace("e0", r"\xff")),
        ("events/1.jsonl", 3, good.decode().replace("e0", r"\xfe")),
        ("orders/o.csv", 3, r"\xba\xbd,u1,2026-03-01T09:00:00Z,10,USD"),
    ]
    assert {row["reason"] for row in quarantine} == {
        "is not UTF-8; the encoding of the input can be given (landing.inputs, encoding)"
    }
    assert shop.unbalanced() == []


@pytest.mark.system
def test_campaigns_in_cp949_keep_their_names_and_their_spend(shop: Shop) -> None:
    rows = ["2026-03-01,naver,1,1,10,1,150,KRW,봄세일", "2026-03-01,naver,1,2,10,1,300,KRW,여름옷"]
    land(shop, "ad_spend/s.csv", "\n".join([f"{SPEND_HEADER},campaign_name", *rows]).encode("cp949"))

    with pytest.raises(CheckFailed, match=r"2 of 2 rows are unusable, .* is not UTF-8; the encoding of the input"):
        shop.run(AD_SPEND)
    assert shop.run(replace(AD_SPEND, export=Export(encoding="cp949"))) == {"ad_spend": Account(read=2, kept=2)}

    found = shop.rows(BRONZE_AD_SPEND, "campaign_name", "spend")
    assert [(name, int(spend)) for name, spend in found] == [("봄세일", 150), ("여름옷", 300)]


@pytest.mark.system
def test_a_line_longer_than_the_limit_is_a_bad_row_with_its_first_bytes(shop: Shop) -> None:
    long = event("e2", page_url="https://shop.com/?x=" + "가" * 100_000)
    land(shop, "events/1.jsonl.gz", gzip.compress("\r\n".join([event("e1"), long, event("e3"), "bad"]).encode()))
    land(shop, "orders/o.csv", f"{ORDER_HEADER},x\n{ORDER},{'ü' * 200_000}\n{ORDER},ü\n".encode("cp1252"))
    ingest = ingest_of(shop, [], max_line_bytes=100_000)

    accounts = ingest.take_in(ingest.new_batches([EVENTS, replace(ORDERS, export=Export(encoding="cp1252"))]))

    assert accounts == {
        "events": Account(read=4, kept=2, quarantined=2),
        "orders": Account(read=2, kept=1, quarantined=1),
    }
    found = {(row[0], row[1]): row[2:] for row in shop.rows(BRONZE_QUARANTINE, "file", "line", "reason", "raw")}
    assert {place: reason for place, (reason, _) in found.items()} == {
        ("events/1.jsonl.gz", 2): "is longer than landing.max_line_bytes; raw has the first bytes of it",
        ("events/1.jsonl.gz", 4): "not a JSON object",
        ("orders/o.csv", 2): "is longer than landing.max_line_bytes; raw has the first bytes of it",
    }
    assert found["events/1.jsonl.gz", 2][1].startswith(long[:300])
    assert found["orders/o.csv", 2][1] == f"{ORDER},{'ü' * (1000 - len(ORDER) - 1)}"
    assert shop.unbalanced() == []


def test_a_small_file_that_unpacks_to_one_huge_line_stops_nothing_but_its_input(shop: Shop) -> None:
    shop.land("orders/o.csv", [ORDER_HEADER, ORDER])
    land(shop, "events/bomb.jsonl", gzip.compress(b"0" * 50_000_000))
    ingest = ingest_of(shop, [], max_line_bytes=1_000_000)

    assert ingest.take_in(ingest.new_batches([EVENTS, ORDERS])) == {"orders": Account(read=1, kept=1)}
    with pytest.raises(
        CheckFailed, match=r"events/bomb\.jsonl: is longer than landing\.max_line_bytes; .* line 1: 0000"
    ):
        ingest.require_nothing_refused()


def test_json_lines_with_other_names_are_refused_with_the_names_they_have(shop: Shop) -> None:
    shop.land("events/1.jsonl", ['{"id": "1", "event": "page_view", "timestamp": 1772355600}'] * 3)
    with pytest.raises(CheckFailed) as refused:
        shop.run(EVENTS)
    assert str(refused.value) == (
        "events: 3 of 3 rows are unusable, more than quality.max_quarantined_share = 0.9; most often in "
        'events/1.jsonl: event_id is missing (3 rows), such as line 1: {"id": "1", "event": "page_view", "timestamp": '
        "1772355600}. It has the keys id, event, timestamp; see docs/input.md. Way out: `columns` of the input names "
        "the export's own column, `constants` gives one text to all rows. Nothing of the batch was taken in; its bad "
        "rows are in bronze.refused_rows."
    )


@pytest.mark.system
def test_files_behind_hadoop_are_looked_at_as_local_ones(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.land("events/1.jsonl", [event("e1")])
    land(shop, "events/dt=2026-03-01/2.jsonl", gzip.compress(f"{event('e2')}\n".encode()))
    shop.land("ad_spend/web.csv", ["Report", "", SPEND_HEADER, SPEND])
    shop.land("events/e.part", ["x"])
    # As where Hadoop may be configured: nothing is taken for a folder of this machine.
    monkeypatch.setenv("HADOOP_CONF_DIR", str(shop.folder))
    monkeypatch.setattr("intake.staged_files.local_file", lambda uri: None)
    monkeypatch.setattr("intake.landed_lines.local_file", lambda uri: None)

    assert shop.run(EVENTS, AD_SPEND) == {"events": Account(read=2, kept=2), "ad_spend": Account(read=1, kept=1)}
    assert shop.rows(BRONZE_AD_SPEND, "source_file", "source_line") == [("ad_spend/web.csv", 4)]
    land(shop, "orders/o.csv", b"%PDF-1.7")
    with pytest.raises(InputError, match=r"orders/o\.csv: is a PDF"):
        shop.run(ORDERS)


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        (
            {"encoding": "cp-949x"},
            r"orders: no encoding is called 'cp-949x'; names are those of Python, such as utf-8, ",
        ),
        ({"encoding": "base64"}, r"orders: no encoding is called 'base64'"),
        (
            {"columns": {"price": "Betrag"}},
            r"orders: columns: the adapter orders has no field price; it has ",
        ),
        ({"constants": {"shop": "x"}}, r"orders: constants: the adapter orders has no field shop; it has "),
    ],
)
def test_settings_of_an_input_that_can_never_match_are_refused(knobs: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=rf"^landing\.inputs: {reason}"):
        input_of(InputFiles(name="orders", adapter="orders", files="orders/*", required=False, **knobs))
