from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from landed_text import Landing, reasons

from warehouse.errors import InputError

HEADER = (
    "platform,collector_tstamp,event,event_id,domain_userid,mkt_medium,mkt_source,mkt_campaign,tr_orderid,tr_total,"
    "tr_currency,domain_sessionid,derived_tstamp,event_name"
)


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_atomic_events_become_events_and_a_total_makes_a_purchase(landing: Landing) -> None:
    landing.land(
        "1.csv",
        HEADER,
        "web,2026-03-01T09:00:05Z,page_view,e1,d1,cpc,google,spring,,,,s1,2026-03-01 09:00:00.123,page_view",
        "mob,2026-03-01 09:00:05,struct,e2,d1,,,,o7,24,USD,s1,,",
        "web,2026-03-01 09:00:05,struct,e3,,,,,,,,s1,,",
        "tv,2026-03-01 09:00:05,transaction,e4,d1,,,,o8,5,,s1,,",
    )
    visit, purchase, nobody, no_currency = landing.parsed("snowplow_events", "1.csv")
    assert reasons([visit, purchase, nobody, no_currency]) == [
        None,
        None,
        "neither anonymous_id nor user_id is given",
        "a value without currency",
    ]
    assert (visit["event_id"], visit["event_name"], visit["anonymous_id"]) == ("e1", "page_view", "d1")
    assert (visit["source"], visit["medium"], visit["campaign"], visit["session_id"]) == (
        "google",
        "cpc",
        "spring",
        "s1",
    )
    assert (visit["event_at"], visit["received_at"]) == (utc(2026, 3, 1, 9, 0, 0, 123_000), utc(2026, 3, 1, 9, 0, 5))
    assert (visit["platform"], purchase["platform"], no_currency["platform"]) == ("web", "android", "web")
    assert (purchase["event_name"], purchase["event_at"]) == ("purchase", utc(2026, 3, 1, 9, 0, 5))
    assert (purchase["order_id"], purchase["value"], purchase["currency"]) == ("o7", Decimal("24.000000"), "USD")


def test_a_file_that_is_no_snowplow_export_is_refused_by_its_header(landing: Landing) -> None:
    landing.land("1.csv", "event_id,event", "e1,page_view")
    with pytest.raises(InputError, match=r"1\.csv: the header lacks the required columns domain_userid, collector_"):
        landing.parsed("snowplow_events", "1.csv")
