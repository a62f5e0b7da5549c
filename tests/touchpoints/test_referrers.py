"""Referrers: Spark reads the host, and each distinct host is classified once."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from touchpoints.knobs import NoSource
from touchpoints.referrers import classify_referrers, host_classifier, referrer_host
from touchpoints.source_list import load_sources
from warehouse.errors import UsageError
from warehouse.event_values import referring_site
from warehouse.settings_file import knobs_of

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

    rows = classify_referrers(hosts, sources=SOURCES, no_source=["example.com"]).collect()

    assert sorted(map(tuple, rows)) == [
        ("example.org", "example.org", "example.org", "referral", False, "example.org", None),
        ("naver.com", "naver.com", "naver", "organic", False, None, None),
        ("shop.example.com", "example.com", None, None, True, "example.com", None),
    ]


# Pages that a buyer passes through between an ad and an order; none of them takes the sale from the ad.
PASSED_THROUGH = (
    "shop.app", "checkout.shopify.com", "pay.shopify.com", "payments.amazon.com", "payments.amazon.co.jp",
    "payments.amazon.de", "online-pay.kakao.com", "pg-web.kakao.com", "sofort.com", "sis.redsys.es", "api.razorpay.com",
    "mercadopago.com", "mercadopago.com.br", "centinelapi.cardinalcommerce.com", "pay.line.me", "epay.ssg.com",
    "smilepay.co.kr", "cupay.coupang.com", "xpay.uplus.co.kr", "mpi.kbcard.com", "acs.hanacard.co.kr", "payple.kr",
    "tosspay.com", "pay.toss.im", "pay.klarna.com", "checkoutshopper-live.adyen.com", "checkout.stripe.com",
    "paypal.com", "orders.pay.naver.com", "secure.payu.com", "secure7.arcot.com", "3ds.example-bank.com",
    "3ds2-acs.some-bank.fr", "acs2.bank.example.tr", "securesuite.co.uk", "verifiedbyvisa.acs.com",
    "mpi.lottecard.co.kr",
    "vbv.samsungcard.co.kr", "ansimclick.hyundaicard.com", "isp.bccard.com", "ideal.nl",
    "secure.ogone.com", "przelewy24.pl",
    "webpay.cl", "payfast.co.za", "paypay.ne.jp", "pay.rakuten.co.jp",
    "payment1.smt.docomo.ne.jp", "pay.weixin.qq.com",
    "auth0.com", "tenant.b2clogin.com", "login.microsoftonline.com", "appleid.apple.com", "nid.naver.com",
    "accounts.kakao.com", "kauth.kakao.com", "checkplus.co.kr", "accounts.google.co.uk", "sso.some-brand.com",
    # by a word of the first label, on any domain
    "checkout.some-provider.io", "pay.some-bank.de", "payments.some-shop-system.com", "secure-pay.some-bank.de",
    "login.some-brand.com",
)  # fmt: skip
# Sites whose names only look so.
NOT_PASSED_THROUGH = {
    "payday-magazine.com": "payday-magazine.com",
    "paypalfans.org": "paypalfans.org",
    "pg.linkedin.com": "linkedin",  # the pages for Papua New Guinea
    "blog.checkout-tips.com": "checkout-tips.com",
    "secureworld.org": "secureworld.org",
    "shop.pay.example.org": "example.org",
    "loginradius-blog.org": "loginradius-blog.org",
    "line.me": "line",
    "story.kakao.com": "kakaostory",
    "amazon.com": "amazon",
    "shopping.naver.com": "naver shopping",
}


@pytest.mark.parametrize("host", PASSED_THROUGH)
def test_a_page_on_the_way_to_an_order_takes_no_sale(host: str) -> None:
    _, source, medium, is_ignored = host_classifier(SOURCES, [])(host)
    assert (source, medium, is_ignored) == (None, None, True)


@pytest.mark.parametrize(("host", "source"), NOT_PASSED_THROUGH.items())
def test_another_page_is_the_source_that_it_was(host: str, source: str) -> None:
    assert host_classifier(SOURCES, [])(host)[1:] == (source, "referral", False)


def test_hosts_are_added_without_a_copy_of_the_list() -> None:
    knobs = knobs_of(NoSource, {"own_domains": [], "ignored_referrers": ["https://www.Our-Bank.com/x", "our-idp.*"]})
    classify = host_classifier(SOURCES, knobs.hosts)

    assert [classify(host)[3] for host in ("our-bank.com", "a.our-bank.com", "our-idp.co.kr", "bank.com")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert classify("paypal.com")[3]


def test_an_app_for_payment_is_none_either() -> None:
    assert host_classifier(SOURCES, [])("android-app://viva.republica.toss")[1:] == (None, None, True)


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("shop.com", "shop.com"),
        ("www.shop.com", "shop.com"),
        ("https://shop2.com", "shop2.com"),
        ("HTTPS://WWW.Shop2.com:8443/kr?a=1", "shop2.com"),
        ("*.shop.com", "shop.com"),
        (" m.shop.co.kr. ", "m.shop.co.kr"),
        ("쇼핑몰.한국", "쇼핑몰.한국"),
        ("192.0.2.7", "192.0.2.7"),
        ("localhost", "localhost"),
    ],
)
def test_an_own_domain_is_taken_out_of_what_is_written(written: str, host: str) -> None:
    (found,) = knobs_of(NoSource, {"own_domains": [written], "ignored_referrers": []}).own_domains
    assert found == host
    assert host_classifier(SOURCES, [found])(host)[3]


def test_an_own_domain_of_korean_letters_is_known_in_both_of_its_forms() -> None:
    classify = host_classifier(SOURCES, ["쇼핑몰.한국"])
    assert classify("쇼핑몰.한국")[3]
    assert classify("xn--352bl7khqr.xn--3e0b707e")[3]


@pytest.mark.parametrize(
    "nonsense", ["shop", "", "shop dot com", "info@shop.com", "https://", "co.kr", "com", "shop.*", "-.com"]
)
def test_what_can_never_be_the_host_of_a_referrer_is_refused(nonsense: str) -> None:
    with pytest.raises(UsageError, match=r"own_domains\.0"):
        knobs_of(NoSource, {"own_domains": [nonsense], "ignored_referrers": []})
