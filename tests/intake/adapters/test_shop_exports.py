"""Orders as shops export them: Shopify, WooCommerce, and any CSV by the input's own words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from landed_text import Landing, reasons

from intake.adapter import Defaults
from intake.knobs import Export
from intake.reasons import A_CUT_ORDER, A_REPEATED_HEADER, A_TOTALS_ROW

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Notes,Cancelled at,Payment Method,Refunded Amount,Outstanding Balance,Id,Phone"
)


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def shopify(name: str, **fields: str) -> str:
    """One row of Shopify's export; fields by the first word of their column."""
    at = fields.get("created", "2026-03-01 10:30:00 +0900")
    first = [
        name, fields.get("email", "Ann@Shop-Mail.com"), fields.get("status", "paid"), at, "fulfilled", at, "yes", "KRW",
        "50000", "3000", "4818", fields.get("total", "53000"), "", "0", "Standard", at, fields.get("quantity", "2"),
        "Mug", "10000", fields.get("notes", ""), fields.get("cancelled", ""), "Shopify Payments",
        fields.get("refunded", "0"), "0", "5123456789012", "",
    ]  # fmt: skip
    return ",".join(first)


def below(name: str, quantity: str) -> str:
    """The row of a further line item: all fields of the order are blank."""
    row = [name, "Ann@Shop-Mail.com", *[""] * 14, quantity, "Plate", "30000", *[""] * 7]
    return ",".join(row)


def test_a_shopify_order_is_its_first_row_and_its_further_line_items_add_items_alone(landing: Landing) -> None:
    landing.land(
        "1.csv",
        SHOPIFY,
        shopify("#1001", notes='"Please ring twice\nand leave it ""there"""'),
        below("#1001", "1"),
        below("#1001", "3"),
        shopify("#1002", status="partially_refunded", refunded="20000"),
    )
    first, second = landing.parsed("shopify_orders", "1.csv")

    assert reasons([first, second]) == [None, None]
    assert (first["order_id"], first["user_id"], first["order_at"]) == (
        "1001",
        "ann@shop-mail.com",
        utc(2026, 3, 1, 1, 30),
    )
    assert (first["value"], first["currency"], first["items"]) == (Decimal("53000.000000"), "KRW", 6)
    assert (first["line"], second["line"]) == (2, 6), "a record has the number of its first line"
    assert (second["status"], second["refunded_value"]) == ("paid", Decimal("20000.000000"))


@pytest.mark.parametrize("paid_at", ["", "2026-03-01 10:30:00 +0900"])
def test_rows_of_items_that_repeat_created_at_are_no_versions_of_their_order(landing: Landing, paid_at: str) -> None:
    created = "2026-03-01 10:30:00 +0900"
    item = below("#1001", "3").split(",")
    item[SHOPIFY.split(",").index("Created at")] = created
    order = shopify("#1001", status="paid" if paid_at else "pending").split(",")
    order[SHOPIFY.split(",").index("Paid at")] = paid_at
    landing.land("1.csv", SHOPIFY, ",".join(order), ",".join(item), ",".join(item))
    (row,) = landing.parsed("shopify_orders", "1.csv")

    assert (row["reason"], row["value"], row["items"]) == (None, Decimal("53000.000000"), 8)
    assert row["status"] == ("paid" if paid_at else "pending")


def test_a_shopify_order_without_total_is_set_aside_with_its_reason(landing: Landing) -> None:
    landing.land("1.csv", SHOPIFY, shopify("#1001", total=""), below("#1001", "1"))
    rows = landing.parsed("shopify_orders", "1.csv")

    assert reasons(rows) == ["value is missing or not a decimal number"]


def test_the_states_of_shopify_orders(landing: Landing) -> None:
    states = {
        "paid": "paid",
        "pending": "pending",
        "authorized": "pending",
        "partially_paid": "pending",
        "voided": "cancelled",
        "expired": "cancelled",
    }
    landing.land(
        "1.csv",
        SHOPIFY,
        *(shopify(f"#{number}", status=state) for number, state in enumerate(states)),
        shopify("#8", cancelled="2026-03-02 10:00:00 +0900"),
        shopify("#9", status="refunded", refunded="53000"),
    )
    rows = landing.parsed("shopify_orders", "1.csv")

    assert reasons(rows) == [None] * 8
    assert [row["status"] for row in rows] == [*states.values(), "cancelled", "refunded"]
    assert (rows[6]["updated_at"], rows[7]["refunded_value"]) == (utc(2026, 3, 2, 1), Decimal("53000.000000"))


