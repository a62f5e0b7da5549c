"""An oracle for aliases, plain Python: ids tied by orders are joined by union-find, within the limits; random shops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random


@dataclass
class Shop:
    """Its purchases as the tracker names the buyer (order, login), and as the feed does (order: buyer)."""

    purchases: list[tuple[str, str]] = field(default_factory=list)
    feed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def random(cls, name: str, chance: Random) -> Shop:
        """Some people under two names each, some under one, beside clerks and tills that serve several."""
        shop = cls()
        people = [(f"{name}-t{number}", f"{name}-s{number}") for number in range(chance.randint(1, 5))]
        if chance.random() < 0.5:
            people.append((people[0][0], f"{name}-other name"))  # the same login, another buyer
        if chance.random() < 0.5:
            people.append((f"{name}-other login", people[0][1]))
        if chance.random() < 0.3:
            people.append((people[-1][1], people[-1][1]))  # named alike in both
        if chance.random() < 0.5:
            people.append((people[0][1], people[-1][1]))  # who orders for somebody else
        for number in range(chance.randint(1, 8)):
            order, (login, buyer) = f"{name}-o{number}", chance.choice(people)
            if chance.random() < 0.85:
                shop.purchases.append((order, login))
            if chance.random() < 0.1:
                shop.purchases.append((order, chance.choice(people)[0]))  # a second purchase event
            if chance.random() < 0.85:
                shop.feed[order] = buyer if chance.random() < 0.95 else chance.choice(people)[1]
        return shop


def person_of_each_login(shop: Shop, *, max_aliases: int) -> dict[str, str]:
    """By login of a purchase event: the buyer whose person it is, or itself."""
    ties = {(login, shop.feed[order]) for order, login in shop.purchases if order in shop.feed}
    ties = {(login, buyer) for login, buyer in ties if login != buyer}
    buyers_of, logins_of = _by_first(ties), _by_first((buyer, login) for login, buyer in ties)
    groups = {id_: {id_} for id_ in {*shop.feed.values(), *(login for _, login in shop.purchases)}}
    for login, buyer in ties:
        is_clerk, is_till = len(buyers_of[login]) > 1, len(logins_of[buyer]) > max_aliases
        if not is_clerk and not is_till and login not in shop.feed.values():
            joined = groups[login] | groups[buyer]
            groups.update(dict.fromkeys(joined, joined))
    return {login: _name_of(groups[login], shop, login) for _, login in shop.purchases}


def _name_of(group: Iterable[str], shop: Shop, login: str) -> str:
    buyers = [id_ for id_ in group if id_ in shop.feed.values()]
    assert len(buyers) <= 1, f"two people with orders of their own are one: {buyers}"
    return buyers[0] if buyers else login


def _by_first(pairs: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        found[first].add(second)
    return found
