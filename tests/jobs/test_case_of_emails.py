"""The case of ids with an @, from the settings to bronze."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.ingest import STEP
from jobs.run import open_run, perform
from tests.jobs.places import Place
from warehouse.store import Lake
from warehouse.tables import BRONZE_EVENTS, BRONZE_ORDERS

AT = "2026-03-01T09:00:00Z"


@pytest.mark.parametrize(
    ("identity", "users"),
    [
        ({}, {"ann@shop-mail.com"}),  # by default lower case: one person
        ({"lower_case_emails": False}, {"Ann@Shop-Mail.com", "ann@shop-mail.com"}),
    ],
)
def test_emails_in_two_cases_are_one_id_unless_the_settings_keep_their_case(
    identity: dict[str, bool], users: set[str], spark: SparkSession, tmp_path: Path
) -> None:
    place = Place.new(tmp_path / "shop")
    event = {"event_id": "e1", "event_name": "login", "event_ts": AT, "user_id": "Ann@Shop-Mail.com"}
    for name, content in {
        "events/1.jsonl": json.dumps(event) + "\n",
        "orders/1.csv": f"order_id,user_id,order_ts,value,currency\no1,ann@shop-mail.com,{AT},10,USD\n",
    }.items():
        path = place.landing / name
        path.parent.mkdir(parents=True)
        path.write_text(content)
    config = place.configured()
    config.write_text(json.dumps({**json.loads(config.read_text()), "identity": identity}))

    perform(open_run("ingest", config=config, spark=spark, console=Console(file=StringIO())), [STEP])

    lake = Lake(spark, str(place.lake), "look")
    found = {row["user_id"] for table in (BRONZE_EVENTS, BRONZE_ORDERS) for row in lake.read(table).collect()}
    assert found == users
