"""The steps of every visit and their times, as arrays; event lines are made from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.people import ANDROID, IOS, TABLET
from simulator.shop import Bools, Floats, Ints
from simulator.visits import BROWSE, BUY, CART, CHECKOUT
from simulator.world import World

INSTALL, LANDING, BROWSING, SECOND_LANDING, LOGIN, ADD_TO_CART, BEGIN_CHECKOUT, PAYMENT_RETURN, PURCHASE = range(9)
STEPS = 9


@dataclass(frozen=True)
class Timeline:
    """One entry per event, visit by visit; the arrays from `start` on have one entry per visit."""

    step: Ints
    visit: Ints
    seconds: Floats  # since 1970 UTC
    user_known: Bools  # the event carries the person's user_id
    start: Floats
    logs_in: Bools
    signs_up: Bools
    clock_ahead: Floats  # seconds by which the device's clock is ahead
    is_member: Bools  # the visitor has an account at that time


def make_timeline(world: World) -> Timeline:
    """Draw the events of each visit and their times."""
    shop, visits, people = world.shop, world.visits, world.people
    random = shop.random("timeline")
    depth, count = visits.depth, visits.count
    kind = people.devices.kind[visits.device]
    in_app = (kind == IOS) | (kind == ANDROID)
    logs_in, signs_up, is_member = _logins(world, random, in_app)

    # Early behaviour predicts purchases: people who will buy often look at more pages.
    eager = 0.7 + 0.5 * np.tanh(people.purchase_rate[visits.person] * shop.alpha)
    steps = np.zeros((count, STEPS), dtype=np.int64)
    steps[:, INSTALL] = _first_on_device(world, in_app)
    steps[:, LANDING] = 1
    steps[:, BROWSING] = np.where(depth >= BROWSE, 1 + random.poisson(2.5 * eager + 0.6 * (depth >= CART)), 0)
    steps[:, SECOND_LANDING] = visits.second_campaign >= 0
    steps[:, LOGIN] = logs_in
    steps[:, ADD_TO_CART] = np.where(depth >= CART, 1 + random.poisson(0.3, count), 0)
    steps[:, BEGIN_CHECKOUT] = depth >= CHECKOUT
    steps[:, PAYMENT_RETURN] = (depth == BUY) & (random.random(count) < 0.6) & ~in_app
    steps[:, PURCHASE] = depth == BUY
    step = np.repeat(np.tile(np.arange(STEPS), count), steps.ravel())
    visit = np.repeat(np.arange(count), steps.sum(axis=1))

    start = shop.seconds(visits.time)
    gap = np.minimum(random.lognormal(3.2, 1.0, len(step)), 1200.0)
    first = np.concatenate([[0], np.cumsum(steps.sum(axis=1))[:-1]])
    passed = np.cumsum(gap)
    seconds = start[visit] + np.round(passed - passed[first][visit], 3)

    person_logs_in = logs_in[visit] & (step >= LOGIN)
    known = (in_app & is_member & ~logs_in)[visit] | person_logs_in
    quiet = people.devices.login_only[visits.device][visit] & (step != LOGIN) & (step != PURCHASE)
    at_checkout = is_member[visit] & (step == PURCHASE)
    skewed = random.random(count) < shop.clock_skew_share
    return Timeline(
        step=step,
        visit=visit,
        seconds=seconds,
        user_known=(known & ~quiet) | at_checkout,
        start=start,
        logs_in=logs_in,
        signs_up=signs_up,
        clock_ahead=np.where(skewed, np.round(random.uniform(600, 2 * 86_400, count)), 0.0),
        is_member=is_member,
    )


def purchase_seconds(world: World, timeline: Timeline) -> Floats:
    """The time of each purchase: that of its event, or before start_date its time on the shop clock."""
    seconds = np.floor(world.shop.seconds(world.purchases.time))
    rows = np.flatnonzero(timeline.step == PURCHASE)
    seconds[world.visits.purchase[timeline.visit[rows]]] = timeline.seconds[rows]
    return seconds


def _first_on_device(world: World, in_app: Bools) -> Bools:
    """Whether the visit is a prospect's first in a newly installed app."""
    visits = world.visits
    _, rows = np.unique(visits.device, return_index=True)
    first = np.zeros(visits.count, dtype=np.bool_)
    first[rows] = True
    return first & in_app & (visits.person >= world.people.customers)


def _logins(world: World, random: np.random.Generator, in_app: Bools) -> tuple[Bools, Bools, Bools]:
    """Per visit: whether the visitor logs in, whether that login is a sign-up, and whether they have an account.

    Buyers who are not guests have an account from their first purchase on; apps stay logged in.
    """
    visits, people, purchases = world.visits, world.people, world.purchases
    first_at = np.full(people.count, np.inf)
    first_at[purchases.person[purchases.first]] = purchases.time[purchases.first]
    joins = ~people.guest[visits.person] & (visits.time >= first_at[visits.person])
    is_member = people.has_account[visits.person] | joins
    buys = visits.depth == BUY
    shared = people.devices.kind[visits.device] == TABLET
    draw = random.random(visits.count)
    logs_in = is_member & np.where(buys, draw < 0.85, (draw < np.where(shared, 0.7, 0.3)) & ~in_app)
    rows = np.flatnonzero(logs_in & (visits.person >= people.customers))
    _, first = np.unique(visits.person[rows], return_index=True)
    signs_up = np.zeros(visits.count, dtype=np.bool_)
    signs_up[rows[first]] = True
    return logs_in, signs_up, is_member
