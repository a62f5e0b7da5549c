"""What silver may use of bronze: ids that name somebody, of each event what its consent allows, and tokens for ids.

Every reader of ids in bronze goes through this. Nothing is taken out of bronze itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.ids import MONEY_EVENTS, identified
from warehouse.conform import with_contract_columns
from warehouse.expressions import token_of
from warehouse.knobs import AdsUse, AnalyticsUse
from warehouse.tables.bronze_events import BRONZE_EVENTS

# What an event says of who it was and where they came from.
OF_VISITORS = (
    "anonymous_id", "user_id", "session_id", "source", "medium", "campaign", "content", "term", "page_url", "referrer",
    "install_referrer", "clicked_at", "id_kind", "att_status",
)  # fmt: skip
# What a touch says of its click beside where it came from.
OF_CLICKS = ("click_id_type", "click_id", "campaign_id", "utm_id", "gad_campaignid")


# The columns of rows of bronze by which they name persons, devices, visits, events and orders.
OF_EVENT, OF_ORDER = (
    ("event_id", "anonymous_id", "user_id", "session_id", "order_id"),
    ("order_id", "user_id", "anonymous_id"),
)


def tokenised(frame: DataFrame, names: Sequence[str], secret: bytes | None) -> DataFrame:
    """`frame` with tokens made with the key `secret` in the columns `names`; as it is without a key."""
    return frame if secret is None else frame.withColumns({name: token_of(F.col(name), secret) for name in names})


def has_analytics_consent(use: AnalyticsUse) -> Column:
    """Whether an event may be tied to a person and a visit: consent at that moment, or settings that ask for none."""
    if use.without_analytics_consent == "all":
        return F.lit(True)
    return F.coalesce("consent_analytics", F.lit(use.consent_analytics_missing))


def usable_orders(orders: DataFrame, secret: bytes | None) -> DataFrame:
    """`orders` (of bronze.orders) as silver may use them."""
    return tokenised(identified(orders), OF_ORDER, secret)


def usable_events(
    events: DataFrame, use: AnalyticsUse, secret: bytes | None = None, *, conversion_types: Sequence[str] = ()
) -> DataFrame:
    """`events` (of bronze.events) as silver may use them.

    Where `use` asks for consent, of an event without it only this is used: that there was a purchase, a refund or an
    event of `conversion_types`, when, and its money. It names nobody and comes from nowhere. Other events are left out.
    """
    # A lake of before lacks columns.
    known = tokenised(identified(with_contract_columns(events, BRONZE_EVENTS)), OF_EVENT, secret)
    if use.without_analytics_consent == "all":
        return known
    has_consent = has_analytics_consent(use)
    counted = known.where(has_consent | F.col("event_name").isin(*MONEY_EVENTS, *conversion_types))
    return counted.withColumns({name: F.when(has_consent, F.col(name)) for name in OF_VISITORS})


def usable_touches(touches: DataFrame, use: AdsUse, secret: bytes | None = None) -> DataFrame:
    """`touches` without the ids of click and campaign where nobody agreed to ads and `use` asks for consent, and with
    tokens for clicks and pages."""
    known = tokenised(touches, ("click_id", "landing_url"), secret)
    if use.without_ads_consent == "all":
        return known
    return known.withColumns({name: F.when(F.col("consent_ads"), F.col(name)) for name in OF_CLICKS})
