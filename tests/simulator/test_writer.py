"""The files that are written: their layout, the input contract, the faulty lines, and the counts."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import crawleruseragents
import pytest
from landed_shop import Landed, is_sound

from simulator import Shop, write_landing

FIELDS = {
    "event_id", "event_name", "event_ts", "received_ts", "anonymous_id", "user_id", "session_id", "source", "medium",
    "campaign", "content", "term", "platform", "page_url", "referrer", "install_referrer", "user_agent", "ip",
    "country", "consent", "order_id", "value", "currency", "properties",
}  # fmt: skip
NAMES = {
    "page_view", "view_item", "add_to_cart", "begin_checkout", "sign_up", "login", "app_install", "purchase", "refund",
    "ad_click", "ad_impression", "search",
}  # fmt: skip
TINY = Shop(days=3, visitors=50)


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_same_shop_gives_the_same_bytes_and_another_seed_gives_others(tmp_path: Path) -> None:
    counts = [write_landing(TINY, tmp_path / name) for name in ("one", "two")]
    write_landing(Shop(days=3, visitors=50, seed=7), tmp_path / "other")
    assert counts[0] == counts[1]
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "two") != fingerprint(tmp_path / "other")


def test_writing_a_shop_again_leaves_its_files_alone_and_another_shop_is_refused(tmp_path: Path) -> None:
    counts = write_landing(TINY, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write_landing(TINY, tmp_path) == counts
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    with pytest.raises(FileExistsError, match=r"events-2026-03-01\.jsonl\.gz: another shop's file"):
        write_landing(Shop(days=3, visitors=50, seed=7), tmp_path)


@pytest.mark.parametrize(
    "shop", [TINY, Shop(days=1, visitors=1, customers_before=0), Shop(days=2, visitors=9, bot_share=0)]
)
def test_a_tiny_shop_has_all_its_files(shop: Shop, tmp_path: Path) -> None:
    messages: list[str] = []
    counts = write_landing(shop, tmp_path, progress=messages.append)
    days = [str(shop.start_date + timedelta(days=day)) for day in range(shop.days)]
    history = str(shop.start_date - timedelta(days=1))
    assert [path.name for path in sorted((tmp_path / "events").iterdir())] == [f"events-{day}.jsonl.gz" for day in days]
    assert [p.name for p in sorted((tmp_path / "orders").iterdir())] == [
        f"orders-{day}.csv" for day in (history, *days)
    ]
    assert {path.name[-14:-4] for path in (tmp_path / "ad_spend").iterdir()} == set(days)
    assert counts["files"] == len(fingerprint(tmp_path))
    assert messages[0] == "simulating visits and purchases" and str(tmp_path) in messages[-1]


def test_the_default_shop_has_the_size_of_the_demo(tmp_path: Path) -> None:
    counts = write_landing(Shop(), tmp_path)
    assert counts["events"] >= 300_000
    assert counts["visitors"] >= 20_000
    assert counts["customers"] >= 5_000
    assert 0.03 <= counts["orders_in_days"] / counts["visits"] <= 0.05


def test_the_counts_are_those_of_the_files(landed: Landed) -> None:
    counts = landed.counts
    sound = [event for event in landed.objects if is_sound(event)]
    payloads = defaultdict(Counter)
    for event in sound:
        payloads[event["event_id"]][json.dumps({**event, "received_ts": None}, sort_keys=True)] += 1
    assert counts["event_lines"] == len(landed.lines)
    assert counts["events"] == len(payloads)
    assert counts["conflicts"] == sum(len(of_one) - 1 for of_one in payloads.values()) > 0
    assert counts["duplicates"] == sum(n - 1 for of_one in payloads.values() for n in of_one.values()) > 0
    assert counts["malformed"] == len(landed.lines) - len(landed.objects) > 0
    broken = [event for event in landed.objects if not is_sound(event)]
    assert counts["missing_field"] + counts["wrong_case"] + counts["bad_value"] == len(broken)
    kinds = ("events", "duplicates", "conflicts", "malformed", "missing_field", "wrong_case", "bad_value")
    assert counts["event_lines"] == sum(counts[kind] for kind in kinds)
    for name, count in Counter(event["event_name"] for event in landed.events).items():
        assert counts[f"{name}_events"] == count


def test_events_keep_the_input_contract(landed: Landed) -> None:
    assert {event["event_name"] for event in landed.events} == NAMES
    unknown = {key for event in landed.events for key in event} - FIELDS
    assert unknown == {"screen", "tracker_version"}  # real logs have fields that are in no contract
    for event in landed.events:
        assert moment(event["event_ts"]).tzinfo is not None
        assert event.get("platform", "web") in {"web", "ios", "android", "server"}
    for event in landed.named("purchase"):
        assert event["order_id"] and float(event["value"]) > 0
        assert event.get("currency", "KRW") in {"KRW", "USD"}
    assert {event.get("currency") for event in landed.named("purchase")} == {"KRW", "USD", None}


def test_a_line_is_in_the_file_of_the_day_it_was_received(landed: Landed) -> None:
    for path in sorted((landed.folder / "events").iterdir())[:5]:
        day = date.fromisoformat(path.name[7:17])
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            event = json.loads(line) if line.startswith("{") and line.endswith("}") else {}
            if "received_ts" in event and not line.startswith("["):
                local = moment(event["received_ts"]) + landed.shop.offset
                copies = landed.counts["duplicates"]  # a byte-for-byte copy keeps its first received_ts
                assert local.date() == day or (copies and local.date() < day)


def test_late_out_of_order_and_skewed_events_are_there(landed: Landed) -> None:
    delays = [
        (moment(event["received_ts"]) - moment(event["event_ts"])).total_seconds()
        for event in landed.events
        if "received_ts" in event
    ]
    assert landed.counts["late"] > 50
    assert sum(delay >= 86_400 for delay in delays) == pytest.approx(landed.counts["late"], rel=0.1)
    assert sum(120 <= delay < 86_400 for delay in delays) == pytest.approx(landed.counts["out_of_order"], rel=0.1)
    assert sum(delay < -300 for delay in delays) == landed.counts["clock_skewed"] > 20


def test_every_kind_of_broken_line_is_there(landed: Landed) -> None:
    keys = {key for event in landed.objects for key in event}
    assert {"old_event_id", "old_event_name", "old_event_ts", "old_anonymous_id"} <= keys  # missing required fields
    assert {"Event_Id", "EVENT_TS", "eventName"} <= keys  # another case
    assert {"yesterday", "", "NaN"} <= {event.get("event_ts") for event in landed.objects}
    odd = [line for line in landed.lines if not (line.startswith("{") and line.endswith("}"))]
    assert any(line.startswith("{") for line in odd)  # cut
    assert any(line.startswith("[") for line in odd)  # an array
    assert any("ERROR" in line for line in odd)  # not JSON
    assert "(not set)" in {event.get("campaign") for event in landed.events}
    assert "" in {event.get("term") for event in landed.events}


def test_bots_are_known_to_public_lists_and_people_are_not(landed: Landed) -> None:
    agents = Counter(event["user_agent"] for event in landed.events if "user_agent" in event)
    bots = {agent for agent in agents if crawleruseragents.is_crawler(agent)}
    assert sum(agents[agent] for agent in bots) == landed.counts["bot_events"]
    for name in ("Googlebot", "Yeti", "curl", "python-requests", "HeadlessChrome"):
        assert any(name in agent for agent in bots)
    assert len(agents) - len(bots) >= 12


def test_people_are_anonymous_first_and_use_several_devices(landed: Landed) -> None:
    devices, users = defaultdict(set), defaultdict(set)
    first_user, first_seen = {}, {}
    for event in sorted(landed.events, key=lambda event: moment(event["event_ts"])):
        device, user = event.get("anonymous_id"), event.get("user_id")
        if device:
            first_seen.setdefault(device, user)
        if device and user:
            devices[user].add(device)
            users[device].add(user)
            first_user.setdefault(device, user)
    assert sum(len(of_one) > 1 for of_one in devices.values()) > 50  # several devices
    assert sum(len(of_one) > 1 for of_one in users.values()) >= 3  # shared devices
    assert sum(first_seen[device] is None for device in first_user) > 200  # anonymous first
    platforms = {event.get("platform", "web") for event in landed.events}
    assert platforms == {"web", "ios", "android", "server"}
    on_login, after = Counter(), Counter()
    for event in landed.events:
        if event.get("platform", "web") == "web" and event.get("user_id"):
            (on_login if event["event_name"] in {"login", "sign_up"} else after)[event["anonymous_id"]] += 1
    assert any(device not in after for device in on_login) and any(device in after for device in on_login)


@pytest.mark.parametrize(
    "mark",
    [
        "utm_source=google&utm_medium=cpc", "gclid=", "wbraid=", "gad_campaignid=", "dclid=", "msclkid=", "ttclid=",
        "fbclid=", "ko_click_id=", "mc_cid=", "NaPm=", "n_ad_group=", "utm_source=criteo&utm_medium=retargeting",
        "utm_medium=cpm", "utm_medium=cpv", "utm_medium=email", "utm_medium=sms", "utm_medium=affiliate",
        "utm_source=chatgpt.com", "utm_medium=audio", "cross-network", "exampleshop://", "UTM_SOURCE=", "100%_wool",
        "utm_source=second_value", "#reviews", "utm_term=&",
    ],
)  # fmt: skip
def test_landing_pages_carry_the_marks_of_every_channel(landed: Landed, mark: str) -> None:
    assert any(mark in event.get("page_url", "") for event in landed.events)


@pytest.mark.parametrize(
    "host",
    [
        "www.google.com", "search.naver.com", "search.shopping.naver.com", "www.bing.com", "search.daum.net",
        "l.instagram.com", "t.co", "cafe.naver.com", "www.youtube.com", "www.tiktok.com", "chatgpt.com", "claude.ai",
        "www.perplexity.ai", "gemini.google.com", "android-app://com.google", "click.linkprice.com",
        "fashionlog.example.org", "m.example.com", "pay.kakao.com", "mobile.inicis.com", "kauth.kakao.com",
        "nid.naver.com",
    ],
)  # fmt: skip
def test_referrers_come_from_every_kind_of_place(landed: Landed, host: str) -> None:
    assert any(host in event.get("referrer", "") for event in landed.events)


def test_an_auto_tagged_click_may_have_no_utm(landed: Landed) -> None:
    urls = [event.get("page_url", "") for event in landed.events]
    assert any("gclid=" in url and "utm_" not in url for url in urls)
    assert any("gclid=" in url and "utm_" in url for url in urls)


def test_installs_carry_referrers_and_some_are_injected(landed: Landed) -> None:
    referrers = [event.get("install_referrer") for event in landed.named("app_install")]
    assert None in referrers  # iOS
    for text in ("utm_medium=organic", "utm_campaign=kr_app_installs&gclid=", "utm_source=adfast"):
        assert any(text in referrer for referrer in referrers if referrer)


def test_ad_clicks_lead_to_landing_pages_or_flood_purchases(landed: Landed) -> None:
    pages = {(event["anonymous_id"], event.get("page_url")) for event in landed.named("page_view")}
    clicks = landed.named("ad_click")
    assert sum((click["anonymous_id"], click["page_url"]) in pages for click in clicks) > 300
    floods = Counter(click["anonymous_id"] for click in clicks if click["source"] == "adfast")
    assert floods.most_common(1)[0][1] >= 3
    buyers = {event.get("anonymous_id") for event in landed.named("purchase") + landed.named("app_install")}
    assert sum(device in buyers for device in floods) / len(floods) > 0.9
    assert {shown["source"] for shown in landed.named("ad_impression")} == {"youtube", "gdn", "criteo"}
