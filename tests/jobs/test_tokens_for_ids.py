"""A lake with tokens in place of ids: no id leaves bronze, and every figure is as without."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import attribute, build, ingest
from jobs.pipeline import STEPS
from jobs.run import Step, open_run, perform
from tests.jobs.places import Place
from warehouse.pseudonyms import VARIABLE, blocks_of

pytestmark = pytest.mark.system

TO_CREDITS = (ingest.STEP, build.STEP, attribute.STEP)
SILVER = (build.STEP, attribute.JOURNEYS_STEP)
KEY, OTHER_KEY = "a key for the tests of tokens, long", "another key for the tests, long too"
SHOP = "https://www.shop.example"
# Every id holds one of these texts, and nothing else does.
IDS = re.compile(rb"zq-[a-z]+")
KEYS = re.compile(
    "|".join([KEY, OTHER_KEY, *(b for key in (KEY, OTHER_KEY) for b in blocks_of(key.encode()))]).encode(), re.I
)


def visit(number: int, day: int, *, user: str | None = None, sold_as: str | None = None) -> list[dict[str, Any]]:
    """A click on an ad, and a purchase five minutes later where somebody buys."""
    common = {
        "anonymous_id": f"zq-device-{number}",
        "user_id": user and f"zq-user-{user}",
        "session_id": f"zq-visit-{number}-{day}",
    }
    page = {"event_id": f"zq-event-{number}-{day}", "event_name": "page_view",
            "event_ts": f"2026-03-{day:02d}T10:00:00Z",
            "page_url": f"{SHOP}/p/zq-path?utm_source=google&utm_medium=cpc&gclid=zq-click-{number}-{day}"}  # fmt: skip
    sale = {"event_id": f"zq-sale-{number}-{day}", "event_name": "purchase", "event_ts": f"2026-03-{day:02d}T10:05:00Z",
            "order_id": f"zq-order-{number}-{day}", "value": f"{10 + number}", "currency": "USD"}  # fmt: skip
    return [{k: v for k, v in {**common, **row}.items() if v} for row in ([page, sale] if sold_as else [page])]


def land(place: Place, batch: int, days: range) -> None:
    events, orders = [], ["order_id,user_id,order_ts,value,currency"]
    for day in days:
        for number in range(6):
            # Two without a login, two as the shop names them, and two under the tracker's name: aliases.
            user = (None, None, "a", "b", "c-7", "d-8")[number]
            sold_as = (None, "", "a", "b", "c", "d")[number]
            events += visit(number, day, user=user, sold_as=sold_as if sold_as is None else sold_as or "nobody")
            if sold_as:
                orders.append(
                    f"zq-order-{number}-{day},zq-user-{sold_as},2026-03-{day:02d}T10:05:00Z,{10 + number},USD"
                )
    # A row that cannot be read, of an order that is known, and a click whose campaign is listed.
    orders.append(f"zq-order-2-{days[0]},zq-user-a,2026-03-30,much,USD")
    for name, lines in {
        f"events/{batch}.jsonl": map(json.dumps, events),
        f"orders/{batch}.csv": orders,
        f"click_views/{batch}.csv": [
            "gclid,date,campaign.id,campaign.name",
            f"zq-click-0-{days[0]},2026-03-{days[0]:02d},11,spring",
        ],
    }.items():
        file = place.landing / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")


def run(
    place: Place, spark: SparkSession, steps: Sequence[Step] = STEPS, *, key: str | None, full: bool = False
) -> str:
    config = place.configured()
    knobs = json.loads(config.read_text())
    config.write_text(
        json.dumps(
            {
                **knobs,
                "privacy": {"pseudonyms": key is not None},
                "quality": {"max_quarantined_share": 1, "max_unsettled_share": 1},
            }
        )
    )
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, key or "")
        made = open_run("pipeline", config=config, spark=spark, full=full, console=Console(file=output, width=300))
        perform(made, steps)
    return output.getvalue()


def tables_of(place: Place) -> list[Path]:
    return [log.parent for layer in ("silver", "gold", "ops") for log in place.lake.glob(f"{layer}/*/_delta_log")]


def rows_of(table: Path) -> Counter[str]:
    return Counter(repr(sorted(row.items())) for row in DeltaTable(str(table)).to_pyarrow_table().to_pylist())


@pytest.fixture(scope="module")
def plain(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The shop with its ids, taken in at once, up to the credits."""
    place = Place.new(tmp_path_factory.mktemp("plain") / "shop")
    land(place, 1, range(1, 11))
    land(place, 2, range(11, 16))
    run(place, spark, TO_CREDITS, key=None)
    return place


