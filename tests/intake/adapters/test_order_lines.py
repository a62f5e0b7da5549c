"""Line items: each row is a part of its order, credits with and without the order that they credit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from landed_text import Landing, reasons

from intake.adapter import Defaults
from intake.knobs import Export

HEADER = "order_id,user_id,order_ts,product_id,quantity,price,line_value,credited_order_id,status,updated_at"
AT = "2026-03-01T09:00:00Z"
USD = Defaults(currency="USD")


def line(order: str, quantity: str, price: str, **fields: str) -> str:
    row = {"order_id": order, "user_id": "ann", "order_ts": AT, "quantity": quantity, "price": price, **fields}
    return ",".join(row.get(name, "") for name in HEADER.split(","))


def test_a_line_is_quantity_times_price_and_a_credit_is_below_0(landing: Landing) -> None:
    landing.land(
        "1.csv",
        HEADER,
        line("1", "6", "2.55"),
        line("1", "-1", "2.55"),
        line("1", "1", "-0.50"),
        line("1", "", "", line_value="12.00"),
        line("C2", "", "", line_value="-3.00"),
        line("C3", "2", "1.25", status="refunded", credited_order_id="1"),
        line("1", "0.5", "0.000001"),
    )
    rows = landing.parsed("order_lines", "1.csv", defaults=USD)

    assert reasons(rows) == [None] * 7
    assert [(row["order_id"], str(row["value"]), row["part"]) for row in rows] == [
        ("1", "15.300000", "sale"),
        ("1", "-2.550000", "credit"),
        ("1", "-0.500000", "sale"),
        ("1", "12.000000", "sale"),
        ("C2", "-3.000000", "credit"),
        ("1", "-2.500000", "credit"),
        ("1", "0.000001", "sale"),
    ]
    assert [row["items"] for row in rows[:2]] == [6, -1]
    assert {row["status"] for row in rows} == {"paid"}


def test_lines_that_cannot_be_used_say_what_they_are_worth(landing: Landing) -> None:
    landing.land(
        "1.csv",
        HEADER,
        line("1", "6", "2.55", user_id=""),
        line("1", "six", "2.55"),
        line("1", "6", ""),
        line("", "6", "2.55"),
        line("1", "6", "2.55", credited_order_id="5.36E+05"),
    )
    rows = landing.parsed("order_lines", "1.csv", defaults=USD)

    assert reasons(rows) == [
        "neither anonymous_id nor user_id is given",
        "quantity is not a decimal number",
        "line_value is missing or not a decimal number",
        "order_id is missing",
        "credited_order_id: a spreadsheet has rounded this id",
    ]
    assert [str(row["value"]) for row in rows] == ["15.300000", "None", "None", "15.300000", "15.300000"]


def test_equal_lines_of_a_file_are_several_and_the_same_again_in_another_file(landing: Landing) -> None:
    landing.land("1.csv", HEADER, line("1", "6", "2.55"), line("1", "6", "2.55"), line("1", "1", "9", product_id="x"))
    landing.land(
        "2.csv", HEADER, line("1", "1", "9", product_id="x"), line("1", "6.0", "2.550"), line("1", "6", "2.55")
    )
    rows = landing.parsed("order_lines", "*.csv", defaults=USD)

    first, second = ([row["payload_hash"] for row in rows if row["file"] == name] for name in ("1.csv", "2.csv"))
    assert len(set(first)) == 3
    assert set(first) == set(second)


def test_lines_without_updated_at_are_of_one_version_of_their_order(landing: Landing) -> None:
    later = line("1", "2", "2").replace(AT, "2026-03-01T09:01:00Z")
    landing.land("1.csv", HEADER, line("1", "1", "2"), later, line("1", "3", "2", updated_at="2026-03-05T00:00:00Z"))
    one, other, versioned = landing.parsed("order_lines", "1.csv", defaults=USD)

    assert one["updated_at"] == other["updated_at"] == utc(1970, 1, 1)
    assert versioned["updated_at"] == utc(2026, 3, 5)


def test_the_columns_of_a_real_shop_by_a_map(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6.0,2010-12-01 08:26:00,2.55,17850,United Kingdom",
        "C536379,D,Discount,-1.0,2010-12-01 09:41:00,27.5,14527,United Kingdom",
        "536414,22139,,56.0,2010-12-01 11:52:00,0.0,,United Kingdom",
    )
    export = Export(
        columns={
            "order_id": "InvoiceNo",
            "product_id": "StockCode",
            "quantity": "Quantity",
            "order_ts": "InvoiceDate",
            "price": "UnitPrice",
            "user_id": "CustomerID",
        },
        constants={"currency": "GBP"},
        timezone="Europe/London",
    )
    sale, credit, nobody = landing.parsed("order_lines", "1.csv", defaults=Defaults(export=export))

    assert (sale["order_id"], sale["user_id"], sale["value"]) == ("536365", "17850", Decimal("15.300000"))
    assert (sale["currency"], sale["order_at"]) == ("GBP", utc(2010, 12, 1, 8, 26))
    assert (credit["order_id"], credit["value"], credit["part"]) == ("C536379", Decimal("-27.500000"), "credit")
    assert nobody["reason"] == "neither anonymous_id nor user_id is given"


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]
