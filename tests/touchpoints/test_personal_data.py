"""Phone numbers and tokens in links: what is left out, and what only looks like one."""

from __future__ import annotations

import re

import pytest
from bronze_rows import collected, events, frame, hit_knobs, visits_of_events
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.hits import build_hits
from touchpoints.marketing_params import LINK_TAGS
from touchpoints.personal_data import has_personal_data, without_personal_data, without_phones, without_tokens
from touchpoints.source_list import load_sources

# A text -> the text without phone numbers
PHONES = {
    # Korean mobile numbers
    "010-1234-5678": "(phone)",
    "01012345678": "(phone)",
    "010 1234 5678": "(phone)",
    "010.1234.5678": "(phone)",
    "+82 10-1234-5678": "(phone)",
    "+82-10-1234-5678": "(phone)",
    "+821012345678": "(phone)",
    "821012345678": "(phone)",
    "82-10-1234-5678": "(phone)",
    "+82 (0)10-1234-5678": "(phone)",
    "user_01012345678_x": "user_(phone)_x",
    "call-010-1234-5678-now": "call-(phone)-now",
    "전화010-1234-5678번": "전화(phone)번",
    "/u/01012345678.html": "/u/(phone).html",
    "010-1234-5678, 010-9876-5432": "(phone), (phone)",
    "01012345678/01098765432/01011112222": "(phone)/(phone)/(phone)",
    # in code
    "/u/010%2D1234%2D5678/x": "/u/(phone)/x",
    "/u/%2B82%2010-1234-5678": "/u/(phone)",
    "/u/%252B821012345678": "/u/(phone)",
    "/tel%3A01012345678": "/tel%3A(phone)",
    "/%EC%A0%84%ED%99%9401012345678": "/%EC%A0%84%ED%99%94(phone)",
    # other numbers
    "02-123-4567": "(phone)",
    "(031) 123-4567": "(phone)",
    "0505-123-4567": "(phone)",
    "090-1234-5678": "(phone)",
    "+1 (415) 555-0132": "(phone)",
    "(415) 555-0132": "(phone)",
    "415-555-0132": "(phone)",
    "1-415-555-0132": "(phone)",
    "415.555.0132": "(phone)",
    "+14155550132": "(phone)",
    "+44 20 7946 0958": "(phone)",
    "020 7946 0958": "(phone)",
    "+49 30 12345678": "(phone)",
    "+33 6 12 34 56 78": "(phone)",
    "06 12 34 56 78": "(phone)",
    "tel:5550132": "tel:(phone)",
    "phone=4155550132": "phone=(phone)",
    "a&Phone%3D4155550132": "a&Phone%3D(phone)",
    # none
    "20260301": "20260301",
    "2026-03-01": "2026-03-01",
    "2026-03-01T10:00:00": "2026-03-01T10:00:00",
    "1711929600000": "1711929600000",
    "22200000001": "22200000001",
    "120208123456789012": "120208123456789012",
    "6512345678": "6512345678",
    "01000000001": "01000000001",
    "0000012345678": "0000012345678",
    "order-20260301-0001234": "order-20260301-0001234",
    "402-1234567-1234567": "402-1234567-1234567",
    "123-456-7890": "123-456-7890",
    "nad-a001-01-000000123456789": "nad-a001-01-000000123456789",
    "grp-a001-02-123-4567": "grp-a001-02-123-4567",
    "550e8400-e29b-41d4-a716-446655440000": "550e8400-e29b-41d4-a716-446655440000",
    "0212-3456-7890-1234": "0212-3456-7890-1234",
    "GA1.2.1234567890.1711929600": "GA1.2.1234567890.1711929600",
    "192.168.100.200": "192.168.100.200",
    "/p/1042/2210": "/p/1042/2210",
    "/c/100-200-300": "/c/100-200-300",
    "9788932917245": "9788932917245",
    "50%25 off 2026": "50%25 off 2026",
    "spring_2026_03_01": "spring_2026_03_01",
    "": "",
}
# A text -> the text without tokens
TOKENS = {
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP": "(token)",
    "/auth/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP/x": "/auth/(token)/x",
    "/verify&token=8f3a9c2b1d": "/verify&token=(token)",
    "/p;jsessionid=1A2B3C4D5E6F?x": "/p;jsessionid=(token)?x",
    "a&Access_Token%3Dabc123def": "a&Access_Token%3D(token)",
    "password=hunter22&x=1": "password=(token)&x=1",
    "https://shop.com/reset-password/8f3a9c2b1d4e5f60718293a4": "https://shop.com/reset-password/(token)",
    "https://shop.com/verify/550e8400-e29b-41d4-a716-446655440000/x": "https://shop.com/verify/(token)/x",
    "https://ann:secret@shop.com/p": "https://shop.com/p",
    "https://shop.com/@ann": "https://shop.com/@ann",
    "https://shop.com/verify/how-it-works": "https://shop.com/verify/how-it-works",
    "nft-token-launch": "nft-token-launch",
    "mytoken=12": "mytoken=12",
    "keyword=coat": "keyword=coat",
    "": "",
}