def test_a_shopify_order_that_is_cut_over_two_files_has_its_amount_once(landing: Landing) -> None:
    landing.land("1.csv", SHOPIFY, shopify("#1001"), below("#1001", "1"))
    landing.land("2.csv", SHOPIFY, below("#1001", "3"), shopify("#1002", email=""))

    rows = landing.parsed("shopify_orders", "*.csv")

    assert reasons(rows) == [None, A_CUT_ORDER, "neither anonymous_id nor user_id is given"]
    assert [row["order_id"] for row in rows] == ["1001", "1001", "1002"]


def test_woocommerce_orders_of_the_shop_and_of_an_export_plugin(landing: Landing) -> None:
    landing.land(
        "plugin.csv",
        '"Order Number","Order Status","Order Date","Email (Billing)","Order Total Amount","Order Refund Amount",'
        '"Order Currency","Customer User ID"',
        '"101","Completed","2026-03-01 10:30:00","ann@x.com","1,053.00","-53.00","EUR","7"',
        '"102","wc-on-hold","2026-03-01 10:31","","20.00","","EUR","8"',
        '"103","Cancelled","2026-03-01 10:32","","20.00","","EUR","0"',
    )
    landing.land(
        "analytics.csv",
        "Date,Order #,Status,Customer,Customer type,Product(s),Items sold,Coupon(s),N. Revenue,Customer ID",
        "2026-03-02 09:00:00,104,processing,Ann A,new,2× Mug,2,,40.5,9",
    )
    defaults = Defaults(currency="EUR", export=Export(timezone="Europe/Berlin"))
    analytics, ann, held, guest = landing.parsed("woocommerce_orders", "*.csv", defaults=defaults)

    assert reasons([analytics, ann, held, guest]) == [None, None, None, "neither anonymous_id nor user_id is given"]
    assert (ann["user_id"], ann["status"], ann["order_at"]) == ("ann@x.com", "paid", utc(2026, 3, 1, 9, 30))
    assert (ann["value"], ann["refunded_value"]) == (Decimal("1053.000000"), Decimal("53.000000"))
    assert (held["user_id"], held["status"]) == ("8", "pending")
    assert (analytics["order_id"], analytics["value"], analytics["items"]) == ("104", Decimal("40.500000"), 2)


def test_any_csv_of_orders_by_a_column_map_formats_and_constants(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "Bestellung;Kunde;Datum;Betrag;Status",
        "00042;K-7;01.03.2026 10:30;1.234,50 €;bezahlt",
        "00043;K-8;01.03.2026;99,90;bezahlt",
        "00044;K-9;2026-03-01;12.50;bezahlt",
        "Bestellung;Kunde;Datum;Betrag;Status",
        "Summe;;;1.334,40;",
    )
    export = Export(
        columns={"order_id": "Bestellung", "user_id": "Kunde", "order_ts": "Datum", "value": "Betrag"},
        constants={"currency": "EUR", "status": "paid"},
        decimal=",",
        date_format="dd.MM.yyyy HH:mm",
        timezone="Europe/Berlin",
        shop="de",
    )
    rows = landing.parsed("csv_orders", "1.csv", defaults=Defaults(export=export))

    assert reasons(rows) == [
        None,
        "order_ts is missing or not ISO 8601 with an offset",
        "value is not a decimal number",
        A_REPEATED_HEADER,
        A_TOTALS_ROW,
    ]
    first = rows[0]
    assert (first["order_id"], first["user_id"], first["order_at"]) == ("de:00042", "K-7", utc(2026, 3, 1, 9, 30))
    assert (first["value"], first["currency"], first["status"]) == (Decimal("1234.500000"), "EUR", "paid")


def test_an_order_of_which_the_day_alone_is_known_is_dated_at_its_noon(landing: Landing) -> None:
    landing.land("1.csv", "Order ID,Customer ID,Order Date,Total,Currency", "1,7,2026-03-01,10,USD")

    (row,) = landing.parsed("csv_orders", "1.csv", defaults=Defaults(export=Export(timezone="Asia/Seoul")))

    assert (row["reason"], row["order_at"]) == (None, utc(2026, 3, 1, 3))


def test_a_later_version_of_an_order_is_read_however_it_is_spelled(landing: Landing) -> None:
    """x1 paid 500, later Canceled; x2 paid 300, later refunded -300.00: 0 of both is left."""
    landing.land(
        "1.csv",
        "order_id,user_id,anonymous_id,order_ts,value,currency,status,refunded_value,updated_at",
        "x1,u1,,2026-03-01T09:00:00Z,500,USD,Canceled,,2026-03-02T09:00:00Z",
        "x2,u2,,2026-03-01T09:00:00Z,300,USD,refunded,-300.00,2026-03-02T09:00:00Z",
    )
    x1, x2 = landing.parsed("orders", "1.csv")

    assert reasons([x1, x2]) == [None, None]
    assert (x1["status"], x2["status"], x2["value"] - x2["refunded_value"]) == ("cancelled", "refunded", 0)
