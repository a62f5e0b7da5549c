"""gold.skan_performance: postbacks count once, by day, network and campaign, with what their values stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from pyspark.sql import Row, SparkSession
from rules_oracle import frame

from attribution.knobs import SkanKnobs
from attribution.skan_performance import build_skan_performance, check_skan_performance, in_words
from warehouse.tables import BRONZE_SKAN_POSTBACKS

# Midnight in Seoul.
AT = datetime(2026, 3, 30, 15, tzinfo=UTC)
KNOBS = SkanKnobs(
    networks={"Meta.skadnetwork": "Paid Social"},
    values=[
        {"fine": 63, "app_id": "2", "event": "sign_up"},  # type: ignore[list-item]
        {"fine": (10, 19), "event": "purchase", "revenue": 15.5},  # type: ignore[list-item]
        {"fine": [10, 63], "event": "other"},  # type: ignore[list-item]
        {"coarse": "high", "sequence": 1, "revenue": 30},  # type: ignore[list-item]
    ],
)


def postback(id_: str, **fields: Any) -> dict[str, Any]:
    """A first postback that won, without a value, received at AT."""
    return {
        "framework": "SKAdNetwork",
        "ad_network_id": "meta.skadnetwork",
        "transaction_id": id_,
        "sequence_index": 0,
        "source_identifier": "5239",
        "app_id": "1",
        "did_win": True,
        "conversion_type": "download",
        "interaction": "click",
        "received_at": AT,
        "source_file": "a.jsonl",
        "source_line": 1,
        "batch_id": "b",
        **fields,
    }


def built(spark: SparkSession, *postbacks: dict[str, Any], knobs: SkanKnobs = KNOBS) -> list[Row]:
    rows = frame(spark, BRONZE_SKAN_POSTBACKS, postbacks)
    return build_skan_performance(rows, knobs, timezone="Asia/Seoul", report_currency="KRW").collect()


def counts(row: Row) -> dict[str, Any]:
    """What is counted of a row, zeros left out."""
    names = (
        "postbacks", "installs", "redownloads", "reengagements", "not_won", "second_postbacks", "third_postbacks",
        "fine_values", "coarse_values", "null_values", "revenue",
    )  # fmt: skip
    return {name: row[name] for name in names if row[name]}


def test_a_postback_counts_on_the_day_of_its_receipt_in_its_networks_channel(spark: SparkSession) -> None:
    (row,) = built(spark, postback("a"), postback("b", conversion_type="redownload"))

    assert (str(row["date"]), row["framework"], row["ad_network_id"]) == (
        "2026-03-31",
        "SKAdNetwork",
        "meta.skadnetwork",
    )
    assert (row["channel"], row["source_identifier"], row["event"], row["currency"]) == (
        "Paid Social",
        "5239",
        "(not set)",
        "KRW",
    )
    assert counts(row) == {"postbacks": 2, "installs": 1, "redownloads": 1, "null_values": 2}


def test_a_postback_that_landed_several_times_counts_once_as_it_was_received_first(spark: SparkSession) -> None:
    again = postback("a", received_at=AT.replace(day=31), source_file="b.jsonl", fine_level=12)
    first = postback("a", fine_level=63)
    same_moment = postback("a", fine_level=1, source_file="c.jsonl")

    for order in ((again, first, same_moment), (same_moment, again, first)):
        assert [(row["event"], row["postbacks"]) for row in built(spark, *order)] == [("other", 1)]


def test_the_three_postbacks_of_an_install_are_one_install(spark: SparkSession) -> None:
    (row,) = built(spark, *(postback("a", sequence_index=number) for number in (0, 1, 2)))

    assert counts(row) == {
        "postbacks": 3,
        "installs": 1,
        "second_postbacks": 1,
        "third_postbacks": 1,
        "null_values": 3,
    }


def test_an_ad_that_did_not_win_is_no_install_and_earns_nothing(spark: SparkSession) -> None:
    (row,) = built(spark, postback("a", did_win=False, fine_level=12))

    assert counts(row) == {"postbacks": 1, "not_won": 1}


def test_values_stand_for_events_and_revenue_by_the_first_entry_that_fits(spark: SparkSession) -> None:
    rows = built(
        spark,
        postback("a", fine_level=10),
        postback("b", fine_level=19, coarse_level="high"),
        postback("c", fine_level=20),
        postback("d", fine_level=63, app_id="2"),
        postback("e", fine_level=0),
        postback("f", coarse_level="high", sequence_index=1),
        postback("g", coarse_level="high"),
    )

    assert {(row["app_id"], row["event"]): counts(row) for row in rows} == {
        ("1", "purchase"): {"postbacks": 2, "installs": 2, "fine_values": 2, "revenue": Decimal(31)},
        ("1", "other"): {"postbacks": 1, "installs": 1, "fine_values": 1},
        ("2", "sign_up"): {"postbacks": 1, "installs": 1, "fine_values": 1},
        ("1", "(not set)"): {
            "postbacks": 3,
            "installs": 2,
            "second_postbacks": 1,
            "fine_values": 1,
            "coarse_values": 2,
            "revenue": Decimal(30),
        },
    }


def test_what_a_postback_lacks_is_not_set_and_an_unknown_network_has_no_channel(spark: SparkSession) -> None:
    lacking = dict.fromkeys(("app_id", "source_identifier", "interaction"))
    (row,) = built(spark, postback("a", ad_network_id="new.skadnetwork", **lacking))

    assert {row[name] for name in ("channel", "app_id", "source_identifier", "interaction", "event")} == {"(not set)"}


def test_without_entries_no_value_stands_for_anything(spark: SparkSession) -> None:
    (row,) = built(spark, postback("a", fine_level=12), knobs=SkanKnobs(networks={}, values=[]))

    assert (row["channel"], row["event"], row["revenue"]) == ("(not set)", "(not set)", 0)


def test_the_checks_find_a_postback_that_is_lost_and_the_line_says_what_there_is(spark: SparkSession) -> None:
    rows = [
        postback("a"),
        postback("a", source_line=2),
        postback("b", fine_level=12),
        postback("c", did_win=False),
    ]
    postbacks = frame(spark, BRONZE_SKAN_POSTBACKS, rows)
    performance = build_skan_performance(postbacks, KNOBS, timezone="UTC", report_currency="KRW")

    assert [result.passed for result in check_skan_performance(postbacks, performance)] == [True, True]
    lost = performance.where("event <> 'purchase'")
    assert [result.passed for result in check_skan_performance(postbacks, lost)] == [False, False]
    assert in_words(performance) == (
        "Apple's postbacks: 3 (50% of those that won without a value), 2 installs, 15.50 KRW: see gold.skan_performance"
    )
    assert in_words(performance.limit(0)) == ""


@pytest.mark.parametrize(
    "entry",
    [
        {"event": "purchase"},
        {"fine": 3, "coarse": "low", "event": "purchase"},
        {"fine": 64, "event": "purchase"},
        {"fine": [5, 4], "event": "purchase"},
        {"fine": 3},
        {"coarse": "huge", "revenue": 1},
        {"fine": 3, "revenue": -1},
        {"fine": 3, "sequence": 3, "revenue": 1},
    ],
)
def test_an_entry_that_can_mean_nothing_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SkanKnobs(networks={}, values=[entry])  # type: ignore[list-item]
