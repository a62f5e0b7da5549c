"""Apple's postbacks: SKAdNetwork 2.0 to 4.0 and AdAttributionKit, in the spelling of Apple and of partners."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from landed_text import Landing, reasons
from pyspark.sql import Row

from intake.adapter import Defaults
from intake.knobs import Export

AT = "2026-03-05T10:00:00Z"
NETWORK, ID = "Example1.skadnetwork", "6AAFB7A0-0170-41B5-BBE4-FE71DEDF1E28"
VERSION_2: dict[str, Any] = {
    "version": "2.2",
    "ad-network-id": NETWORK,
    "campaign-id": 42,
    "transaction-id": ID,
    "app-id": 525463029,
    "attribution-signature": "MDYCGQ",
    "redownload": True,
    "source-app-id": 1234567891,
    "fidelity-type": 1,
    "conversion-value": 20,
    "timestamp": AT,
}
VERSION_3 = {**VERSION_2, "version": "3.0", "did-win": False, "redownload": False, "fidelity-type": 0}
VERSION_4 = {
    "version": "4.0",
    "ad-network-id": NETWORK,
    "source-identifier": "5239",
    "transaction-id": ID,
    "app-id": 525463029,
    "redownload": False,
    "source-domain": "News.example",
    "fidelity-type": 1,
    "did-win": True,
    "coarse-conversion-value": "high",
    "postback-sequence-index": 1,
    "received_at": "2026-03-05 10:00:00",
}


def signed(payload: dict[str, Any], kid: str = "apple-cas-identifier/0") -> str:
    """A compact JSON web signature as Apple sends it; nobody checks the signature here."""
    parts = [json.dumps(part).encode() for part in ({"kid": kid, "alg": "ES256"}, payload)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (*parts, b"signature?>"))


PAYLOAD = {
    "postback-identifier": "85546EB7-fd39-44bc-8990-c98a4ac36a49",
    "advertised-item-identifier": 525463029,
    "ad-network-identifier": "example.adattributionkit",
    "publisher-item-identifier": 0,
    "source-identifier": "52",
    "conversion-type": "re-engagement",
    "impression-type": "app-impression",
    "marketplace-identifier": "com.apple.AppStore",
    "did-win": True,
    "postback-sequence-index": 0,
    "note": "??>>~~",  # has - and _ where it is encoded
}
KIT = {"jws-string": signed(PAYLOAD), "ad-interaction-type": "view", "conversion-value": 7, "country-code": "kr"}


def parsed(landing: Landing, *postbacks: dict[str, Any], export: Export | None = None) -> list[Row]:
    landing.land("1.jsonl", *(json.dumps(postback) for postback in postbacks))
    return landing.parsed("skan_postbacks", "1.jsonl", defaults=Defaults(export=export or Export()))


def test_each_version_of_skadnetwork_is_read_into_the_same_fields(landing: Landing) -> None:
    rows = parsed(landing, VERSION_2, VERSION_3, VERSION_4)

    assert reasons(rows) == [None, None, None]
    assert {row["framework"] for row in rows} == {"SKAdNetwork"}
    assert {(row["ad_network_id"], row["transaction_id"], row["app_id"]) for row in rows} == {
        ("example1.skadnetwork", ID.lower(), "525463029")
    }
    assert {row["received_at"].astimezone(UTC) for row in rows} == {datetime(2026, 3, 5, 10, tzinfo=UTC)}
    names = (
        "version", "source_identifier", "sequence_index", "did_win", "conversion_type", "interaction",
        "fine_level", "coarse_level", "source_app_id", "source_domain",
    )  # fmt: skip
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("2.2", "42", 0, True, "redownload", "click", 20, None, "1234567891", None),
        ("3.0", "42", 0, False, "download", "view", 20, None, "1234567891", None),
        ("4.0", "5239", 1, True, "download", "click", None, "high", None, "news.example"),
    ]


def test_adattributionkit_is_read_from_what_apple_signed(landing: Landing) -> None:
    beside = {"ad-network-identifier": "forged.adattributionkit", "did-win": False}
    (row,) = parsed(landing, {**KIT, **beside, "timestamp": 1772704800000})

    assert row["reason"] is None
    assert (row["framework"], row["ad_network_id"]) == ("AdAttributionKit", "example.adattributionkit")
    assert (row["transaction_id"], row["app_id"]) == ("85546eb7-fd39-44bc-8990-c98a4ac36a49", "525463029")
    assert (row["source_identifier"], row["sequence_index"], row["did_win"]) == ("52", 0, True)
    assert (row["conversion_type"], row["interaction"], row["fine_level"]) == ("re-engagement", "view", 7)
    assert (row["marketplace"], row["country"], row["source_app_id"]) == ("com.apple.AppStore", "KR", None)
    assert row["received_at"].astimezone(UTC) == datetime(2026, 3, 5, 10, tzinfo=UTC)


def test_a_payload_that_a_partner_has_decoded_is_read_too(landing: Landing) -> None:
    decoded = {name.replace("-", "_"): value for name, value in PAYLOAD.items()}
    (row,) = parsed(landing, {**decoded, "received_at": AT})

    assert (row["framework"], row["ad_network_id"]) == ("AdAttributionKit", "example.adattributionkit")
    assert (row["transaction_id"], row["conversion_type"]) == (PAYLOAD["postback-identifier"].lower(), "re-engagement")


@pytest.mark.parametrize(
    ("written", "at"),
    [
        (1772704800, datetime(2026, 3, 5, 10, tzinfo=UTC)),
        ("1772704800123", datetime(2026, 3, 5, 10, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-03-05T19:00:00+09:00", datetime(2026, 3, 5, 10, tzinfo=UTC)),
        ("2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),
    ],
)
def test_the_receipt_is_a_moment_or_a_day(landing: Landing, written: Any, at: datetime) -> None:
    (row,) = parsed(landing, {**VERSION_2, "timestamp": written})

    assert (row["reason"], row["received_at"].astimezone(UTC)) == (None, at)


def test_the_folder_can_name_the_day_where_apples_own_text_has_landed(landing: Landing) -> None:
    bare = {name: value for name, value in VERSION_2.items() if name != "timestamp"}
    landing.land("2026-03-06/1.jsonl", json.dumps(bare))
    constants = Export(constants={"received_at": "{folder}"})
    (row,) = landing.parsed("skan_postbacks", "*/1.jsonl", defaults=Defaults(export=constants))

    assert row["received_at"].astimezone(UTC) == datetime(2026, 3, 6, tzinfo=UTC)


BAD: list[tuple[dict[str, Any], str]] = [
    ({**VERSION_2, "ad-network-id": None}, "ad_network_id is missing"),
    ({**VERSION_2, "transaction-id": ""}, "transaction_id is missing"),
    ({**VERSION_2, "timestamp": "yesterday"}, "received_at is missing or not ISO 8601 with an offset"),
    ({**VERSION_2, "timestamp": "1970-01-01T00:00:00Z"}, "received_at is before 1990 or after 2099"),
    ({**VERSION_3, "did-win": "perhaps"}, "did_win is neither true nor false"),
    ({**VERSION_3, "redownload": "again"}, "redownload is neither true nor false"),
    ({**VERSION_4, "postback-sequence-index": 3}, "postback_sequence_index is not a whole number from 0 to 2"),
    ({**VERSION_2, "conversion-value": 64}, "conversion_value is not a whole number from 0 to 63"),
    ({**VERSION_2, "conversion-value": "many"}, "conversion_value is not a whole number from 0 to 63"),
    ({**VERSION_4, "coarse-conversion-value": "huge"}, "coarse_conversion_value is not low, medium or high"),
    ({**KIT, "timestamp": AT, "jws-string": "not.a jws.at all"}, "jws_string is not header.payload.signature"),
    ({**KIT, "timestamp": AT, "jws-string": signed(PAYLOAD)[:60]}, "jws_string is not header.payload.signature"),
    (
        {**KIT, "timestamp": AT, "jws-string": signed({**PAYLOAD, "conversion-type": "glance"})},
        "conversion_type is not download, redownload or re-engagement",
    ),
    ({**KIT, "timestamp": AT, "jws-string": signed(PAYLOAD, "apple-development-identifier/1")}, "test event"),
]


def test_a_bad_postback_is_set_aside_with_its_reason(landing: Landing) -> None:
    from intake.reasons import A_TEST

    rows = parsed(landing, *(postback for postback, _ in BAD))

    assert reasons(rows) == [A_TEST if reason == "test event" else reason for _, reason in BAD]
