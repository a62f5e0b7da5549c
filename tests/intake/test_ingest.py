from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from intake.adapter import Defaults
from intake.checks import check_bronze
from intake.file_accounts import Account
from intake.ingest import Ingest
from intake.knobs import InputFiles
from intake.landed_rows import list_files, read_rows
from intake.landing_folder import Batch, Input, input_named, input_of
from intake.reasons import A_TOTALS_ROW
from tests.quick import BELIEVABLE
from touchpoints.order_versions import newest_versions
from warehouse.contracts import Table
from warehouse.errors import CheckFailed, InputError
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    BRONZE_REFUSED_ROWS,
)

EVENTS = input_named("events", "events", "events/*", required=True, options={})
ORDERS = input_named("orders", "orders", "orders/*", required=False, options={})
AD_SPEND = input_named("ad_spend", "ad_spend", "ad_spend/*", required=False, options={})
APP_EVENTS = input_named("app_events", "events", "app_events/*", required=False, options={})
STARTED_AT = datetime(2026, 3, 2, tzinfo=UTC)
ORDER_HEADER = "order_id,user_id,order_ts,value,currency"
SPEND_HEADER = "date,platform,account_id,campaign_id,impressions,clicks,spend,currency"


@dataclass(frozen=True)
class Shop:
    """A landing folder and a lake below one folder."""

    spark: SparkSession
    folder: Path

    def land(self, name: str, lines: Sequence[str], *, end: str = "\n") -> Path:
        path = self.folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(line + end for line in lines).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, str(self.folder / "lake"), "run")

    def run(
        self, *inputs: Input, kind: type[Ingest] = Ingest, max_quarantined_share: float = 0.9
    ) -> dict[str, Account]:
        ingest = kind(
            self.lake,
            str(self.folder / "landing"),
            defaults=Defaults(),
            max_quarantined_share=max_quarantined_share,
            believable=BELIEVABLE,
            started_at=STARTED_AT,
            say=lambda message: None,
        )
        accounts = ingest.take_in(ingest.new_batches(inputs))
        ingest.require_nothing_refused()
        return accounts

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        found = self.lake.read(table).select(*(columns or table.column_names)).collect()
        return sorted((tuple(row) for row in found), key=repr)

    def unbalanced(self) -> list[str]:
        return [result.name for result in check_bronze(self.lake.read) if not result.passed]

    def copy(self, folder: Path) -> Shop:
        # Times of modification are part of what a run records about a file.
        shutil.copytree(self.folder, folder)
        return Shop(self.spark, folder)


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path / "shop")


def event(event_id: str, **fields: Any) -> str:
    common = {"event_id": event_id, "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a1"}
    return json.dumps({**common, **fields})


def received(minute: int) -> str:
    return f"2026-03-01T10:{minute:02d}:00Z"


