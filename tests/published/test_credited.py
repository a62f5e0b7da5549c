"""Credit of first and of later purchases, and of touches on a platform, beside spend that is not divided."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from published.choices import known_currency, read_currencies
from published.metric_figures import read_performance_metrics
from published.publication import Published, read_published
from published.view import View
from tests.journey_lake import conversion_row
from tests.published_lake import publish, write_table
from tests.small_shop import performance_row
from warehouse.errors import UsageError
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_CONVERSIONS,
    SILVER_TOUCHPOINTS,
)

# In Seoul it is the 31st when it is 16:00 of the 30th in UTC.
LATE_ON_THE_30TH = datetime(2026, 3, 30, 16, tzinfo=UTC)
# conversion, channel, touch, value, first purchase
CREDITS = [
    ("a", "Search", "t1", 100, True),
    ("b", "Search", "t2", 40, False),
    ("c", "Email", "t3", 7, False),
    ("d", "(unattributed)", "(none)", 5, True),
]
CURRENCIES = {"a": "KRW", "b": "USD", "c": "KRW", "d": "USD"}
PLATFORMS = {"t1": "web", "t2": "ios", "t3": "web"}
WANTED = ["spend", "credited_value", "credited_conversions", "new_customers"]


def credit(conversion: str, channel: str, touch: str, value: int, is_first: bool) -> dict[str, Any]:
    return {
        "model": "last_touch",
        "conversion_id": conversion,
        "conversion_type": "purchase",
        "converted_at": LATE_ON_THE_30TH,
        "person_id": f"person of {conversion}",
        "touchpoint_id": touch,
        "touched_at": LATE_ON_THE_30TH,
        "position": 1,
        "path_length": 1,
        "channel": channel,
        "credit": 1.0,
        "credited_value": Decimal(value),
        "gross_value": Decimal(value),
        "currency": "KRW",
        "is_first_purchase": is_first,
        "model_version": "rules",
    }


def write_credited_shop(lake: Path) -> Published:
    """A day of one model, with its credits, their touches and their conversions, published."""
    day = date(2026, 3, 31)
    performance = [
        performance_row("last_touch", "purchase", "conversion", day, "Search", spend=50, conversions=2, value=140),
        performance_row("last_touch", "purchase", "conversion", day, "Email", conversions=1, value=7),
        performance_row("last_touch", "purchase", "conversion", day, "(unattributed)", conversions=1, value=5),
    ]
    touches = [
        {
            "touchpoint_id": touch,
            "person_id": "p",
            "touched_at": LATE_ON_THE_30TH,
            "interaction": "click",
            "channel": "Search",
            "channel_rule": "",
            "channel_trace": "",
            "platform": platform,
            "consent_ads": True,
            "is_retargeting": False,
            "is_abuse": False,
        }
        for touch, platform in PLATFORMS.items()
    ]
    tables = {
        GOLD_CHANNEL_PERFORMANCE: performance,
        GOLD_ATTRIBUTION_CREDITS: [credit(*row) for row in CREDITS],
        SILVER_TOUCHPOINTS: touches,
        SILVER_CONVERSIONS: [conversion_row(name, currency) for name, currency in CURRENCIES.items()],
    }
    publish(lake, {table: write_table(lake, table, rows) for table, rows in tables.items()})
    return read_published(str(lake))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return write_credited_shop(tmp_path_factory.mktemp("credited") / "lake")


def read(lake: Published, **changes: Any) -> dict[str, tuple[int, int, float, float]]:
    view = View(first_day=date(2026, 3, 31), timezone="Asia/Seoul", **changes)
    return {
        row["channel"]: tuple(row[name] for name in WANTED)
        for row in read_performance_metrics(lake, view, WANTED, by=["channel"])
    }


def test_new_and_returning_add_up_to_all_and_spend_stays_whole(lake: Published) -> None:
    assert read(lake) == {"Search": (50, 140, 2, 1), "Email": (0, 7, 1, 0.5), "(unattributed)": (0, 5, 1, 0.5)}
    assert read(lake, customers="new") == {
        "Search": (50, 100, 1, 1),
        "Email": (0, 0, 0, 0),
        "(unattributed)": (0, 5, 1, 1),
    }
    assert read(lake, customers="returning") == {
        "Search": (50, 40, 1, 0),
        "Email": (0, 7, 1, 0),
        "(unattributed)": (0, 0, 0, 0),
    }


def test_a_platform_has_the_credit_of_its_touches(lake: Published) -> None:
    assert {channel: row[1] for channel, row in read(lake, platform="web").items()} == {
        "Search": 100,
        "Email": 7,
        "(unattributed)": 0,
    }
    assert read(lake, platform="ios", customers="new")["Search"] == (50, 0, 0, 0)


def test_a_currency_has_the_credit_of_conversions_in_it_and_currencies_add_up_to_all(lake: Published) -> None:
    assert read_currencies(lake) == ("KRW", "USD")
    found = {code: read(lake, currency=code) for code in ("KRW", "USD")}
    assert found["USD"] == {"Search": (50, 40, 1, 0), "Email": (0, 0, 0, 0), "(unattributed)": (0, 5, 1, 1)}
    for channel, (_, value, conversions, _) in read(lake).items():
        assert (value, conversions) == tuple(sum(each[channel][at] for each in found.values()) for at in (1, 2))
    assert read(lake, currency="KRW", platform="web", customers="returning")["Email"] == (0, 7, 1, 0)


def test_a_currency_that_no_conversion_is_in_is_refused(lake: Published) -> None:
    with pytest.raises(UsageError, match=r"no currency is called 'EUR' in what was published; there are: KRW, USD"):
        known_currency(lake, View(currency="EUR"))
    assert known_currency(lake, View()) == View()


def test_days_are_those_of_the_reporting_zone(lake: Published) -> None:
    before = View(last_day=date(2026, 3, 30), customers="returning", timezone="UTC")
    found = read_performance_metrics(lake, before, ["credited_value"])[0]
    assert found["credited_value"] == 47


def test_an_unknown_kind_of_customers_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of customers is called 'old'; there are: all, new, returning"):
        View(customers="old")  # type: ignore[arg-type]
