"""Click ids: what each of the list says of source, medium and kind of campaign, and what looks like one and is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from test_marketing_params import LINKS, SOURCES, events

from touchpoints.marketing_params import with_marketing

READ = ("source", "medium", "click_id_type", "click_id", "click_kind")
NONE: tuple[str | None, ...] = (None,) * 5

# What follows the question mark -> source, medium, click_id_type, click_id, click_kind
CASES: dict[str, tuple[str | None, ...]] = {
    # Google
    "gclid=Cj0K": ("google", "cpc", "gclid", "Cj0K", "search"),
    "gbraid=0AAA": ("google", "cpc", "gbraid", "0AAA", "search"),
    "wbraid=Clk": ("google", "cpc", "wbraid", "Clk", "search"),
    "gclsrc=aw.ds": ("google", "cpc", "gclsrc", "aw.ds", "search"),
    "gad_source=1": ("google", "cpc", "gad_source", "1", "search"),
    "gad_campaignid=222": NONE,
    "gad_source=1&gad_campaignid=222&gbraid=0A&gclid=Cj": ("google", "cpc", "gclid", "Cj", "search"),
    "dclid=CN": ("google", "display", "dclid", "CN", "display"),
    "srsltid=Afm": ("google", "organic", "srsltid", "Afm", "shopping"),
    # other search engines
    "msclkid=5f3": ("bing", "cpc", "msclkid", "5f3", "search"),
    "yclid=1234": ("yandex", "cpc", "yclid", "1234", "search"),
    "yclid=YSS.1000.EAI": ("yahoo", "cpc", "yclid", "YSS.1000.EAI", "search"),
    "yclid=YJAD.17.abc": ("yahoo", "display", "yclid", "YJAD.17.abc", "display"),
    "yjad=17": ("yahoo", "display", "yjad", "17", "display"),
    "ysclid=lz1": ("yandex", "organic", "ysclid", "lz1", None),
    # social networks
    "ttclid=E.C": ("tiktok", "paid_social", "ttclid", "E.C", "social"),
    "li_fat_id=a-b": ("linkedin", "paid_social", "li_fat_id", "a-b", "social"),
    "twclid=2-1": ("x", "paid_social", "twclid", "2-1", "social"),
    "rdt_cid=5": ("reddit", "paid_social", "rdt_cid", "5", "social"),
    "ScCid=a": ("snapchat", "paid_social", "sccid", "a", "social"),
    "epik=dj0": ("pinterest", "paid_social", "epik", "dj0", "social"),
    "qclid=q": ("quora", "paid_social", "qclid", "q", "social"),
    "ko_click_id=k": ("kakao", "paid_social", "ko_click_id", "k", "social"),
    "fbclid=IwAR": ("facebook", "social", "fbclid", "IwAR", None),
    "igshid=x": ("instagram", "social", "igshid", "x", None),
    "igsh=x": ("instagram", "social", "igsh", "x", None),
    # Naver
    "NaPm=ct%3Dl0%7Cci%3D0z%7Ctr%3Dsa%7Chk%3D1": ("naver", "cpc", "napm", "ct=l0|ci=0z|tr=sa|hk=1", "search"),
    "NaPm=ct=l0|tr=sa": ("naver", "cpc", "napm", "ct=l0|tr=sa", "search"),
    "NaPm=ct%253Dl0%257Ctr%253Dsa": ("naver", "cpc", "napm", "ct=l0|tr=sa", "search"),
    "napm=ct%3Dl0%7Ctr%3Dbrnd%7Chk%3D1": ("naver", "cpc", "napm", "ct=l0|tr=brnd|hk=1", "search"),
    "NaPm=ct%3Dl0%7Ctr%3Dslsl%7Chk%3D1": ("naver shopping", "cpc", "napm", "ct=l0|tr=slsl|hk=1", "shopping"),
    "NaPm=ct%3Dl0%7Ctr%3Dgfa%7Chk%3D1": ("naver", "display", "napm", "ct=l0|tr=gfa|hk=1", "display"),
    "NaPm=ct%3Dl0%7Ctr%3Dsab%7Chk%3D1": NONE,
    "NaPm=ct%3Dl0%7Catr%3Dsa": NONE,
    "NaPm=ct%3Dl0%7Ctr%3Dsab&n_media=27758": ("naver", "cpc", "n_media", "27758", "search"),
    "n_ad=nad-a001-01": ("naver", "cpc", "n_ad", "nad-a001-01", "search"),
    "n_media=27758&n_query=coat&n_ad_group=grp-a001": ("naver", "cpc", "n_ad_group", "grp-a001", "search"),
    "n_query=%EC%BD%94%ED%8A%B8": ("naver", "cpc", "n_query", "코트", "search"),
    "n_query=%C4%DA%C6%AE": ("naver", "cpc", "n_query", "코트", "search"),
    "n_campaign_type=1": ("naver", "cpc", "n_campaign_type", "1", "search"),
    "n_campaign_type=2&n_ad=nad-a001-02": ("naver shopping", "cpc", "n_campaign_type", "2", "shopping"),
    "n_mall_pid=77&n_ad=nad-a001-02": ("naver shopping", "cpc", "n_mall_pid", "77", "shopping"),
    # affiliates, native ads, mailers
    "irclickid=x": ("impact", "affiliate", "irclickid", "x", "affiliate"),
    "cjevent=x": ("cj", "affiliate", "cjevent", "x", "affiliate"),
    "awc=1_2_3": ("awin", "affiliate", "awc", "1_2_3", "affiliate"),
    "ranMID=1&ranSiteID=x-y": ("rakuten advertising", "affiliate", "ransiteid", "x-y", "affiliate"),
    "tblci=Gi": ("taboola", "display", "tblci", "Gi", "display"),
    "dicbo=v2": ("outbrain", "display", "dicbo", "v2", "display"),
    "_kx=a.b": ("klaviyo", "email", "_kx", "a.b", "email"),
    "mc_cid=a&mc_eid=b": ("mailchimp", "email", "mc_cid", "a", "email"),
    "mc_eid=b": ("mailchimp", "email", "mc_eid", "b", "email"),
    "_hsenc=p2A&_hsmi=1": ("hubspot", "email", "_hsenc", "p2A", "email"),
    "mkt_tok=eyJ": ("marketo", "email", "mkt_tok", "eyJ", "email"),
    # several tools tag ads of several platforms
    "hsa_net=adwords&hsa_cam=1": ("google", "cpc", "hsa_net", "adwords", "search"),
    "hsa_net=facebook": ("facebook", "paid_social", "hsa_net", "facebook", "social"),
    "hsa_net=other": NONE,
    "s_kwcid=AL!3085!3!1!e!!g!!": ("google", "cpc", "s_kwcid", "AL!3085!3!1!e!!g!!", "search"),
    # of several
    "fbclid=f&gclid=g": ("google", "cpc", "gclid", "g", "search"),
    "mc_eid=m&fbclid=f": ("facebook", "social", "fbclid", "f", None),
    "irclickid=i&gclid=g": ("google", "cpc", "gclid", "g", "search"),
    # what is none
    "my_gclid=1": NONE,
    "gclid2=1": NONE,
    "n_adx=1": NONE,
    "q=gclid": NONE,
    "q=gclid%3D1": NONE,
    "to=https%3A%2F%2Fother.com%2F%3Fmsclkid%3D1": NONE,
}  # fmt: skip


@pytest.fixture(scope="module")
def read(spark: SparkSession) -> dict[str, tuple[str | None, ...]]:
    return dict(zip(CASES, clicks(spark, list(CASES)), strict=True))


def clicks(spark: SparkSession, queries: list[str]) -> list[tuple[str | None, ...]]:
    sent = [{"event_name": "page_view", "page_url": f"https://shop.com/?{query}"} for query in queries]
    rows = with_marketing(events(spark, sent), SOURCES, LINKS).collect()
    return [tuple(row[name] for name in READ) for row in sorted(rows, key=lambda row: row["number"])]


@pytest.mark.parametrize("query", CASES)
def test_a_click_id_says_where_the_visitor_came_from(read: dict[str, Any], query: str) -> None:
    assert read[query] == CASES[query]


def test_every_click_id_of_the_list_is_found_with_what_it_says(spark: SparkSession) -> None:
    asked = [click_id.value_part or click_id.value_contains or "AbC-1" for click_id in SOURCES.click_ids]
    queries = [f"x=1&{each.parameter.upper()}={value}" for each, value in zip(SOURCES.click_ids, asked, strict=True)]

    found = clicks(spark, queries)

    expected = [
        (each.source, each.medium, each.parameter, value, each.kind)
        for each, value in zip(SOURCES.click_ids, asked, strict=True)
    ]
    assert found == expected


def test_of_all_pairs_the_first_of_the_list_counts_in_whatever_order_they_stand(spark: SparkSession) -> None:
    plain = [each.parameter for each in SOURCES.click_ids if not each.value_part and not each.value_contains]
    pairs: list[tuple[str, str]] = []

    @settings(max_examples=300, phases=[Phase.generate])
    @given(st.sampled_from(plain), st.sampled_from(plain))
    def draw(one: str, other: str) -> None:
        if one != other:
            pairs.append((one, other))

    draw()
    found = clicks(spark, [f"{one}=AbC-1&{other}=AbC-1" for one, other in pairs])

    assert [row[2] for row in found] == [min(pair, key=plain.index) for pair in pairs]
    assert len({pair for pair in pairs if plain.index(pair[0]) > plain.index(pair[1])}) > 50
