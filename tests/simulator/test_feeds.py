"""The orders, ad spend and exchange rate files."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from landed_shop import Landed


def test_orders_reach_back_eighteen_months(landed: Landed) -> None:
    days = [datetime.fromisoformat(row["order_ts"]).date() for row in landed.rows("orders/*.csv")]
    assert date(2024, 9, 1) <= min(days) < date(2024, 9, 10)
    last = landed.shop.start_date + timedelta(days=landed.shop.days - 1)
    assert last - timedelta(days=1) <= max(days) <= last


def test_orders_have_the_columns_of_the_contract_and_plausible_money(landed: Landed) -> None:
    rows = landed.rows("orders/*.csv")
    assert list(rows[0]) == [
        "order_id", "user_id", "anonymous_id", "order_ts", "value", "currency", "status", "refunded_value", "items",
        "updated_at", "deleted",
    ]  # fmt: skip
    assert len(rows) == landed.counts["order_rows"]
    assert len({row["order_id"] for row in rows}) == landed.counts["orders"]
    assert {row["status"] for row in rows} == {"paid", "refunded", "cancelled"}
    assert {row["currency"] for row in rows} == {"KRW", "USD"}
    won = [float(row["value"]) for row in rows if row["currency"] == "KRW"]
    assert 50_000 < sum(won) / len(won) < 70_000
    assert all(row["user_id"] or row["anonymous_id"] for row in rows)
    assert all(0 <= float(row["refunded_value"]) <= float(row["value"]) for row in rows)
    assert all(row["items"].isdigit() for row in rows)


def test_refunds_cancellations_and_deletions_come_as_newer_rows(landed: Landed) -> None:
    versions = defaultdict(list)
    for row in landed.rows("orders/*.csv"):
        versions[row["order_id"]].append(row)
    changed = [rows for rows in versions.values() if len(rows) > 1]
    assert changed
    for rows in changed:
        first, last = rows
        assert (first["status"], first["refunded_value"], first["deleted"]) in {
            ("paid", "0", "false"), ("paid", "0.00", "false"),
        }  # fmt: skip
        assert datetime.fromisoformat(first["updated_at"]) < datetime.fromisoformat(last["updated_at"])
        assert last["status"] != "paid" or last["deleted"] == "true" or float(last["refunded_value"]) > 0
    finals = [rows[-1] for rows in versions.values()]
    assert any(row["deleted"] == "true" for row in finals)
    assert any(row["status"] == "paid" and float(row["refunded_value"]) > 0 for row in finals)  # partly refunded


def test_purchases_match_orders_but_each_side_misses_some(landed: Landed) -> None:
    # Orders before start_date have no events.
    rows = {row["order_id"]: row for row in landed.rows("orders/orders-2026-03-*.csv") if row["order_ts"] >= "2026-03"}
    events = {event["order_id"]: event for event in landed.named("purchase")}
    both = rows.keys() & events.keys()
    assert len(both) > 0.9 * len(rows)
    assert rows.keys() - events.keys() and events.keys() - rows.keys()
    for order in both:
        row, event = rows[order], events[order]
        assert float(row["value"]) == float(event["value"])
        assert event.get("user_id", row["user_id"]) == row["user_id"]
    assert {event["order_id"] for event in landed.named("refund")} <= {
        row["order_id"] for row in landed.rows("orders/*.csv")
    } | events.keys()


def test_some_customers_are_guests(landed: Landed) -> None:
    rows = landed.rows("orders/*.csv")
    assert any(not row["user_id"] and row["anonymous_id"] for row in rows)


def test_spend_comes_in_two_currencies_from_every_platform(landed: Landed) -> None:
    rows = landed.rows("ad_spend/*.csv")
    assert len(rows) == landed.counts["spend_rows"]
    assert list(rows[0]) == [
        "date", "platform", "account_id", "campaign_id", "campaign_name", "source", "medium", "impressions", "clicks",
        "spend", "currency", "timezone", "platform_conversions", "platform_conversion_value", "exported_at",
    ]  # fmt: skip
    assert {row["currency"] for row in rows} == {"KRW", "USD"}
    assert {row["timezone"] for row in rows} == {"Asia/Seoul", "UTC", "America/Los_Angeles"}
    assert {row["platform"] for row in rows} == {
        "google_ads", "naver_searchad", "microsoft_ads", "youtube", "criteo", "meta", "tiktok", "kakao_moment",
        "linkprice", "adfast",
    }  # fmt: skip
    assert all(int(row["impressions"]) >= int(row["clicks"]) >= 0 and float(row["spend"]) > 0 for row in rows)
    assert "파워링크_봄자켓" in {row["campaign_name"] for row in rows}


def test_some_days_of_spend_are_restated_whole_by_a_later_file(landed: Landed) -> None:
    exports = defaultdict(lambda: defaultdict(float))
    for row in landed.rows("ad_spend/*.csv"):
        exports[row["platform"], row["account_id"], row["date"]][row["exported_at"]] += float(row["spend"])
    restated = [by_export for by_export in exports.values() if len(by_export) > 1]
    assert len(restated) >= 10
    assert sum(by_export[max(by_export)] > by_export[min(by_export)] for by_export in restated) > 0.9 * len(restated)


def test_overall_return_on_ad_spend_is_plausible(landed: Landed) -> None:
    won = {"KRW": 1, "USD": 1380}
    exports = defaultdict(float)
    for row in landed.rows("ad_spend/*.csv"):
        exported = (row["platform"], row["account_id"], row["date"], row["exported_at"])
        exports[exported] += float(row["spend"]) * won[row["currency"]]
    spend = sum({exported[:3]: value for exported, value in sorted(exports.items())}.values())  # the newest export
    revenue = sum(
        float(row["value"]) * won[row["currency"]]
        for row in landed.rows("orders/orders-2026-03-*.csv")
        if row["order_ts"] >= "2026-03" and row["status"] == "paid"
    )
    assert 3 < revenue / spend < 12


def test_every_day_of_the_history_and_of_the_events_has_a_rate(landed: Landed) -> None:
    rates = {row["date"]: row for row in landed.rows("exchange_rates/rates.csv")}
    day = landed.shop.history_start
    while day < landed.shop.start_date + timedelta(days=landed.shop.days):
        row = rates[str(day)]
        assert (row["currency"], row["report_currency"]) == ("USD", "KRW")
        assert 1_100 < float(row["rate"]) < 1_700
        day += timedelta(days=1)
