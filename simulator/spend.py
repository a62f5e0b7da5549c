"""What ad platforms report per day: impressions, clicks, spend and claimed conversions, sometimes corrected later."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from simulator.campaigns import INDEX, PAID, Campaign
from simulator.orders import CANCELLED, DELETED, Orders
from simulator.shop import DAY, Floats, Ints, Shop, money_text
from simulator.world import World

COLUMNS = (
    "date", "platform", "account_id", "campaign_id", "campaign_name", "source", "medium", "impressions", "clicks",
    "spend", "currency", "timezone", "platform_conversions", "platform_conversion_value", "exported_at",
)  # fmt: skip
RATE_COLUMNS = ("date", "currency", "report_currency", "rate")
CLAIM_DAYS = 7  # a platform claims a purchase within this many days of its click
PLATFORMS = tuple(dict.fromkeys(campaign.platform for campaign in PAID))


def spend_files(world: World, orders: Orders, visit_seconds: Floats, claimed_days: Ints) -> dict[str, list[list[str]]]:
    """Rows per file name: one file per platform and day of the account's time zone.

    One file in eight also corrects the whole day three days before, by a few per cent upwards; its rows have the newer
    exported_at. `claimed_days` are the days of the click flood's claims.
    """
    shop = world.shop
    random = shop.random("spend")
    clicks, conversions, value = _results(world, orders, visit_seconds, claimed_days)
    noise = random.lognormal(0.0, 0.12, clicks.shape)
    impressions_noise = random.lognormal(0.0, 0.15, clicks.shape)
    corrected = random.random((len(PLATFORMS), shop.days)) < 0.125
    corrected[:, 3:4] |= shop.days > 3  # every shop of more than three days has corrections
    more = 1 + random.uniform(0.005, 0.04, (len(PLATFORMS), shop.days))
    files = {}
    for place, platform in enumerate(PLATFORMS):
        campaigns = [index for index, campaign in enumerate(PAID) if campaign.platform == platform]
        for day in range(shop.days):
            exported = datetime.combine(shop.day(day + 1), time(6, 10), ZoneInfo(shop.zone)).isoformat()
            days = [(day, 1.0)]
            if day >= 3 and corrected[place, day]:
                days.insert(0, (day - 3, float(more[place, day])))
            rows = []
            for shown_day, factor in days:
                for index in campaigns:
                    cell = (index, shown_day)
                    figures = _Figures(
                        float(clicks[cell]) * factor,
                        float(noise[cell]),
                        float(impressions_noise[cell]),
                        float(conversions[cell]),
                        float(value[cell]),
                    )
                    rows += _rows(shop, PAID[index], shop.day(shown_day), figures, exported)
            files[f"{platform}-{shop.day(day)}.csv"] = rows
    return files


def _results(world: World, orders: Orders, visit_seconds: Floats, claimed_days: Ints) -> tuple[Floats, Floats, Floats]:
    """Clicks, claimed conversions and their value (shop currency), each by campaign × day of the account's zone."""
    shop, visits = world.shop, world.visits
    shape = (len(PAID), shop.days)
    clicks, conversions, value = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    shift = np.array([_zone_shift(shop, campaign) for campaign in PAID])
    rows = np.flatnonzero(visits.campaign < len(PAID))
    second = np.flatnonzero((visits.second_campaign >= 0) & (visits.second_campaign < len(PAID)))
    visit = np.concatenate([rows, second])
    campaign = np.concatenate([visits.campaign[rows], visits.second_campaign[second]])
    day = np.floor((visit_seconds[visit] - shop.start_seconds + shift[campaign]) / DAY).astype(np.int64)
    day = np.clip(day, 0, shop.days - 1)
    np.add.at(clicks, (campaign, day), 1.12)  # some clicks never reach a page

    # Find each click's next purchase of the same person by one sorted key of person and time.
    purchases = world.purchases
    order = np.lexsort((purchases.time, purchases.person))
    reach = float(shop.history_days + shop.days + 10)
    keys = purchases.person[order] * reach + purchases.time[order] + shop.history_days
    wanted = visits.person[visit] * reach + visits.time[visit] + shop.history_days
    place = np.searchsorted(keys, wanted - 1e-9)
    found = np.append(order, -1)[np.minimum(place, len(order))]
    counted = (orders.fate != CANCELLED) & (orders.fate != DELETED)
    hit = (found >= 0) & (np.append(keys, np.inf)[place] - wanted <= CLAIM_DAYS) & np.append(counted, False)[found]
    _, once = np.unique(found[hit] * len(PAID) + campaign[hit], return_index=True)
    at = (campaign[hit][once], day[hit][once])
    np.add.at(conversions, at, 1.0)
    np.add.at(value, at, orders.worth[found[hit][once]])

    flood = np.full(len(claimed_days), INDEX["click_flood"])
    inside = np.clip(claimed_days, 0, shop.days - 1)
    np.add.at(clicks, (flood, inside), 9.0)
    np.add.at(conversions, (flood, inside), 1.0)
    np.add.at(value, (flood, inside), shop.mean_order_value)
    for index, paid in enumerate(PAID):
        phantom = paid.rates.phantom_clicks if paid.rates else 0.0
        clicks[index] += phantom * shop.visitors / 24_000
    return clicks, conversions, value


