"""Links of app measurement (AppsFlyer, Adjust, Branch, Airbridge and their like): their parameters as utm_*.

They are added after the link's own parameters, so that a link with utm_* keeps those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.click_ids import START
from warehouse.patterns import any_case


@dataclass(frozen=True)
class LinkService:
    """One service: the hosts of its links, the parameters that prove a link of it on any page, and what it calls ours.

    `marks` are patterns of parameter names. `parameters` are ours and, in order of preference, theirs; `on_its_hosts`
    are names that are too common to be read elsewhere.
    """

    name: str
    hosts: Sequence[str]
    marks: str
    parameters: Mapping[str, Sequence[str]]
    on_its_hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)


TILDE = "(?:~|%7[Ee])"
SERVICES = (
    LinkService(
        "appsflyer",
        ("onelink.me", "app.appsflyer.com"),
        "af_[a-z0-9_]+",
        {
            "utm_source": ("pid",),
            "utm_campaign": ("c",),
            "utm_content": ("af_ad", "af_adset"),
            "utm_term": ("af_keywords",),
            "utm_id": ("af_c_id",),
        },
    ),
    LinkService(
        "adjust",
        ("app.adjust.com", "adj.st", "go.link"),
        "(?:adj|adjust)_(?:t|tracker|campaign|adgroup|creative|network|reftag|label|deeplink|deep_link)",
        {
            "utm_source": ("adj_network", "adjust_network"),
            "utm_campaign": ("adj_campaign", "adjust_campaign"),
            "utm_content": ("adj_creative", "adjust_creative", "adj_adgroup", "adjust_adgroup"),
        },
        {"utm_source": ("network",), "utm_campaign": ("campaign",), "utm_content": ("creative", "adgroup")},
    ),
    LinkService(
        "branch",
        ("app.link", "bnc.lt"),
        f"(?:{TILDE}(?:channel|campaign|feature)|_branch_match_id)",
        {
            "utm_source": (f"{TILDE}channel",),
            "utm_medium": (f"{TILDE}feature",),
            "utm_campaign": (f"{TILDE}campaign",),
            "utm_content": (f"{TILDE}ad_name", f"{TILDE}creative_name"),
            "utm_term": (f"{TILDE}keyword",),
            "utm_id": (f"{TILDE}campaign_id",),
        },
        {"utm_source": ("channel",), "utm_medium": ("feature",), "utm_campaign": ("campaign",)},
    ),
    LinkService(
        "airbridge",
        ("abr.ge", "airbridge.io"),
        "airbridge(?:_referrer)?",
        {},
        {
            "utm_source": ("channel",),
            "utm_campaign": ("campaign",),
            "utm_content": ("ad_creative", "ad_group", "content"),
            "utm_term": ("term",),
            "utm_id": ("campaign_id",),
        },
    ),
    LinkService("firebase", ("page.link",), "deep_link_id", {}),
)
# Parameters whose value is the address that a link leads to in the end, and with it that address's own parameters.
TARGETS = (
    "link", "deep_link", "deep_link_id", "deep_link_value", "deeplink", "deeplink_url", "af_dp", "af_web_dp",
    "af_android_url", "af_ios_url", "adj_deep_link", "adjust_deeplink", "adj_deeplink", "airbridge_referrer",
    "fallback_url",
)  # fmt: skip
DOLLAR_TARGETS = "(?:[$]|%24)(?:canonical_url|desktop_url|fallback_url|android_url|ios_url|deeplink_path)"
TARGET = f"(?:{'|'.join(TARGETS)}|{DOLLAR_TARGETS})"
# A target that has parameters, as it is or in code; what Airbridge hands on is parameters alone.
WITH_PARAMETERS = "[^&]*(?:[?]|%(?:25)*3[FfDd])[^&]*"
HTTP = f"^{any_case('http')}[sS]?:"
# Media sources of AppsFlyer's ad partners end so; what some of them call a platform.
PARTNER = "^utm_source=([^&]*)_int(&|\\z)"
PARTNERS = {"googleadwords": "google", "doubleclick": "google", "tiktokglobal": "tiktok", "bytedanceglobal": "tiktok"}
META_APPS = ("apps.facebook.com", "apps.instagram.com")


def with_app_links(frame: DataFrame) -> DataFrame:
    """`frame` (page_url, marketing_query) with link_service, the service whose link it is, and more in marketing_query.

    After its own parameters come those of the address that an app link leads to, and utm_* for what its service calls
    otherwise. The address counts where the page is a link of a service or of an app's own scheme, or leads to a link.
    """
    query, page = F.col("marketing_query"), F.col("page_url")
    marks = "|".join(service.marks for service in SERVICES)
    hosts = [host for service in SERVICES for host in service.hosts]
    may_be_link = query.isNotNull() | F.contains(page, F.lit("abr.ge/@"))
    # In steps: each has few rows, and reads what the step before has found.
    with_host = frame.withColumns(
        {
            "link_host": F.when(may_be_link, F.regexp_extract(page, _host_of(hosts), 1)),
            "is_marked": F.rlike(query, F.lit(f"{START}(?:{marks})=")),
            "link_target": F.when(
                F.rlike(query, F.lit(f"{START}{TARGET}=")),
                _once_decoded(F.nullif(F.regexp_extract(query, f"{START}{TARGET}=({WITH_PARAMETERS})", 1), F.lit(""))),
            ),
        }
    )
    target = F.col("link_target")
    with_target_host = with_host.withColumn("target_host", F.regexp_extract(target, _host_of(hosts), 1))
    follows = (
        (F.col("link_host") != "")
        | F.col("is_marked")
        | (F.col("target_host") != "")
        | (F.rlike(page, F.lit("^[a-zA-Z][a-zA-Z0-9+.-]*:")) & ~F.rlike(page, F.lit(HTTP)))
    )
    of_target = F.replace(F.regexp_replace(target, "^[^?#]*[?#]", ""), F.lit("#"), F.lit("&"))
    with_whole = with_target_host.withColumn(
        "whole_query", F.when(target.isNotNull() & follows, F.concat_ws("&", query, of_target)).otherwise(query)
    )
    with_service = with_whole.withColumn("link_service", _service())
    return with_service.withColumn(
        "marketing_query",
        F.when(
            F.col("link_service").isNotNull(), F.nullif(F.concat_ws("&", "whole_query", _renamed()), F.lit(""))
        ).otherwise(F.col("whole_query")),
    ).drop("link_host", "is_marked", "link_target", "target_host", "whole_query")


def with_meta_referrers(frame: DataFrame) -> DataFrame:
    """`frame` with utm_medium for the install referrers of Meta's apps: paid_social where they hold an ad's data,
    otherwise social. utm_content, which holds nothing other, is null."""
    is_meta = F.lower("utm_source").isin(*META_APPS) & F.coalesce(F.col("utm_medium"), F.lit("")).isin("", "(not set)")
    is_ad = F.coalesce(F.rlike("utm_content", F.lit('"data" *: *"[^"]')), F.lit(False))
    medium = F.when(is_ad, F.lit("paid_social")).otherwise(F.lit("social"))
    return frame.withColumns(
        {
            "utm_medium": F.when(is_meta, medium).otherwise(F.col("utm_medium")),
            "utm_content": F.when(is_meta, F.lit(None)).otherwise(F.col("utm_content")),
        }
    )


def _host_of(hosts: Sequence[str]) -> str:
    """A pattern of an address, whose group is the one of `hosts` that it or its parent domain is."""
    names = "|".join(host.replace(".", "[.]") for host in hosts)
    return f"^[a-zA-Z]+://(?:[^/?#@]*[.])?({names})(?:[/:?#]|\\z)"


def _service() -> Column:
    found = F.lit(None).cast("string")
    for service in reversed(SERVICES):
        on_host = F.col("link_host").isin(*service.hosts) | F.col("target_host").isin(*service.hosts)
        is_marked = F.rlike("whole_query", F.lit(f"{START}(?:{service.marks})="))
        found = F.when(on_host | is_marked, F.lit(service.name)).otherwise(found)
    return F.when((F.col("link_host") != "") | F.col("is_marked") | (F.col("target_host") != ""), found)


def _renamed() -> Column:
    """utm_* for the parameters of the link's service, with & between them."""
    found = F.lit(None).cast("string")
    for service in SERVICES:
        parts = []
        for ours in dict.fromkeys([*service.parameters, *service.on_its_hosts]):
            named = [_value(name) for name in service.parameters.get(ours, ())]
            on_hosts = [F.when(_is_on_host(), _value(name)) for name in service.on_its_hosts.get(ours, ())]
            parts.append(F.concat(F.lit(f"{ours}="), F.coalesce(*named, *on_hosts, F.lit(None).cast("string"))))
        if service.name == "airbridge":
            channel = F.nullif(F.regexp_extract("page_url", "abr[.]ge/@[^/?#&]+/([^/?#&]+)", 1), F.lit(""))
            parts.append(F.concat(F.lit("utm_source="), channel))
        renamed = _of_partner(F.concat_ws("&", *parts)) if service.name == "appsflyer" else F.concat_ws("&", *parts)
        found = F.when(F.col("link_service") == service.name, renamed).otherwise(found) if parts else found
    return F.nullif(found, F.lit(""))


def _is_on_host() -> Column:
    return (
        (F.col("link_host") != "")
        | (F.coalesce("target_host", F.lit("")) != "")
        | F.contains("whole_query", F.lit("airbridge"))
    )


def _value(name: str) -> Column:
    return F.nullif(F.regexp_extract("whole_query", f"{START}{name}=([^&]*)", 1), F.lit(""))


def _of_partner(renamed: Column) -> Column:
    """A partner's ads are paid, and it has the name of its platform: facebook_int is facebook."""
    paid = F.regexp_replace(renamed, PARTNER, "utm_source=$1&utm_medium=paid$2")
    for partner, platform in PARTNERS.items():
        paid = F.replace(paid, F.lit(f"utm_source={partner}&"), F.lit(f"utm_source={platform}&"))
    return paid


def _once_decoded(target: Column) -> Column:
    """An address or parameters as text: codes that are left are of its values."""
    once = F.coalesce(F.try_url_decode(target), target)
    twice = F.coalesce(F.try_url_decode(once), once)
    decoded_target = F.when(F.contains(once, F.lit("=")), once).otherwise(twice)
    return F.when(F.contains(target, F.lit("=")), target).otherwise(decoded_target)
