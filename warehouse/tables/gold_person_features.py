"""gold.person_features: what each person had done by the end of a day, as numbers that models take.

This contract is the register of features: its columns after the key are all there are, with unit and sentence.
"""

from __future__ import annotations

from warehouse.contracts import COUNT_LIMIT, Column, Table

DAYS_LIMIT = 50_000  # more than the days from the first that an event can have to the last


def _count(name: str, meaning: str, unit: str = "") -> Column:
    return Column(name, "bigint", meaning, unit, nullable=False, minimum=0, maximum=COUNT_LIMIT)


def _days(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, "days", minimum=0, maximum=DAYS_LIMIT)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, "share", minimum=0, maximum=1)


def _ratio(name: str, meaning: str) -> Column:
    return Column(name, "double", meaning, "ratio", minimum=0)


def _trend(name: str, meaning: str) -> Column:
    return Column(name, "double", f"{meaning}: log of (1 + the last 14 days) / (1 + the 14 before)", "log ratio")


KEY = (
    Column("person_id", "string", "who", nullable=False, personal=True),
    Column("as_of", "date", "last day that counts, in the reporting zone", nullable=False),
)
OF_VISITS = (
    _count("visits_7d", "visits that ended in the last 7 days"),
    _count("visits_30d", "visits that ended in the last 30 days"),
    _count("visits_90d", "visits that ended in the last 90 days"),
    _count("visit_days_30d", "days with a visit among the last 30"),
    _count("page_views_30d", "page views in visits of the last 30 days"),
    _ratio("page_views_per_visit_30d", "page views / visits of the last 30 days; null without a visit"),
    _trend("visit_trend", "how visits change"),
    _days("days_since_visit", "from the end of the last visit; null without one"),
    _days("days_since_first_visit", "from the end of the first visit; null without one"),
    _days("visit_gap_days", "mean from one day with a visit to the next, of the last 90; null below two such days"),
    _ratio("silence_in_visit_gaps", "days_since_visit / visit_gap_days: 3 is silent three times as long as usual"),
    _share("app_share_90d", "visits in the app / visits of the last 90 days; null without a visit"),
    _share("direct_share_90d", "visits that came directly / visits of the last 90 days; null without a visit"),
    _count("devices_90d", "devices of visits of the last 90 days"),
)
OF_ACTIVITY = (
    _count("product_views_30d", "view_item events of the last 30 whole days"),
    _count("cart_adds_30d", "add_to_cart events of the last 30 whole days"),
    _count("checkouts_30d", "begin_checkout events of the last 30 whole days"),
    _count("page_groups_30d", "kinds of pages that were seen in the last 30 whole days"),
    _ratio("cart_adds_per_product_view_30d", "cart_adds_30d / product_views_30d; null without a product view"),
    _trend("activity_trend", "how events change"),
)
OF_TOUCHES = (
    _count("clicks_30d", "marketing touches by a click or a visit in the last 30 days"),
    _count("impressions_30d", "ads that were seen in the last 30 days"),
    _count("channels_90d", "channels of touches of the last 90 days"),
    _count("email_touches_90d", "touches by e-mail in the last 90 days"),
    _count("retargeting_touches_90d", "touches by ads for people who were here before, in the last 90 days"),
)
OF_PURCHASES = (
    _count("purchases_90d", "purchases of the last 90 days"),
    _count("purchases_365d", "purchases of the last 365 days"),
    _count("repeat_purchase_days", "days with a purchase after the first such day: frequency"),
    _days("purchase_span_days", "from the first day with a purchase to the last: recency; null without a purchase"),
    _days("days_since_first_purchase", "from the first day with a purchase to as_of: T; null without one"),
    _days("days_since_purchase", "from the last day with a purchase to as_of; null without one"),
    _days("purchase_gap_days", "mean from one day with a purchase to the next; null below two such days"),
    _ratio("silence_in_purchase_gaps", "days_since_purchase / purchase_gap_days"),
    Column(
        "gross_value_365d",
        "double",
        "gross value of purchases of the last 365 days (refunds may come later)",
        "currency",
        nullable=False,
        minimum=0,
    ),
    Column(
        "mean_order_value",
        "double",
        "mean gross value of all purchases; null without one",
        "currency",
        minimum=0,
    ),
    _ratio("items_per_order", "mean number of items of orders where it is known; null without one"),
    _days("days_since_sign_up", "from the last sign-up; null without one"),
)
OF_BOTH = (
    _days("days_since_active", "from the last visit or purchase; null without either"),
    _days(
        "cycle_days",
        "twice the mean from one active day to the next in the last 90, 7 to 30; 30 below two",
    ),
)
OF_MODEL = (
    Column(
        "p_alive",
        "double",
        "probability of still being a customer, by a champion fitted on days up to as_of; null without one "
        "and without a purchase",
        "probability",
        minimum=0,
        maximum=1,
    ),
    Column(
        "expected_purchases_90d",
        "double",
        "purchase days that the same champion expects within 90 days; null likewise",
        "days",
        minimum=0,
    ),
)
BUILT = (*OF_VISITS, *OF_ACTIVITY, *OF_TOUCHES, *OF_PURCHASES, *OF_BOTH)
FEATURES = (*BUILT, *OF_MODEL)

GOLD_PERSON_FEATURES = Table(
    layer="gold",
    name="person_features",
    grain="person and as_of",
    owner="ltv",
    freshness="every pipeline run (score)",
    key=("person_id", "as_of"),
    notes=(
        "Only what was known by the end of as_of: no row of a later moment, and no visit whose device was tied to the "
        "person later. Persons who visited or bought within behaviour.seen_days."
    ),
    columns=(*KEY, *FEATURES),
)
