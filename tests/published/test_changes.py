"""What moved between two publications: each cause with its amount, and parts that add up."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from published.changes import read_changes
from published.publication import publications, read_published
from published.view import View
from tests.published.two_publications import (
    RULE_MODELS,
    ZONE,
    Model,
    Order,
    Shop,
    Spend,
    Touch,
    at,
    by_channel,
    changes_between,
    linear,
    parts_of,
    publish_shops,
)
from tests.published_lake import AS_OF, publish, write_table
from warehouse.errors import InputError, UsageError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, SILVER_CONVERSIONS, SILVER_JOURNEYS

# Ann came by Search and Display and bought for 300; Ben came by Search and bought for 100.
SHOP = Shop(
    touches=(
        Touch("a1", "ann", at(5), "Search"),
        Touch("a2", "ann", at(4), "Display"),
        Touch("b1", "ben", at(3), "Search"),
    ),
    orders=(Order("A", "ann", at(3), Decimal(300)), Order("B", "ben", at(2), Decimal(100))),
    spend=(Spend(AS_OF - timedelta(days=3), "brand", "Search", Decimal(40)),),
)
ROWS_LANDED = {"landed": 2}
NEW_KNOBS = {"knobs": "b"}
NEXT_DAY = AS_OF + timedelta(days=1)


def of(conversions: float = 0, value: float | str = 0, spend: float | str = 0) -> tuple[float, Decimal, Decimal]:
    return conversions, Decimal(value), Decimal(spend)


def changed(**changes: object) -> Shop:
    return replace(SHOP, **changes)  # type: ignore[arg-type]


# A sentence, the later state, and by model what moved: conversions, value and spend by channel and cause.
CASES: list[tuple[str, Shop, dict[str, Mapping[tuple[str, str], tuple[float, Decimal, Decimal]]]]] = [
    ("nothing", SHOP, {"last_touch": {}, "linear": {}}),
    (
        "a new day brings an order and spend",
        changed(
            orders=(*SHOP.orders, Order("C", "ben", at(-1), Decimal(50))),
            spend=(*SHOP.spend, Spend(NEXT_DAY, "brand", "Search", Decimal(10))),
            as_of=NEXT_DAY,
            **ROWS_LANDED,
        ),
        {"last_touch": {("Search", "new_days"): of(1, 50, 10)}},
    ),
    (
        "an order of an old day that was not there is late",
        changed(orders=(*SHOP.orders, Order("C", "ben", at(1), Decimal(50))), **ROWS_LANDED),
        {"linear": {("Search", "late"): of(1, 50)}},
    ),
    (
        "a late touch takes credit from those that were there",
        changed(touches=(*SHOP.touches, Touch("b2", "ben", at(2.5), "Email")), **ROWS_LANDED),
        {
            "last_touch": {("Search", "late"): of(-1, -100), ("Email", "late"): of(1, 100)},
            "linear": {("Search", "late"): of(-0.5, -50), ("Email", "late"): of(0.5, 50)},
        },
    ),
    (
        "a refund takes value and leaves credit",
        SHOP.with_order("A", refunded=Decimal(120)),
        {
            "last_touch": {("Display", "refunds"): of(0, -120)},
            "linear": {("Search", "refunds"): of(0, -60), ("Display", "refunds"): of(0, -60)},
        },
    ),
    (
        "a cancelled order takes both",
        changed(orders=SHOP.orders[1:]),
        {"linear": {("Search", "cancelled"): of(-0.5, -150), ("Display", "cancelled"): of(-0.5, -150)}},
    ),
    (
        "an order whose amount or moment changed is edited",
        SHOP.with_order("B", value=Decimal(130)).with_order("A", at=at(2.5)),
        {"last_touch": {("Search", "edited"): of(0, 30)}, "linear": {("Search", "edited"): of(0, 30)}},
    ),
    (
        "a rate moves the value in the reporting currency alone",
        SHOP.with_order("B", rate=Decimal("1.1")),
        {"last_touch": {("Search", "rates"): of(0, 10)}},
    ),
    (
        "a refund, another amount and another rate at once are three parts: the rate has what is left",
        SHOP.with_order("B", value=Decimal(200), refunded=Decimal(50), rate=Decimal(2)),
        {
            "last_touch": {
                ("Search", "refunds"): of(0, -50),
                ("Search", "edited"): of(0, 100),
                ("Search", "rates"): of(0, 150),
            }
        },
    ),
    (
        "touches that join another person are identity",
        SHOP.with_touch("a2", person="ben"),
        {
            "last_touch": {
                # Ann keeps her Search touch; Ben's last one stays his own.
                ("Display", "identity"): of(-1, -300),
                ("Search", "identity"): of(1, 300),
            },
            "linear": {("Search", "identity"): of(0, 100), ("Display", "identity"): of(0, -100)},
        },
    ),
    (
        "an order that joins another person is identity",
        SHOP.with_order("B", person="nobody"),
        {"last_touch": {("Search", "identity"): of(-1, -100), ("(unattributed)", "identity"): of(1, 100)}},
    ),
    (
        "a touch under another channel is the rules'",
        SHOP.with_touch("b1", channel="Social"),
        {"last_touch": {("Search", "rules"): of(-1, -100), ("Social", "rules"): of(1, 100)}},
    ),
    (
        "a shorter window is the rules'",
        changed(lookback_days=1, **NEW_KNOBS),
        {
            "last_touch": {},
            "linear": {("Search", "rules"): of(-0.5, -150), ("Display", "rules"): of(0.5, 150)},
        },
    ),
    (
        "a knob that moves shares on the same path is the rules'",
        changed(models={**RULE_MODELS, "linear": Model(by_channel(Search=3))}, **NEW_KNOBS),
        {"linear": {("Search", "rules"): of(0.25, 75), ("Display", "rules"): of(-0.25, -75)}, "last_touch": {}},
    ),
    (
        "a touch that is gone is late rows' where no knob changed, as of a visit that goes on from before",
        changed(touches=(SHOP.touches[0], SHOP.touches[2]), **ROWS_LANDED),
        {"last_touch": {("Display", "late"): of(-1, -300), ("Search", "late"): of(1, 300)}},
    ),
    (
        "a touch that is gone is the rules' where a knob changed",
        changed(touches=(SHOP.touches[0], SHOP.touches[2]), **NEW_KNOBS),
        {"last_touch": {("Display", "rules"): of(-1, -300), ("Search", "rules"): of(1, 300)}},
    ),
    (
        "a touch that rules find in rows of before is the rules', as nothing landed",
        changed(touches=(*SHOP.touches, Touch("b2", "ben", at(2.5), "Email")), **NEW_KNOBS),
        {"last_touch": {("Search", "rules"): of(-1, -100), ("Email", "rules"): of(1, 100)}},
    ),
    (
        "restated spend",
        changed(spend=(replace(SHOP.spend[0], spend=Decimal(55)),)),
        {"last_touch": {("Search", "restated"): of(0, 0, 15)}, "linear": {("Search", "restated"): of(0, 0, 15)}},
    ),
    (
        "spend of an old day on which the account had none is late; one more campaign is restated",
        changed(
            spend=(
                *SHOP.spend,
                Spend(AS_OF, "brand", "Search", Decimal(7)),
                Spend(SHOP.spend[0].day, "more", "Display", Decimal(5)),
            )
        ),
        {"last_touch": {("Search", "late"): of(0, 0, 7), ("Display", "restated"): of(0, 0, 5)}},
    ),
    (
        "spend under another channel, and under another medium of conf, is the rules'",
        changed(spend=(replace(SHOP.spend[0], channel="Social", medium="paid_social"),)),
        {"last_touch": {("Search", "rules"): of(0, 0, -40), ("Social", "rules"): of(0, 0, 40)}},
    ),
    (
        "spend at another rate",
        changed(spend=(replace(SHOP.spend[0], spend=Decimal(50), rate=Decimal("1.5")),)),
        {"last_touch": {("Search", "restated"): of(0, 0, 10), ("Search", "rates"): of(0, 0, 25)}},
    ),
]


@pytest.mark.parametrize(("after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_cause_is_named_with_its_amount(
    after: Shop, expected: Mapping[str, Mapping[tuple[str, str], tuple[float, Decimal, Decimal]]], tmp_path: Path
) -> None:
    changes = changes_between(tmp_path, SHOP, after)
    for model, parts in expected.items():
        assert parts_of(changes, model) == dict(parts)
    assert changes.is_empty == (after is SHOP)


def test_a_late_milestone_moves_credit_on_the_same_path(tmp_path: Path) -> None:
    after = replace(
        SHOP.with_order("A", milestones=(at(4),)), models={**RULE_MODELS, "linear": Model(by_channel(Search=3))}
    )
    # Ann's order has another milestone, Ben's has one touch in any case.
    assert {cause for _, cause in parts_of(changes_between(tmp_path, SHOP, after), "linear")} == {"late"}


def test_new_removed_and_refitted_models_are_named_and_all_credit_of_the_first_two_is_theirs(tmp_path: Path) -> None:
    before = changed(models={**RULE_MODELS, "markov": Model(linear, "channels/1")})
    after = changed(
        models={
            "linear": Model(linear),
            "markov": Model(by_channel(Display=3), "channels/2"),
            "shapley": Model(linear, "channels/2"),
        }
    )
    changes = changes_between(tmp_path, before, after)

    assert (changes.new_models, changes.removed_models) == (("shapley",), ("last_touch",))
    assert [(one.model, one.before, one.after) for one in changes.refitted] == [("markov", "channels/1", "channels/2")]
    assert parts_of(changes, "markov") == {
        ("Search", "models"): of(-0.25, -75),
        ("Display", "models"): of(0.25, 75),
    }
    assert parts_of(changes, "shapley") == {
        ("Search", "models"): of(1.5, 250),
        ("Display", "models"): of(0.5, 150),
    }
    assert changes.total("last_touch").value.parts == {"models": Decimal(-400)}
    assert parts_of(changes, "linear") == {}


def test_a_refitted_model_and_a_new_rule_are_two_parts(tmp_path: Path) -> None:
    before = changed(models={"markov": Model(linear, "channels/1")})
    after = replace(
        SHOP.with_touch("a2", channel="Social"), models={"markov": Model(by_channel(Social=3), "channels/2")}
    )
    assert parts_of(changes_between(tmp_path, before, after), "markov") == {
        ("Display", "rules"): of(-0.5, -150),
        ("Social", "rules"): of(0.5, 150),
        ("Social", "models"): of(0.25, 75),
        ("Search", "models"): of(-0.25, -75),
    }


def test_the_parts_of_a_return_add_up_to_its_change(tmp_path: Path) -> None:
    after = replace(
        SHOP.with_order("B", refunded=Decimal(30)),
        spend=(replace(SHOP.spend[0], spend=Decimal(50)), Spend(NEXT_DAY, "brand", "Search", Decimal(10))),
        as_of=NEXT_DAY,
    )
    total = changes_between(tmp_path, SHOP, after).total("last_touch")
    roas = total.roas
    assert roas is not None
    assert (roas.before, roas.after) == (400 / 40, 370 / 60)
    # The mean of 1 / spend is 1 / 48; the mean of value is 385.
    assert roas.parts == pytest.approx(
        {"refunds": -30 / 48, "restated": -10 * 385 / 2400, "new_days": -10 * 385 / 2400}, abs=1e-9
    )
    assert sum(roas.parts.values()) == pytest.approx(roas.after - roas.before, abs=1e-9)


def test_without_spend_there_is_no_return(tmp_path: Path) -> None:
    changes = changes_between(tmp_path, SHOP, SHOP)
    assert [one.channel for one in changes.of_model("linear") if one.roas] == ["Search"]


def test_a_few_orders_of_new_days_are_chance_and_many_are_not(tmp_path: Path) -> None:
    def bought(days: tuple[float, ...], value: int, spend: int) -> Shop:
        orders = tuple(
            Order(f"{day}-{number}", f"p{number}", at(day), Decimal(value)) for day in days for number in range(40)
        )
        touches = tuple(Touch(f"t{number}", f"p{number}", at(6), "Search") for number in range(40))
        rows = tuple(Spend(AS_OF - timedelta(days=day), "brand", "Search", Decimal(spend)) for day in (3, 2))
        return Shop(touches=touches, orders=orders, spend=rows)

    before = bought((3, 2), 100, 1000)
    one_more = replace(
        before,
        orders=(*before.orders, Order("new", "p1", at(-1), Decimal(100))),
        spend=(*before.spend, Spend(NEXT_DAY, "brand", "Search", Decimal(50))),
        as_of=NEXT_DAY,
    )
    many_more = replace(
        one_more, orders=(*before.orders, *(Order(f"n{n}", f"p{n}", at(-1), Decimal(100)) for n in range(40)))
    )
    found = [
        changes_between(tmp_path / name, before, after).total("last_touch").roas
        for name, after in (("one", one_more), ("many", many_more), ("none", before))
    ]
    assert [roas is not None and roas.is_chance for roas in found] == [True, False, False]
    # Of 80 orders of 100 for 2000, two are expected for 50 more: one order shows less variation than that.
    assert found[0] is not None
    assert found[0].chance == pytest.approx(1.96 * (2 * 100**2 + (50 / 2000) ** 2 * 80 * 100**2) ** 0.5 / 2050)


def test_days_are_those_of_the_reporting_zone_and_the_basis_dates_credit(tmp_path: Path) -> None:
    # 15:30 UTC on the last day is half past midnight of the next day in Seoul.
    order = Order("C", "ben", at(-0.5) + timedelta(minutes=30), Decimal(50))
    before, after = changed(orders=(*SHOP.orders, order)), changed(orders=(*SHOP.orders, order), as_of=NEXT_DAY)
    publish_shops(tmp_path, (before, after))
    old, new = (read_published(str(tmp_path), run_id=run) for run in ("run-1", "run-2"))

    by_conversion = read_changes(old, new, View(), timezone=ZONE)
    by_touch = read_changes(old, new, View(date_basis="touch"), timezone=ZONE)
    narrow = read_changes(old, new, View(last_day=AS_OF, models=("linear",)), timezone=ZONE)

    assert by_conversion is not None and parts_of(by_conversion, "linear") == {("Search", "new_days"): of(1, 50)}
    assert by_touch is not None and parts_of(by_touch, "linear") == {}
    assert narrow is not None and narrow.is_empty and narrow.models == ("linear",)


def test_backwards_what_came_goes(tmp_path: Path) -> None:
    after = changed(orders=(*SHOP.orders, Order("C", "ben", at(-1), Decimal(50))), as_of=NEXT_DAY)
    publish_shops(tmp_path, (SHOP, after))
    new, old = publications(str(tmp_path))
    changes = read_changes(new, old, View(), timezone=ZONE)
    assert changes is not None
    assert parts_of(changes, "last_touch") == {("Search", "new_days"): of(-1, -50)}


def test_where_nothing_is_recorded_what_rows_do_not_show_is_the_rules(tmp_path: Path) -> None:
    before = changed(knobs=None)
    changes = changes_between(tmp_path, before, replace(before, touches=(SHOP.touches[0], SHOP.touches[2])))
    assert {cause for _, cause in parts_of(changes, "last_touch")} == {"rules"}


def test_tables_of_one_publication_that_disagree_are_shown_and_not_hidden(tmp_path: Path) -> None:
    publish_shops(tmp_path, (SHOP,))
    publication = read_published(str(tmp_path))
    version = write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, [])
    versions = {**publication.versions, "gold.channel_performance": version}
    changes = read_changes(publication, replace(publication, versions=versions), View(), timezone=ZONE)
    assert changes is not None
    assert parts_of(changes, "linear") != {}


def test_a_model_or_type_that_neither_has_and_another_currency_are_errors(tmp_path: Path) -> None:
    publish_shops(tmp_path, (SHOP, SHOP))
    old, new = (read_published(str(tmp_path), run_id=run) for run in ("run-1", "run-2"))
    with pytest.raises(UsageError, match=r"no model is called 'last_tuch'; .* did you mean last_touch\?"):
        read_changes(old, new, View(models=("last_tuch",)), timezone=ZONE)
    with pytest.raises(UsageError, match="no conversion type is called 'sale'"):
        read_changes(old, new, View(conversion_type="sale"), timezone=ZONE)


def test_publications_without_credits_have_no_changes(tmp_path: Path) -> None:
    publish(tmp_path, {SILVER_CONVERSIONS: write_table(tmp_path, SILVER_CONVERSIONS, [])})
    published = read_published(str(tmp_path))
    assert read_changes(published, published, View(), timezone=ZONE) is None

    nothing = replace(SHOP, orders=(), spend=())
    publish_shops(tmp_path / "empty", (nothing, nothing))
    before, after = reversed(publications(str(tmp_path / "empty")))
    assert read_changes(before, after, View(), timezone=ZONE) is None


def test_tables_of_an_older_program_that_lack_a_column_are_one_line(tmp_path: Path) -> None:
    publish_shops(tmp_path, (SHOP,))
    publication = read_published(str(tmp_path))
    older = replace(SILVER_JOURNEYS, columns=[one for one in SILVER_JOURNEYS.columns if one.name != "milestones"])
    shutil.rmtree(tmp_path / "silver" / "journeys")
    write_table(tmp_path, older, [])
    with pytest.raises(InputError, match=r"silver\.journeys, .* cannot be read: .*milestones"):
        read_changes(publication, publication, View(), timezone=ZONE)


def test_amounts_in_two_currencies_are_not_compared(tmp_path: Path) -> None:
    publish_shops(tmp_path, (SHOP,))
    publication = read_published(str(tmp_path))
    rows = publication.rows("select * from gold_channel_performance", GOLD_CHANNEL_PERFORMANCE)
    version = write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, [{**row, "currency": "USD"} for row in rows])
    other = replace(publication, run_id="run-2", versions={**publication.versions, "gold.channel_performance": version})
    with pytest.raises(InputError, match="amounts in KRW and USD cannot be compared: run run-1 in KRW, run run-2 in"):
        read_changes(publication, other, View(), timezone=ZONE)
