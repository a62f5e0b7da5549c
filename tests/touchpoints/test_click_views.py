"""Click views: a click that says only its id gets its campaign from the platform's list."""

from __future__ import annotations

from typing import Any

from bronze_rows import at, bronze, collected, frame
from pyspark.sql import SparkSession

from touchpoints.channels import load_channel_rules
from touchpoints.click_views import persons_with_clicks, with_listed_campaigns
from touchpoints.source_list import load_sources
from warehouse.tables import BRONZE_CLICK_VIEWS, SILVER_TOUCHPOINTS

TOUCHES = (
    "touchpoint_id string, source string, medium string, campaign string, campaign_id string, click_id_type string, "
    "click_id string, channel string, channel_rule string, channel_trace string"
)
# click id in the link: the campaign and id that the link carries -> campaign, id, channel
CASES: dict[str, tuple[str | None, str | None, str | None, str | None, str]] = {
    "listed": (None, None, "Brand", "111", "Paid Search"),
    "listed and named by the link": ("spring", None, "spring", "111", "Paid Search"),
    "listed and known by the link's id": (None, "999", "Brand", "999", "Paid Search"),
    "listed under an id alone": (None, None, None, "112", "Paid Search"),
    "of a campaign for shopping": (None, None, "Shopping all", "113", "Paid Shopping"),
    "not listed": (None, None, None, None, "Paid Search"),
}
LISTED = [
    {"click_id": "listed", "campaign_id": "111", "campaign_name": "Brand"},
    {"click_id": "listed and named by the link", "campaign_id": "111", "campaign_name": "Brand"},
    {"click_id": "listed and known by the link's id", "campaign_id": "111", "campaign_name": "Brand"},
    {"click_id": "listed under an id alone", "campaign_id": "112"},
    {"click_id": "of a campaign for shopping", "campaign_id": "113", "campaign_name": "Shopping all"},
    # Exported again, earlier and later.
    {"click_id": "listed", "campaign_id": "old", "campaign_name": "Old", "exported_at": at(days=-1)},
    {"click_id": "of a campaign for shopping", "campaign_id": "old", "exported_at": at(days=-1)},
]


def listed(spark: SparkSession, *more: dict[str, Any]) -> Any:
    rows = ({"click_id_type": "gclid", "exported_at": at(), **row} for row in (*LISTED, *more))
    return bronze(spark, BRONZE_CLICK_VIEWS, rows)


def test_a_touch_gets_the_campaign_of_its_click_where_the_link_carries_none(spark: SparkSession) -> None:
    common = {"source": "google", "medium": "cpc", "click_id_type": "gclid", "channel": "Paid Search"}
    touches = [
        {"touchpoint_id": click, "click_id": click, "campaign": campaign, "campaign_id": id_, **common}
        for click, (campaign, id_, *_) in CASES.items()
    ]
    others = [
        {**common, "touchpoint_id": "without a click id", "click_id_type": None},
        {**common, "touchpoint_id": "another platform's click", "click_id_type": "msclkid", "click_id": "listed"},
    ]

    rows = collected(
        with_listed_campaigns(
            frame(spark, TOUCHES, [*touches, *others]),
            listed(spark),
            load_channel_rules("channels.yaml"),
            load_sources("sources.yaml"),
        )
    )

    found = {row["touchpoint_id"]: (row["campaign"], row["campaign_id"], row["channel"]) for row in rows}
    assert found == {
        **{click: tuple(expected) for click, (_, _, *expected) in CASES.items()},
        "without a click id": (None, None, "Paid Search"),
        "another platform's click": (None, None, "Paid Search"),
    }
    assert len(rows) == len(found)


def test_a_changed_list_concerns_those_who_clicked(spark: SparkSession) -> None:
    touches = [
        {"touchpoint_id": "1", "person_id": "user:ann", "click_id_type": "gclid", "click_id": "listed"},
        {"touchpoint_id": "2", "person_id": "user:bob", "click_id_type": "gclid", "click_id": "not listed"},
        {"touchpoint_id": "3", "person_id": "user:cat"},
    ]

    found = persons_with_clicks(frame(spark, SILVER_TOUCHPOINTS.ddl.replace("`", ""), touches), listed(spark))

    assert [row["person_id"] for row in found.collect()] == ["user:ann"]
