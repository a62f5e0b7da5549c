"""What becomes of every amount, in plain Python: the same rules as touchpoints/*_outcomes.py, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Rows = Sequence[Mapping[str, Any]]
Rates = Mapping[str, Decimal]  # to the reporting currency
Fate = tuple[str, str, Decimal]  # outcome, currency, amount


def fates_of_orders(orders: Rows, rates: Rates) -> list[Fate]:
    fates = []
    for versions in _by(orders, "order_id").values():
        newest = max(versions, key=lambda row: (row["updated_at"], row["source_file"], row["source_line"]))
        for row in versions:
            fate = _fate_of_version(row, newest)
            if fate == "counted" and _is_too_large(row["value"], row["currency"], rates):
                fate = "too_large"
            fates.append((fate, row["currency"], row["value"]))
    return fates


def _fate_of_version(row: Mapping[str, Any], newest: Mapping[str, Any]) -> str:
    if row is newest:
        return "deleted" if row["deleted"] else "cancelled" if row["status"] == "cancelled" else "counted"
    is_other_time = row["order_at"] != newest["order_at"]
    by_default = newest["updated_at"] == newest["order_at"] and is_other_time
    logins = row["user_id"], newest["user_id"]
    ids = logins if None not in logins else (row["anonymous_id"], newest["anonymous_id"])
    is_other_buyer = None not in ids and ids[0] != ids[1]
    if is_other_buyer and is_other_time:
        return "set_aside"
    if newest["updated_at"] > row["updated_at"] and not by_default:
        return "replaced"
    is_other_value = (row["value"], row["currency"]) != (newest["value"], newest["currency"])
    return "set_aside" if is_other_buyer or is_other_time or is_other_value else "replaced"


def fates_of_events(events: Rows, orders: Rows, rates: Rates, *, default: str) -> list[Fate]:
    """Of purchases and refunds together; a refund of which a part counts has two fates."""
    feed = {
        order_id: max(versions, key=lambda row: (row["updated_at"], row["source_file"], row["source_line"]))
        for order_id, versions in _by(orders, "order_id").items()
    }
    fates: list[Fate] = []
    for order_id, of_order in _by(events, "order_id").items():
        rows = sorted(of_order, key=lambda row: (row["event_at"], row["event_id"]))
        purchases = [row for row in rows if row["event_name"] == "purchase"]
        refunds = [row for row in rows if row["event_name"] == "refund"]
        first = purchases[0] if purchases else None
        for row in purchases:
            assert first is not None
            money = (row["value"] or Decimal(0), row["currency"] or default)
            of_first = (first["value"] or Decimal(0), first["currency"] or default)
            fate = "in_feed" if order_id in feed else "counted" if row is first else "same_again"
            if fate == "same_again" and money != of_first:
                fate = "set_aside"
            if fate == "counted" and _is_too_large(*money, rates):
                fate = "too_large"
            fates.append((fate, money[1], money[0]))
        fates += _fates_of_refunds(refunds, feed.get(order_id), first, default)
    return fates


def _fates_of_refunds(
    refunds: Rows, in_feed: Mapping[str, Any] | None, first: Mapping[str, Any] | None, default: str
) -> list[Fate]:
    order = in_feed or first
    order_currency = (order["currency"] or default) if order else None
    amounts = [(row["value"] or Decimal(0), row["currency"] or order_currency or default) for row in refunds]
    if order is None:
        return [("set_aside", currency, amount) for amount, currency in amounts]
    if in_feed and (in_feed["deleted"] or in_feed["status"] == "cancelled"):
        fate = "deleted" if in_feed["deleted"] else "cancelled"
        return [(fate, currency, amount) for amount, currency in amounts]
    if any(currency != order_currency for _, currency in amounts):
        return [("counted", currency, amount) for amount, currency in amounts]
    if in_feed and in_feed["refunded_value"] >= sum(amount for amount, _ in amounts):
        return [("in_feed", currency, amount) for amount, currency in amounts]
    left, fates = order["value"] or Decimal(0), []
    for amount, currency in amounts:
        counted = min(amount, left)
        left -= counted
        fates += [("counted", currency, counted), ("set_aside", currency, amount - counted)]
    return fates


def fates_of_spend(spend: Rows, rates: Rates) -> list[Fate]:
    def unit(row: Mapping[str, Any]) -> tuple[Any, ...]:
        campaign = None if row["account_id"] else row["campaign_id"] or (row["campaign_name"] or "").lower() or None
        return row["platform"], row["account_id"], row["spend_date"], campaign

    units: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in spend:
        units[unit(row)].append(row)
    fates: list[Fate] = []
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(list)
    for rows in units.values():
        exported = {
            file: max(row["exported_at"] for row in of_file) for file, of_file in _by(rows, "source_file").items()
        }
        valid = max(exported, key=lambda file: (exported[file], file))
        names = {name for row in rows if row["source_file"] == valid for name in _names(row)}
        for row in rows:
            is_restated = bool(names & _names(row))
            fate = "counted" if row["source_file"] == valid else "replaced" if is_restated else "left_out"
            if fate == "counted":
                key = (
                    row["platform"],
                    row["account_id"],
                    row["campaign_id"],
                    (row["campaign_name"] or "").lower() or None,
                )
                sums[(*key, row["currency"])].append(row["spend"])
            else:
                fates.append((fate, row["currency"], row["spend"]))
    for (*_, currency), amounts in sums.items():
        fate = "too_large" if _is_too_large(sum(amounts, Decimal(0)), currency, rates) else "counted"
        fates += [(fate, currency, amount) for amount in amounts]
    return fates


def _is_too_large(amount: Decimal, currency: str, rates: Rates) -> bool:
    return currency in rates and amount * rates[currency] >= 10**12


def _names(row: Mapping[str, Any]) -> set[tuple[Any, ...]]:
    """What a campaign is known by, with its hour; a row without a campaign is known by that."""
    known = {("id", row["campaign_id"]), ("name", (row["campaign_name"] or "").lower() or None)}
    return {(*name, row["spend_at"]) for name in known if name[1]} or {("none", None, None)}


def summed(fates: Iterable[Fate]) -> dict[tuple[str, str], Decimal]:
    """The amounts by outcome and currency, without those of nothing."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for outcome, currency, amount in fates:
        sums[outcome, currency] += amount
    return {key: amount for key, amount in sums.items() if amount}


def _by(rows: Rows, name: str) -> dict[Any, list[Mapping[str, Any]]]:
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found
