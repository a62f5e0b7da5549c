"""The simulated world follows the models that it is made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator.campaigns import CAMPAIGNS, INDEX
from simulator.orders import make_orders
from simulator.people import make_people
from simulator.shop import Shop
from simulator.timeline import make_timeline, purchase_seconds
from simulator.visits import BUY, CART, prospect_visits
from simulator.world import World, make_world, when_people_buy


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(Shop(visitors=12_000, customers_before=6_000))


def test_repeats_of_old_customers_follow_pareto_nbd(world: World) -> None:
    shop = world.shop
    people, purchases = world.people, world.purchases
    repeats = np.bincount(purchases.person[~purchases.first], minlength=people.count)[: people.customers]
    T = shop.days - people.first_order[: people.customers]
    # Schmittlein, Morrison and Colombo (1987), E[X(t)] = r beta / (alpha (s - 1)) (1 - (beta / (beta + t))^(s - 1)).
    s, beta = shop.s, shop.beta
    expected = shop.r * beta / (shop.alpha * (s - 1)) * (1 - (beta / (beta + T)) ** (s - 1))
    error = (repeats - expected).std() / np.sqrt(people.customers)
    assert repeats.mean() == pytest.approx(expected.mean(), abs=4 * error)
    assert 0.2 < (repeats == 0).mean() < 0.7  # some customers come back and some do not


def test_order_values_have_the_mean_and_spread_of_gamma_gamma(world: World) -> None:
    shop = world.shop
    orders = make_orders(world, purchase_seconds(world, make_timeline(world)))
    first = orders.worth[world.purchases.first]  # one order per person: independent draws
    assert first.mean() == pytest.approx(shop.mean_order_value, rel=0.05)
    own_mean = shop.spend_p / world.people.spend_rate[world.purchases.person]
    assert np.corrcoef(orders.worth, own_mean)[0, 1] > 0.6


def test_without_marketing_only_the_base_hazard_makes_people_buy() -> None:
    shop = Shop(visitors=20_000, customers_before=0, channel_lift=0.0, base_hazard=0.002, days=30)
    world = make_world(shop)
    bought = len(np.unique(world.purchases.person)) / shop.visitors
    # Thresholds are exponential over gamma intent (shape 0.7, mean 1): P(no purchase) = (1 + base t / 0.7)^-0.7.
    assert bought == pytest.approx(1 - (1 + 0.002 * 30 / 0.7) ** -0.7, rel=0.08)


def test_repeats_depend_on_touches_only_with_repeat_lift() -> None:
    shop = Shop(visitors=2_000, days=30)
    few, more = make_world(replace(shop, channel_lift=1.0)), make_world(replace(shop, repeat_lift=5.0))
    old = few.people.customers
    repeats = [int((~w.purchases.first & (w.purchases.person < old)).sum()) for w in (few, more)]
    assert repeats[0] < repeats[1]
    quiet = make_world(replace(shop, channel_lift=0.0))
    assert int((~quiet.purchases.first & (quiet.purchases.person < old)).sum()) == repeats[0]


def test_retargeting_reaches_buyers_but_causes_few_purchases() -> None:
    shop = Shop(visitors=12_000)
    people = make_people(shop)
    visits, impressions = prospect_visits(shop, people)
    everything, _ = when_people_buy(shop, people, visits, impressions)

    def lost_without(key: str) -> float:
        kept = visits.where(visits.campaign != INDEX[key])
        left, _ = when_people_buy(shop, people, kept, impressions)
        return float(np.isfinite(everything).sum() - np.isfinite(left).sum())

    buyers = np.flatnonzero(np.isfinite(everything))
    reached = {key: visits.person[visits.campaign == INDEX[key]] for key in ("retargeting", "tiktok_paid")}
    share = {key: np.isin(who, buyers).mean() for key, who in reached.items()}
    assert share["retargeting"] > share["tiktok_paid"]  # retargeting looks better ...
    assert lost_without("retargeting") < 0.2 * lost_without("tiktok_paid")  # ... and causes less
    assert lost_without("direct") >= 0


def test_about_three_to_five_in_a_hundred_visits_end_in_a_purchase(world: World) -> None:
    assert 0.03 < (world.visits.depth == BUY).mean() < 0.08  # this world has more customers than the default shop


def test_visits_per_person_are_heavy_tailed(world: World) -> None:
    visits = np.bincount(world.visits.person)
    visits = visits[visits > 0]
    assert np.median(visits) == 1
    assert visits.max() > 20 * np.median(visits)


def test_activity_and_the_app_predict_the_purchase_rate(world: World) -> None:
    people, visits = world.people, world.visits
    old = np.arange(people.count) < people.customers
    browsing = np.bincount(visits.person[visits.depth <= CART], minlength=people.count)
    alive = old & (people.first_order + people.lifetime > world.shop.days)
    gone = old & (people.first_order + people.lifetime < 0)
    assert np.corrcoef(browsing[alive], people.purchase_rate[alive])[0, 1] > 0.4
    assert browsing[gone].mean() < 0.15 * browsing[alive].mean()
    assert (
        people.purchase_rate[people.app_device >= 0].mean() > 1.2 * people.purchase_rate[people.app_device < 0].mean()
    )


def test_visits_fade_before_a_customer_drops_out(world: World) -> None:
    people, visits = world.people, world.visits
    left = people.first_order[visits.person] + people.lifetime[visits.person] - visits.time
    browsing = (visits.depth <= CART) & (visits.person < people.customers)
    per_day = [int((browsing & (left > low) & (left < low + 10)).sum()) for low in (0, 40)]
    assert per_day[0] < 0.6 * per_day[1]


def test_every_campaign_is_found_by_its_key() -> None:
    assert [CAMPAIGNS[INDEX[campaign.key]] for campaign in CAMPAIGNS] == list(CAMPAIGNS)


def test_days_are_busier_in_the_evening_and_keep_their_dates() -> None:
    shop = Shop()
    clock = np.linspace(-2, 2, 4001)[:-1]
    seconds = shop.seconds(clock) - shop.start_seconds
    assert (np.diff(seconds) > 0).all()
    assert (np.floor(seconds / 86_400) == np.floor(clock)).all()
    hours = (seconds % 86_400) // 3600
    assert (hours == 21).sum() > 5 * (hours == 4).sum()


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("days", 0),
        ("late_share", 1.5),
        ("spend_q", 1.0),
        ("zone", "Asia/Nowhere"),
        ("alpha", -1.0),
        ("customers_before", -1),
    ],
)
def test_an_impossible_knob_is_refused_by_name(knob: str, value: object) -> None:
    with pytest.raises(ValueError, match=knob):
        Shop(**{knob: value})  # type: ignore[arg-type]
