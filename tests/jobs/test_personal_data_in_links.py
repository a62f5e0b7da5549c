"""A lake whose events hold e-mail addresses and phone numbers in URLs: none of them leaves bronze."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.pipeline import STEPS
from jobs.run import open_run, perform
from tests.jobs.places import Place

pytestmark = pytest.mark.system

SHOP = "https://www.shop.example"
EMAIL, PHONE = "ann.lee@mail.example", "+82 10-2345-6789"
WAYS = {
    "as it is": lambda text: text,
    "in code": lambda text: quote(text, safe=""),
    "in code twice": lambda text: quote(quote(text, safe=""), safe=""),
}
# What an event holds, by the place of the text in it.
PLACES: dict[str, dict[str, str]] = {
    "source": {"page_url": f"{SHOP}/?utm_source={{}}&utm_medium=email"},
    "campaign": {"page_url": f"{SHOP}/?utm_source=news&utm_medium=email&utm_campaign=to-{{}}"},
    "other parameter": {"page_url": f"{SHOP}/?utm_source=news&utm_medium=email&user={{}}"},
    "id": {"page_url": f"{SHOP}/?utm_source=news&utm_medium=email&utm_id={{}}&utm_source_platform={{}}"},
    "click id": {"page_url": f"{SHOP}/?gclid={{}}"},
    "path": {"page_url": f"{SHOP}/u/{{}}/orders"},
    "path without question mark": {"page_url": f"{SHOP}/verify&user={{}}&utm_source=news"},
    "fragment": {"page_url": f"{SHOP}/#utm_source=news&utm_content={{}}"},
    "referrer": {"page_url": f"{SHOP}/", "referrer": "https://other.example/to?user={}"},
    "user of the referrer": {"page_url": f"{SHOP}/", "referrer": "https://{}@other.example/to"},
    "field of the sender": {"page_url": f"{SHOP}/", "source": "news", "medium": "email", "campaign": "{}"},
    "install": {"event_name": "app_install", "install_referrer": "utm_source=news&utm_term={}", "platform": "android"},
    "app link": {"page_url": "https://shop.onelink.me/a?pid=news&c={}&af_dp=shop%3A%2F%2Fu%2F{}"},
}  # fmt: skip
# However it is written: the name before the @, and the groups of the number.
LEAKS = re.compile(rb"ann[.]lee|10[^0-9]{0,4}2345[^0-9]{0,4}6789")


def landed() -> list[dict[str, Any]]:
    rows = []
    for number, (way, place, text) in enumerate(
        (way, place, text) for way in WAYS for place in PLACES for text in (EMAIL, PHONE)
    ):
        fields = {name: value.replace("{}", WAYS[way](text)) for name, value in PLACES[place].items()}
        day, visitor = f"2026-03-{number % 20 + 1:02d}", {"anonymous_id": f"d{number}", "platform": "web"}
        view = {"event_id": f"e{number}", "event_name": "page_view", "event_ts": f"{day}T10:00:00Z"}
        sale = {"event_id": f"p{number}", "event_name": "purchase", "event_ts": f"{day}T10:05:00Z"}
        money = {"order_id": f"o{number}", "value": "10", "currency": "USD", "page_url": f"{SHOP}/done"}
        rows += [{**visitor, **view, **fields}, {**visitor, **sale, **money}]
    return rows


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    """The shop after a run, and what the run printed."""
    place = Place.new(tmp_path_factory.mktemp("personal") / "shop")
    file = place.landing / "events" / "1.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in landed()))
    output = StringIO()
    made = open_run("pipeline", config=place.configured(), spark=spark, console=Console(file=output, width=300))
    perform(made, STEPS)
    return place, output.getvalue()


def values_of(table: Path) -> bytes:
    return repr(DeltaTable(str(table)).to_pyarrow_table().to_pylist()).encode()


def test_bronze_has_them_as_they_were_sent(shop: tuple[Place, str]) -> None:
    place, _ = shop
    values = values_of(place.lake / "bronze" / "events")
    assert len(LEAKS.findall(values)) >= len(WAYS) * len(PLACES) * 2


def test_no_value_of_silver_gold_or_ops_holds_one(shop: tuple[Place, str]) -> None:
    place, _ = shop
    tables = [log.parent for layer in ("silver", "gold", "ops") for log in place.lake.glob(f"{layer}/*/_delta_log")]
    assert len(tables) > 15
    found = {table.name: sorted(set(LEAKS.findall(values_of(table)))) for table in tables}
    assert {name: leaks for name, leaks in found.items() if leaks} == {}


def test_no_byte_of_the_report_of_any_log_and_of_what_the_run_printed_holds_one(shop: tuple[Place, str]) -> None:
    place, output = shop
    logs = [path for path in place.lake.rglob("_delta_log/*") if path.is_file()]
    assert {"bronze", "silver", "gold"} <= {path.relative_to(place.lake).parts[0] for path in logs}
    texts = [*logs, place.folder / "report.html"]
    assert [str(path) for path in texts if LEAKS.search(path.read_bytes())] == []
    assert not LEAKS.search(output.encode())


def test_the_run_says_how_much_was_left_out(shop: tuple[Place, str]) -> None:
    _, output = shop
    (line,) = [line for line in output.splitlines() if "left out of silver" in line]
    counted = {
        name: int(count) for name, count in re.findall(r"(email addresses|phone numbers) in (\d+) touches", line)
    }
    # Those of parameters that nothing reads, and of referrers, are in no column.
    assert counted["email addresses"] >= len(WAYS) * 7
    assert counted["phone numbers"] >= len(WAYS) * 7