def test_rows_read_are_kept_duplicate_or_quarantined_and_bad_ones_keep_file_line_and_reason(shop: Shop) -> None:
    shop.land(
        "events/1.jsonl",
        [
            event("e1", received_ts=received(0)),
            "",
            "{not json",  # line 3: a blank line counts as a line, not as a row
            event("e1", received_ts=received(0)),
            event("e2", country="KR", received_ts=received(2)),
            event("e2", country="US", received_ts=received(1)),
            event("e3", event_ts="2026-03-01 09:00"),  # line 7
            "{not json",
        ],
    )
    shop.land(
        "events/2 %서울[1].jsonl.gz",
        [event("e4"), "[1]", event("e1", received_ts=received(3)), event("e1", country="KR", received_ts=received(1))],
        end="\r\n",
    )
    shop.land("events/3.jsonl", [])
    header = "event_id,event_name,event_ts,anonymous_id"  # two exports put together have it twice
    shop.land("events/4.csv", [header, "e5,page_view,2026-03-01T09:00:00Z,a1", header])
    shop.land("events/_SUCCESS", ["not an input"])
    shop.land("orders/o.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD", "o2,u1,yesterday,10,USD", "o3,u1"])
    shop.land(
        "ad_spend/s.csv",
        [
            SPEND_HEADER,
            "2026-03-01,meta,1,1,10,1,2.5,USD",
            "2026-03-01,meta,1,1,10,1,2.5,USD",
            "2026-03-01,meta,1,1,10,1,,USD",
        ],
    )

    accounts = shop.run(EVENTS, ORDERS, AD_SPEND)

    assert accounts == {
        "events": Account(read=13, kept=4, duplicate=4, quarantined=5, conflicting=2),
        "orders": Account(read=3, kept=1, duplicate=0, quarantined=2),
        # Two spend rows alike are two rows: they add up within a file.
        "ad_spend": Account(read=3, kept=2, duplicate=0, quarantined=1),
    }
    assert shop.rows(BRONZE_QUARANTINE, "source", "line", "reason", "raw", "quarantined_at") == [
        ("ad_spend", 4, "spend is missing or not a decimal number", "2026-03-01,meta,1,1,10,1,,USD", utc(STARTED_AT)),
        ("events", 2, "not a JSON object", "[1]", utc(STARTED_AT)),
        ("events", 3, "event_ts is not ISO 8601 with an offset", header, utc(STARTED_AT)),
        ("events", 3, "not JSON", "{not json", utc(STARTED_AT)),
        (
            "events",
            7,
            "event_ts is not ISO 8601 with an offset",
            event("e3", event_ts="2026-03-01 09:00"),
            utc(STARTED_AT),
        ),
        ("events", 8, "not JSON", "{not json", utc(STARTED_AT)),
        (
            "orders",
            3,
            "order_ts is missing or not ISO 8601 with an offset",
            "o2,u1,yesterday,10,USD",
            utc(STARTED_AT),
        ),
        ("orders", 4, "does not have the header's 5 fields", "o3,u1", utc(STARTED_AT)),
    ]
    assert shop.rows(BRONZE_EVENTS, "event_id", "country") == [
        ("e1", None),
        ("e2", "US"),
        ("e4", None),
        ("e5", None),
    ]
    assert [row[1:] for row in shop.rows(BRONZE_LANDED_FILES, "file", "status", "rows_read", "rows_kept")] == [
        ("done", 3, 2),  # ad_spend/s.csv
        ("done", 7, 2),  # events/1.jsonl
        ("done", 4, 1),  # events/2 ...
        ("done", 0, 0),  # events/3.jsonl
        ("done", 2, 1),  # events/4.csv
        ("done", 3, 1),  # orders/o.csv
    ]
    assert shop.unbalanced() == []

    versions = shop.lake.versions([BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_QUARANTINE])
    assert shop.run(EVENTS, ORDERS, AD_SPEND) == {}, "a second run finds nothing to do"
    assert shop.lake.versions([BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_QUARANTINE]) == versions

    landed = shop.folder / "landing" / "events" / "1.jsonl"
    os.utime(landed, (0, 0))
    assert shop.run(EVENTS) == {}, "touched but unchanged is the same file"

    content = landed.read_text()
    landed.write_text(content.replace('"e3"', '"e9"'))
    with pytest.raises(InputError, match=r"events/1\.jsonl: has changed since it was taken in \(same size, other cont"):
        shop.run(EVENTS)

    landed.write_text(content + event("e9") + "\n")
    with pytest.raises(InputError, match=r"events/1\.jsonl: has changed .* land the new rows under a new name"):
        shop.run(EVENTS)


def utc(moment: datetime) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return moment.astimezone().replace(tzinfo=None)


