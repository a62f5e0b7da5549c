"""One conversion: its path, each model's credit, the rules that decided, and its landed rows and lines."""

from __future__ import annotations

import gzip
import hmac
from pathlib import Path
from typing import Any

import pytest

from published.conversion_audit import AuditedConversion, read_conversion
from published.landed_ids import LandedIds, conversion_id_of
from published.landed_lines import read_landed_lines
from published.publication import Published, read_published
from published.unattributed_cause import JourneyWindow
from tests.audited_shop import ANN, BOB, CAT, DAN, event_lines, order_lines, write_audited_shop
from tests.published_lake import publish, write_table
from tests.small_shop import write_shop
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS

WINDOW = JourneyWindow(lookback_days=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conversion")
    write_audited_shop(folder)
    return folder


@pytest.fixture(scope="module")
def audited(folder: Path) -> Published:
    return read_published(str(folder / "lake"))


def conversion(published: Published, conversion_id: str, **options: Any) -> AuditedConversion:
    found = read_conversion(published, conversion_id, window=WINDOW, **options)
    assert found is not None
    return found


def places(found: AuditedConversion) -> list[tuple[str, str, int | None, bool]]:
    return [(row.what, row.file, row.line, row.counts) for row in found.landed]


def test_a_path_is_in_order_with_the_rule_that_decided_each_channel(audited: Published) -> None:
    path = [(t.position, t.touchpoint_id, t.channel, t.channel_rule) for t in conversion(audited, ANN).touches]
    assert path == [(1, "e1", "Paid Search", "paid_search"), (2, "e2", "Email", "email")]
    assert conversion(audited, ANN).touches[1].channel_trace == "email by medium email"


def test_each_model_gives_its_credit_and_all_of_the_net_value(audited: Published) -> None:
    found = conversion(audited, ANN)
    assert found.models == {"last_touch": "rules", "linear": "rules"}
    credits = {model: [touch.credit_of(model).value for touch in found.touches] for model in found.models}
    assert credits == {"last_touch": [0, 300], "linear": [150, 150]}
    assert [found.adds_up(model) for model in found.models] == [True, True]
    assert (found.value, found.refunded_value, found.report_value) == (400, 100, 300)
    assert (found.is_unattributed, found.cause) == (False, None)


def test_credit_that_is_not_the_whole_conversion_is_shown_as_such(tmp_path: Path) -> None:
    lake = write_audited_shop(tmp_path)
    published = read_published(str(lake))
    kept = published.rows(
        "select * from gold_attribution_credits where touchpoint_id <> 'e2'", GOLD_ATTRIBUTION_CREDITS
    )
    version = write_table(lake, GOLD_ATTRIBUTION_CREDITS, kept)
    tables = {SILVER_CONVERSIONS: 0, SILVER_JOURNEYS: 0, SILVER_TOUCHPOINTS: 0, GOLD_ATTRIBUTION_CREDITS: version}
    publish(lake, tables, run_id="run-2", publication=2)
    found = conversion(read_published(str(lake)), ANN)
    assert (found.credited("linear").value, found.adds_up("linear")) == (150, False)


def test_a_conversion_without_touches_has_its_cause(audited: Published) -> None:
    found = conversion(audited, CAT)
    assert found.touches == ()
    assert found.unattributed["linear"].value == 50
    assert (found.is_unattributed, found.cause) == (True, "no_visit")
    without_settings = read_conversion(audited, CAT)
    assert without_settings is not None
    assert without_settings.cause is None


def test_an_order_has_all_its_versions_the_newest_first_and_its_events(audited: Published) -> None:
    assert places(conversion(audited, ANN)) == [
        ("refunded", "orders/1.csv", 4, True),
        ("paid", "orders/1.csv", 2, False),
        ("purchase", "events/1.jsonl.gz", None, True),
    ]
    assert places(conversion(audited, BOB)) == [("paid", "orders/1.csv", 3, True)]


def test_a_purchase_without_an_order_number_and_a_sign_up_have_their_event(audited: Published) -> None:
    assert places(conversion(audited, CAT)) == [("purchase", "events/1.jsonl.gz", None, True)]
    assert places(conversion(audited, DAN)) == [("sign_up", "events/1.jsonl.gz", None, True)]
    assert conversion(audited, DAN).landed[0].record_id == "e5"


def test_every_landed_row_has_its_line(audited: Published, folder: Path) -> None:
    events, orders = list(event_lines().values()), order_lines()
    for conversion_id in (ANN, BOB, CAT, DAN):
        found = conversion(audited, conversion_id)
        lines = read_landed_lines(found.records, str(folder / "landing"), personal=True)
        assert [*lines] == [*found.records]
        for record, line in lines.items():
            assert line.problem is None
            assert line.line is not None
            landed = orders if record.table == "bronze.orders" else events
            assert line.text == landed[line.line - 1]
            assert record.record_id in line.text


def test_what_names_a_person_is_left_out_of_lines(audited: Published, folder: Path) -> None:
    found = conversion(audited, ANN)
    touch, order = read_landed_lines([found.touches[1].landed, found.landed[0]], str(folder / "landing")).values()  # type: ignore[list-item]
    assert touch.fields == {"event_name": "page_view", "event_ts": "2026-03-10T15:00:00Z"}
    assert touch.left_out == ("event_id", "ip", "user_agent", "user_id")
    assert order.left_out == ("order_id", "user_id")
    assert order.fields["refunded_value"] == "100"
    assert (touch.text, order.text) == (None, None)


def test_with_tokens_for_ids_landed_rows_are_found_with_the_key_alone(tmp_path: Path) -> None:
    lake, key = write_audited_shop(tmp_path), b"a key that nobody can guess at all"
    ids = LandedIds(key)
    published = read_published(str(lake))
    order = ids.of("B1")
    token = conversion_id_of("purchase", order)
    tables = {SILVER_CONVERSIONS: "*", SILVER_JOURNEYS: "*", GOLD_ATTRIBUTION_CREDITS: "*", SILVER_TOUCHPOINTS: "*"}
    versions = {}
    for table in tables:
        rows = published.rows(f"select * from {table.layer}_{table.name}", table)
        for row in rows:
            if row.get("conversion_id") == BOB:
                row["conversion_id"] = token
                row["order_id"] = order
            if row.get("touchpoint_id") == "e3":
                row["touchpoint_id"] = ids.of("e3")
            for touch in row.get("path") or []:
                touch["touchpoint_id"] = ids.of(touch["touchpoint_id"])
        columns = [{name: row[name] for name in table.column_names if name in row} for row in rows]
        versions[table] = write_table(lake, table, columns)
    publish(lake, versions, run_id="run-2", publication=2)
    published = read_published(str(lake))
    with_key, without = (conversion(published, token, secret=secret) for secret in (key, None))
    assert [touch.landed and touch.landed.record_id for touch in with_key.touches] == ["e3"]
    assert [touch.landed for touch in without.touches] == [None]
    assert without.landed == ()
    assert ids.of("e3") == hmac.new(key, b"e3", "sha256").hexdigest()[:32]


def test_an_event_that_landed_again_with_another_time_is_found_by_its_id(tmp_path: Path) -> None:
    lake = write_audited_shop(tmp_path)
    published = read_published(str(lake))
    rows = published.rows("select * from silver_journeys", SILVER_JOURNEYS)
    for row in rows:
        for touch in row["path"]:
            touch["touched_at"] = touch["touched_at"].replace(microsecond=1)
    publish(
        lake,
        {
            **dict.fromkeys((SILVER_CONVERSIONS, SILVER_TOUCHPOINTS, GOLD_ATTRIBUTION_CREDITS), 0),
            SILVER_JOURNEYS: write_table(lake, SILVER_JOURNEYS, rows),
        },
        run_id="run-2",
        publication=2,
    )
    found = conversion(read_published(str(lake)), BOB)
    assert [touch.landed and touch.landed.record_id for touch in found.touches] == ["e3"]


def test_an_unknown_id_is_no_conversion(audited: Published, tmp_path: Path) -> None:
    assert read_conversion(audited, "it's none") is None
    write_shop(tmp_path)
    assert read_conversion(read_published(str(tmp_path)), ANN) is None


def test_the_landing_folder_of_this_lake_is_packed(folder: Path) -> None:
    assert gzip.decompress((folder / "landing/events/1.jsonl.gz").read_bytes()).count(b"\n") == len(event_lines()) - 1
