"""Made-up shops, their exports in every spelling: each amount that a file has is found again, to the cent, by name.

The oracle is plain Python over what was made up (made_up_shop.py). `make test` takes one shop, `make test-long` more.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from made_up_shop import MadeUpShop, forms_of
from pyspark.sql import SparkSession
from rich.console import Console

from intake.checks import check_bronze
from intake.landed_money import check_landed_money
from jobs import build, ingest
from jobs.run import open_run, perform
from tests.quick import QUICK
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_LANDED_MONEY,
    BRONZE_QUARANTINE,
    SILVER_AD_SPEND,
    SILVER_MONEY_LEDGER,
    SILVER_ORDERS,
    SILVER_SET_ASIDE,
)

IN_FORCE = ("counted", "unsettled")
NAMED = ("set_aside", "left_out", "unsettled")  # listed row by row, with a reason
SHOP = 533  # it has all encodings, delimiters and outcomes
MORE_SHOPS = range(100, 125)


@pytest.mark.system
def test_every_amount_of_a_made_up_shop_is_found_again(spark: SparkSession, tmp_path: Path) -> None:
    assert_every_amount_is_found_again(spark, tmp_path, SHOP)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SHOPS)
def test_more_made_up_shops(spark: SparkSession, tmp_path: Path, seed: int) -> None:
    assert_every_amount_is_found_again(spark, tmp_path, seed)


def test_the_shops_have_every_spelling_and_outcome() -> None:
    shop = MadeUpShop(SHOP)
    assert {name: len(found) for name, found in forms_of([shop]).items()} == {
        "encoding": 5, "delimiter": 4, "decimal": 2, "ids": 5
    }  # fmt: skip
    outcomes = {"counted", "replaced", "cancelled", "pending", "in_feed", "same_again", *NAMED}
    assert {outcome for _, outcome in shop.in_the_ledger()[0]} == outcomes
    assert len({reason for _, reason in shop.reasons()}) == 6
    assert len(forms_of([MadeUpShop(seed) for seed in MORE_SHOPS])["ids"]) == 5


def assert_every_amount_is_found_again(spark: SparkSession, folder: Path, seed: int) -> None:
    """At the door by input, in the ledger by kind, in silver, and in quarantine by reason."""
    shop = MadeUpShop(seed)
    config = configured(folder, shop)
    files = [(input_, name) for input_ in shop.inputs for name in input_.files]
    # In two runs, the later files first: the order of arrival makes no difference.
    for some in (files[1::2], files[::2]):
        for input_, name in some:
            path = folder / "landing" / input_.name / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(input_.contents[name])
        for input_ in shop.inputs:
            (folder / "landing" / input_.name).mkdir(parents=True, exist_ok=True)
        perform(open_run("ingest", config=config, spark=spark, console=Console(quiet=True)), [ingest.STEP])
    perform(open_run("build", config=config, spark=spark, console=Console(quiet=True)), [build.STEP])

    lake = Lake(spark, str(folder / "lake"), "look")
    assert at_the_door(lake) == shop.at_the_door()
    assert in_quarantine(lake) == shop.reasons()
    rows, cents = shop.in_the_ledger()
    assert in_the_ledger(lake) == (rows, cents)
    assert_the_identity_holds(shop, lake)
    for inputs, table, amount in (
        (("orders", "purchase_events"), SILVER_ORDERS, "value"),
        (("ad_spend",), SILVER_AD_SPEND, "spend"),
    ):
        counted = lake.read(table).selectExpr(f"coalesce(sum({amount}), 0) AS amount").collect()[0]["amount"]
        assert in_cents(counted) == sum(cents[input_, outcome] for input_ in inputs for outcome in IN_FORCE)
    listed = Counter((row["input"], row["outcome"]) for row in lake.read(SILVER_SET_ASIDE).collect() if row["reason"])
    assert listed == Counter({key: number for key, number in rows.items() if key[1] in NAMED})
    checks = [*check_bronze(lake.read), *check_landed_money(lake.read)]
    assert [check.name for check in checks if not check.passed] == []


def assert_the_identity_holds(shop: MadeUpShop, lake: Lake) -> None:
    """What was written to the files = what is in force + what each outcome took out, at the door and after, to the
    cent."""
    written = sum(row.cents for input_ in shop.inputs for _, _, row in input_.places())
    (_, door), (_, ledger) = at_the_door(lake), in_the_ledger(lake)
    taken_out = sum(cents for (_, outcome), cents in door.items() if outcome not in ("read", "kept"))
    assert written == taken_out + sum(ledger.values())


def at_the_door(lake: Lake) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Rows and cents of bronze.landed_money by input and outcome; all in one currency."""
    rows: Counter[tuple[str, ...]] = Counter()
    cents: Counter[tuple[str, ...]] = Counter()
    for row in lake.rows(BRONZE_LANDED_MONEY):
        key = (row["source"], row["outcome"])
        rows[key] += row["rows"]
        cents[key] += in_cents(row["amount"])
    return rows, cents


def in_the_ledger(lake: Lake) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """Rows and cents of silver.money_ledger by input and outcome."""
    rows: Counter[tuple[str, ...]] = Counter()
    cents: Counter[tuple[str, ...]] = Counter()
    for row in lake.rows(SILVER_MONEY_LEDGER):
        assert row["currency"] == "USD"
        key = (row["input"], row["outcome"])
        rows[key] += row["rows"]
        cents[key] += in_cents(row["amount"])
    return rows, cents


def in_quarantine(lake: Lake) -> Counter[tuple[str, str]]:
    return Counter((row["source"], row["reason"]) for row in lake.read(BRONZE_QUARANTINE).collect())


def in_cents(amount: Decimal) -> int:
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)


def configured(folder: Path, shop: MadeUpShop) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    knobs: dict[str, Any] = {
        "lake": str(folder / "lake"),
        "landing": {"root": str(folder / "landing"), "inputs": [input_.knobs() for input_ in shop.inputs]},
        "report": {"timezone": "UTC", "currency": "USD"},
        "quality": {"max_quarantined_share": 1.0, "max_unsettled_share": 1.0},
        "mlflow": {"tracking_uri": f"sqlite:///{folder}/mlflow.db"},
        "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
    }
    config = folder / "shop.yaml"
    config.write_text(json.dumps(knobs))  # JSON is YAML
    return config
