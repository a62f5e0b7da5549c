"""Snowplow atomic events, as CSV or JSON Lines: marketing fields in mkt_* and refr_*, contexts, times in UTC.

Page pings are events of their own name; two page views of one page_view_id are two events, as their event_ids are.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.device_ids import APP_INSTANCE_ID, COOKIE, THIRD_PARTY_COOKIE
from intake.event_words import own_name
from intake.page_address import app_address, with_parameters
from intake.parse import utc_text
from intake.trackers import member, platform_of, tracker_export
from intake.written_numbers import given
from warehouse.patterns import any_case

OURS = "com_snowplowanalytics_snowplow"
SHOP = f"{OURS}_ecommerce"
# Contexts, and the event of the e-commerce plug-in, by the name that they have here.
CONTEXTS = {
    "web_page": f"contexts_{OURS}_web_page_1",
    "client_session": f"contexts_{OURS}_client_session_1",
    "mobile": f"contexts_{OURS}_mobile_context_1",
    "transaction": f"contexts_{SHOP}_transaction_1",
    "refund": f"contexts_{SHOP}_refund_1",
    "checkout_step": f"contexts_{SHOP}_checkout_step_1",
    "action": f"unstruct_event_{SHOP}_snowplow_ecommerce_action_1",
}
VERSIONS = ("_0_0", "_0_1", "_0_2", "_0_3")  # what follows _1 in the names of some warehouses
COLUMNS = (
    "event_id", "event", "event_name", "derived_tstamp", "collector_tstamp", "platform", "os_family", "os_name",
    "domain_userid", "network_userid", "user_id", "domain_sessionid", "mkt_source", "mkt_medium", "mkt_campaign",
    "mkt_content", "mkt_term", "mkt_clickid", "mkt_network", "page_url", "page_urlscheme", "page_urlhost",
    "page_urlpath", "page_urlquery", "page_referrer", "refr_medium", "refr_source", "refr_term", "refr_urlscheme",
    "refr_urlhost", "refr_urlpath", "app_id", "useragent", "user_ipaddress", "geo_country", "tr_orderid", "tr_total",
    "tr_currency", *CONTEXTS.values(),
)  # fmt: skip
ACTIONS = {"transaction": "purchase", "refund": "refund", "product_view": "view_item", "add_to_cart": "add_to_cart"}
# The parameter of a click id by the network that mkt_network names.
CLICK_IDS = {
    "gclid": ("google", "google ads"),
    "dclid": ("doubleclick",),
    "msclkid": ("microsoft", "bing"),
    "fbclid": ("facebook", "meta"),
    "ttclid": ("tiktok",),
    "twclid": ("twitter", "x"),
    "li_fat_id": ("linkedin",),
}
# The medium of a referrer that the pipeline knew, where the referrer itself is not in the export.
REFERRED = {"search": "organic", "social": "social", "email": "email", "unknown": "referral", "paid": "cpc"}
APPLE = f"{any_case('iphone')}|{any_case('ipad')}|{any_case('cfnetwork')}|{any_case('darwin')}"


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with contexts read, each as a map of texts, and what several fields are made from."""
    read = rows.withColumns({f"_{name}": _context(column) for name, column in CONTEXTS.items()})
    referrer = F.coalesce("page_referrer", _address("refr"))
    has_origin = F.coalesce("mkt_source", "mkt_medium", "mkt_campaign", "mkt_clickid", "page_urlquery", referrer)
    medium = F.coalesce(*(F.when(F.col("refr_medium") == known, F.lit(name)) for known, name in REFERRED.items()))
    is_referred = has_origin.isNull() & medium.isNotNull() & F.col("refr_source").isNotNull()
    return read.withColumns(
        {
            "page": F.coalesce("page_url", _address("page")),
            "referrer": referrer,
            "referred_source": F.when(is_referred, F.lower("refr_source")),
            "referred_medium": F.when(is_referred, medium),
            "action": member(F.col("_action"), "type"),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    sale, back, session = F.col("_transaction"), F.col("_refund"), F.col("_client_session")
    page_view = member(F.col("_web_page"), "id")
    is_refund = F.coalesce(F.col("action") == "refund", F.lit(False))
    network = F.lower("mkt_network")
    clicks = {parameter: F.when(network.isin(*names), F.col("mkt_clickid")) for parameter, names in CLICK_IDS.items()}
    system = F.coalesce("os_family", "os_name", member(F.col("_mobile"), "osType", "os_type"))
    by_agent = F.when(F.col("useragent").rlike(APPLE), F.lit("ios")).otherwise(F.lit("android"))
    is_mobile = F.lower("platform") == "mob"
    own_id = F.coalesce("domain_userid", member(session, "userId", "user_id"))
    of_mobile = platform_of(system, is_server=F.lit(False), is_web=F.lit(False))
    return {
        "event_id": F.col("event_id"),
        "event_name": _event_name(defaults),
        "event_ts": utc_text(F.coalesce("derived_tstamp", "collector_tstamp")),
        "received_ts": utc_text(F.col("collector_tstamp")),
        "platform": F.when(is_mobile, F.when(of_mobile != "web", of_mobile).otherwise(by_agent))
        .when(F.lower("platform") == "srv", F.lit("server"))
        .otherwise(F.lit("web")),
        "anonymous_id": F.coalesce(own_id, "network_userid"),
        # The collector sets its own cookie where the page has none.
        "id_kind": F.when(own_id.isNull() & F.col("network_userid").isNotNull(), F.lit(THIRD_PARTY_COOKIE)).otherwise(
            F.when(F.col("domain_userid").isNotNull(), F.lit(COOKIE)).when(own_id.isNotNull(), F.lit(APP_INSTANCE_ID))
        ),
        "user_id": F.col("user_id"),
        "session_id": F.coalesce("domain_sessionid", member(session, "sessionId", "session_id")),
        "source": F.coalesce("mkt_source", "referred_source"),
        "medium": F.coalesce("mkt_medium", "referred_medium"),
        "campaign": F.col("mkt_campaign"),
        "content": F.col("mkt_content"),
        "term": F.coalesce("mkt_term", "refr_term"),
        "page_url": with_parameters(F.col("page"), clicks, without_page=app_address(F.col("app_id"))),
        "referrer": F.col("referrer"),
        "user_agent": F.col("useragent"),
        "ip": F.col("user_ipaddress"),
        "country": F.col("geo_country"),
        "order_id": F.coalesce(
            "tr_orderid", F.when(is_refund, member(back, "transaction_id")), member(sale, "transaction_id")
        ),
        "value": F.coalesce("tr_total", F.when(is_refund, member(back, "refund_amount")), member(sale, "revenue")),
        "currency": F.coalesce("tr_currency", F.when(is_refund, member(back, "currency")), member(sale, "currency")),
        "properties": F.when(page_view.isNotNull(), F.to_json(F.struct(page_view.alias("page_view_id")))),
    }  # fmt: skip


def _event_name(defaults: Defaults) -> Column:
    """A row with tr_total, or with a transaction of the plug-in, is a purchase, whatever its event_name."""
    step = member(F.col("_checkout_step"), "step")
    begins = (F.col("action") == "checkout_step") & (F.coalesce(step, F.lit("1")) == "1")
    by_action = [F.when(F.col("action") == action, F.lit(name)) for action, name in ACTIONS.items()]
    return F.coalesce(
        F.when(F.col("tr_total").isNotNull(), F.lit("purchase")),
        *by_action,
        F.when(begins, F.lit("begin_checkout")),
        own_name(F.coalesce(given(F.col("event_name")), F.col("event")), defaults.export),
    )


def _context(column: str) -> Column:
    """The first of a list of contexts, or the one that is not in a list, as a map of texts."""
    text = F.col(column)
    listed = F.when(F.startswith(text, F.lit("[")), text).otherwise(F.concat(F.lit("["), text, F.lit("]")))
    return F.get(F.from_json(listed, "array<map<string,string>>"), F.lit(0))


def _address(which: str) -> Column:
    """The address of a page or referrer put together from its parts; null where its host is not known."""
    scheme = F.coalesce(F.col(f"{which}_urlscheme"), F.lit("https"))
    path = F.coalesce(F.col(f"{which}_urlpath"), F.lit("/"))
    address = F.concat(scheme, F.lit("://"), F.col(f"{which}_urlhost"), path)
    if which == "refr":
        return address
    return F.concat(address, F.coalesce(F.concat(F.lit("?"), F.col("page_urlquery")), F.lit("")))


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=COLUMNS,
    required=("event_id", "domain_userid", "collector_tstamp"),
    fields=fields,
    prepared=prepared,
    names={column: tuple(f"{column}{version}" for version in VERSIONS) for column in CONTEXTS.values()},
)
