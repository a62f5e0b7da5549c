"""Hits: events with the source that the visitor came from, and whether a robot sent them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.bots import classify_user_agents
from touchpoints.internal_addresses import is_internal
from touchpoints.knobs import HitKnobs
from touchpoints.marketing_params import LINK_TAGS, parameters_of, with_marketing
from touchpoints.page_query import INSTALLS, page_path
from touchpoints.personal_data import without_personal_data
from touchpoints.referrers import classify_referrers, is_own_page, of_page, path_of_pages, referrer_host
from touchpoints.short_cookies import has_short_cookies
from touchpoints.source_list import SourceList
from touchpoints.usable import has_analytics_consent
from warehouse.contracts import LOGIN
from warehouse.event_values import referring_site, values_of
from warehouse.knobs import AnalyticsUse

# Event columns used here and in identities.
EVENT_COLUMNS = (
    "event_id", "event_name", "event_at", "anonymous_id", "user_id", "session_id", "platform", "source", "medium",
    "campaign", "content", "term", "page_url", "referrer", "install_referrer", "user_agent", "ip",
    "consent_analytics", "consent_ads", "clicked_at", "id_kind", "att_status", "order_id", "value", "currency",
)  # fmt: skip
INTERNAL = "internal address"  # why a hit is none of a customer's, where its agent does not say it
HIT_COLUMNS = (
    "event_id",
    "event_name",
    "event_at",
    "anonymous_id",
    "user_id",
    "sent_session_id",
    "platform",
    "is_session_event",
    "is_ad_event",
    "has_origin",
    "source",
    "medium",
    "campaign",
    "campaign_id",
    "content",
    "term",
    "click_id_type",
    "click_id",
    "click_kind",
    "source_from",
    "link_tags",
    "referrer_domain",
    "landing_url",
    "consent_ads",
    "clicked_at",
    "id_kind",
    "att_status",
    "has_short_cookie",
    "is_bot",
    "bot_reason",
    "order_id",
    "value",
    "currency",
)


def is_session_event(use: AnalyticsUse) -> Column:
    """Whether an event opens or continues a session: ad_* and server events do not, nor those without the consent that
    `use` asks for."""
    is_of_visitor = ~F.startswith(F.col("event_name"), F.lit("ad_")) & (F.col("platform") != "server")
    return is_of_visitor & has_analytics_consent(use)


def build_hits(
    events: DataFrame,
    knobs: HitKnobs,
    *,
    sources: SourceList,
    values: DataFrame | None = None,
) -> DataFrame:
    """One row per event of bronze.events, `identified`, with HIT_COLUMNS.

    has_origin: the sender, the URL or the referrer names the source. The sender and the URL win over the referrer,
    which counts only where they name none or theirs is guessed. A referrer on the page's own site names none.
    source_from: tags (the sender, the URL), referrer, or why there is none: own_page (the referrer is of the page's
    site), no_source (it is an own domain of the settings, a payment or login page); null without any. is_bot: a
    robot's user agent or an internal address; bot_reason says which. The agent of a server event is its backend's and
    proves nothing. click_kind: the kind of campaign that the click id proves. link_tags: the parameters LINK_TAGS, null
    without any. A first_open is an app_install; clicked_at is of installs alone. id_kind: what the device is known by,
    login where it is not. has_short_cookie: see `has_short_cookies`; null outside of the web. An event without the
    consent to analytics that `knobs` ask for is in no session, and has no consent to ads. Personal data in what the
    link says is left out as `knobs` ask, but for landing_url, which most rows have and few show: see `slim_visits`.
    `values` are those of the events, and others (see `values_of`); without them they are looked for in `events`.
    """
    # The parse of URLs needs the whole page_url, but of the referrer only the site.
    with_site = events.select(*EVENT_COLUMNS).withColumn("referring_site", referring_site())
    path = path_of_pages(F.col("referrer"), F.col("referring_site"), sources)
    slim_events = with_site.withColumn("referrer_path", path).drop("referrer")
    marketing_events = with_marketing(slim_events, sources, knobs, personal=knobs)
    known = values_of(events) if values is None else values
    agents = classify_user_agents(
        _of_field(known, "user_agent"), robot_agents=knobs.robot_agents, people_agents=knobs.people_agents
    ).withColumn("is_safari", has_short_cookies(F.col("user_agent")))
    # The host is extracted once per site, not per page view.
    sites = (
        _of_field(known, "referring_site")
        .select("referring_site", referrer_host(F.col("referring_site")).alias("referrer_host"))
        .where(F.col("referrer_host").isNotNull())
    )
    hosts = classify_referrers(sites.select("referrer_host").distinct(), sources=sources, no_source=knobs.hosts)
    known_hosts = without_personal_data(hosts, ["referrer_source", "referrer_domain"], knobs)
    referrers = sites.join(F.broadcast(known_hosts), "referrer_host", how="inner")
    classified_events = marketing_events.join(F.broadcast(agents), "user_agent", how="left").join(
        F.broadcast(referrers), "referring_site", how="left"
    )
    # In steps, because Spark would otherwise compare the hosts once for each column that depends on it.
    with_own_pages = classified_events.withColumn("is_own_page", is_own_page(F.col("page_url")))
    of_another_site = {
        name: F.when(~F.col("is_own_page"), F.coalesce(of_page(field, sources), F.col(name)))
        for name, field in (("referrer_source", "name"), ("referrer_medium", "referral_medium"))
    }
    with_referrers = with_own_pages.withColumns(of_another_site)
    is_tagged = F.coalesce("source", "medium", "campaign", "click_id").isNotNull()
    # A click id that organic clicks have too loses against a referrer that names another source.
    names_another = F.col("is_guessed") & F.col("campaign").isNull() & (F.col("referrer_source") != F.col("source"))
    by_referrer = F.coalesce(~is_tagged & F.col("referrer_source").isNotNull() | names_another, F.lit(False))
    source_from = (
        F.when(by_referrer, F.lit("referrer"))
        .when(is_tagged, F.lit("tags"))
        .when(F.col("is_own_page"), F.lit("own_page"))
        .when(F.col("is_ignored"), F.lit("no_source"))
    )
    has_consent = has_analytics_consent(knobs)
    hits = with_referrers.select(
        "event_id",
        F.when(F.col("event_name").isin(*INSTALLS), F.lit(INSTALLS[0]))
        .otherwise(F.col("event_name"))
        .alias("event_name"),
        "event_at",
        "anonymous_id",
        "user_id",
        F.col("session_id").alias("sent_session_id"),
        "platform",
        is_session_event(knobs).alias("is_session_event"),
        (F.startswith(F.col("event_name"), F.lit("ad_")) & has_consent).alias("is_ad_event"),
        (is_tagged | by_referrer).alias("has_origin"),
        F.when(by_referrer, F.col("referrer_source")).otherwise(F.col("source")).alias("source"),
        F.when(by_referrer, F.col("referrer_medium")).otherwise(F.col("medium")).alias("medium"),
        "campaign",
        "campaign_id",
        "content",
        "term",
        "click_id_type",
        "click_id",
        "click_kind",
        source_from.alias("source_from"),
        *LINK_TAGS,
        F.when(~F.col("is_ignored") & ~F.col("is_own_page"), F.col("referrer_domain")).alias("referrer_domain"),
        page_path(parameters_of(sources, knobs)).alias("landing_url"),
        (F.coalesce("consent_ads", F.lit(knobs.consent_ads_missing)) & has_consent).alias("consent_ads"),
        F.when(F.col("event_name").isin(*INSTALLS), F.col("clicked_at")).alias("clicked_at"),
        F.when(F.col("anonymous_id").isNotNull(), F.col("id_kind"))
        .when(F.col("user_id").isNotNull(), F.lit(LOGIN))
        .alias("id_kind"),
        "att_status",
        F.when(F.col("platform") == "web", F.col("is_safari")).alias("has_short_cookie"),
        _bot_reason(knobs).isNotNull().alias("is_bot"),
        _bot_reason(knobs).alias("bot_reason"),
        "order_id",
        "value",
        "currency",
    )
    # One column, null in most rows, for what nothing reads before touches.
    has_tags = F.coalesce(*LINK_TAGS).isNotNull()
    return hits.withColumn("link_tags", F.when(has_tags, F.struct(*LINK_TAGS))).select(*HIT_COLUMNS)


def _bot_reason(knobs: HitKnobs) -> Column:
    by_agent = F.when(F.col("platform") != "server", F.col("agent_reason"))
    return F.coalesce(by_agent, F.when(is_internal(F.col("ip"), knobs.internal_ips), F.lit(INTERNAL)))


def _of_field(values: DataFrame, field: str) -> DataFrame:
    """The texts of one field, as a column of its name."""
    return values.where(F.col("field") == field).select(F.col("text").alias(field))
