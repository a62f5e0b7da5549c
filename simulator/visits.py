"""Touches and visits: what people do on the shop clock, before event lines are made from it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simulator.campaigns import CAMPAIGNS, INDEX
from simulator.people import TABLET, People
from simulator.shop import Bools, Floats, Ints, Shop

BOUNCE, BROWSE, CART, CHECKOUT, BUY = range(5)


@dataclass(frozen=True)
class Visits:
    """One entry per visit. `depth` is how far the visitor gets (BOUNCE .. BUY)."""

    person: Ints
    time: Floats  # shop clock, days
    campaign: Ints  # row of CAMPAIGNS
    second_campaign: Ints  # a campaign link followed during the visit, -1 = none
    depth: Ints
    purchase: Ints  # row of the purchases, -1 = none
    device: Ints

    @property
    def count(self) -> int:
        """How many visits."""
        return len(self.person)

    def where(self, chosen: Bools | Ints) -> Visits:
        """Only these rows, in this order."""
        return Visits(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def and_then(self, other: Visits) -> Visits:
        """These visits followed by the other ones."""
        return Visits(*(np.concatenate([getattr(v, f.name) for v in (self, other)]) for f in fields(self)))


@dataclass(frozen=True)
class Impressions:
    """One entry per ad that a person saw and did not click."""

    person: Ints
    time: Floats
    campaign: Ints


def weights(column: str) -> Floats:
    """One of the weight columns of CAMPAIGNS, as probabilities."""
    values: Floats = np.array([getattr(campaign, column) for campaign in CAMPAIGNS], dtype=np.float64)
    values /= values.sum()
    return values


def make_visits(
    random: np.random.Generator, people: People, person: Ints, time: Floats, *, mix: str, depth: Ints, purchase: Ints
) -> Visits:
    """Visits of these people at these times: campaigns drawn by the weight column `mix`, and a device for each.

    A campaign of the app becomes a direct visit for people without the app.
    """
    count = len(person)
    surface = np.array([campaign.surface for campaign in CAMPAIGNS])
    campaign = random.choice(len(CAMPAIGNS), count, p=weights(mix))
    app, other = people.app_device[person], people.other_device[person]
    campaign = np.where((surface[campaign] == "app") & (app < 0), INDEX["direct"], campaign)
    in_app = (app >= 0) & ((surface[campaign] == "app") | ((surface[campaign] == "any") & (random.random(count) < 0.6)))
    shared = people.devices.kind[other] == TABLET  # a shared tablet is used more than a second device
    on_other = (other >= 0) & (random.random(count) < np.where(shared, 0.7, 0.35))
    device = np.where(in_app, app, np.where(on_other, other, people.web_device[person]))
    changes = (random.random(count) < 0.03) & ~in_app
    second = random.choice([INDEX["newsletter"], INDEX["google_brand"], INDEX["affiliate"]], count)
    return Visits(person, time, campaign, np.where(changes, second, -1), depth, purchase, device)


def prospect_visits(shop: Shop, people: People) -> tuple[Visits, Impressions]:
    """The exogenous touches of prospects: visits and impressions that happen whether or not the person ever buys.

    Visits per person are heavy-tailed (see `visit_tail`). Retargeting follows people who left a full cart, so it looks
    effective and causes little.
    """
    random = shop.random("prospects")
    arrival = random.uniform(0, shop.days, shop.visitors)
    wanted = np.minimum((1 - random.random(shop.visitors)) ** (-1 / shop.visit_tail), 300).astype(np.int64)
    rank = np.arange(wanted.sum()) - np.repeat(np.cumsum(wanted) - wanted, wanted)
    gap = random.exponential(np.repeat(np.minimum(3.0, 40.0 / wanted), wanted))
    gap[rank == 0] = 0.0
    passed = np.cumsum(gap)
    starts = np.cumsum(wanted) - wanted
    time = np.repeat(arrival - passed[starts], wanted) + passed
    person = np.repeat(np.arange(shop.visitors), wanted) + people.customers
    inside = time < shop.days
    person, time = person[inside], time[inside]

    cart = random.random(len(person)) < np.minimum(0.9, shop.cart_share * (0.3 + 0.7 * people.intent[person]))
    depth = np.where(cart, np.where(random.random(len(person)) < 0.3, CHECKOUT, CART), BROWSE)
    depth = np.where(~cart & (random.random(len(person)) < 0.45), BOUNCE, depth)
    nobody = np.full(len(person), -1)
    visits = make_visits(random, people, person, time, mix="discover", depth=depth, purchase=nobody)
    chased = cart & (random.random(len(person)) < 0.35)
    back = time[chased] + random.exponential(1.5, int(chased.sum()))
    returns = len(back)
    follow_up = Visits(
        person=person[chased],
        time=back,
        campaign=np.full(returns, INDEX["retargeting"]),
        second_campaign=np.full(returns, -1),
        depth=np.where(random.random(returns) < 0.5, BROWSE, BOUNCE),
        purchase=np.full(returns, -1),
        device=people.web_device[person[chased]],
    )
    return visits.and_then(follow_up.where(back < shop.days)), _impressions(shop, visits, cart)


def _impressions(shop: Shop, visits: Visits, cart: Bools) -> Impressions:
    """Ads that people saw after a visit; after a full cart most are retargeting."""
    random = shop.random("impressions")
    seen = random.poisson(np.where(cart, 0.6, 0.12))
    person, time = np.repeat(visits.person, seen), np.repeat(visits.time, seen)
    after_cart = np.repeat(cart, seen)
    time = time + random.exponential(2.0, len(time))
    shown = weights("impressions")
    campaign = random.choice(len(CAMPAIGNS), len(time), p=shown)
    campaign = np.where(after_cart & (random.random(len(time)) < 0.7), INDEX["retargeting"], campaign)
    inside = time < shop.days
    return Impressions(person[inside], time[inside], campaign[inside])


def browsing(shop: Shop, people: People, first_purchase: Floats) -> Visits:
    """Visits of customers that end without an order.

    Their number is in proportion to the person's purchase rate. They become fewer over the last 30 days before the
    person drops out and nearly stop after that, so falling activity predicts churn.
    """
    random = shop.random("browsing")
    rate = 0.06 + 3.6 * people.purchase_rate
    expected = np.where(first_purchase < shop.days, rate * shop.days, 0.0)  # nan compares false
    count = random.poisson(expected)
    person = np.repeat(np.arange(people.count), count)
    time = random.uniform(0, shop.days, len(person))
    left = first_purchase[person] + people.lifetime[person] - time
    interest = np.where(left > 0, np.clip(left / 30, 0.15, 1.0), 0.04)
    stays = (time > first_purchase[person] + 0.1) & (random.random(len(person)) < interest)
    person, time = person[stays], time[stays]
    step = random.random(len(person))
    depth = np.select([step < 0.3, step < 0.85, step < 0.95], [BOUNCE, BROWSE, CART], CHECKOUT)
    return make_visits(random, people, person, time, mix="loyal", depth=depth, purchase=np.full(len(person), -1))
