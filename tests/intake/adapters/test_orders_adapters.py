from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from landed_text import Landing, reasons

from intake.adapter import Defaults

HEADER = "updated_at,order_id,user_id,anonymous_id,order_ts,value,currency,status,refunded_value,items,deleted"
AT = "2026-03-01T09:00:00+09:00"


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_unusable_orders_have_their_reason_and_the_others_none(landing: Landing) -> None:
    cases = [
        (f",o1,u1,,{AT},10,USD,,,,", None),
        (f",,u1,,{AT},10,USD,,,,", "order_id is missing"),
        (f",o1,,,{AT},10,USD,,,,", "neither anonymous_id nor user_id is given"),
        (",o1,u1,,2026-03-01,10,USD,,,,", "order_ts is missing or not ISO 8601 with an offset"),
        (",o1,u1,,1899-12-30T00:00:00Z,10,USD,,,,", "order_ts is before 1990 or after 2099"),
        (f"noon,o1,u1,,{AT},10,USD,,,,", "updated_at is not ISO 8601 with an offset"),
        (f",o1,u1,,{AT},ten,USD,,,,", "value is not a decimal number"),
        (f",o1,u1,,{AT},$10,USD,,,,", None),
        (f",o1,u1,,{AT},€10,USD,,,,", "value has the sign of another currency"),
        (f",o1,u1,,{AT},-10,USD,,,,", "value is negative"),
        (f",o1,u1,,{AT},10,USD,,all,,", "refunded_value is not a decimal number"),
        (f",o1,u1,,{AT},10,USD,,-1,,", None),
        (f",o1,u1,,{AT},10,,,,,", "a value without currency"),
        (f",o1,u1,,{AT},10,US$,,,,", "currency is not an ISO 4217 code"),
        (f",o1,u1,,{AT},10,USD,lost,,,", "status is not paid, refunded or cancelled"),
        (f",o1,u1,,{AT},10,USD,,,,perhaps", "deleted is neither true nor false"),
        (f'"{AT}",o1,u1,,{AT},"10",USD,PAID,-,-,0', None),
        (f",o1,u1,,{AT},10,USD,,,,,one too many", "does not have the header's 11 fields"),
    ]
    landing.land("1.csv", HEADER, *(line for line, _ in cases))
    rows = landing.parsed("orders", "1.csv")
    assert [(row["raw"], row["reason"]) for row in rows] == cases
    assert [row["line"] for row in rows] == list(range(2, len(cases) + 2))


def test_an_order_is_the_same_row_from_csv_and_from_json_lines(landing: Landing) -> None:
    landing.land("1.csv", HEADER, f",o1,u1,,{AT},10.5,usd,refunded,,2,TRUE", f"{AT},o2,u1,,{AT},,,,,,")
    order = {"order_id": "o1", "user_id": "u1", "order_ts": AT, "value": 10.5, "currency": "USD", "status": "refunded"}
    landing.land("2.jsonl", json.dumps({**order, "items": "2.0", "deleted": True}))

    of_csv, empty, of_json = landing.parsed("orders", "*", defaults=Defaults(currency="USD"))

    assert reasons([of_csv, empty, of_json]) == [None] * 3
    assert of_csv["order_at"] == of_csv["updated_at"] == utc(2026, 3, 1)
    assert (of_csv["value"], of_csv["currency"], of_csv["items"]) == (Decimal("10.500000"), "USD", 2)
    assert of_csv["refunded_value"] == Decimal("10.500000"), "refunded without an amount is refunded in full"
    assert of_csv["deleted"] is True
    same = ("order_id", "user_id", "order_at", "value", "currency", "status", "items", "deleted", "payload_hash")
    assert [of_json[name] for name in same] == [of_csv[name] for name in same]
    assert (empty["value"], empty["currency"], empty["status"]) == (Decimal(0), "USD", "paid")


def test_cdnow_lines_with_and_without_the_number_in_the_sample(landing: Landing) -> None:
    landing.land(
        "sample.txt", " 00004 0001 19970101  2   29.33", " 00004 19970118  2   29.73", "", "00021 1997 x 63.34"
    )
    first, second, bad = landing.parsed("cdnow_orders", "sample.txt")
    assert (first["order_id"], first["user_id"], first["order_at"]) == ("sample.txt:1", "00004", utc(1997, 1, 1, 12))
    assert (first["items"], first["value"], first["currency"]) == (2, Decimal("29.330000"), "USD")
    assert (second["order_id"], second["order_at"]) == ("sample.txt:2", utc(1997, 1, 18, 12))
    assert (bad["line"], bad["reason"]) == (4, "not a CDNOW line")
