"""Whether figures can be trusted: freshness of inputs, money from files to gold, buyers with two names."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from published.freshness import read_freshness
from published.gaps import read_gaps
from published.money import read_landed_money, read_outcomes, read_reported
from published.publication import Published, read_published
from published.same_buyers import SameBuyers, read_same_buyers
from published.view import View
from tests.published_lake import publish, write_table
from tests.small_shop import performance_row
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_LANDED_FILES,
    BRONZE_LANDED_MONEY,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_AD_SPEND,
    SILVER_ALIASES,
    SILVER_CONVERSIONS,
    SILVER_MONEY_LEDGER,
    SILVER_ORDERS,
)

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def published_of(
    lake: Path, tables: dict[Table, list[dict[str, Any]]], *, as_of: date = date(2026, 3, 31)
) -> Published:
    versions = {
        table: write_table(lake, table, [_filled(table, row) for row in rows]) for table, rows in tables.items()
    }
    publish(lake, {table: version for table, version in versions.items() if table.layer != "bronze"}, as_of=as_of)
    return read_published(str(lake))


def _filled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row, with a plain value in every column that must have one."""
    plain: dict[str, Any] = {"string": "", "boolean": False, "timestamp": NOON, "date": NOON.date(), "double": 0.0}
    needed = {column.name: plain.get(column.type, 0) for column in table.columns if not column.nullable}
    return {**needed, **row}


def landed_file(source: str, file: str, written: int, last_at: datetime | None) -> dict[str, Any]:
    moment = datetime(2026, 4, written, tzinfo=UTC)
    return {"source": source, "file": file, "modified_at": moment, "status": "done", "last_at": last_at}


def test_an_input_is_behind_by_the_days_that_it_lacks_to_the_published_day(tmp_path: Path) -> None:
    published = published_of(
        tmp_path,
        {
            BRONZE_LANDED_FILES: [
                landed_file("events", "e1", 1, datetime(2026, 3, 30, 14, 59, tzinfo=UTC)),
                landed_file("events", "e2", 2, datetime(2026, 3, 31, 15, 0, tzinfo=UTC)),  # 1 April in Seoul
                landed_file("orders", "o9", 1, datetime(2026, 3, 28, 14, 59, tzinfo=UTC)),
                landed_file("orders", "o1", 1, None),  # written with o9; the greater name counts as newest
                landed_file("ad_spend", "s", 1, None),
                landed_file("click_views", "c", 1, None),
            ],
            BRONZE_AD_SPEND: [{"spend_date": date(2026, 3, 31)}],
            SILVER_ALIASES: [],
        },
    )
    found = {one.source: one for one in read_freshness(published, "Asia/Seoul")}
    assert {source: (one.last_day, one.behind) for source, one in found.items()} == {
        "orders": (date(2026, 3, 28), 3),
        "ad_spend": (date(2026, 3, 31), 0),
        "events": (date(2026, 4, 1), -1),  # landed, and not published yet
        "click_views": (None, None),
    }
    assert [one.source for one in read_freshness(published, "Asia/Seoul")] == [
        "orders",
        "ad_spend",
        "events",
        "click_views",
    ]
    assert (found["events"].files, found["events"].newest_file, found["orders"].newest_file) == (2, "e2", "o9")


def landed(outcome: str, amount: int, rows: int = 1) -> dict[str, Any]:
    return {
        "kind": "order",
        "currency": "KRW",
        "file": "f",
        "outcome": outcome,
        "rows": rows,
        "amount": Decimal(amount),
    }


def test_what_files_say_adds_up_to_what_became_of_it(tmp_path: Path) -> None:
    published = published_of(
        tmp_path,
        {
            BRONZE_LANDED_MONEY: [
                landed("read", 150, rows=6),
                landed("kept", 100),
                landed("same_again", 20),
                landed("quarantined", 5),
                landed("replacing", 25),
                landed("replaced", 24),
                {**landed("read", 10), "currency": "USD"},
                {**landed("kept", 9), "currency": "USD"},
            ],
            SILVER_MONEY_LEDGER: [],
        },
    )
    won, dollars = read_landed_money(published)
    assert (won.rows, won.read, won.known, won.refused, won.stored) == (6, 150, 20, 5, 101)
    assert won.adds_up
    assert not dollars.adds_up
    assert read_outcomes(published) == ()
    assert read_reported(published) == ()


def test_gold_has_what_is_credited_and_the_rest_is_of_before_the_start(tmp_path: Path) -> None:
    def purchase(value: int) -> dict[str, Any]:
        return {"conversion_type": "purchase", "report_value": Decimal(value)}

    def credit(model: str, value: int) -> dict[str, Any]:
        return {"model": model, "conversion_type": "purchase", "credited_value": Decimal(value)}

    day = date(2026, 3, 31)
    published = published_of(
        tmp_path,
        {
            SILVER_CONVERSIONS: [purchase(300), purchase(700)],
            SILVER_AD_SPEND: [{"report_spend": Decimal(40)}],
            GOLD_ATTRIBUTION_CREDITS: [credit("last_touch", 300), credit("linear", 300)],
            GOLD_CHANNEL_PERFORMANCE: [
                performance_row(model, type_, "conversion", day, "Search", spend=spend, value=value)
                for model in ("last_touch", "linear")
                for type_, value, spend in (("purchase", 300, 40), ("sign_up", 0, 40))
            ],
        },
    )
    purchases, spend = read_reported(published)
    assert (purchases.silver, purchases.credited, purchases.gold, purchases.adds_up) == (1000, 300, 300, True)
    assert (spend.silver, spend.credited, spend.gold, spend.adds_up) == (40, 40, 40, True)


def test_orders_with_another_user_in_the_event_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    def order(person: str, seen: str | None, origin: str = "orders") -> dict[str, Any]:
        return {"origin": origin, "person_id": person, "seen_person_id": seen, "status": "paid"}

    def tie(login: str, outcome: str, orders: int) -> dict[str, Any]:
        return {"user_id": login, "buyer_id": "b", "outcome": outcome, "orders": orders}

    published = published_of(
        tmp_path,
        {
            SILVER_ORDERS: [order("a", "a"), order("a", "c"), order("a", None), order("d", "e", "events")],
            SILVER_ALIASES: [tie("1", "alias", 3), tie("2", "alias", 1), tie("3", "shared", 1)],
        },
    )
    assert read_same_buyers(published) == SameBuyers(
        in_both=2, differ=5, apart=1, by_outcome={"alias": (2, 4), "shared": (1, 1)}
    )


def test_shares_of_a_week_are_of_its_conversions_not_means_of_its_days(tmp_path: Path) -> None:
    def row(day: date, channel: str, conversions: float) -> dict[str, Any]:
        return performance_row("last_touch", "purchase", "conversion", day, channel, conversions=conversions, value=1)

    monday, tuesday, sunday = date(2026, 3, 23), date(2026, 3, 24), date(2026, 3, 22)
    published = published_of(
        tmp_path,
        {
            GOLD_CHANNEL_PERFORMANCE: [
                row(sunday, "Direct", 1.0),
                row(monday, "(unattributed)", 1.0),
                row(tuesday, "Search", 6.0),
                row(tuesday, "Direct", 3.0),
            ]
        },
    )
    before, week = read_gaps(published, View())
    assert (before.monday, before.days, before.direct, before.unattributed) == (date(2026, 3, 16), 1, 1.0, 0.0)
    assert (week.monday, week.days, week.conversions) == (monday, 2, 10.0)
    assert (week.unattributed, week.direct) == (0.1, 0.3)
