"""The parts of random changes add up to the whole, and are those of a plain-Python oracle over the rows."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from published.changes import Changes
from published.view import View
from tests.published.two_publications import (
    ZONE,
    Model,
    Order,
    Shop,
    Spend,
    Touch,
    at,
    by_channel,
    changes_between,
    credits_of,
    last,
    linear,
    money,
)
from tests.published_lake import AS_OF

CHANNELS = ("Search", "Display", "Email", "Direct")
PERSONS = tuple(f"p{number}" for number in range(12))
Row = dict[str, Any]
Sums = dict[tuple[str, str, str], list[float]]


def random_shop(draw: random.Random) -> Shop:
    touches = [
        Touch(f"t{number}", draw.choice(PERSONS), at(draw.uniform(-2, 9)), draw.choice(CHANNELS))
        for number in range(40)
    ]
    orders = [
        Order(
            f"o{number}",
            draw.choice(PERSONS),
            at(draw.uniform(-2, 6)),
            Decimal(draw.randint(0, 90_000_000)) / 1_000_000,
            currency=draw.choice(("KRW", "USD")),
            rate=Decimal(draw.choice(("1", "1350.5"))),
        )
        for number in range(30)
    ]
    spend = [
        Spend(AS_OF - timedelta(days=days), campaign, draw.choice(CHANNELS), Decimal(draw.randint(0, 900)) / 7)
        for days in range(-2, 5)
        for campaign in ("brand", "more")
        if draw.random() < 0.8
    ]
    spend = [replace(one, spend=money(one.spend), rate=Decimal("1.25")) for one in spend]
    models = {
        "last_touch": Model(last),
        "linear": Model(linear),
        "markov": Model(by_channel(Search=2.5), "channels/1"),
    }
    return Shop(tuple(touches), tuple(orders), tuple(spend), models)


def changed_shop(shop: Shop, draw: random.Random) -> Shop:
    """The shop after everything that can happen to a row happened to some."""
    touches = [
        replace(
            one,
            person=draw.choice(PERSONS) if draw.random() < 0.15 else one.person,
            channel=draw.choice(CHANNELS) if draw.random() < 0.15 else one.channel,
        )
        for one in shop.touches
        if draw.random() < 0.9
    ]
    late = [Touch(f"l{n}", draw.choice(PERSONS), at(draw.uniform(-2, 9)), draw.choice(CHANNELS)) for n in range(4)]
    orders = []
    for one in shop.orders:
        value = one.value * draw.choice((1, 1, 1, 2))
        orders.append(
            replace(
                one,
                value=value,
                refunded=money(value / 3) if draw.random() < 0.3 else one.refunded,
                rate=one.rate * Decimal("1.013") if draw.random() < 0.3 else one.rate,
                person=draw.choice(PERSONS) if draw.random() < 0.1 else one.person,
                at=one.at + timedelta(hours=30) if draw.random() < 0.1 else one.at,
            )
        )
    orders = [one for one in orders if draw.random() < 0.9]
    orders += [Order(f"n{n}", draw.choice(PERSONS), at(draw.uniform(-2, 6)), Decimal(n * 7)) for n in range(6)]
    spend = [
        replace(
            one,
            spend=one.spend * draw.choice((1, 1, 2)),
            rate=draw.choice((one.rate, one.rate, Decimal("1.3"))),
            channel=draw.choice(CHANNELS) if draw.random() < 0.2 else one.channel,
            medium="email" if draw.random() < 0.1 else one.medium,
        )
        for one in shop.spend
        if draw.random() < 0.9
    ]
    models = {
        "last_touch": Model(last),
        "linear": Model(by_channel(Email=2) if draw.random() < 0.5 else linear),
        draw.choice(("markov", "shapley")): Model(by_channel(Search=1.5), draw.choice(("channels/1", "channels/2"))),
    }
    return Shop(
        (*touches, *late),
        tuple(orders),
        tuple(spend),
        models,
        as_of=AS_OF + timedelta(days=draw.choice((0, 1, -1))),
        knobs=draw.choice(("a", "b")),
        landed=draw.choice((1, 2)),
    )


def day_of(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(ZONE)).date()


@dataclass(frozen=True)
class Case:
    before: Shop
    after: Shop
    basis: str

    @property
    def days(self) -> tuple[date, date]:
        """Days after the first and up to the second count in one publication alone."""
        first, last_ = sorted((self.before.as_of, self.after.as_of))
        return first, last_

    def is_shared(self, model: str) -> bool:
        return model in self.before.models and model in self.after.models

    def is_refitted(self, model: str) -> bool:
        return self.before.models[model].version != self.after.models[model].version

    def counts(self, row: Row | None, shop: Shop) -> bool:
        moment = "converted_at" if self.basis == "conversion" else "touched_at"
        return row is not None and day_of(row[moment]) <= shop.as_of


def oracle(case: Case) -> Sums:
    """Conversions and value by model, channel and cause, as docs/conventions.md says them."""
    sums: Sums = defaultdict(lambda: [0.0, 0.0])
    for model in {*case.before.models, *case.after.models}:
        old, new = (
            {
                (row["conversion_id"], row["touchpoint_id"]): row
                for row in (credits_of(shop, model, shop.models[model]) if model in shop.models else [])
            }
            for shop in (case.before, case.after)
        )
        for key in {*old, *new}:
            for channel, cause, conversions, value in credit_parts(case, model, old.get(key), new.get(key)):
                sums[model, channel, cause][0] += conversions
                sums[model, channel, cause][1] += value
    return sums


def credit_parts(case: Case, model: str, old: Row | None, new: Row | None) -> Iterator[tuple[str, str, float, float]]:
    """Channel, cause, conversions and value of each part of one credit's change."""
    share_before, value_before = _amounts(old if case.counts(old, case.before) else None)
    share_after, value_after = _amounts(new if case.counts(new, case.after) else None)
    some = new or old
    assert some is not None
    orders = [
        next((one for one in shop.orders if one.id == some["conversion_id"]), None)
        for shop in (case.before, case.after)
    ]
    before, after = orders
    if whole := _whole_cause(case, model, before, after):
        if old:
            yield old["channel"], whole, -share_before, -value_before
        if new:
            yield new["channel"], whole, share_after, value_after
        return
    assert before is not None and after is not None
    moved = float(after.report_value - before.report_value)
    by_refunds = float((before.refunded - after.refunded) * before.rate)
    by_edits = float((after.value - before.value) * before.rate)
    origin, target = (old or some)["channel"], some["channel"]
    yield origin, "refunds", 0.0, share_before * by_refunds
    yield origin, "edited", 0.0, share_before * by_edits
    yield origin, "rates", 0.0, share_before * (moved - by_refunds - by_edits)
    held = value_before + share_before * moved
    if origin != target:
        yield origin, "rules", -share_before, -held
        yield target, "rules", share_before, held
    cause = _credit_cause(case, before, after, is_refitted=case.is_refitted(model))
    yield target, cause, share_after - share_before, value_after - held