def test_of_several_payloads_of_an_event_the_earliest_receipt_wins_in_any_order_of_arrival(shop: Shop) -> None:
    payloads: dict[str, Mapping[str, Any]] = {
        "early": {"country": "KR", "received_ts": received(1)},
        "late": {"country": "US", "received_ts": received(2)},
        "never": {"country": "JP"},  # no time of receipt comes last
    }
    twins: dict[str, Mapping[str, Any]] = {
        "b": {"country": "B", "received_ts": received(1)},
        "c": {"country": "C", "received_ts": received(1)},
    }
    untimed: dict[str, Mapping[str, Any]] = {"b": {"country": "B"}, "c": {"country": "C"}}

    # One event per order of arrival, so that the three batches have every order.
    days: list[list[str]] = [[], [], []]
    for order in itertools.permutations(payloads):
        for day, name in enumerate(order):
            days[day].append(event("-".join(order), **payloads[name]))
    for key, pair in (("twins", twins), ("untimed", untimed)):
        # The same event_id in both orders is one event whose payload hash must decide: lines differ, batches swap.
        days[0] += [event(f"{key}1", **pair["b"]), event(f"{key}2", **pair["c"])]
        days[1] += [event(f"{key}1", **pair["c"]), event(f"{key}2", **pair["b"])]
    # Within one batch, both orders of the lines.
    days[0] += [event("here1", **payloads["early"]), event("here1", **payloads["late"])]
    days[0] += [event("here2", **payloads["late"]), event("here2", **payloads["early"])]

    accounts = []
    for number, lines in enumerate(days):
        shop.land(f"events/{number}.jsonl", lines)
        accounts.append(shop.run(EVENTS)["events"])

    assert [(one.kept, one.duplicate, one.conflicting) for one in accounts] == [(12, 2, 2), (0, 10, 10), (0, 6, 6)]
    kept = {row[0]: row[1:] for row in shop.rows(BRONZE_EVENTS, "event_id", "country", "payload_hash", "source_file")}
    assert len(kept) == 12
    by_receipt = {event_id for event_id, (country, _, _) in kept.items() if country == "KR"}
    assert by_receipt == {"-".join(order) for order in itertools.permutations(payloads)} | {"here1", "here2"}
    hashes = payload_hashes(shop)
    for event_id in ("twins1", "twins2", "untimed1", "untimed2"):
        assert kept[event_id][1] == min(hashes[event_id]), event_id
    assert shop.unbalanced() == []


def payload_hashes(shop: Shop) -> dict[str, set[int]]:
    """Every payload hash of every event that was landed."""
    root = str(shop.folder / "landing")
    adapter = EVENTS.adapter
    files = list_files(shop.spark, root, EVENTS.files, required=True)
    rows = read_rows(shop.spark, root, files, columns=adapter.columns, required=adapter.required, numbered=False)
    found: dict[str, set[int]] = {}
    for row in adapter.parse(rows, Defaults(), {}).select("event_id", "payload_hash").collect():
        found.setdefault(row["event_id"], set()).add(row["payload_hash"])
    return found


def test_an_order_paid_cancelled_and_paid_again_without_updated_at_ends_as_paid(shop: Shop) -> None:
    # The third file repeats the first: the place of that version is now the third file.
    for number, status in enumerate(("paid", "cancelled", "paid"), start=1):
        shop.land(f"orders/{number}.csv", [f"{ORDER_HEADER},status", f"o1,u1,2026-03-01T09:00:00Z,10,USD,{status}"])
        account = shop.run(ORDERS)["orders"]
        assert account == Account(read=1, kept=int(number < 3), duplicate=int(number == 3), quarantined=0)

    newest = newest_versions(shop.lake.read(BRONZE_ORDERS)).collect()

    assert [(row["status"], row["source_file"]) for row in newest] == [("paid", "orders/3.csv")]
    assert shop.unbalanced() == []


class Killed(BaseException):
    """Like a kill: no code of ours catches it."""


class KilledWhenPlanned(Ingest):
    def _write_rows(self, *args: Any) -> None:
        raise Killed


class KilledWhenRowsAreWritten(Ingest):
    def _write_quarantine(self, *args: Any) -> None:
        raise Killed


class KilledWhenAllIsWritten(Ingest):
    def _finish(self, batches: Sequence[Batch]) -> None:
        raise Killed


CONTENT = (
    (BRONZE_EVENTS, BRONZE_EVENTS.column_names),
    (BRONZE_QUARANTINE, BRONZE_QUARANTINE.column_names),
    (BRONZE_LANDED_FILES, BRONZE_LANDED_FILES.column_names),
)


