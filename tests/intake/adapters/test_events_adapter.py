from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from landed_text import Landing, reasons

from intake.adapter import Defaults


def event(**fields: Any) -> str:
    common = {"event_id": "e1", "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a1"}
    return json.dumps({name: value for name, value in {**common, **fields}.items() if value is not ...})


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_unusable_events_have_their_reason_and_the_others_none(landing: Landing) -> None:
    cases: list[tuple[str, str | None]] = [
        (event(), None),
        (event(event_id=...), "event_id is missing"),
        (event(event_id="  "), "event_id is missing"),
        (
            '{"Event_Id": "e1", "event_name": "x", "event_ts": "2026-03-01T09:00:00Z", "user_id": "u"}',
            "event_id is missing",
        ),
        (event(event_name=None), "event_name is missing"),
        (event(event_ts=...), "event_ts is missing"),
        (event(event_ts="2026-03-01T09:00:00"), "event_ts is not ISO 8601 with an offset"),
        (event(event_ts="2026-02-30T09:00:00Z"), "event_ts is not ISO 8601 with an offset"),
        (event(event_ts=1772355600), "event_ts is not ISO 8601 with an offset"),
        (event(event_ts="1970-01-01T00:00:00Z"), "event_ts or received_ts is before 1990 or after 2099"),
        (event(event_ts="9999-12-31T00:00:00Z"), "event_ts or received_ts is before 1990 or after 2099"),
        (event(received_ts="1970-01-01T00:00:00Z"), "event_ts or received_ts is before 1990 or after 2099"),
        (event(event_ts="9999-12-31T00:00:00Z", received_ts="2026-03-01T00:00:00Z"), None),  # it happened then
        (event(received_ts="soon"), "received_ts is not ISO 8601 with an offset"),
        (event(anonymous_id=..., user_id=""), "neither anonymous_id nor user_id is given"),
        (event(platform="fridge"), "platform is not web, ios, android or server"),
        (event(value="ten"), "value is not a decimal number"),
        (event(value="1,5"), "value is not a decimal number"),
        (event(value="1,000"), None),  # a thousand, in its groups
        (event(value=-1), "value is negative"),
        (event(event_name="purchase", value=5), "a value without currency"),
        (event(event_name="purchase", value=5, currency="dollars"), "currency is not an ISO 4217 code"),
        (event(event_name="refund", value=5, currency="USD"), "a refund without order_id"),
        (event(event_name="refund", value=5, currency="dollars", order_id="o1"), "currency is not an ISO 4217 code"),
        (event(event_name="refund", value=5, order_id="o1"), None),  # in the currency of its order
        (event(event_name="purchase"), None),  # no amount that needs a currency
        (event(event_name="view_item", value=5), None),  # no money moves
        ("not json", "not a JSON object"),
        ('["e1"]', "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"event_id": "e1"', "not JSON"),
        ('{"event_id": "e1",}', "not JSON"),
        ('{"value": NaN}', "not JSON"),
        (event()[:-1] + ', "event_id": "e2"}', "a field is given twice"),
        (event()[:-1] + ', "colour": "red", "colour": "blue"}', "a field is given twice"),
        # A reader of JSON stops at the end of the first object: the second event would be lost silently.
        (event() + event(event_id="e2"), "more than one JSON object"),
        (event() + "," + event(event_id="e2"), "more than one JSON object"),
        (event() + " and so on", "more than one JSON object"),
        (event(properties={"a": 1}) + "]", "more than one JSON object"),
        (event() + "] [" + event(event_id="e2"), "more than one JSON object"),
        (event(properties={"a": [{"b": 1}, {"b": 2}]}, page_url="https://a.b/}{"), None),
    ]
    landing.land("1.jsonl", *(line for line, _ in cases))

    rows = landing.parsed("events", "1.jsonl")

    assert [(row["raw"], row["reason"]) for row in rows] == cases
    assert [row["line"] for row in rows] == list(range(1, len(cases) + 1))


def test_fields_become_the_contract(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event(
            event_name="purchase",
            event_ts="2026-03-01T18:00:00.250+09:00",
            received_ts="2026-03-01 09:04Z",
            user_id=" u1 ",
            platform="iOS",
            value="12.50",
            currency="krw",
            consent={"analytics": True, "ads": False},
            properties={"cart": [1, 2]},
            referrer="",
        ),
        event(value="-", colour="red"),
        event(event_ts="2026-03-01T09:05:00z", received_ts="2026-03-01T09:00:00Z"),  # exactly 5 minutes ahead
        event(event_ts="2026-03-01T09:05:01Z", received_ts="2026-03-01T09:00:00+00"),
        event(event_ts="2026-03-01T09:00+0900", Page_Url="https://a.b/", consent="yes"),
        end="\r\n",
        start=b"\xef\xbb\xbf",
    )

    first, plain, at_the_edge, ahead, other_case = landing.parsed("events", "1.jsonl")

    assert reasons([first, plain, at_the_edge, ahead, other_case]) == [None] * 5
    assert (first["event_at"], first["received_at"]) == (utc(2026, 3, 1, 9, 0, 0, 250_000), utc(2026, 3, 1, 9, 4))
    assert (first["user_id"], first["platform"], first["referrer"]) == ("u1", "ios", None)
    assert (first["value"], first["currency"]) == (Decimal("12.500000"), "KRW")
    assert (first["consent_analytics"], first["consent_ads"]) == (True, False)
    assert json.loads(first["properties"]) == {"cart": [1, 2]}
    assert first["extra"] is None
    assert (plain["platform"], plain["value"], plain["currency"]) == ("web", None, None)
    assert json.loads(plain["extra"])["colour"] == "red", "what the contract does not know is kept"
    assert (at_the_edge["is_clock_skewed"], at_the_edge["event_at"]) == (False, utc(2026, 3, 1, 9, 5))
    # An event cannot happen after its receipt: where the device's clock ran ahead, the time of receipt counts.
    assert (ahead["is_clock_skewed"], ahead["event_at"]) == (True, utc(2026, 3, 1, 9))
    assert ahead["sent_event_at"] == utc(2026, 3, 1, 9, 5, 1)
    assert other_case["sent_event_at"] == utc(2026, 3, 1)
    assert other_case["page_url"] is None, "names are case sensitive"
    assert "Page_Url" in other_case["extra"]
    assert other_case["consent_ads"] is None


def test_event_names_in_any_case_and_several_forms_of_consent_are_understood(landing: Landing) -> None:
    forms = [({"analytics": "granted", "ads": "denied"}), {"analytics": 1, "ads": 0}, {"analytics": "Yes", "ads": "no"}]
    landing.land(
        "1.jsonl", *(event(consent=form) for form in forms), event(event_name="Purchase"), event(event_name="Quiz")
    )

    *consented, purchase, own = landing.parsed("events", "1.jsonl")

    assert [(row["consent_analytics"], row["consent_ads"]) for row in consented] == [(True, False)] * 3
    assert (purchase["event_name"], own["event_name"]) == ("purchase", "Quiz")


def test_a_refund_without_currency_is_not_given_the_default_however_it_is_written(landing: Landing) -> None:
    landing.land(
        "1.jsonl", *(event(event_name=name, value=5, order_id="o") for name in ("Refund", "refund", "Purchase"))
    )

    rows = landing.parsed("events", "1.jsonl", defaults=Defaults(currency="KRW"))

    assert [(row["reason"], row["currency"]) for row in rows] == [(None, None), (None, None), (None, "KRW")]


def test_the_payload_hash_is_of_the_content_not_of_the_time_or_form_in_which_it_came(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event(received_ts="2026-03-01T09:00:00Z"),
        event(received_ts="2026-03-02T09:00:00Z", colour="red"),
        '{"anonymous_id":"a1" ,"event_ts":"2026-03-01T18:00:00+09:00","event_name":"page_view","event_id":"e1"}',
        event(source="a", medium=None),
        event(source=None, medium="a"),
    )
    hashes = [row["payload_hash"] for row in landing.parsed("events", "1.jsonl")]
    assert hashes[0] == hashes[1] == hashes[2]
    assert len(set(hashes)) == 3


def test_events_as_csv_are_read_by_header_whatever_its_order_and_case(landing: Landing) -> None:
    landing.land(
        "1.csv",
        'User_ID, event_ts ,"EVENT_NAME",event_id,value,Currency',
        'u1,2026-03-01T09:00:00Z,purchase,e1,"1000.5",',
        "",
        "u1,2026-03-01T09:00:00Z,purchase,e2",
        end="\r\n",
        start=b"\xef\xbb\xbf",
    )
    good, short = landing.parsed("events", "1.csv", defaults=Defaults(currency="KRW"))
    assert (good["event_id"], good["user_id"], good["value"]) == ("e1", "u1", Decimal("1000.500000"))
    assert good["currency"] == "KRW", "the configured currency of values without one"
    assert (short["line"], short["reason"]) == (4, "does not have the header's 6 fields")
