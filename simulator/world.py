"""The simulated world: who visited when, who bought what, and why. The logs are written from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.campaigns import CAMPAIGNS
from simulator.hazard import first_purchases
from simulator.people import People, make_people
from simulator.shop import Bools, Floats, Ints, Shop
from simulator.visits import BUY, Impressions, Visits, browsing, make_visits, prospect_visits


@dataclass(frozen=True)
class Purchases:
    """One entry per purchase, in order of time; times are on the shop clock, negative before start_date."""

    person: Ints
    time: Floats
    first: Bools
    visit: Ints  # row of World.visits, -1 = before start_date


@dataclass(frozen=True)
class World:
    """Everything that happened, before logging. Visits are in order of time."""

    shop: Shop
    people: People
    visits: Visits
    impressions: Impressions
    purchases: Purchases


def make_world(shop: Shop) -> World:
    """Simulate in this order: exogenous touches, first purchases (hazard), repeats (Pareto/NBD), purchase visits."""
    people = make_people(shop)
    visits, impressions = prospect_visits(shop, people)
    bought_at, bought_in = when_people_buy(shop, people, visits, impressions)
    first_at = np.where(np.isnan(people.first_order), bought_at, people.first_order)

    buyers = np.flatnonzero(~np.isnan(first_at))
    later_visits = browsing(shop, people, first_at)
    repeats = _repeats(shop, people, first_at, visits.and_then(later_visits))
    person = np.concatenate([buyers, repeats[0]])
    time = np.concatenate([first_at[buyers], repeats[1]])
    first = np.arange(len(person)) < len(buyers)
    in_visit = np.where(first, bought_in[person], -1)
    order = np.lexsort((person, time))
    person, time, first, in_visit = person[order], time[order], first[order], in_visit[order]

    buying = np.flatnonzero(in_visit >= 0)
    visits.depth[in_visit[buying]] = BUY
    visits.purchase[in_visit[buying]] = buying
    visits = visits.and_then(_purchase_visits(shop, people, person=person, time=time, first=first, in_visit=in_visit))
    visits = visits.and_then(later_visits)
    visits = visits.where(np.lexsort((visits.person, visits.time)))
    visit = np.full(len(person), -1)
    with_purchase = np.flatnonzero(visits.purchase >= 0)
    visit[visits.purchase[with_purchase]] = with_purchase
    return World(shop, people, visits, impressions, Purchases(person, time, first, visit))


def when_people_buy(shop: Shop, people: People, visits: Visits, impressions: Impressions) -> tuple[Floats, Ints]:
    """Per person the time of a prospect's first purchase (nan = none) and its row of `visits` (-1 = no visit).

    Touches are visits, campaign links followed during visits, and ads seen. An ad seen has a later effect only.
    """
    random = shop.random("thresholds")
    threshold = random.exponential(1.0, people.count) / np.maximum(people.intent, 1e-9)
    threshold[: people.customers] = np.inf
    effect = np.array([[campaign.push, campaign.pull] for campaign in CAMPAIGNS]).T * shop.channel_lift
    push, pull = effect
    within = np.flatnonzero(visits.second_campaign >= 0)
    campaign = np.concatenate([visits.campaign, visits.second_campaign[within], impressions.campaign])
    is_click = np.arange(len(campaign)) < visits.count + len(within)
    bought_at, touch = first_purchases(
        np.concatenate([visits.person, visits.person[within], impressions.person]),
        np.concatenate([visits.time, visits.time[within], impressions.time]),
        np.where(is_click, push[campaign], 0.0),
        np.where(is_click, pull[campaign], 0.25 * pull[campaign]),
        base_rate=np.full(people.count, shop.base_hazard),
        threshold=threshold,
        end=float(shop.days),
        decay=shop.effect_decay_days,
    )
    row_of_touch = np.concatenate([np.arange(visits.count), within, np.full(len(impressions.person), -1), [-1]])
    return bought_at, row_of_touch[touch]  # touch -1 is the last entry: no visit


def _repeats(shop: Shop, people: People, first_at: Floats, visits: Visits) -> tuple[Ints, Floats]:
    """Person and time of each repeat purchase: Poisson from the first purchase until dropout (Pareto/NBD) or the end.

    Offsets from the first purchase are drawn for all people, buyers or not, so that a world with fewer touches has the
    same repeats after the same first purchase. With `repeat_lift`, touches of active customers add a few.
    """
    random = shop.random("repeats")
    horizon = np.where(np.arange(people.count) < people.customers, shop.history_days + shop.days, shop.days)
    alive = np.minimum(people.lifetime, horizon)
    count = random.poisson(people.purchase_rate * alive)
    person = np.repeat(np.arange(people.count), count)
    time = first_at[person] + random.random(len(person)) * alive[person]
    draw = random.random(visits.count)
    if shop.repeat_lift:
        push = np.array([campaign.push for campaign in CAMPAIGNS])[visits.campaign]
        since = visits.time - first_at[visits.person]
        moved = (draw < shop.repeat_lift * push) & (since > 0) & (since < people.lifetime[visits.person])
        person, time = np.append(person, visits.person[moved]), np.append(time, visits.time[moved] + 0.02)
    inside = time < shop.days  # people who never bought have nan, which compares false
    return person[inside], time[inside]


def _purchase_visits(shop: Shop, people: People, *, person: Ints, time: Floats, first: Bools, in_visit: Ints) -> Visits:
    """Visits for purchases that happen in no drawn visit: the purchase causes the visit, not the other way round."""
    random = shop.random("purchase visits")
    rows = np.flatnonzero((time >= 0) & (in_visit < 0))
    groups = [(rows[first[rows]], "closing"), (rows[~first[rows]], "loyal")]
    made = [
        make_visits(
            random, people, person[chosen], time[chosen], mix=mix, depth=np.full(len(chosen), BUY), purchase=chosen
        )
        for chosen, mix in groups
    ]
    return made[0].and_then(made[1])
