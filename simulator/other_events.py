"""Event lines that are not sent by a page of a visit: ad clicks, impressions, servers, crawlers and ad fraud."""

from __future__ import annotations

import numpy as np

from simulator.campaigns import CAMPAIGNS, INDEX
from simulator.landing_pages import explicit_fields
from simulator.lines import Lines, joined, lines
from simulator.orders import CANCELLED, DELETED, PAID, Orders
from simulator.people import ANDROID
from simulator.shop import DAY, Ints, identifiers
from simulator.timeline import INSTALL, PURCHASE, Timeline
from simulator.visit_events import page
from simulator.world import World

BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "curl/8.7.1",
    "python-requests/2.32.3",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
)


def ad_lines(world: World, timeline: Timeline, pages: list[tuple[str, str]]) -> Lines:
    """ad_click, for networks that log it, just before its landing page (same click id), and ad_impression."""
    visits, devices = world.visits, world.people.devices
    random = world.shop.random("ad events")
    logs = np.array([campaign.logs_clicks for campaign in CAMPAIGNS])[visits.campaign]
    rows = np.flatnonzero(logs & (random.random(visits.count) < 0.6))
    bodies = []
    for visit, device, campaign in zip(
        rows.tolist(), visits.device[rows].tolist(), visits.campaign[rows].tolist(), strict=True
    ):
        source_fields = explicit_fields(CAMPAIGNS[campaign])
        who = f'"anonymous_id":"{devices.anonymous_id[device]}"'
        bodies.append(f"{who}{page(pages[visit][0])}{devices.client[device]}{source_fields}")
    clicks = lines(
        timeline.start[rows] - np.round(random.uniform(0.5, 4, len(rows)), 3), ["ad_click"] * len(rows), bodies
    )

    seen = world.impressions
    device_of = world.people.web_device[seen.person].tolist()
    bodies = [
        f'"anonymous_id":"{devices.anonymous_id[device]}"{devices.client[device]}{explicit_fields(CAMPAIGNS[campaign])}'
        for device, campaign in zip(device_of, seen.campaign.tolist(), strict=True)
    ]
    shown = lines(world.shop.seconds(seen.time), ["ad_impression"] * len(bodies), bodies)
    return joined([clicks, shown])


def abuse_lines(world: World, timeline: Timeline) -> tuple[Lines, Ints, set[int]]:
    """Fake ad clicks: floods just before purchases, and single clicks seconds before Android installs.

    Also returns the shop day of every claim, which the network bills, and the visits whose install is injected.
    """
    visits, devices, shop = world.visits, world.people.devices, world.shop
    random = shop.random("abuse")
    bought = np.flatnonzero(timeline.step == PURCHASE)
    flooded = bought[random.random(len(bought)) < shop.abuse_share]
    android = devices.kind[visits.device] == ANDROID
    installed = np.flatnonzero((timeline.step == INSTALL) & android[timeline.visit])
    injected = installed[random.random(len(installed)) < 4 * shop.abuse_share]
    claims = np.concatenate([flooded, injected])
    clicks = np.concatenate([random.integers(3, 16, len(flooded)), np.ones(len(injected), dtype=np.int64)])
    longest = np.concatenate([np.full(len(flooded), 3600.0), np.full(len(injected), 8.0)])
    events = np.repeat(claims, clicks)
    before = np.round(random.uniform(1, np.repeat(longest, clicks)), 3)
    source_fields = explicit_fields(CAMPAIGNS[INDEX["click_flood"]])
    tokens = identifiers(np.arange(len(events)), shop.seed * 4 + 5)
    bodies = []
    for device, token in zip(visits.device[timeline.visit[events]].tolist(), tokens, strict=True):
        url = page(f"https://trk.adfast.example.net/c?click_id={token}")
        bodies.append(f'"anonymous_id":"{devices.anonymous_id[device]}"{url}{devices.client[device]}{source_fields}')
    day = np.floor((timeline.seconds[claims] - shop.start_seconds) / DAY).astype(np.int64)
    return (
        lines(timeline.seconds[events] - before, ["ad_click"] * len(events), bodies),
        day,
        set(timeline.visit[injected].tolist()),
    )


def server_lines(world: World, orders: Orders) -> Lines:
    """Refunds, and some purchases a second time, sent by the shop's server (no browser, value as text)."""
    random = world.shop.random("server")
    count = len(orders.order_id)
    visited = world.purchases.visit >= 0
    again = np.flatnonzero(visited & (random.random(count) < 0.03))
    back = (orders.fate != PAID) & (orders.fate != DELETED) & (orders.fate != CANCELLED)
    refunds = np.flatnonzero(back & (orders.changed_at >= world.shop.start_seconds) & (random.random(count) < 0.6))
    ids = world.people.devices.anonymous_id
    bodies: list[str] = []
    for row in np.concatenate([again, refunds]).tolist():
        user = orders.user_id[row]
        visit = world.purchases.visit[row]
        device = world.visits.device[visit] if visit >= 0 else world.people.web_device[world.purchases.person[row]]
        who = f'"user_id":"{user}"' if user else f'"anonymous_id":"{ids[device]}"'
        value = orders.value[row] if len(bodies) < len(again) else orders.refunded[row]
        money = f',"order_id":"{orders.order_id[row]}","value":"{value}","currency":"{orders.currency[row]}"'
        bodies.append(f'{who},"platform":"server"{money}')
    seconds = np.concatenate([orders.seconds[again] + 2.0, orders.changed_at[refunds]])
    return lines(seconds, ["purchase"] * len(again) + ["refund"] * len(refunds), bodies)


def bot_lines(world: World, human_lines: int) -> Lines:
    """Crawlers with a new id per crawl, and one uptime monitor that sends a third of the bot lines under one id."""
    shop = world.shop
    random = shop.random("bots")
    share = shop.bot_share
    total = round(human_lines * share / (1 - share))
    monitored = total // 3
    crawl_of, crawls = [], 0
    left = total - monitored
    while left > 0:
        size = min(left, int(random.integers(1, 40)))
        crawl_of += [crawls] * size
        crawls += 1
        left -= size
    start = random.uniform(0, shop.days, crawls)
    rank = np.arange(len(crawl_of)) - np.searchsorted(crawl_of, crawl_of)
    clock = np.concatenate(
        [start[crawl_of] * DAY + rank * 3.0, np.arange(monitored) * (shop.days * DAY / max(monitored, 1))]
    )
    agents = random.integers(0, len(BOTS), max(crawls, 1)).tolist()
    ids = identifiers(np.arange(crawls + 1), shop.seed * 4 + 6)
    items = random.integers(1000, 1900, total).tolist()
    bodies = []
    for index in range(total):
        crawl = crawl_of[index] if index < len(crawl_of) else crawls
        agent = BOTS[agents[crawl]] if crawl < crawls else BOTS[5]
        path = f"/p/{items[index]}" if crawl < crawls else "/"
        ip = f"66.249.{crawl % 250}.7"
        bodies.append(
            f'"anonymous_id":"{ids[crawl]}","page_url":"https://www.{shop.domain}{path}"'
            f',"platform":"web","user_agent":"{agent}","ip":"{ip}","country":"US"'
        )
    return lines(shop.start_seconds + np.round(clock, 3), ["page_view"] * total, bodies, bot=True)
