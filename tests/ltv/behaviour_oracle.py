"""Features by definition: loops over plain rows, without Spark, one line for each sentence of the contract."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
DAY = dt.timedelta(days=1)


def day_of(moment: dt.datetime, zone: str) -> dt.date:
    return moment.astimezone(ZoneInfo(zone)).date()


def known_at(row: Row, device: str, at: dt.datetime, identities: Iterable[Row]) -> dt.datetime:
    for tie in identities:
        is_inside = tie["valid_from"] <= at and (tie["valid_to"] is None or at < tie["valid_to"])
        if tie["known_at"] and is_inside and (tie["anonymous_id"], tie["person_id"]) == (row[device], row["person_id"]):
            return max(at, tie["known_at"])
    return at


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if below and above is not None else None


def mean_gap(days: set[dt.date]) -> float | None:
    return (max(days) - min(days)).days / (len(days) - 1) if len(days) > 1 else None


def trend(rows: Iterable[tuple[float, float]]) -> float:
    """Of (age, number)."""
    pairs = list(rows)
    newer = sum(number for age, number in pairs if age <= 14)
    return math.log((1 + newer) / (1 + sum(number for age, number in pairs if 14 < age <= 28)))


def features_of(person: str, as_of: dt.datetime, tables: Tables, zone: str) -> dict[str, Any]:
    """What `person_features` gives for one person and moment."""
    mine = {name: [row for row in rows if row.get("person_id") == person] for name, rows in tables.items()}
    ties = tables["identities"]

    def age(at: dt.datetime) -> float:
        return (as_of - at) / DAY

    all_visits = [row for row in mine["sessions"] if not row["is_bot"]]
    seen_at = {
        row["session_id"]: max(row["ended_at"], known_at(row, "anonymous_id", row["started_at"], ties))
        for row in all_visits
    }
    visits = [row for row in all_visits if seen_at[row["session_id"]] < as_of]
    orders = {row["order_id"]: row for row in tables["orders"]}
    purchases = []
    for row in mine["conversions"]:
        seen_on = {"person_id": person, "seen_on": orders.get(row["order_id"], {}).get("seen_on")}
        at = row["converted_at"]
        if row["conversion_type"] == "purchase" and known_at(seen_on, "seen_on", at, ties) < as_of:
            purchases.append(row)
    sign_ups = [r for r in mine["conversions"] if r["conversion_type"] == "sign_up" and r["converted_at"] < as_of]
    touches = [
        row
        for row in mine["touchpoints"]
        if not row["is_abuse"] and known_at(row, "anonymous_id", row["touched_at"], ties) < as_of
    ]
    last_day = day_of(as_of, zone) - DAY
    return {
        **_of_visits(visits, age, zone),
        **_of_activity(mine["activity"], last_day),
        **_of_touches(touches, age),
        **_of_purchases(purchases, orders, age, last_day, zone),
        "days_since_sign_up": min((age(row["converted_at"]) for row in sign_ups), default=None),
        **_of_both(visits, purchases, age, zone),
    }


def _of_visits(visits: Sequence[Row], age: Any, zone: str) -> dict[str, Any]:
    ages = [age(row["ended_at"]) for row in visits]
    month, quarter = ([row for row in visits if age(row["ended_at"]) <= days] for days in (30, 90))
    gap = mean_gap({day_of(row["ended_at"], zone) for row in quarter})
    pages, last = sum(row["page_views"] for row in month), min(ages, default=None)
    return {
        **{f"visits_{days}d": sum(a <= days for a in ages) for days in (7, 30, 90)},
        "visit_days_30d": len({day_of(row["ended_at"], zone) for row in month}),
        "page_views_30d": pages,
        "page_views_per_visit_30d": ratio(pages, len(month)),
        "visit_trend": trend((a, 1) for a in ages) if visits else None,
        "days_since_visit": last,
        "days_since_first_visit": max(ages, default=None),
        "visit_gap_days": gap,
        "silence_in_visit_gaps": ratio(last, gap),
        "app_share_90d": ratio(sum(row["platform"] in ("ios", "android") for row in quarter), len(quarter)),
        "direct_share_90d": ratio(sum(row["channel"] == "Direct" for row in quarter), len(quarter)),
        "devices_90d": len({row["anonymous_id"] for row in quarter} - {None}),
    }


def _of_activity(activity: Sequence[Row], last_day: dt.date) -> dict[str, Any]:
    counted = [
        ((last_day - row["activity_date"]).days + 1, row)
        for row in activity
        if max(row["activity_date"], row["known_on"]) <= last_day
        and row["platform"] != "server"
        and not row["event_name"].startswith("ad_")
    ]

    def events(name: str) -> int:
        return sum(row["events"] for age, row in counted if age <= 30 and row["event_name"] == name)

    return {
        "product_views_30d": events("view_item"),
        "cart_adds_30d": events("add_to_cart"),
        "checkouts_30d": events("begin_checkout"),
        "page_groups_30d": len({row["page_group"] for age, row in counted if age <= 30}),
        "cart_adds_per_product_view_30d": ratio(events("add_to_cart"), events("view_item")),
        "activity_trend": trend((age, row["events"]) for age, row in counted) if counted else None,
    }


def _of_touches(touches: Sequence[Row], age: Any) -> dict[str, Any]:
    month, quarter = ([row for row in touches if age(row["touched_at"]) <= days] for days in (30, 90))
    return {
        "clicks_30d": sum(row["interaction"] == "click" for row in month),
        "impressions_30d": sum(row["interaction"] == "impression" for row in month),
        "channels_90d": len({row["channel"] for row in quarter}),
        "email_touches_90d": sum(row["channel"] == "Email" for row in quarter),
        "retargeting_touches_90d": sum(bool(row["is_retargeting"]) for row in quarter),
    }


def _of_purchases(
    purchases: Sequence[Row], orders: Mapping[str, Row], age: Any, last_day: dt.date, zone: str
) -> dict[str, Any]:
    days = {day_of(row["converted_at"], zone) for row in purchases}
    since = max((last_day - max(days)).days, 0) if days else None
    items = [orders[row["order_id"]]["items"] for row in purchases if row["order_id"] in orders]
    known_items = [number for number in items if number is not None]
    values = [float(row["report_gross_value"]) for row in purchases]
    return {
        **{f"purchases_{n}d": sum(age(row["converted_at"]) <= n for row in purchases) for n in (90, 365)},
        "repeat_purchase_days": max(len(days) - 1, 0),
        "purchase_span_days": (max(days) - min(days)).days if days else None,
        "days_since_first_purchase": max((last_day - min(days)).days, 0) if days else None,
        "days_since_purchase": since,
        "purchase_gap_days": mean_gap(days),
        "silence_in_purchase_gaps": ratio(since, mean_gap(days)),
        "gross_value_365d": sum(
            float(row["report_gross_value"]) for row in purchases if age(row["converted_at"]) <= 365
        ),
        "mean_order_value": ratio(sum(values), len(values)),
        "items_per_order": ratio(sum(known_items), len(known_items)),
    }


def _of_both(visits: Sequence[Row], purchases: Sequence[Row], age: Any, zone: str) -> dict[str, Any]:
    moments = [*(row["ended_at"] for row in visits), *(row["converted_at"] for row in purchases)]
    gap = mean_gap({day_of(at, zone) for at in moments if age(at) <= 90})
    return {
        "days_since_active": min(map(age, moments), default=None),
        "cycle_days": 30.0 if gap is None else min(max(2 * gap, 7.0), 30.0),
    }
