"""Apple's postbacks from landing to gold: a table of their own, which a lake without them does not have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.places import Place
from tests.jobs.test_one_buyer import VISITS, land, run
from warehouse.tables import GOLD_SKAN_PERFORMANCE

pytestmark = pytest.mark.system

POSTBACK = {"version": "4.0", "ad-network-id": "v9wttpbfk9.skadnetwork", "source-identifier": "5239", "app-id": 1,
            "did-win": True, "postback-sequence-index": 0, "timestamp": "2026-03-06T10:00:00Z"}  # fmt: skip


def test_postbacks_are_counted_beside_the_paths_and_lakes_without_them_have_no_table(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = Place.new(tmp_path / "shop")
    view = {"event_id": "v", "event_name": "page_view", "event_ts": "2026-03-05T10:00:00Z", "anonymous_id": "d"}
    land(place, "events/1.jsonl", view)
    run(place, spark, *VISITS, GOLD_SKAN_PERFORMANCE)
    lake = tmp_path / "shop"

    assert not [path for path in lake.rglob("skan_*") if path.is_dir()]
    touches = place.table("silver.touchpoints")

    first = [{**POSTBACK, "transaction-id": "a", "conversion-value": 3}, {**POSTBACK, "transaction-id": "b"}]
    folder = place.landing / "skan_postbacks"
    folder.mkdir()
    (folder / "1.jsonl").write_text("".join(json.dumps(one) + "\n" for one in first))
    lines_of_run = run(place, spark, *VISITS, GOLD_SKAN_PERFORMANCE)

    assert "Apple's postbacks: 2 (50% of those that won without a value), 2 installs, 0.00 USD" in lines_of_run
    (row,) = place.table("gold.skan_performance")
    assert (row["channel"], row["source_identifier"], row["installs"]) == ("Paid Social", "5239", 2)
    assert (row["fine_values"], row["null_values"]) == (1, 1)
    assert place.table("silver.touchpoints") == touches

    # The copy of a partner, a day later, and one that cannot be read.
    copy = {**first[0], "timestamp": "2026-03-07T10:00:00Z"}
    unread = {**first[1], "conversion-value": 99}
    lines = [copy, *({**POSTBACK, "transaction-id": f"c{number}"} for number in range(30)), unread]
    (folder / "2.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    run(place, spark, *VISITS, GOLD_SKAN_PERFORMANCE)

    (row,) = place.table("gold.skan_performance")
    assert (row["postbacks"], row["installs"]) == (32, 32)
    (bad,) = place.table("bronze.quarantine")
    assert bad["reason"] == "conversion_value is not a whole number from 0 to 63"
