"""The event lines of visits: pages, items, logins, checkouts and purchases."""

from __future__ import annotations

import numpy as np

from simulator.campaigns import CAMPAIGNS
from simulator.landing_pages import IN_APP, SCHEME, explicit_fields, install_referrer, landing_page
from simulator.lines import Lines
from simulator.orders import Orders, user_ids
from simulator.people import ANDROID, KINDS
from simulator.shop import Bools, identifiers
from simulator.timeline import (
    ADD_TO_CART,
    BEGIN_CHECKOUT,
    BROWSING,
    INSTALL,
    LANDING,
    LOGIN,
    PAYMENT_RETURN,
    PURCHASE,
    SECOND_LANDING,
    Timeline,
)
from simulator.world import World

GATEWAYS = (
    "https://mobile.inicis.com/smart/payment/", "https://pay.kakao.com/", "https://pay.naver.com/payments/",
    "https://pay.tosspayments.com/", "https://www.paypal.com/",
)  # fmt: skip
OAUTH = ("https://kauth.kakao.com/oauth/authorize", "https://nid.naver.com/oauth2.0/authorize",
         "https://accounts.google.com/")  # fmt: skip
SEARCHES = ("자켓", "트렌치 코트", "linen shirt", "바람막이")


def landings(world: World) -> tuple[list[tuple[str, str]], list[str]]:
    """Per visit: the URL and referrer of its first page, and the token in its click id."""
    visits, domain = world.visits, world.shop.domain
    quirks = world.shop.random("links").integers(0, 1000, visits.count).tolist()
    tokens = identifiers(np.arange(visits.count), world.shop.seed * 4 + 3)
    hosts = [KINDS[kind][1] for kind in world.people.devices.kind[visits.device].tolist()]
    campaigns = visits.campaign.tolist()
    pages = [
        landing_page(CAMPAIGNS[campaign], domain=domain, host=host, token=token, quirk=quirk)
        for campaign, host, token, quirk in zip(campaigns, hosts, tokens, quirks, strict=True)
    ]
    return pages, tokens


def page(url: str, referrer: str = "") -> str:
    """The page part of a JSON line."""
    return f',"page_url":"{url}","referrer":"{referrer}"' if referrer else f',"page_url":"{url}"'


def visit_lines(
    world: World,
    timeline: Timeline,
    orders: Orders,
    *,
    pages: list[tuple[str, str]],
    tokens: list[str],
    injected: set[int],
) -> Lines:
    """One line per event of every visit, without purchases that no tracker recorded.

    `injected` are the visits whose install a fraudulent click claims.
    """
    visits, people = world.visits, world.people
    random = world.shop.random("visit events")
    who, client, tail, scripted = _senders(world)
    known_as = [f'{sender},"user_id":"{user}"' for sender, user in zip(who, _users_of(world), strict=True)]
    total = len(timeline.step)
    draw = random.random(total)
    item = (1000 + (random.random(total) ** 2 * 900)).astype(np.int64)
    # People look at what they can afford: the prices they see predict the value of later orders.
    usual = world.shop.spend_p / people.spend_rate[visits.person][timeline.visit]
    price = np.maximum(np.round(usual * random.lognormal(-0.3, 0.4, total) / 100), 1) * 100
    purchase = visits.purchase[timeline.visit]
    kept = (timeline.step != PURCHASE) | np.append(orders.has_event, False)[purchase]
    steps = _Steps(world, timeline, orders, pages=pages, tokens=tokens, injected=injected)
    names, bodies = [], []
    columns = (timeline.step, timeline.visit, timeline.user_known, draw, item, price)
    for step, visit, known, chance, number, cost in zip(*(column[kept].tolist() for column in columns), strict=True):
        name, middle = steps.describe(step, visit, chance, number, cost)
        names.append(name)
        bodies.append(f"{known_as[visit] if known else who[visit]}{middle}{client[visit]}{tail[visit]}")
    rows = timeline.visit[kept]
    return Lines(timeline.seconds[kept], names, bodies, timeline.clock_ahead[rows], scripted[rows])


def _senders(world: World) -> tuple[list[str], list[str], list[str], Bools]:
    """Per visit: anonymous_id, the device's part of the line, unusual fields at the end, and whether a script sent it.

    Two orders in a thousand are placed by a script. They count as orders, but their visits give no touches.
    """
    visits, devices = world.visits, world.people.devices
    random = world.shop.random("senders")
    odd = random.random(visits.count)
    scripted = (visits.purchase >= 0) & (random.random(visits.count) < 0.002)
    app = [KINDS[kind][1] == "app" for kind in devices.kind[visits.device].tolist()]
    who, client, tail = [], [], []
    for visit, (device, campaign) in enumerate(zip(visits.device.tolist(), visits.campaign.tolist(), strict=True)):
        who.append(f'"anonymous_id":"{devices.anonymous_id[device]}"')
        client.append(SCRIPTED if scripted[visit] else devices.client[device])
        text = f',"session_id":"s-{visit:07d}"' if app[visit] and odd[visit] < 0.5 else ""
        if CAMPAIGNS[campaign].tagging == "explicit":
            text += explicit_fields(CAMPAIGNS[campaign])
        if odd[visit] > 0.99:
            text += ',"campaign":"(not set)","term":"","content":""' if not text else ""
        if 0.97 < odd[visit] < 0.98:
            text += ',"screen":{"width":1920,"height":1080},"tracker_version":"3.2.1"'
        tail.append(text)
    return who, client, tail, scripted


