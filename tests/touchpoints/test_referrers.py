"""Referrers: Spark reads the host, and each distinct host is classified once."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from touchpoints.referrers import classify_referrers, host_classifier, referrer_host
from touchpoints.source_list import load_sources
from warehouse.event_values import referring_site

SOURCES = load_sources("sources.yaml")

HOSTS: dict[str | None, str | None] = {
    "https://www.google.com/search?q=x": "google.com",
    "HTTPS://WWW.Naver.COM": "naver.com",
    "http://user:secret@shop.example.org:8080/path": "shop.example.org",
    "https://example.org?next=https://other.example/": "example.org",
    "https://example.org#www.other.example": "example.org",
    "https://example.org.": "example.org",
    "https://wwwhost.example.org/": "wwwhost.example.org",
    "https://네이버.한국/": "네이버.한국",
    "http://192.0.2.7:8080/": "192.0.2.7",
    "http://[2001:db8::1]:8080/": "[2001:db8::1]",
    "android-app://com.google.android.gm/": "android-app://com.google.android.gm",
    "android-app://com.Kakao.talk": "android-app://com.kakao.talk",
    "android-app://": None,
    "chrome-extension://abcdef/page.html": None,
    "about:blank": None,
    "file:///C:/page.html": None,
    "https://": None,
    "not a url": None,
    "": None,
    None: None,
}


def test_the_host_is_lower_case_without_www_user_and_port(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(referrer,) for referrer in HOSTS], "referrer string")

    rows = frame.select(
        "referrer", referrer_host().alias("host"), referrer_host(referring_site()).alias("host_of_site")
    ).collect()

    assert {row["referrer"]: row["host"] for row in rows} == HOSTS
    assert {row["referrer"]: row["host_of_site"] for row in rows} == HOSTS


@pytest.mark.parametrize(
    ("host", "domain", "source", "medium"),
    [
        # search engines are organic, wherever they are
        ("google.com", "google.com", "google", "organic"),
        ("google.co.kr", "google.co.kr", "google", "organic"),
        ("google.com.ph", "google.com.ph", "google", "organic"),
        ("m.search.naver.com", "naver.com", "naver", "organic"),
        ("search.daum.net", "daum.net", "daum", "organic"),
        ("uk.search.yahoo.com", "yahoo.com", "yahoo", "organic"),
        ("cn.bing.com", "bing.com", "bing", "organic"),
        ("android-app://com.google.android.googlequicksearchbox", "com.google.android.googlequicksearchbox", "google",
         "organic"),
        # the longest known part decides
        ("blog.naver.com", "naver.com", "naver blog", "referral"),
        ("m.blog.naver.com", "naver.com", "naver blog", "referral"),
        ("search.shopping.naver.com", "naver.com", "naver shopping", "referral"),
        ("cue.search.naver.com", "naver.com", "naver cue", "referral"),
        ("gemini.google.com", "google.com", "gemini", "referral"),
        ("l.instagram.com", "instagram.com", "instagram", "referral"),
        ("mail.google.com", "google.com", "gmail", "referral"),
        ("android-app://com.google.android.gm", "com.google.android.gm", "gmail", "referral"),
        # another service of a portal is no search
        ("news.naver.com", "naver.com", "news.naver.com", "referral"),
        ("docs.google.com", "google.com", "docs.google.com", "referral"),
        # other sites are their registrable domain
        ("blog.fashion.example.co.kr", "example.co.kr", "example.co.kr", "referral"),
        ("notgoogle.com", "notgoogle.com", "notgoogle.com", "referral"),
        ("google.com.phish.org", "phish.org", "phish.org", "referral"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.7", "referral"),
        ("[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]", "referral"),
        ("localhost", "localhost", "localhost", "referral"),
    ],
)  # fmt: skip
def test_a_known_host_is_its_source_and_any_other_its_domain(host: str, domain: str, source: str, medium: str) -> None:
    assert host_classifier(SOURCES, [])(host) == (domain, source, medium, False)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("shop.example.com", "example.com"),
        ("example.com", "example.com"),
        ("pay.naver.com", "naver.com"),
        ("nid.naver.com", "naver.com"),
        ("kauth.kakao.com", "kakao.com"),
        ("accounts.google.com", "google.com"),
        ("accounts.google.co.kr", "google.co.kr"),
        ("mobile.inicis.com", "inicis.com"),
        ("checkout.stripe.com", "stripe.com"),
    ],
)
def test_own_domains_payment_and_login_pages_are_no_source(host: str, domain: str) -> None:
    assert host_classifier(SOURCES, ["Example.com"])(host) == (domain, None, None, True)


def test_spark_gets_one_row_per_host(spark: SparkSession) -> None:
    hosts = spark.createDataFrame([("naver.com",), ("example.org",), ("shop.example.com",)], "referrer_host string")

    rows = classify_referrers(hosts, sources=SOURCES, own_domains=["example.com"]).collect()

    assert sorted(map(tuple, rows)) == [
        ("example.org", "example.org", "example.org", "referral", False),
        ("naver.com", "naver.com", "naver", "organic", False),
        ("shop.example.com", "example.com", None, None, True),
    ]