def _amounts(row: Row | None) -> tuple[float, float]:
    return (row["credit"], float(row["credited_value"])) if row else (0.0, 0.0)


def _whole_cause(case: Case, model: str, before: Order | None, after: Order | None) -> str:
    known = after or before
    assert known is not None
    first, last_ = case.days
    if not case.is_shared(model):
        return "models"
    if first < last_ and day_of(known.at) > first:
        return "new_days"
    if before is None:
        return "late"
    if after is None:
        return "cancelled"
    return "edited" if before.at != after.at else ""


def _credit_cause(case: Case, order_before: Order, order_after: Order, *, is_refitted: bool) -> str:
    before, after = case.before, case.after
    path_before = {one.id for one in before.path(order_before)}
    path_after = {one.id for one in after.path(order_after)}
    if path_before == path_after:
        return "models" if is_refitted else "rules"
    known, now = ({one.id: one.person for one in shop.touches} for shop in (before, after))
    if before.landed != after.landed and not path_after <= set(known):
        return "late"
    moved = (path_before ^ path_after) & set(known) & set(now)
    if order_before.person != order_after.person or any(known[id_] != now[id_] for id_ in moved):
        return "identity"
    return "rules" if before.knobs != after.knobs else "late"


def spend_oracle(before: Shop, after: Shop) -> dict[tuple[str, str], float]:
    def keyed(shop: Shop) -> dict[tuple[object, ...], Spend]:
        return {(one.day, one.campaign, one.medium): one for one in shop.spend}

    old, new = keyed(before), keyed(after)
    sums: dict[tuple[str, str], float] = defaultdict(float)
    first_end, last_end = sorted((before.as_of, after.as_of))
    for key in {*old, *new}:
        a, b = old.get(key), new.get(key)
        day = key[0]
        amount_before = float(money(a.spend * a.rate)) if a and a.day <= before.as_of else 0.0
        amount_after = float(money(b.spend * b.rate)) if b and b.day <= after.as_of else 0.0
        gone = [one for one in before.spend if (one.day, one.campaign) == key[:2] and not _has(new, one)]
        come = [one for one in after.spend if (one.day, one.campaign) == key[:2] and not _has(old, one)]
        if first_end < last_end and day > first_end:  # type: ignore[operator]
            cause = "new_days"
        elif a and b:
            if amount_before or amount_after:
                restated = float((b.spend - a.spend) * a.rate)
                sums[a.channel, "restated"] += restated
                held = amount_before + restated
                if a.channel != b.channel:
                    sums[a.channel, "rules"] -= held
                    sums[b.channel, "rules"] += held
                sums[b.channel, "rates"] += amount_after - held
            continue
        elif gone and come and sum(one.spend for one in gone) == sum(one.spend for one in come):
            cause = "rules"
        elif a is None and not any(one.day == day for one in before.spend):
            cause = "late"
        else:
            cause = "restated"
        if a:
            sums[a.channel, cause] -= amount_before
        if b:
            sums[b.channel, cause] += amount_after
    return sums