@pytest.mark.parametrize(("mask", "cases"), [(without_phones, PHONES), (without_tokens, TOKENS)])
def test_what_leads_to_a_person_is_left_out_and_nothing_that_only_looks_so(
    mask: object, cases: dict[str, str], spark: SparkSession
) -> None:
    rows = frame(spark, "text string", ({"text": text} for text in (*cases, None)))

    found = {row[0]: row[1] for row in rows.select("text", mask(F.col("text"))).collect()}  # type: ignore[operator]

    assert found == {**cases, None: None}


PIECES = st.sampled_from(
    [
        "010-1234-5678", "01012345678", "+821012345678", "02-123-4567", "415-555-0132", "ann@mail.example",
        "ann%40mail.example", "tel:5550132", "a", "7", "-", "_", ".", " ", "/", "%20", "%2B", "&", "=", "가", "(", ")",
    ]
)  # fmt: skip


def test_the_scan_finds_nothing_in_what_is_masked(spark: SparkSession) -> None:
    texts: list[str] = []

    @settings(max_examples=3000, phases=[Phase.generate])
    @given(st.lists(PIECES, max_size=8))
    def draw(pieces: list[str]) -> None:
        texts.append("".join(pieces))

    draw()
    knobs = hit_knobs()
    rows = frame(spark, "text string", ({"text": text} for text in texts))
    masked = without_personal_data(rows.withColumn("sent", F.col("text")), ["text"], knobs)

    left = masked.select("sent", "text", has_personal_data(F.col("text"), knobs).alias("has_some")).collect()

    assert [row["sent"] for row in left if row["has_some"]] == []
    assert sum(row["sent"] != row["text"] for row in left) > 1000


PAGE = (
    "https://shop.example/u/010-1234-5678/ann%2540mail.example/sale?utm_source=ann@mail.example&utm_medium=email&"
    "utm_campaign=to-010%2D1234%2D5678&utm_content=tel%3A5550132&utm_term=%2B82+10-1234-5678&utm_id=01012345678&"
    "utm_source_platform=ann%40mail.example&utm_creative_format=token%3Dabc123def&gclid=ann%40mail.example"
)


@pytest.mark.parametrize("masked", [True, False])
def test_a_link_brings_no_personal_data_into_visits(masked: bool, spark: SparkSession) -> None:
    knobs = hit_knobs(mask_emails=masked, mask_phones=masked, mask_tokens=masked)

    [visit] = visits_of_events(spark, [{"event_id": "1", "page_url": PAGE}], knobs)

    assert bool(re.search("mail.example|1234|5550132|abc123def", str(visit))) != masked
    if masked:
        assert visit["landing_url"] == "https://shop.example/u/(phone)/(e-mail)/sale"
        names = ("source", "medium", "campaign", "content", "term", "campaign_id", "click_id")
        assert [visit[name] for name in names] == [
            "(e-mail)", "email", "to-(phone)", "tel:(phone)", "(phone)", "(phone)", "(e-mail)",
        ]  # fmt: skip
        assert [visit["link_tags"][name] for name in LINK_TAGS] == ["(phone)", "(e-mail)", "token=(token)", None, None]


def test_the_site_before_has_none_either(spark: SparkSession) -> None:
    sites = (
        "https://ann%40mail.example/x",
        "https://ann@mail.example/x?tel=01012345678",
        "https://01012345678.example/",
    )
    rows = [{"event_id": f"{number}", "referrer": site} for number, site in enumerate(sites)]

    hits = collected(build_hits(events(spark, rows), hit_knobs(), sources=load_sources("sources.yaml")))

    assert not re.search("ann|0101234", str([(hit["source"], hit["referrer_domain"]) for hit in hits]))
