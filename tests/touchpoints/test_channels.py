"""Channel rules: GA4's default channel groups, and the same channels from Spark as from plain Python."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from conf import CONF_ROOT
from touchpoints.channel_rules import ChannelRules, load_channel_rules
from touchpoints.channel_sql import category_sql, channel_rule_sql, channel_sql
from touchpoints.channels import with_channel
from touchpoints.source_list import SourceList, load_sources
from warehouse.errors import UsageError

RULES = load_channel_rules("channels.yaml")
SOURCES = load_sources("sources.yaml")
TOUCH = "source string, medium string, campaign string, click_id_type string"

# (source, medium, campaign, click_id_type) -> channel
EXAMPLES: dict[tuple[str | None, str | None, str | None, str | None], str] = {
    # nothing known
    (None, None, None, None): "Direct",
    ("(direct)", "(none)", None, None): "Direct",
    ("(direct)", "(not set)", None, None): "Direct",
    ("(direct)", None, None, None): "Direct",
    (None, "(none)", None, None): "Direct",
    (None, None, "spring", None): "Unassigned",
    # paid, by the kind of source
    ("google", "cpc", None, None): "Paid Search",
    ("Google", "CPC", None, None): "Paid Search",
    ("naver", "ppc", "파워링크", None): "Paid Search",
    ("daum", "paidsearch", None, None): "Paid Search",
    ("google", "cpm", None, None): "Paid Search",
    ("facebook", "paid_social", None, None): "Paid Social",
    ("facebook", "cpm", None, None): "Paid Social",
    ("kakao", "cpc", None, None): "Paid Social",
    # as Meta fills in {{site_source_name}}: an is its Audience Network
    ("fb", "paid", None, "fbclid"): "Paid Social",
    ("ig", "paid", None, "fbclid"): "Paid Social",
    ("an", "paid", None, "fbclid"): "Paid Social",
    ("msg", "paid", None, "fbclid"): "Paid Social",
    ("th", "paid", None, None): "Paid Social",
    ("audience_network", "cpc", None, None): "Paid Social",
    ("youtube", "cpv", None, None): "Paid Video",
    ("youtube", "cpm", None, None): "Paid Video",
    ("amazon", "cpc", None, None): "Paid Shopping",
    ("google", "cpc", "kr_shopping_feed", None): "Paid Shopping",
    ("google", "cpc", "eshop", None): "Paid Shopping",
    ("google", "cpc", "pre-shop", None): "Paid Shopping",
    ("google", "cpc", "workshop", None): "Paid Search",  # of letters, GA4's pattern allows only e before shop
    ("google", "cpc", "kr_cross-network_pmax", None): "Cross-network",
    ("adnetwork", "cross-network", None, None): "Unassigned",  # only the campaign decides, never the medium
    ("criteo", "retargeting", None, None): "Paid Other",
    (None, "cpc", None, None): "Paid Other",
    # cpm is Display before it is Paid Other
    ("gdn", "cpm", None, None): "Display",
    ("gdn", "interstitial", None, None): "Display",
    ("adnetwork", "banner", None, None): "Display",
    ("adnetwork", "expandable", None, None): "Display",
    # click ids
    ("google", "cpc", None, "gclid"): "Paid Search",
    ("mystery", None, None, "gclid"): "Paid Other",
    ("mystery", None, None, "dclid"): "Display",
    ("facebook", "social", None, "fbclid"): "Organic Social",
    # .. that prove an ad, with a medium outside GA4's pattern
    ("google", "pmax", None, "gclid"): "Cross-network",
    ("google", "sem", None, "gclid"): "Paid Search",
    ("google", "shopping", None, "gclid"): "Paid Shopping",
    ("naver", "powerlink", None, "n_ad"): "Paid Search",
    ("tiktok", "video-ad", None, "ttclid"): "Paid Social",
    ("kakao", "bizboard", None, "ko_click_id"): "Paid Social",
    ("(direct)", "(none)", None, "gclid"): "Paid Search",
    ("example.org", "referral", None, "gclid"): "Paid Search",
    ("linkprice", "affiliate", None, "gclid"): "Affiliates",
    ("gdn", "display", None, "gclid"): "Display",
    ("crm", "sms", None, "gclid"): "SMS",
    ("newsletter", "email", None, "gclid"): "Email",
    # assistants come before search and referral, ads on them do not
    ("chatgpt.com", None, None, None): "AI Assistants",
    ("chatgpt", "referral", None, None): "AI Assistants",
    ("gemini", "organic", None, None): "AI Assistants",
    ("perplexity", "cpc", None, None): "Paid Other",
    # unpaid
    ("naver shopping", "referral", None, None): "Organic Shopping",
    ("blog", "link", "spring_shop", None): "Organic Shopping",
    ("instagram", "referral", None, None): "Organic Social",
    ("naver blog", "referral", None, None): "Organic Social",
    ("partner", "social-media", None, None): "Organic Social",
    ("partner", "Social Network", None, None): "Organic Social",
    ("youtube", "referral", None, None): "Organic Video",
    ("partner", "video_post", None, None): "Organic Video",
    ("google", "organic", None, None): "Organic Search",
    ("google-play", "organic", None, None): "Organic Search",
    ("naver.com", "referral", None, None): "Organic Search",
    ("mystery", "organic", None, None): "Organic Search",
    ("example.org", "referral", None, None): "Referral",
    ("partner", "app", None, None): "Referral",
    ("news.naver.com", "referral", None, None): "Referral",
    # mail: the whole word only
    ("newsletter", "email", None, None): "Email",
    ("e-mail", "weekly", None, None): "Email",
    ("newsletter", "e mail", None, None): "Email",
    ("newsletter", "emailing", None, None): "Unassigned",
    ("email", "referral", None, None): "Referral",
    ("gmail", "referral", None, None): "Email",
    ("mail.naver.com", "referral", None, None): "Email",
    ("stibee", None, None, None): "Email",
    # messages of KakaoTalk, which is a social network otherwise
    ("kakao", "alimtalk", None, None): "SMS",
    ("kakao", "친구톡", None, None): "SMS",
    ("kakao", "referral", None, None): "Organic Social",
    ("linkprice", "affiliate", None, None): "Affiliates",
    ("podcast", "audio", None, None): "Audio",
    ("sms", "coupon", None, None): "SMS",
    ("crm", "sms", None, None): "SMS",
    ("app", "webpush", None, None): "Mobile Push Notifications",
    ("app", "mobile_banner", None, None): "Mobile Push Notifications",
    ("firebase", "message", None, None): "Mobile Push Notifications",
    ("toss", "partner", None, None): "Unassigned",
}


def test_every_example_gets_its_channel(spark: SparkSession) -> None:
    rows = with_channel(spark.createDataFrame(list(EXAMPLES), TOUCH), RULES, SOURCES).collect()

    got = {(row["source"], row["medium"], row["campaign"], row["click_id_type"]): row["channel"] for row in rows}
    assert got == EXAMPLES


@dataclass(frozen=True)
class Lists:
    """The rules and lists as plain data, read without the code under test."""

    rules: list[dict[str, Any]]
    overrules: list[dict[str, Any]]
    category: dict[str, str]  # by name
    hosts: dict[str, tuple[str, bool]]  # category, and whether the host covers its subdomains
    pages: dict[str, str]  # category
    ignored: set[str]
    clicks: list[dict[str, Any]]

    @property
    def paid_clicks(self) -> set[str]:
        return {click["parameter"] for click in self.clicks if click["paid"]}


def oracle() -> Lists:
    rules = yaml.safe_load((CONF_ROOT / "channels.yaml").read_text(encoding="utf-8"))
    listed = yaml.safe_load((CONF_ROOT / "sources.yaml").read_text(encoding="utf-8"))
    entries = list(listed["sources"])
    entries += [{"name": h, "category": kind, "hosts": [h]} for kind, hosts in listed["sites"].items() for h in hosts]
    entries += [{"name": name, "category": kind} for kind, names in listed["names"].items() for name in names]
    category: dict[str, str] = {}
    hosts: dict[str, tuple[str, bool]] = {}
    for source in entries:
        given = source.get("hosts", [])
        plain = [host[:-2] if host.endswith(".*") else host for host in given]
        for name in [source["name"], *source.get("aliases", []), *plain]:
            category.setdefault(name.lower(), source["category"])
        for host in given:
            hosts.setdefault(host, (source["category"], source.get("subdomains", True)))
    pages = {page: source["category"] for source in listed["sources"] for page in source.get("pages", [])}
    ignored = set(listed["ignored_referrers"])
    return Lists(rules["rules"], rules["overrules"], category, hosts, pages, ignored, listed["click_ids"])


LISTS = oracle()
CATEGORY = LISTS.category
ANY_SUFFIX = re.compile(r"\.((co|com|net|ne|org|or)\.)?([a-z]{2}|com|net|org|cat)$")


def category_of(source: str) -> str | None:
    """The category of a name, otherwise that of the longest listed domain that the source is below."""
    name = source.lower()
    if name in LISTS.pages:
        return LISTS.pages[name]
    if "." in name and (host := re.fullmatch(r"(?:[a-z-]+://)?(?:www\.)?([^/?#:@ ]+)([/?#:][^ ]*)?", name)):
        name = host[1]
    if name in CATEGORY:
        return CATEGORY[name]
    labels = name.split(".")
    for start in range(len(labels) - 1):
        domain = ".".join(labels[start:])
        for form in (domain, ANY_SUFFIX.sub(".*", domain)):
            if form in LISTS.ignored:
                return None
            if form in LISTS.hosts:
                kind, covers = LISTS.hosts[form]
                return kind if covers or start == 0 else None
    return None


def kind_of(touch: dict[str, str | None]) -> str | None:
    """The kind of campaign of a click id: what its medium or its source stand for."""
    for click in LISTS.clicks:
        if click["parameter"] == touch["click_id_type"]:
            named = {"display": "display", "affiliate": "affiliate", "email": "email"}.get(click["medium"])
            return click.get("kind") or named or category_of(click["source"])
    return None


def holds(condition: dict[str, Any], touch: dict[str, str | None]) -> bool:
    field = condition.get("field", "")
    value = (touch.get("click_kind") or kind_of(touch)) if field == "click_kind" else touch.get(field)
    tests: dict[str, Callable[[Any], bool]] = {
        "missing": lambda wanted: (value is None) == wanted,
        "is_in": lambda names: value is not None and value.lower() in [name.lower() for name in names],
        "matches": lambda pattern: value is not None and re.search(pattern, value.lower()) is not None,
        "category": lambda wanted: category_of(touch["source"] or "") == wanted,
        "paid_click": lambda wanted: (touch["click_id_type"] in LISTS.paid_clicks) == wanted,
    }
    return all(test(condition[name]) for name, test in tests.items() if name in condition)


def rule_holds(rule: dict[str, Any], touch: dict[str, str | None]) -> bool:
    all_hold = all(holds(condition, touch) for condition in rule.get("all", []))
    return all_hold and ("any" not in rule or any(holds(condition, touch) for condition in rule["any"]))


def classified(touch: dict[str, str | None], *, is_strict: bool = False) -> tuple[str, str]:
    nothing = {"channel": "Unassigned", "name": "unassigned"}
    given = next((rule for rule in LISTS.rules if rule_holds(rule, touch)), nothing)
    overrules = [] if is_strict else LISTS.overrules
    over = [rule for rule in overrules if given["channel"] in rule["over"] and rule_holds(rule, touch)]
    decided = next(iter(over), given)
    return decided["channel"], decided["name"]


def words(*texts: str) -> st.SearchStrategy[str | None]:
    """Null, one of these in some case, or with something before or after it, or any short text."""
    listed = st.sampled_from(texts)
    near = st.builds(
        lambda a, text, b: a + text + b, st.sampled_from(["", "x", "my_"]), listed, st.sampled_from(["", "s"])
    )
    noise = st.text("aeps -_'\\%.봄", max_size=6)
    return st.none() | listed | listed.map(str.upper) | near | noise


def hosts() -> st.SearchStrategy[str]:
    """A listed host, something below it, under another suffix, or with a scheme."""
    listed = st.sampled_from(sorted({*LISTS.hosts, *LISTS.ignored})[::5])
    suffixes = st.sampled_from([".com", ".co.kr", ".blog", ".de"])
    written = st.tuples(listed, suffixes).map(lambda pair: pair[0].replace(".*", pair[1]))
    before = st.sampled_from(["", "m.", "www.", "a.b.", "x", "https://", "https://m."])
    return st.builds(lambda a, host, b: a + host + b, before, written, st.sampled_from(["", "/", "/p?q=1", ".kr"]))


TOUCHES = st.tuples(
    words(
        "(direct)", "email", "sms", "firebase", *sorted(CATEGORY)[::7], "google", "naver", "youtube", "facebook",
        "criteo", "gmail", "stibee", "mail.naver.com",
    )
    | hosts(),
    words(
        "(none)", "(not set)", "cpc", "cpm", "ppc", "paid_social", "retargeting", "display", "banner", "social-media",
        "social", "video", "organic", "referral", "link", "email", "e-mail", "affiliate", "audio", "sms", "push",
        "mobile", "pmax", "gdn", "sem", "alimtalk", "알림톡",
    ),
    words("cross-network", "shop", "shopping", "eshop", "spring"),
    st.none() | st.sampled_from(["gclid", "fbclid", "dclid", "msclkid", "mc_cid", "napm", "ttclid"]),
    st.none() | st.sampled_from(["search", "affiliate", "cross_network", "shopping", "video", "native"]),
)  # fmt: skip


def test_spark_and_plain_python_name_the_same_rule_for_random_touches(spark: SparkSession) -> None:
    touches: list[tuple[str | None, ...]] = [(*example, None) for example in EXAMPLES]

    @settings(max_examples=1500, phases=[Phase.generate])
    @given(TOUCHES)
    def draw(touch: tuple[str | None, ...]) -> None:
        touches.append(touch)

    draw()
    frame = spark.createDataFrame(touches, f"{TOUCH}, click_kind string")
    fields = ("source", "medium", "campaign", "click_id_type", "click_kind")

    rows = with_channel(frame, RULES, SOURCES).collect()
    for row in rows:
        touch = {name: row[name] for name in fields}
        assert (row["channel"], row["channel_rule"]) == classified(touch), touch
        assert row["channel_trace"].startswith(row["channel_rule"]), touch
    assert {row["channel_rule"] for row in rows} == {"unassigned", *(rule.name for rule in RULES.all_rules)}

    strict = RULES.model_copy(update={"is_strict": True})
    for row in with_channel(frame, strict, SOURCES).collect():
        touch = {name: row[name] for name in fields}
        assert (row["channel"], row["channel_rule"]) == classified(touch, is_strict=True), touch
        is_kept = classified(touch) != classified(touch, is_strict=True)
        assert ("in the strict reading of GA4" in row["channel_trace"]) == is_kept, touch


def test_a_frame_without_click_ids_is_classified_as_if_there_were_none(spark: SparkSession) -> None:
    spend = spark.createDataFrame(
        [("google", "cpc", "x"), (None, None, "x")], "source string, medium string, campaign string"
    )

    frame = with_channel(spend, RULES, SOURCES)

    assert frame.columns == ["source", "medium", "campaign", "channel_rule", "channel", "channel_trace"]
    assert [row["channel"] for row in frame.collect()] == ["Paid Search", "Unassigned"]


def test_the_sql_for_duckdb_uses_its_own_functions_and_escapes() -> None:
    rule, category, channel = (
        channel_rule_sql(RULES, "duckdb"),
        category_sql(SOURCES, "duckdb"),
        channel_sql(RULES, "duckdb"),
    )

    assert "regexp_matches(LOWER(medium), '^(.*cp.*|ppc|retargeting|paid.*)$')" in rule
    assert "RLIKE" not in rule + category + channel
    assert "\\\\" not in rule
    assert "'coupang'" in category
    assert channel.startswith("CASE channel_rule WHEN 'direct' THEN 'Direct'")


def test_quotes_and_backslashes_of_a_rule_reach_spark_unchanged(spark: SparkSession) -> None:
    condition = {"field": "campaign", "matches": r"^o'neil\.v[0-9]$"}
    rules = ChannelRules.model_validate(
        {"version": "t", "rules": [{"name": "n", "channel": "O'Neil", "all": [condition]}]}
    )
    campaigns = [("o'neil.v1",), ("o'neilxv1",)]

    frame = spark.createDataFrame(campaigns, "campaign string").selectExpr("null source", "null medium", "campaign")

    channels = [row["channel"] for row in with_channel(frame, rules, SOURCES).collect()]
    assert channels == ["O'Neil", "Unassigned"]


def test_a_source_list_without_paid_click_ids_or_a_category_still_makes_sql(spark: SparkSession) -> None:
    few = SourceList.model_validate(
        {"sources": [{"name": "google", "category": "search"}], "click_ids": [], "ignored_referrers": []}
    )
    touches = spark.createDataFrame([("google", "organic", None, None)], TOUCH)

    assert with_channel(touches, RULES, few).collect()[0]["channel"] == "Organic Search"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: v\nrules:\n  - {name: a, channel: A, al: []}", r"rules\.0\.al \(a\): Extra inputs"),
        ("version: v\nrules: []", "rules: List should have at least 1 item"),
        ("version: v\nrules:\n  - {name: a}", r"rules\.0\.channel \(a\): Field required"),
        (
            "version: v\nrules:\n  - {name: a, channel: A}\n  - {name: a, channel: B}",
            "rules: rule names must differ: a is taken",
        ),
        ("version: v\nrules:\n  - {name: a, channel: A, all: [{field: term, is_in: [x]}]}", r"all\.0\.field \(a\)"),
        ("version: v\nrules:\n  - {name: a, channel: A, all: [{category: tv}]}", r"all\.0\.category \(a\)"),
        ("version: v\nrules:\n  - {name: a, channel: A, all: [{}]}", r"all\.0 \(a\): asks nothing"),
        ("version: v\nrules:\n  - {name: a, channel: A, all: [{is_in: [x]}]}", r"\(a\): field goes with one of"),
        ("version: v\nrules:\n  - {name: a, channel: A, all: [{field: medium}]}", r"\(a\): field goes with one of"),
        (
            "version: v\nrules:\n  - {name: a, channel: A, any: [{field: medium, matches: '('}]}",
            r"any\.0\.matches \(a\): no regular expression",
        ),
        (
            "version: v\nrules:\n  - {name: a, channel: A, any: [{field: medium, matches: '(?=x)'}]}",
            r"any\.0\.matches \(a\): .*not every engine",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match=message) as refused:
        load_channel_rules(str(file))
    assert str(refused.value).startswith(f"{file}: ")
    assert "\n" not in str(refused.value)


def test_a_source_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "sources.yaml"
    file.write_text("sources: [{name: tv, category: television}]\nclick_ids: []\nignored_referrers: []")

    with pytest.raises(UsageError, match=r"sources\.0\.category \(tv\): Input should be"):
        load_sources(str(file))


def test_no_host_alias_or_login_page_is_listed_twice() -> None:
    hosts = Counter(host for source in SOURCES.sources for host in source.hosts)
    claims = Counter(name for source in SOURCES.sources for name in {s.lower() for s in source.aliases})
    owners = [(name, source.name) for source in SOURCES.sources for name in source.names()]
    names = Counter(name for name, _ in set(owners))

    assert [host for host, count in hosts.items() if count > 1] == []
    assert [alias for alias, count in claims.items() if count > 1] == []
    assert [name for name, count in names.items() if count > 1] == []
    assert [page for page, count in Counter(SOURCES.ignored_referrers).items() if count > 1] == []
    assert set(SOURCES.ignored_referrers).isdisjoint(hosts)


def test_of_one_name_in_two_categories_the_earlier_entry_counts() -> None:
    entries = [{"name": "bing chat", "category": "ai", "aliases": ["bing"]}, {"name": "bing", "category": "search"}]
    both = SourceList.model_validate({"sources": entries, "click_ids": [], "ignored_referrers": []})

    assert both.names_of("ai") == ["bing", "bing chat"]
    assert both.names_of("search") == []


def test_our_categories_agree_with_googles_list_but_for_stated_differences(shared_data: Path) -> None:
    ours = {
        name: category
        for category in ("search", "social", "video", "shopping", "ai", "email")
        for name in SOURCES.names_of(category)
    }
    with (shared_data / "data" / "ga4_sources" / "ga4_source_categories.csv").open(encoding="utf-8") as file:
        theirs = {
            row["source"].lower(): row["source_category"].removeprefix("SOURCE_CATEGORY_").lower()
            for row in csv.DictReader(file)
        }
    both = ours.keys() & theirs.keys()

    # Video sites that Google's list calls social, and a shop and webmail that it calls search engines.
    stated = {"niconico", "nicovideo.jp", "crunchyroll", "crunchyroll.com", "rakuten", "rakuten.co.jp"}
    stated |= {"email.seznam.cz", "mail.rambler.ru"}
    assert {name for name in both if ours[name] != theirs[name]} == stated
    assert len(both) > 150
