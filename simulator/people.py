"""The people of the simulated world: customers and prospects, their habits and their devices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.shop import Bools, Floats, Ints, Shop, identifiers

# Device kinds: (platform, host kind, user agents).
KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("web", "www", (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 "
        "Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
        "Safari/605.1.15",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 "
        "Safari/537.36 Edg/144.0.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
        "Whale/4.35.351.12 Safari/537.36",
    )),
    ("web", "m", (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; SM-S931N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 "
        "Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; SM-A556S Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/144.0.0.0 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.9.5)",
        "Mozilla/5.0 (Linux; Android 15; SM-F956N; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
        "Chrome/145.0.0.0 Mobile Safari/537.36 KAKAOTALK/25.1.0",
    )),
    ("ios", "app", ("ExampleShop/8.4.1 (iPhone17,1; iOS 18.3.1) CFNetwork/1568.300.101 Darwin/24.2.0",
                    "ExampleShop/8.3.0 (iPhone14,5; iOS 17.7.2) CFNetwork/1496.0.7 Darwin/23.6.0")),
    ("android", "app", ("Dalvik/2.1.0 (Linux; U; Android 15; SM-S931N Build/AP3A.240905.015) ExampleShop/8.4.1",
                        "Dalvik/2.1.0 (Linux; U; Android 14; SM-A556S Build/UP1A.231005.007) ExampleShop/8.2.2")),
    ("web", "www", ("Mozilla/5.0 (iPad; CPU OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
                    "Version/18.3 Mobile/15E148 Safari/604.1",)),
)  # fmt: skip
DESKTOP, MOBILE, IOS, ANDROID, TABLET = range(5)
COUNTRIES = ("KR", "US", "JP", "VN")
OFFICE_IP = "203.0.113.7"  # the shop's staff, for rules about internal traffic


@dataclass(frozen=True)
class Devices:
    """One entry per browser or app installation; `client` is its part of a JSON line."""

    kind: Ints
    anonymous_id: list[str]
    client: list[str]
    login_only: Bools  # the user_id is sent with login events only


@dataclass(frozen=True)
class People:
    """One entry per person, customers first, then prospects. Times are on the shop clock, rates are per day."""

    customers: int
    purchase_rate: Floats
    lifetime: Floats  # days from the first purchase to dropping out for good
    spend_rate: Floats  # Gamma-Gamma: order values are gamma(spend_p) / spend_rate
    intent: Floats  # mean 1: how strongly a prospect wants to buy
    first_order: Floats  # time of a customer's first order; nan for prospects
    has_account: Bools
    guest: Bools  # buys without an account
    web_device: Ints
    other_device: Ints  # -1 = none
    app_device: Ints  # -1 = none
    devices: Devices

    @property
    def count(self) -> int:
        """Customers and prospects."""
        return len(self.purchase_rate)


def make_people(shop: Shop) -> People:
    """Draw all people. Purchase rates, dropouts and spend are independent, as Pareto/NBD and Gamma-Gamma assume."""
    random = shop.random("people")
    customers, count = shop.customers, shop.customers + shop.visitors
    is_customer = np.arange(count) < customers
    purchase_rate = random.gamma(shop.r, 1 / shop.alpha, count)
    lifetime = random.exponential(1.0, count) / np.maximum(random.gamma(shop.s, 1 / shop.beta, count), 1e-12)
    spend_scale = shop.mean_order_value * (shop.spend_q - 1) / shop.spend_p
    first_order = random.uniform(-shop.history_days, 0, count)
    has_account = is_customer | (random.random(count) < 0.3)
    # People who will buy often have the app more often: early behaviour predicts later purchases.
    has_app = random.random(count) < 0.08 + 0.3 * np.tanh(purchase_rate * shop.alpha)
    has_other = random.random(count) < 0.3
    mobile_first = random.random(count) < 0.65

    app_device = np.where(has_app, 2 * count + np.cumsum(has_app) - 1, -1)
    other_device = np.where(has_other, count + np.arange(count), -1)
    shared = random.permutation(count)[: int(count * shop.shared_device_share) // 2 * 2]
    owner, other_user = shared[::2], shared[1::2]
    other_device[owner] = count + owner
    other_device[other_user] = other_device[owner]
    has_account[shared] = True

    kind = np.full(2 * count + int(has_app.sum()), DESKTOP)
    kind[:count] = np.where(mobile_first, MOBILE, DESKTOP)
    kind[count : 2 * count] = np.where(mobile_first, DESKTOP, MOBILE)
    kind[count + owner] = TABLET
    kind[2 * count :] = np.where(random.random(int(has_app.sum())) < 0.3, IOS, ANDROID)
    return People(
        customers=customers,
        purchase_rate=purchase_rate,
        lifetime=lifetime,
        spend_rate=random.gamma(shop.spend_q, 1 / spend_scale, count),
        intent=random.gamma(0.7, 1 / 0.7, count),
        first_order=np.where(is_customer, first_order, np.nan),
        has_account=has_account,
        guest=~has_account & (random.random(count) < shop.guest_share),
        web_device=np.arange(count),
        other_device=other_device,
        app_device=app_device,
        devices=_make_devices(shop, kind),
    )


def _make_devices(shop: Shop, kind: Ints) -> Devices:
    """Ids, user agents, addresses, countries and consent of every device."""
    random = shop.random("devices")
    count = len(kind)
    agent = random.integers(0, 12, count).tolist()
    country = random.choice(len(COUNTRIES), count, p=[0.94, 0.03, 0.02, 0.01]).tolist()
    address = random.integers(0, 256, (count, 3)).tolist()
    office = (random.random(count) < 0.002).tolist()
    consent = random.choice(4, count, p=[0.8, 0.1, 0.08, 0.02]).tolist()
    consent_fields = (
        ',"consent":{"analytics":true,"ads":true}',
        ',"consent":{"analytics":true,"ads":false}',
        "",
        ',"consent":{"analytics":false,"ads":false}',
    )
    client = []
    for index, device in enumerate(kind.tolist()):
        platform, _, agents = KINDS[device]
        a, b, c = address[index]
        ip = OFFICE_IP if office[index] else f"{(14, 39, 58, 112, 121, 175, 211, 223)[a % 8]}.{a}.{b}.{c}"
        named = "" if platform == "web" and a == 0 else f',"platform":"{platform}"'  # web is the default
        client.append(
            f'{named},"user_agent":"{agents[agent[index] % len(agents)]}","ip":"{ip}"'
            f',"country":"{COUNTRIES[country[index]]}"{consent_fields[consent[index]]}'
        )
    return Devices(
        kind=kind,
        anonymous_id=identifiers(np.arange(count), shop.seed * 4 + 1),
        client=client,
        login_only=random.random(count) < 0.3,
    )