@pytest.mark.system
def test_a_run_killed_anywhere_resumes_to_the_same_tables_and_account(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.land("events/1.jsonl", [event("e1"), event("e2", country="US", received_ts=received(2)), "bad"])
    shop.run(EVENTS)
    shop.land(
        "events/2.jsonl",
        [
            event("e1"),
            "bad",
            event("e2", country="KR", received_ts=received(1)),  # replaces that of day 1
            event("e3"),
            event("e4", order_id="o1"),
        ],
    )
    shop.land("app_events/1.jsonl", [event("e3"), event("e5")])
    killed = shop.copy(tmp_path / "killed")
    undisturbed = shop
    accounts = undisturbed.run(EVENTS, APP_EVENTS)
    assert accounts["events"] == Account(read=5, kept=2, duplicate=2, quarantined=1, conflicting=1)
    assert accounts["app_events"] == Account(read=2, kept=1, duplicate=1, quarantined=0)

    # As with many rows: known and bad rows are joined by shuffles.
    monkeypatch.setattr("intake.ingest.BROADCAST_AT_MOST", 0)
    for kind in (KilledWhenPlanned, KilledWhenRowsAreWritten, KilledWhenAllIsWritten):
        with pytest.raises(Killed):
            killed.run(EVENTS, kind=kind)
        assert "planned" in {status for (status,) in killed.rows(BRONZE_LANDED_FILES, "status")}
    # The first input has an event that the killed run counted for the other input.
    assert killed.run(APP_EVENTS, EVENTS) == accounts

    for table, columns in CONTENT:
        assert killed.rows(table, *columns) == undisturbed.rows(table, *columns), table.full_name
    assert killed.unbalanced() == []

    (killed.folder / "landing" / "events" / "3.jsonl").write_text(event("e6") + "\n")
    with pytest.raises(Killed):
        killed.run(EVENTS, kind=KilledWhenPlanned)
    (killed.folder / "landing" / "events" / "3.jsonl").unlink()
    with pytest.raises(InputError, match=r"events/3\.jsonl: a run stopped while taking it in, and now it is gone"):
        killed.run(EVENTS)


def test_too_many_unusable_rows_of_one_input_refuse_its_batch_and_the_others_are_taken_in(shop: Shop) -> None:
    shop.land("orders/o.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD"])
    shop.land("events/1.jsonl", [event("e1"), event("e2"), "bad", "bad"])

    with pytest.raises(CheckFailed) as failure:
        shop.run(ORDERS, EVENTS, max_quarantined_share=0.49)

    assert str(failure.value) == (
        "events: 2 of 4 rows are unusable, more than quality.max_quarantined_share = 0.49; most often in "
        "events/1.jsonl: not a JSON object (2 rows), such as line 3: bad. Way out: one object a line. Nothing of "
        "the batch was taken in; its bad rows are in bronze.refused_rows."
    )
    assert not shop.lake.exists(BRONZE_EVENTS)
    assert shop.rows(BRONZE_REFUSED_ROWS) == [
        ("events", "events/1.jsonl", line, "not a JSON object", "bad", utc(STARTED_AT), "run") for line in (3, 4)
    ]
    assert shop.rows(BRONZE_ORDERS, "order_id") == [("o1",)]
    assert shop.rows(BRONZE_LANDED_FILES, "file", "status") == [("orders/o.csv", "done")]
    assert shop.unbalanced() == []

    # Refused again, its rows replace those of before; mended under the same name, the file is taken in.
    shop.land("events/1.jsonl", [event("e1"), "worse"])
    with pytest.raises(CheckFailed, match=r"line 2: worse\."):
        shop.run(ORDERS, EVENTS, max_quarantined_share=0.49)
    assert shop.rows(BRONZE_REFUSED_ROWS, "line", "raw") == [(2, "worse")]
    shop.land("events/1.jsonl", [event("e1")])
    assert shop.run(ORDERS, EVENTS) == {"events": Account(read=1, kept=1)}


def test_ten_spend_rows_and_a_total_are_taken_in_and_the_total_is_named_by_file_and_line(shop: Shop) -> None:
    spent = [f"2026-03-{day:02d},meta,1,spring,10.50,USD,100" for day in range(1, 11)]
    header = "date,platform,account_id,campaign_name,spend,currency,impressions"
    total = "Total,,,,105.00,USD,1000"
    shop.land("ad_spend/s.csv", [header, *spent, total])
    shop.land("events/1.jsonl", [event("e1")])

    accounts = shop.run(EVENTS, AD_SPEND, max_quarantined_share=0)  # no bad row is allowed, and it is none

    assert accounts == {"events": Account(read=1, kept=1), "ad_spend": Account(read=11, kept=10, quarantined=1)}
    assert shop.rows(BRONZE_QUARANTINE, "file", "line", "reason", "raw") == [
        ("ad_spend/s.csv", 12, A_TOTALS_ROW, total),
    ]
    assert sum(spend for (spend,) in shop.rows(BRONZE_AD_SPEND, "spend")) == 105
    assert shop.rows(BRONZE_EVENTS, "event_id") == [("e1",)]
    assert not shop.lake.exists(BRONZE_REFUSED_ROWS)
    assert shop.unbalanced() == []


