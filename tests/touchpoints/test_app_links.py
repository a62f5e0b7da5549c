"""Links of app measurement, Meta's install referrers, parameters that settings let count, and what is kept beside."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from pyspark.sql import SparkSession
from test_marketing_params import SOURCES, WITH_FRAGMENTS, events

from touchpoints.marketing_params import LINK_TAGS, with_marketing

READ = ("source", "medium", "campaign", "content", "term", "click_id_type", "campaign_id")
LETTER = {"source": "news", "medium": "email"}
META_AD = '{"app":1,"t":17,"source":{"data":"7ab3f0","nonce":"9c"}}'

# page_url -> the fields read; others are null
PAGES: dict[str, dict[str, str]] = {
    # AppsFlyer
    "https://shop.onelink.me/Ab1?pid=facebook_int&c=spring&af_adset=women&af_ad=coat&af_c_id=77": {
        "source": "facebook", "medium": "paid", "campaign": "spring", "content": "coat", "campaign_id": "77"},
    "https://shop.onelink.me/Ab1?pid=googleadwords_int&c=brand%20kr&af_keywords=coat": {
        "source": "google", "medium": "paid", "campaign": "brand kr", "term": "coat"},
    "https://app.appsflyer.com/com.shop?pid=tiktokglobal_int&c=a": {
        "source": "tiktok", "medium": "paid", "campaign": "a"},
    "https://shop.onelink.me/Ab1?pid=Email&c=letter": {"source": "Email", "campaign": "letter"},
    "shopapp://product/7?af_dp=shopapp%3A%2F%2Fproduct%2F7&pid=kakao_int&c=april": {
        "source": "kakao", "medium": "paid", "campaign": "april"},
    "https://shop.onelink.me/Ab1?utm_source=news&utm_medium=email&pid=facebook_int": LETTER,
    "https://shop.onelink.me/Ab1?pid=&af_dp=shopapp%3A%2F%2Fp%3Futm_source%3Dnews%26utm_medium%3Demail": LETTER,
    "https://shop.com/list?pid=1042&c=coats": {},
    # Adjust
    "https://app.adjust.com/abc123?campaign=spring&adgroup=women&creative=coat": {
        "source": "adjust", "medium": "link", "campaign": "spring", "content": "coat"},
    "https://shop.go.link/home?adj_t=abc&adj_campaign=spring&adj_adgroup=women": {
        "source": "adjust", "medium": "link", "campaign": "spring", "content": "women"},
    "shopapp://home?adj_t=abc&adj_network=tiktok&adj_campaign=spring": {"source": "tiktok", "campaign": "spring"},
    "https://shop.adj.st/p?adj_t=abc&gclid=g": {"source": "google", "medium": "cpc", "click_id_type": "gclid"},
    "https://app.adjust.com/abc?deep_link=shopapp%3A%2F%2Fp%3Futm_source%3Dnews%26utm_medium%3Demail": LETTER,
    "https://shop.com/?campaign=spring&creative=coat": {},
    # Branch
    "https://shop.app.link/x?~channel=facebook&~campaign=spring&~feature=paid%20advertising&~ad_name=coat": {
        "source": "facebook", "medium": "paid advertising", "campaign": "spring", "content": "coat"},
    "https://shop.app.link/x?%7Echannel=kakaotalk&%7Ecampaign=april": {"source": "kakaotalk", "campaign": "april"},
    "https://shop.app.link/x?channel=newsletter&feature=email&campaign=april": {
        "source": "newsletter", "medium": "email", "campaign": "april"},
    "https://shop.app.link/x?link=https%3A%2F%2Fshop.com%2Fp%3Futm_source%3Dnews%26utm_medium%3Demail": LETTER,
    "https://x.app.link/?%24canonical_url=https%3A%2F%2Fshop.com%2F%3Futm_source%3Dnews%26utm_medium%3Demail": LETTER,
    "shopapp://open?link=https%3A%2F%2Fshop.app.link%2Fx%3F~channel%3Dfacebook%26~campaign%3Dspring": {
        "source": "facebook", "campaign": "spring"},
    "https://shop.com/?link=https%3A%2F%2Fshop.app.link%2Fx%3F%257Echannel%3Dfacebook%26%257Ecampaign%3Dspring": {
        "source": "facebook", "campaign": "spring"},
    "shopapp://open?link=https%3A%2F%2Fshop.com%2F%3Futm_source%3Dnews%26utm_medium%3Demail%26utm_campaign%3Dr%2526d": {
        **LETTER, "campaign": "r&d"},
    "shopapp://open?_branch_match_id=123": {"source": "branch", "medium": "link"},
    "https://shop.app.link/x?link=https%3A%2F%2Fshop.com%2Fp%3Fgclid%3Dg": {
        "source": "google", "medium": "cpc", "click_id_type": "gclid"},
    "https://shop.com/out?link=https%3A%2F%2Fother.com%2F%3Futm_source%3Dnews%26utm_medium%3Demail": {},
    # Airbridge
    "https://abr.ge/@shop/facebook?campaign=spring&ad_group=women&ad_creative=coat": {
        "source": "facebook", "campaign": "spring", "content": "coat"},
    "https://abr.ge/@shop/kakao": {"source": "kakao"},
    "https://shop.airbridge.io/x?channel=toss&campaign=spring&term=coat": {
        "source": "toss", "campaign": "spring", "term": "coat"},
    "shopapp://home?airbridge_referrer=airbridge%3Dtrue%26channel%3Dfacebook%26campaign%3Dspring": {
        "source": "facebook", "campaign": "spring"},
    # Firebase
    "https://shop.page.link/?link=https%3A%2F%2Fshop.com%2F&utm_source=news&utm_medium=email": LETTER,
}  # fmt: skip

# install_referrer -> the fields read; others are null
REFERRERS: dict[str, dict[str, str]] = {
    f"utm_source=apps.facebook.com&utm_campaign=fb4a&utm_content={META_AD}": {
        "source": "apps.facebook.com", "medium": "paid_social", "campaign": "fb4a"},
    f"utm_source=apps.facebook.com&utm_campaign=fb4a&utm_content={quote(META_AD)}": {
        "source": "apps.facebook.com", "medium": "paid_social", "campaign": "fb4a"},
    quote(f"utm_source=apps.instagram.com&utm_campaign=ig4a&utm_content={META_AD}", safe=""): {
        "source": "apps.instagram.com", "medium": "paid_social", "campaign": "ig4a"},
    'utm_source=apps.facebook.com&utm_campaign=fb4a&utm_content={"app":1,"t":17}': {
        "source": "apps.facebook.com", "medium": "social", "campaign": "fb4a"},
    'utm_source=apps.facebook.com&utm_campaign=fb4a&utm_content={"source":{"data":"","nonce":""}}': {
        "source": "apps.facebook.com", "medium": "social", "campaign": "fb4a"},
    "utm_source=apps.facebook.com&utm_campaign=fb4a": {
        "source": "apps.facebook.com", "medium": "social", "campaign": "fb4a"},
    "af_tranid=x&pid=facebook_int&c=spring%20sale": {"source": "facebook", "medium": "paid", "campaign": "spring sale"},
    "pid=facebook_int&c=spring%20sale&af_tranid=x": {"source": "facebook", "medium": "paid", "campaign": "spring sale"},
    "adjust_reftag=c1&utm_source=news&utm_medium=email": LETTER,
    "utm_source=google-play&utm_medium=organic": {"source": "google-play", "medium": "organic"},
    "gclid=Cj0K&utm_source=google-play&utm_medium=organic": {
        "source": "google", "medium": "cpc", "click_id_type": "gclid"},
    "utm_source=(not%20set)&utm_medium=(not%20set)": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def read(spark: SparkSession) -> dict[str, dict[str, Any]]:
    sent = [
        *({"event_name": "page_view", "page_url": page} for page in PAGES),
        *({"event_name": "first_open", "install_referrer": referrer} for referrer in REFERRERS),
    ]
    rows = with_marketing(events(spark, sent), SOURCES, WITH_FRAGMENTS).orderBy("number").collect()
    return {link: {name: row[name] for name in READ} for link, row in zip([*PAGES, *REFERRERS], rows, strict=True)}


@pytest.mark.parametrize("link", [*PAGES, *REFERRERS])
def test_a_link_that_opens_an_app_says_where_it_stood(read: dict[str, dict[str, Any]], link: str) -> None:
    assert read[link] == {**dict.fromkeys(READ), **{**PAGES, **REFERRERS}[link]}


MATOMO = {"source": ["mtm_source", "ref"], "campaign": ["mtm_campaign", "pk_campaign"], "id": ["mtm_cid"]}
OTHERS: dict[str, dict[str, str]] = {
    "mtm_source=news&mtm_campaign=april": {"source": "news", "campaign": "april"},
    "pk_campaign=a%20b&MTM_Source=x": {"source": "x", "campaign": "a b"},
    "ref=producthunt": {"source": "producthunt"},
    "ref=a&mtm_source=b": {"source": "b"},
    "utm_source=news&ref=a&mtm_campaign=c": {"source": "news", "campaign": "c"},
    "mtm_cid=7&mtm_source=a": {"source": "a", "campaign_id": "7"},
    "referrer=a&my_ref=b": {},
}


def test_other_parameters_count_where_settings_say_so(spark: SparkSession) -> None:
    sent = [{"event_name": "page_view", "page_url": f"https://shop.com/?{query}"} for query in OTHERS]
    frame = events(spark, sent)
    links = WITH_FRAGMENTS.model_copy(update={"other_parameters": MATOMO})

    by_settings = with_marketing(frame, SOURCES, links).orderBy("number").collect()
    without = with_marketing(frame, SOURCES, WITH_FRAGMENTS).orderBy("number").collect()

    expected = [{**dict.fromkeys(READ), **fields} for fields in OTHERS.values()]
    assert [{name: row[name] for name in READ} for row in by_settings] == expected
    assert [row["source"] for row in without] == [None, None, None, None, "news", None, None]


def test_what_more_a_link_says_of_its_campaign_is_kept(spark: SparkSession) -> None:
    query = (
        "utm_id=u1&utm_source_platform=Search+Ads+360&utm_creative_format=%EB%B0%B0%EB%84%88&"
        "utm_marketing_tactic=prospecting&gad_campaignid=222&UTM_ID=u2"
    )
    sent = [
        {"event_name": "page_view", "page_url": f"https://shop.com/?{each}"} for each in (query, "utm_id=(not+set)")
    ]

    rows = with_marketing(events(spark, sent), SOURCES, WITH_FRAGMENTS).orderBy("number").collect()

    assert [[row[name] for name in LINK_TAGS] for row in rows] == [
        ["u1", "Search Ads 360", "배너", "prospecting", "222"],
        [None] * 5,
    ]
    assert rows[0]["campaign_id"] == "222"
