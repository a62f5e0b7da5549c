"""conf/sources.yaml: how much of the world it knows, what it must never take, and how it is extended."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.channel_sql import category_sql, source_name_sql
from touchpoints.hosts import site_of
from touchpoints.referrers import host_classifier
from touchpoints.source_list import Category, SourceList, load_sources
from warehouse.errors import UsageError

SOURCES = load_sources("sources.yaml")

# Entries of GA4's list that ours has in another category, or in none, and why.
VIDEO = "a site for videos, which GA4's list calls social"
SHOP = "a shop, which GA4's list calls a search engine"
MAIL = "webmail, which GA4's list calls a search engine"
PAYMENT = "a page on the way to an order: it takes no sale"
OTHER_AS_SOURCE = {
    "crunchyroll": VIDEO,
    "crunchyroll.com": VIDEO,
    "niconico": VIDEO,
    "nicovideo.jp": VIDEO,
    "rakuten": SHOP,
    "rakuten.co.jp": SHOP,
    "email.seznam.cz": MAIL,
    "mail.rambler.ru": MAIL,
    "mail.yandex.ru": MAIL,
}
OTHER_AS_REFERRER = {
    **{host: why for host, why in OTHER_AS_SOURCE.items() if "." in host},
    "checkout.shopify.com": PAYMENT,
    "checkout.stripe.com": PAYMENT,
    "shop.app": PAYMENT,
    "stripe.com": PAYMENT,
}


def ga4_list(shared_data: Path) -> dict[str, str]:
    """Category by entry, in lower case."""
    with (shared_data / "data" / "ga4_sources" / "ga4_source_categories.csv").open(encoding="utf-8") as file:
        return {
            row["source"].lower(): row["source_category"].removeprefix("SOURCE_CATEGORY_").lower()
            for row in csv.DictReader(file)
        }


def categories(spark: SparkSession, names: list[str], sources: SourceList = SOURCES) -> dict[str, str | None]:
    """The category of each name as utm_source."""
    frame = spark.createDataFrame([(name,) for name in names], "source string")
    named = frame.withColumn("source_name", F.expr(source_name_sql()))
    rows = named.select("source", F.expr(category_sql(sources)).alias("category")).collect()
    return {row["source"]: row["category"] for row in rows}


def category_of_referrer(host: str, sources: SourceList = SOURCES) -> str | None:
    """The category of the source of a referrer on `host`; null for another site, and for a page that is ignored."""
    _, name, _, is_ignored = host_classifier(sources, [])(host)
    known = {source.name: source.category for source in sources.entries()}
    return None if is_ignored or name is None else known.get(name)


def test_every_entry_of_googles_list_has_its_category_as_source_but_for_stated_ones(
    spark: SparkSession, shared_data: Path
) -> None:
    theirs = ga4_list(shared_data)
    ours = categories(spark, list(theirs))

    assert {name for name in theirs if ours[name] != theirs[name]} == set(OTHER_AS_SOURCE)
    assert len(OTHER_AS_SOURCE) <= 0.05 * len(theirs)


def test_every_host_of_googles_list_has_its_category_as_referrer_but_for_stated_ones(shared_data: Path) -> None:
    theirs = {name: category for name, category in ga4_list(shared_data).items() if "." in name}

    assert {host for host in theirs if category_of_referrer(host) != theirs[host]} == set(OTHER_AS_REFERRER)
    assert len(OTHER_AS_REFERRER) <= 0.05 * len(theirs)


# What a list must never take, with the category that it has, as utm_source and as the host of a referrer.
NEVER = {
    "brand domains of the same company": (
        "google.blog", "about.google", "cloud.google.com", "docs.google.com", "developers.google.com", "google.dev",
        "amazon.jobs", "aws.amazon.science", "ebay.careers", "yahoo.jobs", "yandex.cloud", "bing.blog",
        "pinterest.engineering", "shopee.careers",
    ),
    "other services of a portal": (
        "news.naver.com", "n.news.naver.com", "finance.naver.com", "comic.naver.com", "webtoon.naver.com",
        "dict.naver.com", "naver.worksmobile.com", "developers.kakao.com", "devtalk.kakao.com", "t1.kakaocdn.net",
        "v.daum.net", "finance.yahoo.com", "sports.yahoo.com", "news.yahoo.co.jp", "page.kakao.com",
        "mail.tistory.example",
    ),
    "names that look alike": (
        "notgoogle.com", "google.com.phish.org", "facebook.com.evil.net", "myamazon.shop", "paypalfans.org",
        "instagramer.com", "xnaver.com", "t.company", "x.company", "line.example", "bandage.us", "wordpress.example",
    ),
    "sites that others have below a host": ("shop.weebly.com", "bucket.s3.amazonaws.com", "one.myshopify.com"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NEVER)
def test_no_list_takes(spark: SparkSession, kind: str) -> None:
    assert {name for name, category in categories(spark, list(NEVER[kind])).items() if category} == set()
    assert {host for host in NEVER[kind] if category_of_referrer(host)} == set()


@pytest.mark.parametrize(
    ("category", "others"),
    [
        # of each list, hosts that look as if they were of it and are of another
        (
            "search",
            ("gemini.google.com", "mail.google.com", "groups.google.com", "shopping.google.com", "blog.naver.com"),
        ),
        ("social", ("online-pay.kakao.com", "pay.line.me", "tv.kakao.com", "mail.kakao.com", "gift.kakao.com")),
        ("shopping", ("pay.amazon.com", "pay.ssg.com", "login.coupang.com", "primevideo.com")),
        ("video", ("tv.example", "netflix.example")),
        ("ai", ("openai.example", "x.com", "bing.com", "search.brave.com")),
        ("email", ("newsletter.example", "mail.example", "outlook.example")),
        ("display", ("google.com", "display.example", "banner.example")),
    ],
)
def test_a_list_takes_nothing_of_another_kind(category: Category, others: tuple[str, ...]) -> None:
    assert [host for host in others if category_of_referrer(host) == category] == []


def test_every_list_has_the_day_on_which_it_was_gone_through() -> None:
    lists = {*get_args(Category), "click_ids", "ignored_referrers", "ignored_labels", "shared_domains"}
    assert set(SOURCES.listed_on) == lists
    assert min(SOURCES.listed_on.values()) >= date(2026, 11, 1)


def test_entries_of_ones_own_count_before_those_of_the_list_without_a_copy_of_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "sources: [{name: our forum, category: social, hosts: [forum.example], aliases: [google]}]\n"
        "sites: {email: [mail.our-bank.example]}\n"
        "names: {search: [our search]}\n"
        "ignored_referrers: [our-idp.example]\n"
        "ignored_labels: [kasse]\n"
        "shared_domains: [malls.example]\n"
        "click_ids: [{parameter: ourclid, source: our search, medium: cpc, paid: true}]\n",
        encoding="utf-8",
    )
    more = load_sources("sources.yaml", [str(mine)])

    expected = {"our search": "search", "google": "social", "m.forum.example": "social", "naver": "search"}
    assert categories(spark, list(expected), more) == expected
    classify = host_classifier(more, [])
    assert classify("www1.forum.example")[1:] == ("our forum", "referral", False)
    assert [classify(host)[3] for host in ("our-idp.example", "kasse.example.com", "nid.naver.com")] == [True] * 3
    assert site_of("one.malls.example", frozenset(more.shared_domains)) == "one.malls.example"
    assert more.paid_click_ids[0] == "ourclid"


def test_a_host_of_ones_own_is_taken_off_the_pages_on_the_way_to_an_order(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("sites: {shopping: [shop.app]}\n", encoding="utf-8")

    assert host_classifier(SOURCES, [])("shop.app")[3]
    assert host_classifier(load_sources("sources.yaml", [str(mine)]), [])("shop.app")[1:] == (
        "shop.app",
        "referral",
        False,
    )


def test_entries_of_ones_own_that_do_not_fit_are_refused_by_file_and_name(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("sources: [{name: tv, category: television}]\n", encoding="utf-8")

    with pytest.raises(UsageError, match=r"mine\.yaml: sources\.0\.category \(tv\): Input should be"):
        load_sources("sources.yaml", [str(mine)])


def test_every_listed_host_is_its_own_source() -> None:
    classify = host_classifier(SOURCES, [])
    for host, source in SOURCES.by_host().items():
        assert classify(host.replace(".*", ".co.kr"))[1:] == (source.name, source.referral_medium, False), host


def test_no_host_name_or_page_is_listed_twice() -> None:
    hosts = [host for source in SOURCES.entries() for host in source.hosts]
    pages = [page for source in SOURCES.entries() for page in source.pages]
    owners = {(name, source.name) for source in SOURCES.entries() for name in source.names()}
    names = [name for name, _ in owners]

    for listed in (hosts, pages, names, SOURCES.ignored_referrers, SOURCES.shared_domains, SOURCES.ignored_labels):
        assert sorted(listed) == sorted(set(listed))
