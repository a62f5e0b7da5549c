"""Classifies referring hosts: a known source, another site, or no source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.hosts import ANY_SUFFIX, registrable, written_forms
from touchpoints.source_list import Source, SourceList
from warehouse.patterns import SPACE, any_case

APP = "android-app://"
HOST = rf"^{any_case('http')}[sS]?://(?:{any_case('www.')})?(\[[^\]]*\]|[^/?#:{SPACE}]+)"

SCHEMA = (
    "referrer_host string, referrer_domain string, referrer_source string, referrer_medium string, is_ignored boolean"
)


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
    address, an app) the host is used. Python sees each host once.
    """
    classify = host_classifier(sources, no_source)

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            rows = [(host, *classify(host)) for host in frame["referrer_host"]]
            yield pd.DataFrame(
                rows, columns=["referrer_host", "referrer_domain", "referrer_source", "referrer_medium", "is_ignored"]
            )

    return hosts.mapInPandas(batches, SCHEMA)


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
        for part in _parts(host):
            for name in (part, _under_any_suffix(part, parts.suffix)):
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
    return source.name, "organic" if source.category == "search" else "referral"


def _parts(host: str) -> list[str]:
    """The host and its parent domains, the longest first: m.a.com, a.com, com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _under_any_suffix(host: str, public_suffix: str) -> str:
    """google.co.kr with the suffix co.kr gives google.*, as the lists write it."""
    is_under = public_suffix and host.endswith(f".{public_suffix}")
    return host.removesuffix(f".{public_suffix}") + ANY_SUFFIX if is_under else host
