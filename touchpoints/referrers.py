"""Classifies referring hosts: a known source, another site, or no source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.hosts import parent_domains, registrable, site_of, under_any_suffix, written_forms
from touchpoints.source_list import Source, SourceList
from warehouse.patterns import SPACE, any_case

APP = "android-app://"
HOST = rf"^{any_case('http')}[sS]?://(?:{any_case('www.')})?(\[[^\]]*\]|[^/?#:{SPACE}]+)"

SCHEMA = (
    "referrer_host string, referrer_domain string, referrer_source string, referrer_medium string, "
    "is_ignored boolean, referrer_site string, referrer_site_ascii string"
)
COLUMNS = [column.split()[0] for column in SCHEMA.split(", ")]
LONGEST_PATH = 100  # characters of a referrer's path that are compared with those of `pages`


def referrer_host(referrer: Column | None = None) -> Column:
    """Host of the column referrer, or of another, in lower case, without user, port, a leading www. and a final dot.

    For an Android app it is android-app:// and the package. Null without a referrer, or where it is no page or app.
    """
    referrer = (F.col("referrer") if referrer is None else referrer).cast("string")
    # The user is rare, so it is removed only where there is an @.
    without_user = F.regexp_replace(referrer, r"^([a-zA-Z]+://)[^/?#@]*@", "$1")
    page = F.when(F.contains(referrer, F.lit("@")), without_user).otherwise(referrer)
    host = F.regexp_extract(page, HOST, 1)
    package = F.regexp_extract(referrer, rf"^{APP}([^/?#{SPACE}]+)", 1)
    is_app = F.startswith(referrer, F.lit(APP))
    app = F.when(package != "", F.concat(F.lit(APP), F.lower(package)))
    return F.when(is_app, app).otherwise(F.nullif(F.rtrim(F.lower(host), F.lit(".")), F.lit("")))


def classify_referrers(hosts: DataFrame, *, sources: SourceList, no_source: Sequence[str]) -> DataFrame:
    """One row per row of `hosts` (column referrer_host, distinct), with the columns of SCHEMA.

    Source and medium are: for a known search engine its name and organic, for another known source its name and
    referral, for any other site its registrable domain and referral. The hosts `no_source` (own domains, and what the
    settings add), payment and login pages are ignored: no source, no medium. For a host without registrable domain (an
    address, an app) the host is used. referrer_site is the domain whose hosts have one owner (see `site_of`), as
    written and in its other form (xn--...); null for apps and shared platforms. Python sees each host once.
    """
    classify = host_classifier(sources, no_source)
    shared = frozenset(sources.shared_domains)

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            rows = [(host, *classify(host), *_sites(host, shared)) for host in frame["referrer_host"]]
            yield pd.DataFrame(rows, columns=COLUMNS, dtype=object).astype({"is_ignored": bool})

    return hosts.mapInPandas(batches, SCHEMA)


def is_own_page(page: Column) -> Column:
    """Whether the referrer, by the columns of `classify_referrers`, is of the site that `page` belongs to.

    A page belongs to the referrer's site if its host is that domain or below it: the public suffix list is asked once
    per referring host, not per page. Never null.
    """
    site = F.lower(F.substring_index(page, "/", 3).cast("string"))
    forms = ("referrer_site", "referrer_site_ascii")
    # Most pages of most visits follow one of the same site, and end here without a regular expression.
    ends_with_it = F.endswith(site, F.concat(F.lit("/"), F.col("referrer_site"))) | F.endswith(
        site, F.concat(F.lit("."), F.col("referrer_site"))
    )
    host = referrer_host(site)
    below = [(host == F.col(form)) | F.endswith(host, F.concat(F.lit("."), F.col(form))) for form in forms]
    on_it = F.coalesce(below[0], F.lit(False)) | F.coalesce(below[1], F.lit(False))
    return F.when(F.col("referrer_site").isNotNull(), F.when(ends_with_it, F.lit(True)).otherwise(on_it)).otherwise(
        F.lit(False)
    )


def path_of_pages(referrer: Column, site: Column, sources: SourceList) -> Column:
    """The path of `referrer` where its site has a part that is another source (`Source.pages`), otherwise null."""
    hosts = dict.fromkeys(host for host, _ in sources.by_page())
    sites = [f"{scheme}://{www}{host}" for host in hosts for scheme in ("https", "http") for www in ("", "www.")]
    path = F.substring(referrer, F.length(site) + 1, F.lit(LONGEST_PATH))
    return F.when(site.isin(sites), path) if sites else F.lit(None).cast("string")


def of_page(field: str, sources: SourceList) -> Column:
    """`field` (name or referral_medium) of the source that the referrer's path belongs to, otherwise null.

    Over the columns referrer_host and referrer_path. A path is compared in lower case; its end or / ? # must follow.
    """
    found = F.lit(None).cast("string")
    lower_path = F.lower("referrer_path")
    for (host, path), source in reversed(sources.by_page().items()):
        follows = [F.startswith(lower_path, F.lit(f"{path}{mark}")) for mark in "/?#"]
        is_there = (F.col("referrer_host") == host) & reduce(Column.__or__, follows, lower_path == path)
        found = F.when(is_there, F.lit(getattr(source, field))).otherwise(found)
    return F.when(F.col("referrer_path").isNotNull(), found)


def _sites(host: str, shared: frozenset[str]) -> tuple[str | None, str | None]:
    """The site of a host as written, and its other form."""
    site = None if host.startswith(APP) else site_of(host, shared)
    if site is None:
        return None, None
    return site, next(iter(written_forms(site) - {site}), None)


def host_classifier(
    sources: SourceList, no_source: Sequence[str]
) -> Callable[[str], tuple[str, str | None, str | None, bool]]:
    """A function of a host: (registrable domain, source, medium, is ignored); the longest known part decides.

    A host whose first label is one of check-outs and logins is ignored, unless the host itself is a known source.
    """
    known = sources.by_host()
    ignored = {form for host in (*sources.ignored_referrers, *no_source) for form in written_forms(host.lower())}
    passed_through = frozenset(sources.ignored_labels)

    def classify(host: str) -> tuple[str, str | None, str | None, bool]:
        if host.startswith(APP):
            package = host.removeprefix(APP)
            if package in ignored:
                return package, None, None, True
            return package, *_source_and_medium(known.get(package), package), False
        parts = registrable()(host)
        domain = parts.top_domain_under_public_suffix or host
        for part in parent_domains(host):
            for name in (part, under_any_suffix(part)):
                if name in ignored:
                    return domain, None, None, True
                if name in known:
                    # Another service of a portal is a site of its own, not the portal's search.
                    is_covered = part == host or known[name].subdomains
                    source, site = (known[name], domain) if is_covered else (None, host)
                    return domain, *_source_and_medium(source, site), False
            if part == host and parts.subdomain and _words(parts.subdomain) & passed_through:
                return domain, None, None, True
        return domain, *_source_and_medium(None, domain), False

    return classify


def _words(subdomain: str) -> set[str]:
    """The words of a host's first label: acs and web of acs2-web.pay.example.com."""
    return {word.rstrip("0123456789") or word for word in subdomain.split(".", 1)[0].split("-")}


def _source_and_medium(source: Source | None, domain: str) -> tuple[str, str]:
    if source is None:
        return domain, "referral"
    return source.name, source.referral_medium