@pytest.fixture(scope="module")
def tokens(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, str]:
    """The same shop with tokens, taken in in two runs, the second one to the report, and what the runs printed."""
    place = Place.new(tmp_path_factory.mktemp("tokens") / "shop")
    land(place, 1, range(1, 11))
    output = run(place, spark, TO_CREDITS, key=KEY)
    land(place, 2, range(11, 16))
    return place, output + run(place, spark, key=KEY)


def test_without_tokens_the_ids_are_all_over_silver_and_gold(plain: Place) -> None:
    leaking = {table.name for table in tables_of(plain) if IDS.search("".join(rows_of(table)).encode())}
    assert {
        "aliases", "identities", "sessions", "touchpoints", "activity", "orders", "conversions", "set_aside",
        "journeys", "attribution_credits",
    } <= leaking  # fmt: skip


def test_no_value_of_silver_gold_or_ops_holds_an_id(tokens: tuple[Place, str]) -> None:
    place, _ = tokens
    assert len(tables_of(place)) > 15
    found = {table.name: sorted(set(IDS.findall("".join(rows_of(table)).encode()))) for table in tables_of(place)}
    assert {name: ids for name, ids in found.items() if ids} == {}


def test_no_byte_of_their_files_of_the_report_and_of_what_the_runs_printed_holds_an_id(
    tokens: tuple[Place, str],
) -> None:
    place, output = tokens
    files = [path for table in tables_of(place) for path in table.rglob("*") if path.is_file()]
    files += [path for path in place.lake.iterdir() if path.is_file()] + [place.folder / "report.html"]
    assert len(files) > 100
    assert [str(path) for path in files if IDS.search(path.read_bytes())] == []
    assert not IDS.search(output.encode())


def test_no_byte_of_anything_holds_the_key(tokens: tuple[Place, str]) -> None:
    place, output = tokens
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert [str(path) for path in files if KEYS.search(path.read_bytes())] == []
    assert not KEYS.search(output.encode())


# What is not of a person is the same, to the cent.
FIGURES = {
    "silver/orders": ("ordered_at", "value", "status"),
    "silver/sessions": ("started_at", "events", "channel"),
    "silver/touchpoints": ("touched_at", "channel", "campaign"),
    "silver/aliases": ("orders", "outcome"),
    "silver/activity": ("activity_date", "event_name", "page_group", "events"),
    "silver/set_aside": ("input", "outcome", "amount"),
    "gold/channel_performance": ("model", "date_basis", "date", "channel", "campaign", "credited_value"),
    "gold/unattributed_conversions": ("conversion_type", "cause", "value"),
}


@pytest.mark.parametrize("table", FIGURES)
def test_every_join_works_as_without_tokens(table: str, plain: Place, tokens: tuple[Place, str]) -> None:
    def figures(place: Place) -> Counter[Any]:
        rows = DeltaTable(str(place.lake / table)).to_pyarrow_table().to_pylist()
        return Counter(tuple(row[name] for name in FIGURES[table]) for row in rows)

    assert figures(tokens[0]) == figures(plain)
    assert figures(plain).total() > 0 or table == "gold/unattributed_conversions"


def test_a_lake_that_grew_is_as_one_made_at_once_and_another_key_remakes_it(
    spark: SparkSession, tokens: tuple[Place, str], tmp_path: Path
) -> None:
    place = tokens[0].copy(tmp_path / "shop")
    silver = [table for table in tables_of(place) if table.parent.name == "silver"]
    grown = {table.name: rows_of(table) for table in silver}

    run(place, spark, SILVER, key=KEY, full=True)
    assert {table.name: rows_of(table) for table in silver} == grown

    output = run(place, spark, SILVER, key=OTHER_KEY)
    assert "knobs or rules have changed" in output
    other = {table.name: rows_of(table) for table in silver}
    assert [name for name in ("sessions", "orders", "aliases", "journeys") if other[name] == grown[name]] == []
