"""A small shop in two states, each written and published with delta-rs: what moved between them is known by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from published.changes import Changes, read_changes
from published.publication import read_published
from published.view import View
from tests.published_lake import AS_OF, PUBLISHED_AT, publish, write_table
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_TOUCHPOINTS,
)

ZONE = "Asia/Seoul"
SIX = Decimal("0.000001")
Weights = Callable[[Sequence["Touch"]], list[float]]


def at(days_ago: float) -> datetime:
    """Noon in the reporting zone, so many days before AS_OF."""
    return datetime(AS_OF.year, AS_OF.month, AS_OF.day, 3, tzinfo=UTC) - timedelta(days=days_ago)


@dataclass(frozen=True)
class Touch:
    id: str
    person: str
    at: datetime
    channel: str


@dataclass(frozen=True)
class Order:
    id: str
    person: str
    at: datetime
    value: Decimal
    refunded: Decimal = Decimal(0)
    currency: str = "KRW"
    rate: Decimal = Decimal(1)
    milestones: tuple[datetime, ...] = ()

    @property
    def report_value(self) -> Decimal:
        return money((self.value - self.refunded) * self.rate)

    @property
    def report_gross(self) -> Decimal:
        return money(self.value * self.rate)


@dataclass(frozen=True)
class Spend:
    day: date
    campaign: str
    channel: str
    spend: Decimal
    medium: str = "cpc"
    platform: str = "google_ads"
    currency: str = "KRW"
    rate: Decimal = Decimal(1)


@dataclass(frozen=True)
class Model:
    weights: Weights
    version: str = "rules"


def last(path: Sequence[Touch]) -> list[float]:
    return [0.0] * (len(path) - 1) + [1.0]


def first(path: Sequence[Touch]) -> list[float]:
    return [1.0] + [0.0] * (len(path) - 1)


def linear(path: Sequence[Touch]) -> list[float]:
    return [1.0] * len(path)


def by_channel(**weights: float) -> Weights:
    return lambda path: [weights.get(touch.channel, 1.0) for touch in path]


RULE_MODELS = {"last_touch": Model(last), "linear": Model(linear)}


@dataclass(frozen=True)
class Shop:
    """All that a publication rests on. `knobs` and `landed` are recorded with the commits, None = nothing is."""

    touches: tuple[Touch, ...] = ()
    orders: tuple[Order, ...] = ()
    spend: tuple[Spend, ...] = ()
    models: Mapping[str, Model] = field(default_factory=lambda: RULE_MODELS)
    as_of: date = AS_OF
    lookback_days: int = 30
    knobs: str | None = "a"
    landed: int = 1

    def path(self, order: Order) -> list[Touch]:
        since = order.at - timedelta(days=self.lookback_days)
        of_person = [one for one in self.touches if one.person == order.person and since <= one.at <= order.at]
        return sorted(of_person, key=lambda one: (one.at, one.id))

    def with_order(self, id_: str, **changes: Any) -> Shop:
        return replace(self, orders=tuple(replace(one, **changes) if one.id == id_ else one for one in self.orders))

    def with_touch(self, id_: str, **changes: Any) -> Shop:
        return replace(self, touches=tuple(replace(one, **changes) if one.id == id_ else one for one in self.touches))


def money(amount: Decimal) -> Decimal:
    return amount.quantize(SIX, rounding=ROUND_HALF_UP)


def credits_of(shop: Shop, name: str, model: Model) -> list[dict[str, Any]]:
    rows = []
    for order in shop.orders:
        path = shop.path(order)
        touches = path or [Touch("(none)", order.person, order.at, "(unattributed)")]
        weights = model.weights(path) if path else [1.0]
        kept = [(touch, weight / sum(weights)) for touch, weight in zip(touches, weights, strict=True) if weight > 0]
        left = order.report_value
        for place, (touch, share) in enumerate(kept):
            part = left if place == len(kept) - 1 else money(order.report_value * Decimal(share))
            left -= part
            rows.append(
                {
                    "model": name,
                    "conversion_id": order.id,
                    "conversion_type": "purchase",
                    "converted_at": order.at,
                    "person_id": order.person,
                    "touchpoint_id": touch.id,
                    "touched_at": touch.at,
                    "position": place + 1 if path else 0,
                    "path_length": len(path),
                    "channel": touch.channel,
                    "credit": share,
                    "credited_value": part,
                    "gross_value": part,
                    "currency": "KRW",
                    "is_first_purchase": False,
                    "model_version": model.version,
                }
            )
    return rows


def all_credits(shop: Shop) -> list[dict[str, Any]]:
    return [row for name, model in shop.models.items() for row in credits_of(shop, name, model)]


def performance(shop: Shop) -> list[dict[str, Any]]:
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row, (basis, moment) in product(all_credits(shop), (("conversion", "converted_at"), ("touch", "touched_at"))):
        day = row[moment].astimezone(ZoneInfo(ZONE)).date()
        held = sums.setdefault((row["model"], basis, day, row["channel"]), [Decimal(0), 0.0, Decimal(0)])
        held[1] += row["credit"]
        held[2] += row["credited_value"]
    for spend, model, basis in product(shop.spend, shop.models, ("conversion", "touch")):
        held = sums.setdefault((model, basis, spend.day, spend.channel), [Decimal(0), 0.0, Decimal(0)])
        held[0] += money(spend.spend * spend.rate)
    return [
        {
            "model": model,
            "conversion_type": "purchase",
            "date_basis": basis,
            "date": day,
            "channel": channel,
            **dict.fromkeys(("source", "medium", "campaign"), "(not set)"),
            "is_retargeting": False,
            "spend": spend,
            **dict.fromkeys(("impressions", "clicks"), 0),
            "credited_conversions": round(conversions, 9),
            "credited_value": value,
            "gross_value": value,
            "currency": "KRW",
            "new_customers": 0.0,
            "platform_conversions": 0.0,
            "platform_conversion_value": Decimal(0),
        }
        for (model, basis, day, channel), (spend, conversions, value) in sums.items()
    ]


def tables_of(shop: Shop) -> dict[Table, list[dict[str, Any]]]:
    return {
        GOLD_ATTRIBUTION_CREDITS: all_credits(shop),
        GOLD_CHANNEL_PERFORMANCE: performance(shop),
        SILVER_CONVERSIONS: [
            {
                "conversion_id": order.id,
                "conversion_type": "purchase",
                "is_final": True,
                "person_id": order.person,
                "converted_at": order.at,
                "value": order.value,
                "refunded_value": order.refunded,
                "currency": order.currency,
                "report_value": order.report_value,
                "report_gross_value": order.report_gross,
                "report_currency": "KRW",
                "is_first_purchase": False,
            }
            for order in shop.orders
        ],
        SILVER_JOURNEYS: [
            {
                "journey_id": order.id,
                "conversion_type": "purchase",
                "person_id": order.person,
                "conversion_id": order.id,
                "ended_at": order.at,
                "report_value": order.report_value,
                "report_gross_value": order.report_gross,
                "report_currency": "KRW",
                "is_first_purchase": False,
                "path": [
                    {"touched_at": one.at, "touchpoint_id": one.id, "channel": one.channel} for one in shop.path(order)
                ],
                "milestones": [{"conversion_type": "sign_up", "converted_at": one} for one in order.milestones],
            }
            for order in shop.orders
        ],
        SILVER_TOUCHPOINTS: [
            {
                "touchpoint_id": touch.id,
                "person_id": touch.person,
                "touched_at": touch.at,
                "interaction": "click",
                "channel": touch.channel,
                "channel_rule": "a rule",
                "channel_trace": "",
                "platform": "web",
                "consent_ads": True,
                "is_retargeting": False,
                "is_abuse": False,
            }
            for touch in shop.touches
        ],
        SILVER_AD_SPEND: [
            {
                "spend_date": spend.day,
                "platform": spend.platform,
                "account_id": "1",
                "campaign": spend.campaign,
                "source": "google",
                "medium": spend.medium,
                "channel": spend.channel,
                "channel_rule": "a rule",
                **dict.fromkeys(("impressions", "clicks"), 0),
                "spend": spend.spend,
                "currency": spend.currency,
                "report_spend": money(spend.spend * spend.rate),
                "report_currency": "KRW",
                "platform_conversions": 0.0,
                "platform_conversion_value": Decimal(0),
            }
            for spend in shop.spend
        ],
    }


def publish_shops(lake: Path, shops: Iterable[Shop]) -> None:
    """One publication for each state: run-1, run-2, a day apart."""
    for number, shop in enumerate(shops, start=1):
        origin = {"inputs": {"bronze.events": f"t@{shop.landed}"}, "knobs": shop.knobs, "code": "c"}
        recorded = {"run_id": f"run-{number}", **({"origin": origin} if shop.knobs else {})}
        versions = {
            table: write_table(lake, table, rows, metadata=json.dumps(recorded))
            for table, rows in tables_of(shop).items()
        }
        moment = PUBLISHED_AT + timedelta(days=number - 1)
        publish(lake, versions, run_id=f"run-{number}", as_of=shop.as_of, published_at=moment, publication=number)


def changes_between(lake: Path, before: Shop, after: Shop, view: View | None = None) -> Changes:
    publish_shops(lake, (before, after))
    old, new = (read_published(str(lake), run_id=run) for run in ("run-1", "run-2"))
    found = read_changes(old, new, view or View(), timezone=ZONE)
    assert found is not None
    return found


Parts = dict[tuple[str, str], tuple[float, Decimal, Decimal]]


def parts_of(changes: Changes, model: str) -> Parts:
    """Conversions, value and spend by channel and cause."""
    return {
        (one.channel, cause): (
            round(one.conversions.parts.get(cause, 0.0), 9),
            one.value.parts.get(cause, Decimal(0)),
            one.spend.parts.get(cause, Decimal(0)),
        )
        for one in changes.of_model(model)
        for cause in sorted({*one.conversions.parts, *one.value.parts, *one.spend.parts})
    }