def _zone_shift(shop: Shop, campaign: Campaign) -> float:
    """Seconds to add so that the account's days start where the shop's do."""
    zone = (campaign.rates and campaign.rates.timezone) or shop.zone
    offset = datetime.combine(shop.start_date, time(), ZoneInfo(zone)).utcoffset() or timedelta(0)
    return (offset - shop.offset).total_seconds()


class _Figures(NamedTuple):
    """A campaign's day: clicks, noise on cost and on impressions, claimed conversions and their value."""

    clicks: float
    cost_noise: float
    impression_noise: float
    conversions: float
    value: float


def _rows(shop: Shop, campaign: Campaign, day: date, figures: _Figures, exported: str) -> list[list[str]]:
    """The rows of one campaign's day: none without clicks, two when Google splits search and partners."""
    clicks = round(figures.clicks)
    rates = campaign.rates
    if rates is None or clicks == 0:
        return []
    impressions = max(clicks, round(figures.clicks / rates.ctr * figures.impression_noise))
    by_click = figures.clicks * rates.per_click * figures.cost_noise
    cost = impressions * rates.per_mille / 1000 if rates.per_mille else by_click
    currency = rates.currency or shop.currency
    in_usd = shop.usd_per_unit if currency == "USD" else 1.0
    usual_order = 60_000 / 1380 if rates.currency == "USD" else 60_000  # the mean order that the prices are made for
    cost *= shop.spend_factor * shop.mean_order_value * (in_usd if rates.currency else 1.0) / usual_order
    google = campaign.platform == "google_ads"
    claimed = figures.conversions * (0.92 if google else 1.0)  # modelled conversions are fractional
    worth = figures.value * (in_usd if rates.currency else 1.0)
    fixed = [str(day), campaign.platform, rates.account_id, campaign.campaign_id, campaign.name or ""]
    fixed += [campaign.source or "", campaign.medium or ""]
    return [
        [
            *fixed,
            str(round(impressions * part)),
            str(round(clicks * part)),
            money_text(cost * part, currency),
            currency,
            rates.timezone or shop.zone,
            f"{claimed * part:.2f}",
            money_text(worth * part, currency),
            exported,
        ]
        for part in ((0.8, 0.2) if google and clicks >= 10 else (1.0,))
    ]


def exchange_rates(shop: Shop) -> list[list[str]]:
    """One row per day, from a week before the first order to the last day: a slow walk around the mean rate.

    A shop in USD needs no rates and has none.
    """
    if shop.currency == "USD":
        return []
    random = shop.random("rates")
    first = shop.history_start - timedelta(days=7)
    days = (shop.start_date - first).days + shop.days
    walk, level = [], 0.0
    for step in random.normal(0, 0.004, days).tolist():
        level = 0.98 * level + step
        walk.append(np.exp(level) / shop.usd_per_unit)
    return [[str(first + timedelta(days=day)), "USD", shop.currency, f"{rate:.4f}"] for day, rate in enumerate(walk)]
