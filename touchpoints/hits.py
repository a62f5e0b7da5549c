"""Hits: events with the source that the visitor came from, and whether a robot sent them."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.bots import classify_user_agents
from touchpoints.internal_addresses import is_internal
from touchpoints.knobs import HitKnobs
from touchpoints.marketing_params import parameters_of, with_marketing
from touchpoints.page_query import INSTALLS, page_path
from touchpoints.personal_data import masks_of, without_personal_data
from touchpoints.referrers import classify_referrers, referrer_host
from touchpoints.source_list import SourceList
from warehouse.event_values import referring_site, values_of

# Event columns used here and in identities.
EVENT_COLUMNS = (
    "event_id", "event_name", "event_at", "anonymous_id", "user_id", "session_id", "platform", "source", "medium",
    "campaign", "content", "term", "page_url", "referrer", "install_referrer", "user_agent", "ip", "consent_ads",
    "order_id", "value", "currency",
)  # fmt: skip
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
    "link_tags",
    "referrer_domain",
    "landing_url",
    "consent_ads",
    "is_bot",
    "order_id",
    "value",
    "currency",
)


def is_session_event() -> Column:
    """Whether an event opens or continues a session: ad_* and server events do not."""
    return ~F.startswith(F.col("event_name"), F.lit("ad_")) & (F.col("platform") != "server")


def build_hits(
    events: DataFrame,
    knobs: HitKnobs,
    *,
    sources: SourceList,
    values: DataFrame | None = None,
) -> DataFrame:
    """One row per event of bronze.events, `identified`, with HIT_COLUMNS.

    has_origin: the sender, the URL or the referrer names the source. The sender and the URL win over the referrer,
    which counts only where they name none or theirs is guessed. is_bot: a robot's user agent or an internal address.
    click_kind: the kind of campaign that the click id proves. link_tags: the parameters LINK_TAGS, null without any. A
    first_open is an app_install. Personal data in what the link says is left out as `knobs` ask.
    `values` are those of the events, and others (see `values_of`); without them they are looked for in `events`.
    """
    # The parse of URLs needs the whole page_url, but of the referrer only the site.
    slim_events = events.select(*EVENT_COLUMNS).withColumn("referring_site", referring_site()).drop("referrer")
    marketing_events = with_marketing(slim_events, sources, knobs, masks=masks_of(knobs))
    known = values_of(events) if values is None else values
    agents = classify_user_agents(_of_field(known, "user_agent"))
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
    is_tagged = F.coalesce("source", "medium", "campaign", "click_id").isNotNull()
    # A click id that organic clicks have too loses against a referrer that names another source.
    names_another = F.col("is_guessed") & F.col("campaign").isNull() & (F.col("referrer_source") != F.col("source"))
    by_referrer = F.coalesce(~is_tagged & F.col("referrer_source").isNotNull() | names_another, F.lit(False))
    hits = classified_events.select(
        "event_id",
        F.when(F.col("event_name").isin(*INSTALLS), F.lit(INSTALLS[0]))
        .otherwise(F.col("event_name"))
        .alias("event_name"),
        "event_at",
        "anonymous_id",
        "user_id",
        F.col("session_id").alias("sent_session_id"),
        "platform",
        is_session_event().alias("is_session_event"),
        F.startswith(F.col("event_name"), F.lit("ad_")).alias("is_ad_event"),
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
        "link_tags",
        F.when(F.col("is_ignored"), F.lit(None)).otherwise(F.col("referrer_domain")).alias("referrer_domain"),
        page_path(parameters_of(sources, knobs)).alias("landing_url"),
        F.coalesce("consent_ads", F.lit(knobs.consent_ads_missing)).alias("consent_ads"),
        (F.coalesce("is_bot_agent", F.lit(False)) | is_internal(F.col("ip"), knobs.internal_ips)).alias("is_bot"),
        "order_id",
        "value",
        "currency",
    )
    return without_personal_data(hits, ["landing_url"], knobs).select(*HIT_COLUMNS)


def _of_field(values: DataFrame, field: str) -> DataFrame:
    """The texts of one field, as a column of its name."""
    return values.where(F.col("field") == field).select(F.col("text").alias(field))