SCRIPTED = (
    ',"platform":"web","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'HeadlessChrome/143.0.0.0 Safari/537.36","ip":"3.35.10.20","country":"KR"'
)


def _users_of(world: World) -> list[str]:
    users = user_ids(world.people.count)
    return [users[person] for person in world.visits.person.tolist()]


class _Steps:
    """Name and page of each kind of step of a visit."""

    def __init__(
        self,
        world: World,
        timeline: Timeline,
        orders: Orders,
        *,
        pages: list[tuple[str, str]],
        tokens: list[str],
        injected: set[int],
    ) -> None:
        kinds = world.people.devices.kind[world.visits.device].tolist()
        self.hosts = [KINDS[kind][1] for kind in kinds]
        self.android = [kind == ANDROID for kind in kinds]
        self.domain = world.shop.domain
        self.pages, self.tokens, self.orders = pages, tokens, orders
        self.campaign = world.visits.campaign.tolist()
        self.second = world.visits.second_campaign.tolist()
        self.purchase = world.visits.purchase.tolist()
        self.signs_up = timeline.signs_up.tolist()
        self.installs: set[int] = set(timeline.visit[timeline.step == INSTALL].tolist())
        self.injected = injected

    def own(self, visit: int, path: str) -> str:
        """The address of a page of the shop on this visit's device."""
        host = self.hosts[visit]
        return f"{SCHEME}:/{path}" if host == "app" else f"https://{host}.{self.domain}{path}"

    def describe(self, step: int, visit: int, chance: float, item: int, price: float) -> tuple[str, str]:
        """The event's name and the middle part of its line: page, order and properties."""
        if step == LANDING:
            url, referrer = self.pages[visit]
            return "page_view", page(IN_APP) if visit in self.installs else page(url, referrer)
        if step == BROWSING:
            return self._browse(visit, chance, item, price)
        if step == INSTALL:
            if not self.android[visit]:
                return "app_install", ""
            text = install_referrer(
                CAMPAIGNS[self.campaign[visit]], self.tokens[visit], injected=visit in self.injected
            )
            return "app_install", f',"install_referrer":"{text}"'
        if step == SECOND_LANDING:
            campaign = CAMPAIGNS[self.second[visit]]
            token = self.tokens[visit][::-1]
            url, referrer = landing_page(
                campaign, domain=self.domain, host=self.hosts[visit], token=token, quirk=item % 1000
            )
            return "page_view", page(url, referrer)
        return self._buying(step, visit, chance, item, price)

    def _browse(self, visit: int, chance: float, item: int, price: float) -> tuple[str, str]:
        home = self.own(visit, "/") if self.hosts[visit] != "app" else ""
        if chance < 0.5:
            detail = f',"properties":{{"item_id":"P{item}","price":{price:.0f}}}'
            return "view_item", page(self.own(visit, f"/p/{item}"), home) + detail
        if chance < 0.56:
            word = SEARCHES[item % len(SEARCHES)]
            return "search", page(self.own(visit, "/search"), home) + f',"properties":{{"search_term":"{word}"}}'
        return "page_view", page(self.own(visit, f"/c/{'outer' if item % 2 else 'tops'}"), home)

    def _buying(self, step: int, visit: int, chance: float, item: int, price: float) -> tuple[str, str]:
        web = self.hosts[visit] != "app"
        if step == LOGIN:
            name = "sign_up" if self.signs_up[visit] else "login"
            return name, page(self.own(visit, "/login"), OAUTH[item % 3] if web and chance < 0.3 else "")
        if step == ADD_TO_CART:
            detail = f',"properties":{{"item_id":"P{item}","price":{price:.0f}}}'
            return "add_to_cart", page(self.own(visit, f"/p/{item}"), self.own(visit, "/") if web else "") + detail
        if step == BEGIN_CHECKOUT:
            return "begin_checkout", page(self.own(visit, "/checkout"), self.own(visit, "/cart") if web else "")
        if step == PAYMENT_RETURN:
            return "page_view", page(self.own(visit, "/order/return"), GATEWAYS[item % len(GATEWAYS)])
        row = self.purchase[visit]
        money = f',"order_id":"{self.orders.order_id[row]}","value":{self.orders.value[row]}'
        if chance > 0.005 or self.orders.currency[row] == "USD":  # a few trackers leave out the currency
            money += f',"currency":"{self.orders.currency[row]}"'
        return "purchase", page(self.own(visit, "/order/complete"), self.own(visit, "/checkout") if web else "") + money
