"""Marketing parameters: what is read from page_url, install_referrer and the sender's own fields."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from touchpoints.knobs import Links
from touchpoints.marketing_params import with_marketing
from touchpoints.page_query import page_path
from touchpoints.source_list import load_sources

SOURCES = load_sources("sources.yaml")
LINKS = Links(read_fragment=False, campaign_id_parameters=["gad_campaignid", "utm_id"], other_parameters={})
WITH_FRAGMENTS = LINKS.model_copy(update={"read_fragment": True})
SENT = ("event_name", "page_url", "install_referrer", "source", "medium", "campaign", "content", "term")
READ = ("source", "medium", "campaign", "content", "term", "click_id_type", "click_id", "campaign_id")
PAGE = "https://shop.example/p/1"
UTM = "utm_source=naver&utm_medium=cpc&utm_campaign=spring"
NAVER_CPC = {"source": "naver", "medium": "cpc", "campaign": "spring"}

# A sentence -> (the fields sent, the fields read; others are null)
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a page without query gives nothing": ({"page_url": PAGE}, {}),
    "an event without page gives nothing": ({}, {}),
    "an empty query gives nothing": ({"page_url": f"{PAGE}?"}, {}),
    "other parameters give nothing": ({"page_url": f"{PAGE}?color=utm_source&x=gclid"}, {}),
    "UTM parameters are read": ({"page_url": f"{PAGE}?{UTM}"}, NAVER_CPC),
    "all five of them": (
        {"page_url": f"{PAGE}?utm_content=a&utm_term=b&{UTM}"},
        {**NAVER_CPC, "content": "a", "term": "b"},
    ),
    "names are read in any case, values keep theirs": (
        {"page_url": f"{PAGE}?UTM_Source=Naver&utm_MEDIUM=CPC"},
        {"source": "Naver", "medium": "CPC"},
    ),
    "values are decoded": ({"page_url": f"{PAGE}?utm_campaign=%EB%B4%84%20%26+sale"}, {"campaign": "봄 & sale"}),
    "an encoded plus is a plus": ({"page_url": f"{PAGE}?utm_campaign=a%2Bb"}, {"campaign": "a+b"}),
    "a percent that encodes nothing stays": ({"page_url": f"{PAGE}?utm_content=100%_wool"}, {"content": "100%_wool"}),
    "so does one at the end": ({"page_url": f"{PAGE}?utm_content=%EB%B4%84+100%"}, {"content": "봄 100%"}),
    "codes that are no UTF-8 are Korean": ({"page_url": f"{PAGE}?utm_term=%BA%BD"}, {"term": "봄"}),
    "others stay": ({"page_url": f"{PAGE}?utm_term=M%FCnchen"}, {"term": "M%FCnchen"}),
    "blank is nothing": ({"page_url": f"{PAGE}?utm_source=&utm_medium=+&utm_campaign=%20"}, {}),
    "(not set) is nothing": ({"page_url": f"{PAGE}?utm_source=(not+set)&utm_term=%28Not%20Set%29"}, {}),
    "the first of two counts": ({"page_url": f"{PAGE}?utm_source=a&utm_source=b"}, {"source": "a"}),
    "a value may hold equal signs": ({"page_url": f"{PAGE}?utm_campaign=a=b"}, {"campaign": "a=b"}),
    # fragments, where they are not to be read
    "the fragment is cut off": ({"page_url": f"{PAGE}?utm_source=a#utm_medium=b"}, {"source": "a"}),
    "a query inside the fragment is none": ({"page_url": f"{PAGE}#/route?utm_source=a&gclid=x"}, {}),
    "a parameter that only ends so is another": ({"page_url": f"{PAGE}?my_utm_source=a&xgclid=1"}, {}),
    "escaped ampersands of mails are read": (
        {"page_url": f"{PAGE}?utm_source=a&amp;utm_medium=b"},
        {"source": "a", "medium": "b"},
    ),
    "a deep link of an app is read": ({"page_url": f"exampleshop://home?{UTM}"}, NAVER_CPC),
    "so is one without path": ({"page_url": f"exampleshop://?{UTM}"}, NAVER_CPC),
    # the sender's own fields
    "the sender's fields win one by one": (
        {"page_url": f"{PAGE}?{UTM}", "source": "toss", "campaign": "benefit"},
        {"source": "toss", "medium": "cpc", "campaign": "benefit"},
    ),
    "blank fields of the sender do not": (
        {"page_url": f"{PAGE}?{UTM}", "source": " ", "medium": "(not set)"},
        NAVER_CPC,
    ),
    # installs
    "an install referrer is read like a query": (
        {"event_name": "app_install", "install_referrer": f"{UTM}&gclid=Ab"},
        {**NAVER_CPC, "click_id_type": "gclid", "click_id": "Ab"},
    ),
    "even encoded as a whole": (
        {"event_name": "app_install", "install_referrer": quote(UTM, safe="")},
        NAVER_CPC,
    ),
    "an install without referrer is read from its link": (
        {"event_name": "app_install", "install_referrer": "", "page_url": f"exampleshop://home?{UTM}"},
        NAVER_CPC,
    ),
    "a first_open is an install": ({"event_name": "first_open", "install_referrer": UTM}, NAVER_CPC),
    "another event is read from its install referrer too": (
        {"event_name": "page_view", "install_referrer": UTM},
        NAVER_CPC,
    ),
    "also where its page asks for nothing that is known": (
        {"event_name": "page_view", "page_url": f"{PAGE}?color=red", "install_referrer": UTM},
        NAVER_CPC,
    ),
    "but its page comes first": (
        {"event_name": "page_view", "page_url": f"{PAGE}?utm_source=toss&gclid=g", "install_referrer": UTM},
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
    "an install's referrer comes before its page": (
        {"event_name": "app_install", "page_url": f"{PAGE}?utm_source=toss", "install_referrer": UTM},
        NAVER_CPC,
    ),
    # click ids
    "a paid click id alone names source and medium": (
        {"page_url": f"{PAGE}?gclid=EAIaIQob_Ab-1"},
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "EAIaIQob_Ab-1"},
    ),
    "click ids are found in any case": (
        {"page_url": f"{PAGE}?ScCid=AbC"},
        {"source": "snapchat", "medium": "paid_social", "click_id_type": "sccid", "click_id": "AbC"},
    ),
    "a paid click id wins over organic": (
        {"page_url": f"{PAGE}?utm_source=google&utm_medium=Organic&utm_campaign=x&wbraid=Z"},
        {"source": "google", "medium": "cpc", "campaign": "x", "click_id_type": "wbraid", "click_id": "Z"},
    ),
    "and over a source without medium": (
        {"page_url": f"{PAGE}?utm_source=shop&msclkid=1"},
        {"source": "bing", "medium": "cpc", "click_id_type": "msclkid", "click_id": "1"},
    ),
    "but not over another medium": (
        {"page_url": f"{PAGE}?utm_source=news&utm_medium=email&gclid=1"},
        {"source": "news", "medium": "email", "click_id_type": "gclid", "click_id": "1"},
    ),
    "of two click ids the list's first counts": (
        {"page_url": f"{PAGE}?fbclid=f&gad_source=1&gclid=g"},
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
    "fbclid proves no ad, yet names a lone source": (
        {"page_url": f"{PAGE}?fbclid=IwAR0x"},
        {"source": "facebook", "medium": "social", "click_id_type": "fbclid", "click_id": "IwAR0x"},
    ),
    "fbclid changes no source": (
        {"page_url": f"{PAGE}?utm_source=instagram&fbclid=1"},
        {"source": "instagram", "click_id_type": "fbclid", "click_id": "1"},
    ),
    "a search ad of Naver is paid": (
        {"page_url": f"{PAGE}?NaPm=ct%3Dl0%7Cci%3D0zA%7Ctr%3Dsa%7Chk%3D1"},
        {"source": "naver", "medium": "cpc", "click_id_type": "napm", "click_id": "ct=l0|ci=0zA|tr=sa|hk=1"},
    ),
    "a display ad of Naver is display": (
        {"page_url": f"{PAGE}?NaPm=ct%3Dl0%7Cci%3D0zA%7Ctr%3Dgfa%7Chk%3D1"},
        {"source": "naver", "medium": "display", "click_id_type": "napm", "click_id": "ct=l0|ci=0zA|tr=gfa|hk=1"},
    ),
    "a mark of Naver Shopping is shopping": (
        {"page_url": f"{PAGE}?NaPm=ct%3Dl0%7Ctr%3Dslsl"},
        {"source": "naver shopping", "medium": "cpc", "click_id_type": "napm", "click_id": "ct=l0|tr=slsl"},
    ),
    "another mark of Naver proves nothing": ({"page_url": f"{PAGE}?NaPm=ct%3Dl0%7Ctr%3Dsab%7Chk%3D1"}, {}),
    "an ad number of Naver is paid": (
        {"page_url": f"{PAGE}?n_media=27758&n_ad=nad-a001"},
        {"source": "naver", "medium": "cpc", "click_id_type": "n_ad", "click_id": "nad-a001"},
    ),
    "an empty click id is none": ({"page_url": f"{PAGE}?gclid=&gclid"}, {}),
    "nor is one that a script did not find, or a platform did not fill in": (
        {"page_url": f"{PAGE}?gclid=undefined&msclkid=null&fbclid={{fbclid}}"},
        {},
    ),
    "an empty one hides no other": (
        {"page_url": f"{PAGE}?gclid=&fbclid=f&gclid=g"},
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
    # (direct) / (none)
    "a sender's (direct) hides no ad": (
        {"page_url": f"{PAGE}?gclid=g", "source": "(direct)", "medium": "(none)", "campaign": "(direct)"},
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
    "nor one of a link": (
        {"page_url": f"{PAGE}?utm_source=(direct)&utm_medium=(none)&msclkid=m"},
        {"source": "bing", "medium": "cpc", "click_id_type": "msclkid", "click_id": "m"},
    ),
    "nor does a medium of none": (
        {"page_url": f"{PAGE}?ttclid=t", "source": "tiktok", "medium": "(none)"},
        {"source": "tiktok", "medium": "paid_social", "click_id_type": "ttclid", "click_id": "t"},
    ),
    "nor a campaign's link": ({"page_url": f"{PAGE}?{UTM}", "source": "direct", "medium": "none"}, NAVER_CPC),
    "nor a click that proves no ad": (
        {"page_url": f"{PAGE}?fbclid=f", "source": "(direct)", "medium": "(none)"},
        {"source": "facebook", "medium": "social", "click_id_type": "fbclid", "click_id": "f"},
    ),
    "without any it is kept": (
        {"page_url": PAGE, "source": "(direct)", "medium": "(none)"},
        {"source": "(direct)", "medium": "(none)"},
    ),
    # an unusual medium stays: the channel rules read it beside the click id
    "an unusual medium of an ad stays": (
        {"page_url": f"{PAGE}?utm_source=google&utm_medium=pmax&gclid=g"},
        {"source": "google", "medium": "pmax", "click_id_type": "gclid", "click_id": "g"},
    ),
    "so does Naver's": (
        {"page_url": f"{PAGE}?utm_source=naver&utm_medium=powerlink&n_ad=a"},
        {"source": "naver", "medium": "powerlink", "click_id_type": "n_ad", "click_id": "a"},
    ),
    "an affiliate's stays": (
        {"page_url": f"{PAGE}?utm_source=blog&utm_medium=affiliate&gclid=g"},
        {"source": "blog", "medium": "affiliate", "click_id_type": "gclid", "click_id": "g"},
    ),
    # mailers
    "a mailer's id says the medium that is missing": (
        {"page_url": f"{PAGE}?utm_source=april-letter&mc_cid=1"},
        {"source": "april-letter", "medium": "email", "click_id_type": "mc_cid", "click_id": "1"},
    ),
    "and changes no other": (
        {"page_url": f"{PAGE}?utm_source=partner&utm_medium=referral&_hsenc=1"},
        {"source": "partner", "medium": "referral", "click_id_type": "_hsenc", "click_id": "1"},
    ),
    # signs without width
    "a sign without width hides no parameter": (
        {"page_url": f"{PAGE}?\u200butm_source=naver&%E2%80%8Butm_medium=cpc\u00a0&\ufeffgclid=g\u200b"},
        {"source": "naver", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
}  # fmt: skip
LETTER = {"source": "news", "medium": "email"}
NEVER: dict[str, str] = {}

# Links as people make them: page_url -> the fields read; others are null. Fragments are read.
LINKS_OF_PEOPLE: dict[str, tuple[str, dict[str, str]]] = {
    # a question mark too many, or none
    "a second question mark": ("https://shop.com/p?id=7?utm_source=news&utm_medium=email", LETTER),
    "a third": ("https://shop.com/p?id=7?x=1?utm_source=news&utm_medium=email", LETTER),
    "two at once": ("https://shop.com/p??utm_source=news&utm_medium=email", LETTER),
    "one after the parameters": ("https://shop.com/p?utm_source=news&utm_medium=email?id=7", LETTER),
    "no question mark": ("https://shop.com/user/verify&utm_source=news&utm_medium=email", LETTER),
    "one that Facebook added": (
        "https://shop.com/p&utm_source=news&utm_medium=email?fbclid=f",
        {**LETTER, "click_id_type": "fbclid", "click_id": "f"},
    ),
    "a click id after a second question mark": (
        "https://shop.com/p?utm_source=news&utm_medium=email?gclid=g",
        {**LETTER, "click_id_type": "gclid", "click_id": "g"},
    ),
    "a click id without question mark": (
        "https://shop.com/p&gclid=g",
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g"},
    ),
    # encoded marks
    "an encoded question mark": ("https://shop.com/?type=guest%3Futm_source%3Dnews&utm_medium=email", LETTER),
    "and an encoded ampersand": ("https://shop.com/?type=guest%3futm_source%3dnews%26utm_medium%3demail", LETTER),
    "a value ends at an encoded ampersand": (
        "https://shop.com/?type=guest%3Futm_source%3Dnews%26x%3D1%26utm_medium%3Demail%26y%3D2&z=3", LETTER),
    "plain equal signs after encoded marks": ("https://shop.com/p%3Futm_source=news%26utm_medium=email%26x=1", LETTER),
    "the query encoded in the path": ("https://shop.com/p%3Futm_source%3Dnews%26utm_medium%3Demail", LETTER),
    "encoded twice": ("https://shop.com/p?x=1%253Futm_source%253Dnews%2526utm_medium%253Demail", LETTER),
    "encoded three times": ("https://shop.com/p%25253Futm_source%25253Dnews%252526utm_medium%25253Demail", LETTER),
    "the whole address encoded": ("https%3A%2F%2Fshop.com%2Fp%3Futm_source%3Dnews%26utm_medium%3Demail", LETTER),
    "only the equal signs encoded": ("https://shop.com/p?utm_source%3Dnews&utm_medium%3Demail", LETTER),
    "an ampersand of a name stays in the name": (
        "https://shop.com/p%3Futm_source%3Dnews%26utm_medium%3Demail%26utm_campaign%3Dr%2526d",
        {**LETTER, "campaign": "r&d"},
    ),
    # other marks
    "semicolons": ("https://shop.com/p?utm_source=news;utm_medium=email", LETTER),
    "escaped ampersands": ("https://shop.com/p?id=7&amp;utm_source=news&amp;utm_medium=email", LETTER),
    "escaped twice": ("https://shop.com/p?id=7&amp;amp;utm_source=news&amp;amp;utm_medium=email", LETTER),
    "escaped by number": ("https://shop.com/p?utm_source=news&#38;utm_medium=email", LETTER),
    "escaped and encoded": ("https://shop.com/p?x=1%26amp%3Butm_source%3Dnews%26amp%3Butm_medium%3Demail", LETTER),
    "escaped at the start": ("https://shop.com/p?amp;utm_source=news&amp;utm_medium=email", LETTER),
    "escaped by a script": ("https://shop.com/p?id=7\\u0026utm_source=news\\u0026utm_medium=email", LETTER),
    # fragments
    "a fragment": ("https://shop.com/lp#utm_source=news&utm_medium=email", LETTER),
    "a route of a page of scripts": ("https://shop.com/#/lp?utm_source=news&utm_medium=email", LETTER),
    "a fragment with a question mark": ("https://shop.com/lp#?utm_source=news&utm_medium=email", LETTER),
    "the query comes before the fragment": (
        "https://shop.com/lp?utm_source=news#utm_source=x&utm_medium=email", LETTER),
    "a value ends at the fragment": ("https://shop.com/lp?utm_medium=email&utm_source=news#reviews", LETTER),
    # what is no parameter of the page
    "the address that a redirect leads to": (
        "https://shop.com/login?to=https%3A%2F%2Fother.com%2F%3Futm_source%3Dnews%26utm_medium%3Demail", NEVER),
    "and its click id": ("https://shop.com/out?url=https%3A%2F%2Fother.com%2Fp%3Fa%3D1%26gclid%3Dg", NEVER),
    "encoded twice again": ("https://shop.com/out?url=https%253A%252F%252Fother.com%252F%253Futm_source%253Dx", NEVER),
    "an address without scheme": ("https://shop.com/out?url=//other.com/?utm_source=news", NEVER),
    "an address that begins with www": ("https://shop.com/share?u=www.other.com%2F%3Futm_source%3Dnews", NEVER),
    "its own parameters count beside it": (
        "https://shop.com/out?url=https%3A%2F%2Fother.com%3Futm_source%3Dx&utm_source=news&utm_medium=email", LETTER),
    "a text that was searched for": ("https://shop.com/search?q=utm_source%3Dnews", NEVER),
    "a name inside another": ("https://shop.com/p?x=1%3Fmy_utm_source%3Dnews&a_utm_medium=b", NEVER),
    "a name without value": ("https://shop.com/p?x=1%26utm_source&y=2", NEVER),
    "a path of the shop's own that a login leads to": (
        "https://shop.com/login?next=/cart?utm_source=news&utm_medium=email", LETTER),
    # names of campaigns
    "encoded twice, a name is read": (
        "https://shop.com/?utm_campaign=no%2520code%2520founders", {"campaign": "no code founders"}),
    "and four times": ("https://shop.com/?utm_campaign=no%25252520code", {"campaign": "no code"}),
    "Korean, encoded twice": ("https://shop.com/?utm_campaign=%25EB%25B4%2584", {"campaign": "봄"}),
    "a percent before letters stays": ("https://shop.com/?utm_campaign=5%25ab", {"campaign": "5%ab"}),
    "a plus encoded twice is a plus": ("https://shop.com/?utm_campaign=a%252Bb", {"campaign": "a+b"}),
    # ids of campaigns
    "Google's campaign id": (
        "https://shop.com/?gad_source=1&gad_campaignid=22200000001&gclid=g",
        {"source": "google", "medium": "cpc", "click_id_type": "gclid", "click_id": "g", "campaign_id": "22200000001"},
    ),
    "utm_id": (
        "https://shop.com/?utm_source=news&utm_medium=email&utm_id=222-a", {**LETTER, "campaign_id": "222-a"}),
    "of both, Google's": (
        "https://shop.com/?utm_source=news&utm_medium=email&utm_id=b&gad_campaignid=a", {**LETTER, "campaign_id": "a"}),
    "an id that the platform did not fill in": (
        "https://shop.com/?utm_source=news&utm_medium=email&gad_campaignid={campaignid}&utm_id=b",
        {**LETTER, "campaign_id": "b"},
    ),
}  # fmt: skip


def events(spark: SparkSession, sent: list[dict[str, str]]) -> DataFrame:
    rows = [(number, *(each.get(name) for name in SENT)) for number, each in enumerate(sent)]
    return spark.createDataFrame(rows, "number int, " + ", ".join(f"{name} string" for name in SENT))


def read(spark: SparkSession, sent: list[dict[str, str]], links: Links = LINKS) -> list[dict[str, Any]]:
    """The fields read of each event, in the order sent; in one Spark query."""
    rows = with_marketing(events(spark, sent), SOURCES, links).collect()
    return [{name: row[name] for name in READ} for row in sorted(rows, key=lambda row: row["number"])]


@pytest.fixture(scope="module")
def answers(spark: SparkSession) -> dict[str, dict[str, Any]]:
    sent = [{"event_name": "page_view", **event} for event, _ in CASES.values()]
    return dict(zip(CASES, read(spark, sent), strict=True))


@pytest.mark.parametrize("sentence", CASES)
def test_case(answers: dict[str, dict[str, Any]], sentence: str) -> None:
    assert answers[sentence] == {**dict.fromkeys(READ), **CASES[sentence][1]}


@pytest.fixture(scope="module")
def read_of_people(spark: SparkSession) -> dict[str, dict[str, Any]]:
    sent = [{"event_name": "page_view", "page_url": page} for page, _ in LINKS_OF_PEOPLE.values()]
    return dict(zip(LINKS_OF_PEOPLE, read(spark, sent, WITH_FRAGMENTS), strict=True))


@pytest.mark.parametrize("what", LINKS_OF_PEOPLE)
def test_a_link_as_people_make_it_is_read(read_of_people: dict[str, dict[str, Any]], what: str) -> None:
    assert read_of_people[what] == {**dict.fromkeys(READ), **LINKS_OF_PEOPLE[what][1]}


def test_the_landing_page_has_neither_query_nor_fragment(spark: SparkSession) -> None:
    pages = {
        "https://shop.example/p?a=1#b": "https://shop.example/p",
        "https://shop.example/#/p?a=1": "https://shop.example/",
        "exampleshop://home?a=1": "exampleshop://home",
        "https://shop.example/p&utm_source=a&utm_medium=b": "https://shop.example/p",
        "https://shop.example/p%3Futm_source%3Da": "https://shop.example/p",
        "https://shop.example/r&d=1/p": "https://shop.example/r&d=1/p",
        None: None,
    }

    rows = (
        spark.createDataFrame([(page,) for page in pages], "page_url string")
        .select("page_url", page_path(["utm_source", "utm_medium"]))
        .collect()
    )

    assert {row[0]: row[1] for row in rows} == pages


def oracle(page_url: str) -> dict[str, str | None]:
    """Plain Python: split the query at &, the first of each name counts, of click ids the first with a value.

    Without ? it begins at the first &.
    """
    page = page_url.partition("#")[0]
    query = page.partition("?")[2] if "?" in page else page.partition("&")[2]
    first: dict[str, str] = {}
    some: dict[str, str] = {}
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if equals and name.lower() not in first:
            first[name.lower()] = value
        if value and name.lower() not in some:
            some[name.lower()] = value
    expected: dict[str, str | None] = dict.fromkeys(READ)
    for name, parameter in [*((name, f"utm_{name}") for name in READ[:5]), ("campaign_id", "utm_id")]:
        text = unquote_plus(first.get(parameter, "")).strip(" ")
        expected[name] = text if text.lower() not in ("", "(not set)") else None
    for parameter, source, medium, is_paid in [
        ("gclid", "google", "cpc", True),
        ("msclkid", "bing", "cpc", True),
        ("fbclid", "facebook", "social", False),
    ]:
        if parameter in some:
            expected |= {"click_id_type": parameter, "click_id": unquote_plus(some[parameter])}
            is_open = expected["medium"] is None or expected["medium"].lower() == "organic"
            if (is_paid and is_open) or (expected["source"] is None and expected["medium"] is None):
                expected |= {"source": source, "medium": medium}
            break
    return expected


VALUES = st.sampled_from(["google", "Organic", "cpc", "(not set)", "", "봄 신상", "a&b=c", "100%", "x+y", "#1", "é?"])
UTM_NAMES = ["utm_source", "utm_medium", "UTM_Campaign", "utm_term", "utm_content", "utm_sourc", "utm_id"]
NAMES = st.sampled_from([*UTM_NAMES, "q", "gclid", "MSCLKID", "fbclid"])
PAIRS = st.tuples(NAMES, VALUES, st.sampled_from([quote, quote_plus]))
PAGES = st.builds(
    lambda base, pairs, end: base + "&".join(f"{name}={encode(value, safe='')}" for name, value, encode in pairs) + end,
    st.sampled_from(
        ["https://shop.example/?", "exampleshop://p?", "https://shop.example/a", "https://shop.example/#a?"]
    ),
    st.lists(PAIRS, max_size=6),
    st.sampled_from(["", "#utm_source=x", "&", "&utm_source"]),
)


def test_spark_and_plain_python_read_the_same_of_random_pages(spark: SparkSession) -> None:
    pages: list[str] = []

    @settings(max_examples=800, phases=[Phase.generate])
    @given(PAGES)
    def draw(page: str) -> None:
        pages.append(page)

    draw()
    answers = read(spark, [{"event_name": "page_view", "page_url": page} for page in pages])

    for page, answer in zip(pages, answers, strict=True):
        assert answer == oracle(page), page
    assert sum(answer["click_id_type"] is not None for answer in answers) > 100


def test_a_page_of_many_codes_and_marks_is_read_too(spark: SparkSession) -> None:
    pages = {
        f"https://shop.com/p?x=1%3Futm_source%3D{'%41' * 5000}": "A" * 500,
        f"https://shop.com/p&utm_source={'a?b=' * 3000}": "a",
        f"https://shop.com/?x={'%2526' * 700}utm_source%253Da": "a",
        f"https://shop.com/?utm_source={'__A' * 3000}!": ("__A" * 200)[:500],
    }
    answers = read(spark, [{"event_name": "page_view", "page_url": page} for page in pages])

    assert [answer["source"] for answer in answers] == list(pages.values())
