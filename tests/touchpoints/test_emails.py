"""E-mail addresses in links."""

from __future__ import annotations

import pytest
from bronze_rows import frame, hit_knobs, visits_of_events
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.emails import without_emails

CASES = {
    "ann@mail.example": "(e-mail)",
    "to ann.lee+x@mail.shop.example, bob@b.kr": "to (e-mail), (e-mail)",
    "https://shop.example/u/ann%40mail.example/orders": "https://shop.example/u/(e-mail)/orders",
    "https://shop.example/u/ann%2540mail.example": "https://shop.example/u/(e-mail)",
    "id:ann_%2B1@mail.example": "id:(e-mail)",
    "이름@메일.한국": "(e-mail)",
    "<ann@mail.example>": "<(e-mail)>",
    "banner@2x": "banner@2x",
    "sale @ shop.example": "sale @ shop.example",
    "version@1.5": "version@1.5",
    "40% off 40": "40% off 40",
    "@handle": "@handle",
    "": "",
}


def test_an_address_is_left_out_however_it_is_written_and_nothing_around_it(spark: SparkSession) -> None:
    rows = frame(spark, "text string", ({"text": text} for text in (*CASES, None)))
    found = {row[0]: row[1] for row in rows.select("text", without_emails(F.col("text"))).collect()}
    assert found == {**CASES, None: None}


@pytest.mark.parametrize("mask_emails", [True, False])
def test_links_of_mailing_tools_bring_no_address_into_visits(mask_emails: bool, spark: SparkSession) -> None:
    page = (
        "https://shop.example/u/ann%40mail.example/sale?utm_source=ann@mail.example&utm_medium=email&"
        "utm_campaign=to-ann%40mail.example&utm_content=ann%2Bsale@mail.example&utm_term=ann%40mail.example"
    )
    knobs = hit_knobs(own_domains=[], internal_ips=[], mask_emails=mask_emails)

    [visit] = visits_of_events(spark, [{"event_id": "1", "page_url": page}], knobs)

    assert ("mail.example" in str(visit)) != mask_emails
    if mask_emails:
        assert visit["landing_url"] == "https://shop.example/u/(e-mail)/sale"
        assert [visit[name] for name in ("source", "medium", "campaign", "content", "term")] == [
            "(e-mail)",
            "email",
            "(e-mail)",
            "(e-mail)",
            "(e-mail)",
        ]
