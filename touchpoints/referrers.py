"""What a referring host is: a known source, some other site, or no source at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

import pandas as pd
import tldextract
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.source_list import SourceList

SCHEMA = (
    "referrer_host string, referrer_domain string, referrer_source string, referrer_medium string, is_ignored boolean"
)


def referrer_host() -> Column:
    """Host of the referrer in lower case, without user, port and a leading www.; an app's package for android-app://."""
    host = F.regexp_extract("referrer", r"^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)", 1)
    return F.when(F.col("referrer").isNotNull(), F.nullif(F.regexp_replace(F.lower(host), r"^www\.", ""), F.lit("")))


def classify_referrers(hosts: DataFrame, *, sources: SourceList, own_domains: Sequence[str]) -> DataFrame:
    """One row per distinct host of `hosts` (column referrer_host): referrer_domain, referrer_source, referrer_medium,
    is_ignored.

    A known search engine is source / organic, another known source is source / referral, other sites are their
    registrable domain / referral. Own domains, payment and login pages are ignored. Python sees each host once.
    """
    classify = host_classifier(sources, own_domains)

    def batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            rows = [(host, *classify(host)) for host in frame["referrer_host"]]
            yield pd.DataFrame(
                rows, columns=["referrer_host", "referrer_domain", "referrer_source", "referrer_medium", "is_ignored"]
            )

    return hosts.mapInPandas(batches, SCHEMA)


def host_classifier(
    sources: SourceList, own_domains: Sequence[str]
) -> Callable[[str], tuple[str, str | None, str | None, bool]]:
    """host -> (registrable domain, source, medium, ignored); the longest known part of a host decides."""
    known = sources.by_host()
    ignored = {host.lower() for host in sources.ignored_referrers}
    own = {domain.lower() for domain in own_domains}

    def classify(host: str) -> tuple[str, str | None, str | None, bool]:
        domain = _registrable()(host).top_domain_under_public_suffix or host
        for suffix in _suffixes(host):
            if suffix in own or suffix in ignored:
                return domain, None, None, True
            if suffix in known:
                source = known[suffix]
                return domain, source.name, "organic" if source.category == "search" else "referral", False
        return domain, domain, "referral", False

    return classify


def _suffixes(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


@cache
def _registrable() -> tldextract.TLDExtract:
    # The list that comes with the package: nothing is fetched, nothing is cached on disk.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
