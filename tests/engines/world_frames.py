"""The rows of random worlds as landed texts in Parquet files, which either engine takes in and builds tables from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters import adapter_named
from intake.duplicates import CLASSIFIED_BY
from intake.landing_folder import line_hash
from jobs.settings import Settings, load_settings
from tests.jobs.worlds import FIRST_DAY, Row, cut_worlds
from warehouse.conform import conform
from warehouse.contracts import Table

ADAPTERS = {name: adapter_named(name) for name in ("events", "orders", "ad_spend", "skan_postbacks", "exchange_rates")}
ADAPTERS["click_views"] = adapter_named("google_click_views")
# Texts in which the engines' own expressions differ: see test_engine_differences.py.
ODD_PAGES = (
    "https://shop.example/?utm_source=a%2&utm_medium=%zz%41&utm_campaign=%ff",
    "HTTPS://shop.example/Sale?UTM_Source=Naver&utm_medium=cpc%0A&amp;utm_term=%C3%A9%20x+y",
    "https://shop.example/?utm_source=\u212anewsletter&utm_medium=e%C2%A0mail",
    "https://shop.example/?utm_source=x&utm_medium=paid%0D&utm_campaign=\u0130\u03a3\u00df",
    "shop-app://Product/7?gclid=%E2%82%AC&fbclid=",
    "https://shop.example/#utm_source=fragment",
    "https://shop.example/p?id=7?utm_source=news&amp;utm_medium=email;utm_campaign=no%2520code%25E9",
    "https://shop.example/user/verify&utm_source=\u1107\u1169\u11b7&utm_medium=cpc&gad_campaignid=22200000001",
    "https://shop.example/?type=guest%253Futm_source%253Da%2526x%253D1&to=https%3A%2F%2Fother.example%3Fgclid%3D1",
    "https://shop.example/?utm_campaign={{campaign.name}}&utm_source=e\u0301\u00a0\u200bx&utm_medium=%%AD%%&utm_id=2",
)
ODD_REFERRERS = (
    "http\u017f://www.google.com/x",
    "https://user@WWW.Example.org\u00a0/y",
    "android-app://com.Kakao.talk\u2028/z",
    "https://[2001:db8::1]:8080/",
)
ODD_VALUES = ("1e1", "12.3456785", "2.5E-3", " 7 ", "\u0663", "1d", ".285", "1e999", "-0.0")
ODD_TIMES = ("{day}T10:00Z", "{day} 10:00:00.5 +0900", "{day}T10:00:00z", "{day}T10:00:00.123456789+09")
THIRD_CURRENCY = {"GBP": "0.85716253", "EUR": "1.1"}


def settings_of(folder: Path) -> Settings:
    """Settings under which every builder has something to do."""
    knobs = {
        "report": {"timezone": "Asia/Seoul", "currency": "USD"},
        "touchpoints": {
            "own_domains": ["shop.example"],
            "internal_ips": ["203.0.113.0/28", "2001:db8::/32"],
            "without_analytics_consent": "conversions",
            "without_ads_consent": "no_ids",
        },
        "privacy": {"pseudonyms": True, "key": "a key for tests that is long enough"},
        "exchange_rates": {"max_age_days": 60},
        "sessions": {"max_events": 6, "robot_pages": 3, "even_gap_seconds": 600, "even_gap_variation": 0.6},
        "ad_abuse": {"min_probability": 0.4, "several_clicks": 2},
        "attribution": {
            "models": [
                "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay",
                "time_decay_by_order", "w_shape", "last_paid", "custom",
            ],
            "milestones": ["sign_up"],
            "channel_weights": {"Email": 1.0, "Direct": 0.3},
            "transforms": ["exposure"],
            "restart": True,
            "data_driven": {"models": []},
        },
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(knobs))
    return load_settings(config)


def land_worlds(folder: Path, count: int, *, seed: int) -> None:
    """Writes the landed rows of `count` worlds, and of odd ones among them, as one Parquet file for each format."""
    landed: dict[str, list[dict[str, Any]]] = {name: [] for name in ADAPTERS}
    for batch in cut_worlds(count, seed=seed, batches=2).files:
        for file, text in batch.items():
            landed[file.split("/", 1)[0]] += _rows_of(file, text)
    random = Random(seed)
    for number in range(count):
        landed["events"] += _landed("events/odd.jsonl", _odd_events(f"odd{number}", random))
        landed["orders"] += _landed("orders/odd.csv", [_odd_order(f"odd{number}", random)])
    landed["exchange_rates"] += _landed("exchange_rates/odd.csv", _third_currency())
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in landed.items():
        names = ("file", "line", "raw", *ADAPTERS[name].columns)
        schema = pa.schema([(column, pa.int64() if column == "line" else pa.string()) for column in names])
        texts = [{column: row.get(column) for column in names} for row in rows]
        pq.write_table(pa.Table.from_pylist(texts, schema), folder / f"{name}.parquet")


def bronze_of(spark: SparkSession, folder: Path) -> dict[Table, DataFrame]:
    """The bronze tables of the landed rows in `folder`, as ingest makes them of one batch."""
    kept = {adapter.table: _kept(_parsed(spark, folder, name), adapter) for name, adapter in ADAPTERS.items()}
    return {table: conform(rows, table) for table, rows in kept.items()}


def quarantined(spark: SparkSession, folder: Path) -> DataFrame:
    """Every landed row with its reason, null for a good one."""
    frames = [
        _parsed(spark, folder, name).select(F.lit(name).alias("name"), "file", "line", "reason") for name in ADAPTERS
    ]
    return reduce(DataFrame.unionByName, frames)


def _parsed(spark: SparkSession, folder: Path, name: str) -> DataFrame:
    no_problem = {"problem": F.lit(None).cast("string"), "unknown": F.lit(False)}
    rows = spark.read.parquet(str(folder / f"{name}.parquet")).withColumns(no_problem)
    return ADAPTERS[name].parse(rows, Defaults(currency="USD"), {})


def _kept(parsed: DataFrame, adapter: Adapter) -> DataFrame:
    of_ingest = {
        "source_file": F.col("file"),
        "source_line": F.col("line"),
        "batch_id": F.lit("batch"),
        "line_hash": line_hash(),
    }
    good = parsed.where(F.col("reason").isNull()).withColumns(of_ingest)
    if adapter.table not in CLASSIFIED_BY:
        return good
    nothing = good.limit(0)
    return CLASSIFIED_BY[adapter.table](good, nothing).where("is_kept")


def _rows_of(file: str, text: str) -> list[dict[str, Any]]:
    if file.endswith(".jsonl"):
        return _landed(file, [json.loads(line) for line in text.splitlines()])
    return _landed(file, list(csv.DictReader(io.StringIO(text))))


def _landed(file: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    texts = [{name: str(value).strip(" ") or None for name, value in row.items() if value is not None} for row in rows]
    return [
        {"file": file, "line": line, "raw": json.dumps(row, sort_keys=True), **row}
        for line, row in enumerate(texts, start=1)
    ]


def _odd_events(name: str, random: Random) -> list[Row]:
    day = f"2026-03-{random.randint(1, 28):02d}"
    common = {"anonymous_id": f"{name}-d", "consent": '{"analytics":"yes","ads":"DENIED"}', "platform": "web"}
    events: list[Row] = [
        {
            **common,
            "event_id": f"{name}-{number}",
            "event_name": random.choice(("page_view", "Sign_Up", "app_install")),
            "event_ts": random.choice(ODD_TIMES).format(day=day),
            "page_url": random.choice(ODD_PAGES),
            "referrer": random.choice(ODD_REFERRERS),
            "install_referrer": "utm_source%3Dinstalls%26utm_medium%3Dapp",
        }
        for number in range(4)
    ]
    order = f"{name}-o"
    events.append(
        {**common, "event_id": f"{name}-p", "event_name": "purchase", "event_ts": f"{day}T23:30:00Z", "order_id": order,
         "value": random.choice(ODD_VALUES), "currency": "eur"}
    )  # fmt: skip
    for number in range(2):
        refund = {"event_id": f"{name}-r{number}", "event_name": "refund", "event_ts": f"{day}T23:50:00Z"}
        value = f"{random.randint(0, 4)}.{random.randint(0, 999999):06d}"
        events.append({**common, **refund, "order_id": order, "value": value, "currency": "GBP"})
    return events


def _odd_order(name: str, random: Random) -> Row:
    return {
        "order_id": f"{name}-o2",
        "user_id": name,
        "order_ts": f"2026-03-{random.randint(1, 28):02d}T10:00:00Z",
        "value": random.choice(ODD_VALUES),
        "currency": "EUR\n" if random.random() < 0.1 else "EUR",
        "items": random.choice(("2", "2.0", "2e0", "two", None)),
    }


def _third_currency() -> list[Row]:
    return [
        {"date": f"{FIRST_DAY.date()}", "currency": currency, "report_currency": "USD", "rate": rate,
         "exported_at": "2026-05-01"}
        for currency, rate in THIRD_CURRENCY.items()
    ]  # fmt: skip
