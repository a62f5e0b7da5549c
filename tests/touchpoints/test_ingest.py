from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from touchpoints.checks import check_bronze
from touchpoints.ingest import Account, Batch, Ingest, Input, input_named
from touchpoints.sources.adapter import Defaults
from warehouse.contracts import Table
from warehouse.errors import CheckFailed, InputError
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
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
            started_at=STARTED_AT,
            say=lambda message: None,
        )
        return ingest.take_in([batch for source in inputs for batch in ingest.new_batches(source)])

    def rows(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        found = self.lake.read(table).select(*(columns or table.column_names)).collect()
        return sorted((tuple(row) for row in found), key=repr)

    def unbalanced(self) -> list[str]:
        return [result.name for result in check_bronze(self.lake.read) if not result.passed]

    def copy(self, folder: Path) -> Shop:
        # Times of modification are part of what a run remembers of a file.
        shutil.copytree(self.folder, folder)
        return Shop(self.spark, folder)


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path / "shop")


def event(event_id: str, **fields: Any) -> str:
    said = {"event_id": event_id, "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a1"}
    return json.dumps({**said, **fields})


def received(minute: int) -> str:
    return f"2026-03-01T10:{minute:02d}:00Z"


def test_rows_read_are_kept_duplicate_or_quarantined_and_bad_ones_keep_file_line_and_reason(shop: Shop) -> None:
    shop.land(
        "events/1.jsonl",
        [
            event("e1"),
            "",
            "{not json",  # line 3: a blank line counts as a line, not as a row
            event("e1"),
            event("e2", country="KR", received_ts=received(2)),
            event("e2", country="US", received_ts=received(1)),
            event("e3", event_ts="2026-03-01 09:00"),  # line 7
        ],
    )
    shop.land("events/2 %서울[1].jsonl.gz", [event("e4"), "[1]", event("e1"), event("e1", country="KR")], end="\r\n")
    shop.land("events/3.jsonl", [])
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
        "events": Account(read=10, kept=3, duplicate=4, quarantined=3, conflicting=2),
        "orders": Account(read=3, kept=1, duplicate=0, quarantined=2),
        # Two spend rows alike are two rows: they add up within a file.
        "ad_spend": Account(read=3, kept=2, duplicate=0, quarantined=1),
    }
    assert shop.rows(BRONZE_QUARANTINE, "source", "line", "reason", "raw", "quarantined_at") == [
        ("ad_spend", 4, "spend is missing or not a decimal number", "2026-03-01,meta,1,1,10,1,,USD", utc(STARTED_AT)),
        ("events", 2, "not a JSON object", "[1]", utc(STARTED_AT)),
        ("events", 3, "not JSON", "{not json", utc(STARTED_AT)),
        (
            "events",
            7,
            "event_ts is not ISO 8601 with an offset",
            event("e3", event_ts="2026-03-01 09:00"),
            utc(STARTED_AT),
        ),
        (
            "orders",
            3,
            "order_ts is missing or not ISO 8601 with an offset",
            "o2,u1,yesterday,10,USD",
            utc(STARTED_AT),
        ),
        ("orders", 4, "does not have the header's 5 fields", "o3,u1", utc(STARTED_AT)),
    ]
    assert shop.rows(BRONZE_EVENTS, "event_id", "country") == [("e1", None), ("e2", "US"), ("e4", None)]
    assert [row[1:] for row in shop.rows(BRONZE_LANDED_FILES, "file", "status", "rows_read", "rows_kept")] == [
        ("done", 3, 2),  # ad_spend/s.csv
        ("done", 6, 2),  # events/1.jsonl
        ("done", 4, 1),  # events/2 ...
        ("done", 0, 0),  # events/3.jsonl
        ("done", 3, 1),  # orders/o.csv
    ]
    assert shop.unbalanced() == []


def utc(moment: datetime) -> datetime:
    """As Spark hands a timestamp over: in the process's own zone, without saying so."""
    return moment.astimezone().replace(tzinfo=None)