def _has(rows: dict[tuple[object, ...], Spend], one: Spend) -> bool:
    return (one.day, one.campaign, one.medium) in rows


def found_sums(changes: Changes) -> Sums:
    return {
        (one.model, one.channel, cause): [
            one.conversions.parts.get(cause, 0.0),
            float(one.value.parts.get(cause, Decimal(0))),
        ]
        for one in changes.channels
        for cause in {*one.conversions.parts, *one.value.parts}
    }


def without_nothing(sums: Sums) -> Sums:
    return {key: held for key, held in sums.items() if max(map(abs, held)) > 1e-4}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), basis=st.sampled_from(["conversion", "touch"]))
def test_parts_add_up_to_the_whole_and_are_those_of_the_oracle(seed: int, basis: str) -> None:
    draw = random.Random(seed)
    before = random_shop(draw)
    after = changed_shop(before, draw)
    with tempfile.TemporaryDirectory() as folder:
        changes = changes_between(Path(folder), before, after, View(date_basis=basis))  # type: ignore[arg-type]

    for one in changes.channels:
        for move in (one.conversions, one.value, one.spend):
            assert "other" not in move.parts
            assert float(sum(move.parts.values()) - move.change) == pytest.approx(0, abs=1e-6)  # type: ignore[operator]
        if one.roas:
            assert sum(one.roas.parts.values()) == pytest.approx(one.roas.after - one.roas.before, abs=1e-6)
    found, expected = without_nothing(found_sums(changes)), without_nothing(oracle(Case(before, after, basis)))
    assert set(found) == set(expected)
    for key, held in expected.items():
        assert found[key] == pytest.approx(held, abs=1e-3), key
    of_one_model = changes.of_model(changes.models[0])
    spent = {(one.channel, cause): float(part) for one in of_one_model for cause, part in one.spend.parts.items()}
    expected_spend = {key: part for key, part in spend_oracle(before, after).items() if abs(part) > 1e-4}
    assert {key: part for key, part in spent.items() if abs(part) > 1e-4} == pytest.approx(expected_spend, abs=1e-3)
