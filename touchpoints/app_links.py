"""Links of app measurement (AppsFlyer, Adjust, Branch, Airbridge and their like): their parameters as utm_*.

They are added after the link's own parameters, so that a link with utm_* keeps those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.sql import Column
from pyspark.sql import functions as F

from touchpoints.click_ids import START
from warehouse.expressions import Step
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


def app_link_steps() -> list[Step]:
    """Steps that add link_service, the service whose link it is, to a struct with page and query, and more to query.

    After its own parameters come those of the address that an app link leads to, and utm_* for what its service calls
    otherwise. The address counts where the page is a link of a service or of an app's own scheme, or leads to a link.
    """
    hosts = _host_of([host for service in SERVICES for host in service.hosts])
    return [
        lambda row: _found(row, hosts),
        lambda row: {"target_host": F.regexp_extract(row["link_target"], hosts, 1)},
        lambda row: {"whole": _with_target(row)},
        lambda row: {"link_service": _service(row)},
        lambda row: {"query": _with_renamed(row)},
    ]


def of_meta(medium: Column, content: Column, source: Column) -> tuple[Column, Column]:
    """utm_medium and utm_content, `medium` and `content` but for the install referrers of Meta's apps: paid_social
    where they hold an ad's data, otherwise social, and no content, since they hold nothing other in it."""
    is_meta = F.coalesce(F.lower(source).isin(*META_APPS), F.lit(False)) & medium.isNull()
    is_ad = F.coalesce(F.rlike(content, F.lit('"data" *: *"[^"]')), F.lit(False))
    of_app = F.when(is_ad, F.lit("paid_social")).otherwise(F.lit("social"))
    return F.when(is_meta, of_app).otherwise(medium), F.when(~is_meta, content)


def _found(row: Column, hosts: str) -> dict[str, Column]:
    query = row["query"]
    marks = "|".join(service.marks for service in SERVICES)
    target = F.nullif(F.regexp_extract(query, f"{START}{TARGET}=({WITH_PARAMETERS})", 1), F.lit(""))
    return {
        "link_host": F.coalesce(F.regexp_extract(row["page"], hosts, 1), F.lit("")),
        "is_marked": F.coalesce(F.rlike(query, F.lit(f"{START}(?:{marks})=")), F.lit(False)),
        "link_target": F.when(F.rlike(query, F.lit(f"{START}{TARGET}=")), _once_decoded(target)),
    }


def _with_target(row: Column) -> Column:
    target, page = row["link_target"], row["page"]
    has_own_scheme = F.rlike(page, F.lit("^[a-zA-Z][a-zA-Z0-9+.-]*:")) & ~F.rlike(page, F.lit(HTTP))
    follows = (row["link_host"] != "") | row["is_marked"] | (row["target_host"] != "") | has_own_scheme
    of_target = F.replace(F.regexp_replace(target, "^[^?#]*[?#]", ""), F.lit("#"), F.lit("&"))
    return F.when(target.isNotNull() & follows, F.concat_ws("&", row["query"], of_target)).otherwise(row["query"])


def _with_renamed(row: Column) -> Column:
    longer = F.nullif(F.concat_ws("&", row["whole"], _renamed(row)), F.lit(""))
    return F.when(row["link_service"].isNotNull(), longer).otherwise(row["whole"])


def _host_of(hosts: Sequence[str]) -> str:
    """A pattern of an address, whose group is the one of `hosts` that it or its parent domain is."""
    names = "|".join(host.replace(".", "[.]") for host in hosts)
    return f"^[a-zA-Z]+://(?:[^/?#@]*[.])?({names})(?:[/:?#]|\\z)"


def _service(row: Column) -> Column:
    is_link = (row["link_host"] != "") | row["is_marked"] | F.coalesce(row["target_host"] != "", F.lit(False))
    found = F.when(~is_link, F.lit(None).cast("string"))
    for service in SERVICES:
        on_host = row["link_host"].isin(*service.hosts) | row["target_host"].isin(*service.hosts)
        is_marked = F.rlike(row["whole"], F.lit(f"{START}(?:{service.marks})="))
        found = found.when(on_host | is_marked, F.lit(service.name))
    return found


def _renamed(row: Column) -> Column:
    """utm_* for the parameters of the link's service, with & between them."""
    found = F.when(row["link_service"].isNull(), F.lit(None).cast("string"))
    for service in SERVICES:
        parts = [
            F.concat(F.lit(f"{ours}="), _first_of(row, service, ours))
            for ours in dict.fromkeys([*service.parameters, *service.on_its_hosts])
        ]
        if service.name == "airbridge":
            channel = F.regexp_extract(row["page"], "abr[.]ge/@[^/?#&]+/([^/?#&]+)", 1)
            parts.append(F.concat(F.lit("utm_source="), F.nullif(channel, F.lit(""))))
        if parts:
            renamed = F.concat_ws("&", *parts)
            is_partners = service.name == "appsflyer"
            found = found.when(row["link_service"] == service.name, _of_partner(renamed) if is_partners else renamed)
    return F.nullif(found, F.lit(""))


def _first_of(row: Column, service: LinkService, ours: str) -> Column:
    """The value of the first of the service's names that has one."""
    is_on_host = (row["link_host"] != "") | (F.coalesce(row["target_host"], F.lit("")) != "")
    is_plain = is_on_host | F.contains(row["whole"], F.lit("airbridge"))
    named = [_value(row, name) for name in service.parameters.get(ours, ())]
    on_hosts = [F.when(is_plain, _value(row, name)) for name in service.on_its_hosts.get(ours, ())]
    return F.coalesce(*named, *on_hosts)


def _value(row: Column, name: str) -> Column:
    return F.nullif(F.regexp_extract(row["whole"], f"{START}{name}=([^&]*)", 1), F.lit(""))


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
