"""Audiences: who visited and did not buy, as ids, with consent to ads."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from published.audiences import Audience, Member, read_audience
from published.publication import read_published
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import SILVER_CONVERSIONS, SILVER_TOUCHPOINTS

# Seoul's reporting day of as_of ends at 15:00 UTC.
END = datetime(2026, 3, 31, 15, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def touch(person: str, before: timedelta, device: str | None = None, **fields: Any) -> dict[str, Any]:
    """A visit that long before the end of as_of, with consent."""
    return {
        "touchpoint_id": f"{person} {device} {before}",
        "person_id": person,
        "session_id": "s",
        "anonymous_id": device,
        "touched_at": END - before,
        "interaction": "click",
        "channel": "Direct",
        "channel_rule": "direct",
        "channel_trace": "direct",
        "platform": "web",
        "consent_ads": True,
        "is_retargeting": False,
        "is_abuse": False,
        **fields,
    }


def bought(person: str, before: timedelta, kind: str = "purchase") -> dict[str, Any]:
    money = dict.fromkeys(("value", "refunded_value", "report_value", "report_gross_value"), 1)
    return {
        "conversion_id": f"{person} {before}",
        "conversion_type": kind,
        "is_final": True,
        "person_id": person,
        "converted_at": END - before,
        "currency": "KRW",
        "report_currency": "KRW",
        "is_first_purchase": False,
        **money,
    }


def audience(lake: Path, touches: list[dict[str, Any]], sales: list[dict[str, Any]], days: int = 7) -> Audience:
    publish(lake, {SILVER_TOUCHPOINTS: write_table(lake, SILVER_TOUCHPOINTS, touches),
                   SILVER_CONVERSIONS: write_table(lake, SILVER_CONVERSIONS, sales)})  # fmt: skip
    found = read_audience(read_published(str(lake)), days=days, timezone="Asia/Seoul")
    assert found is not None
    return found


# name: touches and sales of `user:x`, and whether x is in an audience of 7 days
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], bool]] = {
    "visited and did not buy": ([touch("user:x", DAY)], [], True),
    "visited in the first second of the days": ([touch("user:x", 7 * DAY)], [], True),
    "visited a second before": ([touch("user:x", 7 * DAY + SECOND)], [], False),
    "visited after as_of": ([touch("user:x", 0 * DAY)], [], False),
    "bought after the visit": ([touch("user:x", 2 * DAY)], [bought("user:x", DAY)], False),
    "bought in the moment of the visit": ([touch("user:x", DAY)], [bought("user:x", DAY)], False),
    "bought before the visits of these days": ([touch("user:x", DAY)], [bought("user:x", 2 * DAY)], True),
    "bought and came again": ([touch("user:x", 3 * DAY), touch("user:x", DAY)], [bought("user:x", 2 * DAY)], False),
    "signed up": ([touch("user:x", 2 * DAY)], [bought("user:x", DAY, "sign_up")], True),
    "did not agree": ([touch("user:x", DAY, consent_ads=False)], [], False),
    "agreed later": ([touch("user:x", 2 * DAY, consent_ads=False), touch("user:x", DAY)], [], True),
    "took it back": ([touch("user:x", 2 * DAY), touch("user:x", DAY, consent_ads=False)], [], False),
    "agreed at no visit, but at an ad": (
        [touch("user:x", 2 * DAY, consent_ads=False), touch("user:x", DAY, interaction="impression", session_id=None)],
        [],
        False,
    ),
    "saw an ad and did not come": ([touch("user:x", DAY, interaction="impression", session_id=None)], [], False),
    "clicked as abuse does": ([touch("user:x", DAY, is_abuse=True)], [], False),
}


@pytest.mark.parametrize("case", CASES)
def test_an_audience_has_who_visited_with_consent_and_did_not_buy_since(case: str, tmp_path: Path) -> None:
    touches, sales, is_member = CASES[case]
    found = audience(tmp_path, touches, sales)

    assert found.members == ((Member("user_id", "x"),) if is_member else ())
    assert (found.first_day, found.as_of) == (AS_OF - 6 * DAY, AS_OF)


def test_ids_are_of_a_kind_that_platforms_take_and_sorted_once_each(tmp_path: Path) -> None:
    touches = [
        touch("user:z9", DAY, "cookie-2"),
        touch("user:z9", 2 * DAY, "cookie-2"),
        touch("device:cookie-1", DAY, "cookie-1"),
        touch("user:Ann@Shop.example", DAY, "idfa-7", platform="ios"),
        touch("event:lonely", DAY),
    ]
    assert audience(tmp_path, touches, []).members == (
        Member("cookie_id", "cookie-1"),
        Member("cookie_id", "cookie-2"),
        Member("device_id", "idfa-7"),
        Member("email_sha256", hashlib.sha256(b"ann@shop.example").hexdigest()),
        Member("user_id", "z9"),
    )


@pytest.mark.parametrize("phone", ["+82 10 1234 5678", "+821012345678", "010-1234-5678", "01012345678", "02-123-4567"])
def test_logins_that_are_phone_numbers_are_left_out(phone: str, tmp_path: Path) -> None:
    found = audience(tmp_path, [touch(f"user:{phone}", DAY), touch("user:100200300400", DAY)], [])

    assert found.members == (Member("user_id", "100200300400"),)
    assert found.phone_numbers == 1


def test_a_shared_device_is_left_out_where_one_of_its_people_bought_or_did_not_agree(tmp_path: Path) -> None:
    touches = [
        touch("user:a", 3 * DAY, "tablet"),
        touch("user:buyer", 2 * DAY, "tablet"),
        touch("user:b", 3 * DAY, "phone"),
        touch("user:no thanks", 2 * DAY, "phone", consent_ads=False),
    ]
    found = audience(tmp_path, touches, [bought("user:buyer", DAY)])

    assert found.members == (Member("user_id", "a"), Member("user_id", "b"))


def test_where_silver_is_not_published_there_is_no_audience(tmp_path: Path) -> None:
    publish(tmp_path, {SILVER_TOUCHPOINTS: write_table(tmp_path, SILVER_TOUCHPOINTS, [])})
    assert read_audience(read_published(str(tmp_path)), days=1, timezone="UTC") is None