def test_a_missing_required_folder_is_an_error_and_a_missing_optional_one_is_not(shop: Shop) -> None:
    (shop.folder / "landing").mkdir(parents=True)
    assert shop.run(ORDERS) == {}
    with pytest.raises(InputError, match=r"landing/events: no such folder; see landing\.root"):
        shop.run(EVENTS)
    (shop.folder / "landing" / "events").write_text("a file is no folder")
    with pytest.raises(InputError, match=r"landing/events: no such folder; see landing\.root"):
        shop.run(EVENTS)


def test_an_empty_folder_of_a_required_input_is_an_error_until_it_has_had_a_file(shop: Shop) -> None:
    folder = shop.folder / "landing" / "shopify"
    folder.mkdir(parents=True)
    shop.land("orders/o.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD"])
    shopify = input_named("shopify", "shopify_orders", "shopify/*.csv", required=True, options={})
    refused = (
        rf"^{folder}: has no file yet for the input shopify, which is required \(files: shopify/\*\.csv\); land its "
        r"first one there, or write required: false to the input \(landing\.inputs\)$"
    )

    with pytest.raises(InputError, match=refused):
        shop.run(ORDERS, shopify)
    assert shop.rows(BRONZE_ORDERS, "order_id") == [("o1",)], "the other inputs are taken in"
    shop.land("shopify/march.csv.part", ["still being written"])
    with pytest.raises(InputError, match=refused):
        shop.run(ORDERS, shopify)

    header = "Name,Email,Financial Status,Paid at,Currency,Total,Created at"
    shop.land(
        "shopify/march.csv", [header, "#1,a@b.com,paid,2026-03-01 10:06:00 -0500,USD,5,2026-03-01 10:05:00 -0500"]
    )
    assert shop.run(ORDERS, shopify) == {"shopify": Account(read=1, kept=1)}
    assert shop.run(ORDERS, shopify) == {}, "an empty day ends with 0"
    (folder / "march.csv").unlink()
    assert shop.run(ORDERS, shopify) == {}, "also where old files were put away"


def test_a_file_beside_the_folders_of_accounts_is_named_and_not_taken_in(shop: Shop) -> None:
    export = {"constants": {"account_id": "{folder}"}}
    knobs = {"name": "meta", "adapter": "meta_ads", "files": "meta/*/*.csv", "required": False, **export}
    rows = ["Day,Campaign name,Amount spent (USD)", "2026-03-01,Spring,5"]
    shop.land("meta/77/march.csv", rows)
    shop.land("meta/april.csv", rows)
    shop.land("meta/orders.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD"])
    orders = input_named("orders", "orders", "meta/o*.csv", required=False, options={})

    inputs, lines = [input_of(InputFiles(**knobs)), orders], list[str]()
    ingest = Ingest(
        shop.lake,
        str(shop.folder / "landing"),
        defaults=Defaults(),
        max_quarantined_share=0,
        believable=BELIEVABLE,
        started_at=STARTED_AT,
        say=lines.append,
    )
    batches = ingest.new_batches(inputs)

    assert [[file.file for file in batch.files] for batch in batches] == [["meta/77/march.csv"], ["meta/orders.csv"]]
    assert lines == ["passed over, not in a folder, as meta/*/*.csv of the input meta asks for: meta/april.csv"]


def test_a_damaged_file_is_named_and_nothing_of_the_run_is_written(shop: Shop) -> None:
    whole = gzip.compress(
        "\n".join(event(f"e{number}", country=f"{number * 7919 % 1000}") for number in range(400)).encode()
    )
    cut = shop.land("events/cut.jsonl.gz", [])
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"events/cut\.jsonl\.gz: the file is cut short or damaged; nothing of this"):
        shop.run(EVENTS)
    cut.write_bytes(b"no gzip at all")
    with pytest.raises(InputError, match=r"events/cut\.jsonl\.gz: the file "):
        shop.run(EVENTS)
    assert not shop.lake.exists(BRONZE_EVENTS)
    assert not shop.lake.exists(BRONZE_LANDED_FILES)
