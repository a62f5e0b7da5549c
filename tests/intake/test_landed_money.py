"""Money at the door: what files say is kept, known already, replaced or set aside, and the sum is that of bronze."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from test_ingest import AD_SPEND, EVENTS, ORDER_HEADER, ORDERS, SPEND_HEADER, Shop, received

from intake.ingest import Ingest
from intake.landed_money import MoneyRow, quarantined_in_words
from warehouse.errors import InputError
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    BRONZE_LANDED_MONEY,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
)

Sums = dict[tuple[str, str, str | None, str], tuple[int, int]]


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path / "shop")


def purchase(event_id: str, value: Any, minute: int = 0, **fields: Any) -> str:
    common = {"event_name": "purchase", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a", "order_id": event_id}
    money = {"value": value, "currency": "USD", "received_ts": received(minute)}
    return json.dumps({"event_id": event_id, **common, **money, **fields})


def money(shop: Shop) -> Sums:
    """Rows and amount by file, kind, currency and outcome."""
    rows = shop.lake.read(BRONZE_LANDED_MONEY).collect()
    assert {row["batch_id"] for row in rows} <= {row[0] for row in shop.rows(BRONZE_LANDED_FILES, "batch_id")}
    return {
        (row["file"], row["kind"], row["currency"], row["outcome"]): (row["rows"], int(row["amount"])) for row in rows
    }


def test_every_amount_of_a_file_is_kept_known_already_or_quarantined(shop: Shop) -> None:
    shop.land(
        "orders/1.csv",
        [
            ORDER_HEADER,
            "o1,u1,2026-03-01T09:00:00Z,10,USD",
            "o2,u1,2026-03-01T09:00:00Z,20,EUR",
            "o3,u1,yesterday,30,EUR",
            "o4,u1,2026-03-01T09:00:00Z,ten,EUR",
        ],
    )
    shop.land("events/1.jsonl", [purchase("e1", 5), purchase("e1", 5, 3), purchase("e2", 7, event_name="page_view")])
    shop.land("ad_spend/1.csv", [SPEND_HEADER, "2026-03-01,meta,1,1,10,1,2,USD", "2026-03-01,meta,1,1,10,1,2,USD"])
    shop.run(EVENTS, ORDERS, AD_SPEND)
    assert money(shop) == {
        ("orders/1.csv", "order", "USD", "read"): (1, 10),
        ("orders/1.csv", "order", "USD", "kept"): (1, 10),
        ("orders/1.csv", "order", "EUR", "read"): (3, 50),
        ("orders/1.csv", "order", "EUR", "kept"): (1, 20),
        ("orders/1.csv", "order", "EUR", "quarantined"): (2, 30),
        ("events/1.jsonl", "purchase", "USD", "read"): (2, 10),
        ("events/1.jsonl", "purchase", "USD", "kept"): (1, 5),
        ("events/1.jsonl", "purchase", "USD", "same_again"): (1, 5),
        ("ad_spend/1.csv", "spend", "USD", "read"): (2, 4),
        ("ad_spend/1.csv", "spend", "USD", "kept"): (2, 4),
    }
    assert shop.unbalanced() == []

    shop.land("orders/2.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD", "o1,u1,2026-03-01T09:00:00Z,12,USD"])
    shop.run(ORDERS)
    later = {key[3]: value for key, value in money(shop).items() if key[0] == "orders/2.csv"}
    assert later == {"read": (2, 22), "kept": (1, 12), "same_again": (1, 10)}
    assert shop.unbalanced() == []


@pytest.mark.system
def test_a_payload_that_replaces_the_stored_one_is_shown_with_both_amounts(shop: Shop) -> None:
    shop.land("events/1.jsonl", [purchase("e1", 10, 5), purchase("e2", 1, 5)])
    shop.run(EVENTS)
    shop.land("events/2.jsonl", [purchase("e1", 30, 1), purchase("e2", 4, 9)])
    shop.run(EVENTS)
    second = {key[3]: value for key, value in money(shop).items() if key[0] == "events/2.jsonl"}
    assert second == {"read": (2, 34), "replacing": (1, 30), "replaced": (1, 10), "conflicting": (1, 4)}
    assert [row[0] for row in shop.rows(BRONZE_EVENTS, "value")] == [Decimal(1), Decimal(30)]
    assert shop.unbalanced() == []


class KilledBeforeAccounts(Ingest):
    """Dies after the amounts of files are written, and before their accounts are."""

    def _plan(self, *args: Any) -> Any:
        append_rows = self.lake.append_rows

        def append(table: Any, rows: Any) -> None:
            if table is BRONZE_LANDED_FILES:
                raise KeyboardInterrupt
            append_rows(table, rows)

        self.lake.append_rows = append  # type: ignore[method-assign]
        return super()._plan(*args)


class KilledWhileWriting(Ingest):
    """Dies after the rows are written, and before the batch is done."""

    def _finish(self, *args: Any) -> None:
        raise KeyboardInterrupt


@pytest.mark.system
@pytest.mark.parametrize(
    ("kind", "of_first", "of_second"),
    [
        # Both files are one batch, in which the last place of a version counts.
        (KilledBeforeAccounts, {"read": 10, "same_again": 10}, {"read": 15, "kept": 15}),
        (KilledWhileWriting, {"read": 10, "kept": 10}, {"read": 15, "same_again": 10, "kept": 5}),
    ],
)
def test_amounts_are_counted_once_where_a_run_is_killed_and_more_files_land(
    shop: Shop, kind: type[Ingest], of_first: dict[str, int], of_second: dict[str, int]
) -> None:
    shop.land("orders/1.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD"])
    with pytest.raises(KeyboardInterrupt):
        shop.run(ORDERS, kind=kind)
    shop.land("orders/2.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD", "o2,u1,2026-03-01T09:00:00Z,5,USD"])
    shop.run(ORDERS)
    for file, expected in (("orders/1.csv", of_first), ("orders/2.csv", of_second)):
        assert {key[3]: amount for key, (_, amount) in money(shop).items() if key[0] == file} == expected
    assert shop.unbalanced() == []


@pytest.mark.system
def test_a_lake_of_before_gets_the_amounts_of_its_files_with_the_next_ones(shop: Shop) -> None:
    shop.land("orders/1.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD"])
    shop.run(ORDERS)
    (shop.folder / "lake" / "bronze" / "landed_money").rename(shop.folder / "gone")
    assert shop.unbalanced() == []
    shop.land("orders/2.csv", [ORDER_HEADER, "o2,u1,2026-03-01T09:00:00Z,5,USD"])
    shop.run(ORDERS)
    assert {key: value for key, value in money(shop).items() if key[3] == "kept"} == {
        ("orders/1.csv", "order", "USD", "kept"): (1, 10),
        ("orders/2.csv", "order", "USD", "kept"): (1, 5),
    }
    assert shop.unbalanced() == []


def test_an_amount_that_bronze_has_lost_fails_the_check(shop: Shop) -> None:
    shop.land("orders/1.csv", [ORDER_HEADER, "o1,u1,2026-03-01T09:00:00Z,10,USD", "o2,u1,2026-03-01T09:00:00Z,5,USD"])
    shop.run(ORDERS)
    shop.lake.delete(BRONZE_ORDERS, "order_id = 'o2'")
    assert "order amounts in USD: what was kept is in bronze.orders" in shop.unbalanced()


def line(order_id: str, value: str, *, hour: int = 9, more: str = "") -> str:
    return f"{order_id},u1,2026-03-01T{hour:02d}:00:00Z,{value},GBP{more}"


def test_lines_of_orders_read_as_orders_are_an_error_that_names_the_option(shop: Shop) -> None:
    values = ("15.30", "20.34", "22.00", "20.34", "20.34", "15.30", "25.50")
    shop.land("orders/lines.csv", [ORDER_HEADER, *(line("536365", value) for value in values)])
    with pytest.raises(
        InputError, match=r"orders/lines\.csv: 7 rows, from line 2 on, .* the adapter order_lines"
    ) as found:
        shop.run(ORDERS)
    assert "536365" not in str(found.value), "an order number leads to a person"
    assert shop.rows(BRONZE_ORDERS) == []


NO_LINES = {
    "versions with an updated_at": [
        f"{ORDER_HEADER},updated_at",
        *(line("1", f"{value}", more=f",2026-03-01T1{value}:00:00Z") for value in range(5)),
    ],
    "an order paid, refunded in part, and in full": [
        f"{ORDER_HEADER},status,refunded_value",
        *(line("1", "10", more=f",refunded,{value}") for value in (1, 4, 10)),
    ],
    "rows that were written twice": [ORDER_HEADER, *[line(f"{n}", f"{n}") for n in range(9)] * 3],
    "one corrected order among many": [
        ORDER_HEADER,
        *(line(f"{n}", "7") for n in range(30)),
        line("1", "8"),
        line("1", "9"),
    ],
    "one number at several times, as a spreadsheet rounds them": [
        ORDER_HEADER,
        *(line("450001", f"{n}", hour=n) for n in range(5)),
    ],
}


@pytest.mark.system
@pytest.mark.parametrize("rows", NO_LINES)
def test_rows_of_one_order_that_are_no_lines_are_taken_in(shop: Shop, rows: str) -> None:
    shop.land("orders/1.csv", NO_LINES[rows])
    account = shop.run(ORDERS)["orders"]
    assert account.read == len(NO_LINES[rows]) - 1
    assert account.quarantined == 0


def test_what_a_bad_row_holds_is_kept_beside_it(shop: Shop) -> None:
    header = f"{ORDER_HEADER},status,updated_at"
    shop.land(
        "orders/1.csv",
        [
            header,
            line("x1", "500", more=",lost in the post,2026-03-05T00:00:00Z"),
            line("x2", "ten", more=",paid,2026-03-05T00:00:00Z"),
            line("x3", "10", more=",paid,tomorrow"),
            line("x4", "10"),  # cut short
        ],
    )
    shop.land("events/1.jsonl", [purchase("e1", "ten"), "not JSON"])
    shop.land("ad_spend/1.csv", [SPEND_HEADER, "2026-03-01,meta,1,1,many,1,2,USD"])
    shop.run(EVENTS, ORDERS, AD_SPEND, max_quarantined_share=1)
    columns = ("table_name", "record_id", "amount", "currency")
    assert shop.rows(BRONZE_QUARANTINE, *columns) == sorted(
        [
            ("bronze.orders", "x1", Decimal("500.000000"), "GBP"),
            ("bronze.orders", "x2", None, "GBP"),
            ("bronze.orders", "x3", Decimal("10.000000"), "GBP"),
            ("bronze.orders", "x4", Decimal("10.000000"), "GBP"),
            ("bronze.events", "e1", None, "USD"),
            ("bronze.events", None, None, None),
            ("bronze.ad_spend", "meta 1 2026-03-01", Decimal("2.000000"), "USD"),
        ],
        key=repr,
    )
    times = dict(shop.rows(BRONZE_QUARANTINE, "record_id", "version_at"))
    assert {name: time is not None for name, time in times.items() if name} == {
        "x1": True,
        "x2": True,
        "x3": False,
        "x4": True,
        "e1": True,
        "meta 1 2026-03-01": True,
    }


def test_the_line_of_an_input_says_what_its_quarantined_rows_are_worth_without_totals_rows() -> None:
    def row(outcome: str, currency: str, amount: int) -> MoneyRow:
        return {"outcome": outcome, "currency": currency, "amount": Decimal(amount)}

    rows = [row("quarantined", "EUR", 30), row("quarantined", "EUR", 21), row("quarantined", "USD", 4)]
    assert quarantined_in_words([*rows, row("no_data", "EUR", 634), row("kept", "EUR", 9)]) == " (51.00 EUR, 4.00 USD)"
    assert quarantined_in_words([row("no_data", "EUR", 634), row("quarantined", "EUR", 0)]) == ""


def test_a_totals_row_is_no_data_in_the_money_of_its_file(shop: Shop) -> None:
    shop.land("ad_spend/1.csv", [SPEND_HEADER, "2026-03-01,meta,1,1,10,1,2,USD", "Total,,,,10,1,2,USD"])
    shop.run(AD_SPEND)
    assert money(shop) == {
        ("ad_spend/1.csv", "spend", "USD", "read"): (2, 4),
        ("ad_spend/1.csv", "spend", "USD", "kept"): (1, 2),
        ("ad_spend/1.csv", "spend", "USD", "no_data"): (1, 2),
    }
    assert shop.unbalanced() == []
