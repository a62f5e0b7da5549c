"""The pages of value, models, data and runs, the dictionary, and the page for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from published.metrics import metrics
from published.publication import read_published
from tests.published_lake import AS_OF, PUBLISHED_AT, publish, write_table
from tests.served_pages import pages_over
from tests.small_shop import CHECKS, NOON, STEPS, write_shop
from warehouse.tables import ALL_TABLES, OPS_QUALITY_RESULTS, OPS_RUN_LOG, SILVER_CONVERSIONS, TABLES

FAILED = {
    "check_name": "keys that stand twice in gold.path_summary",
    "passed": False,
    "expected": 0.0,
    "actual": 2.0,
    "detail": "key path",
}
LONG = "built " + ", ".join(f"silver.table_{number}" for number in range(40))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """The small shop, published by run-1 and again by run-2, with purchases and a failed check."""
    lake = tmp_path_factory.mktemp("trust") / "lake"
    write_shop(lake)
    versions = {TABLES[name]: version for name, version in read_published(str(lake)).versions.items()}
    purchase = {
        "conversion_type": "purchase",
        "is_final": True,
        "value": Decimal(100),
        "refunded_value": Decimal(0),
        "report_value": Decimal(100),
        "report_gross_value": Decimal(100),
        "currency": "KRW",
        "report_currency": "KRW",
        "is_first_purchase": False,
    }
    bought = [("anna", 1), ("bert", 1), ("anna", 2), ("cora", 3)]
    rows = [
        {
            **purchase,
            "conversion_id": str(place),
            "person_id": person,
            "converted_at": datetime(2026, month, 9, tzinfo=UTC),
        }
        for place, (person, month) in enumerate(bought)
    ]
    versions[SILVER_CONVERSIONS] = write_table(lake, SILVER_CONVERSIONS, rows)
    publish(lake, versions, run_id="run-2", published_at=PUBLISHED_AT + timedelta(days=1))
    checks = [{**check, "run_id": "run-2", "checked_at": NOON} for check in (*CHECKS, FAILED)]
    write_table(lake, OPS_QUALITY_RESULTS, checks)
    steps = [
        {
            "run_id": run,
            "job": f"pipeline/{name}",
            "started_at": PUBLISHED_AT + timedelta(days=day, minutes=place),
            "finished_at": PUBLISHED_AT + timedelta(days=day, minutes=place, seconds=seconds),
            "status": "done",
            "message": LONG if name == "attribute" else "",
            "written": [("silver.orders", 3)],
            "counts": [("events_read", 90), ("orders_read", 10), ("events_quarantined", 2)],
            "settings_hash": "",
            "code_version": "",
        }
        for day, run in enumerate(("run-1", "run-2"))
        for place, (name, seconds) in enumerate(STEPS)
    ]
    write_table(lake, OPS_RUN_LOG, steps)
    return pages_over(lake)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("panel", "sentence"),
    [
        ("ltv-cac", "No customer value beside cost is published yet"),
        ("payback", "No spend beside new customers is published yet"),
        ("cohort-expected", "No expected value of cohorts is published yet"),
    ],
)
def test_a_panel_whose_table_is_not_published_says_so_in_one_line(pages: TestClient, panel: str, sentence: str) -> None:
    text = pages.get(f"/value/{panel}").text
    assert sentence in text
    assert "<table" not in text


def test_a_cohort_leaves_the_months_that_are_not_over_empty(pages: TestClient) -> None:
    value = rows_of(pages, "/value/cohort-value.csv")
    retention = rows_of(pages, "/value/cohort-retention.csv")
    assert list(value[0]) == ["cohort", "customers", "month_0", "month_1", "month_2"]
    assert [tuple(row.values()) for row in value] == [
        ("2026-03", "1", "100.0", "", ""),
        ("2026-01", "2", "100.0", "150.0", "150.0"),
    ]
    assert [row["month_1"] for row in retention] == ["", "0.5"]
    assert [row["month_2"] for row in retention] == ["", "0.0"]


def test_failed_checks_come_first_and_say_what_to_do(pages: TestClient) -> None:
    first, *others = rows_of(pages, "/data/checks.csv")
    assert (first["check"], first["expected"], first["found"]) == (FAILED["check_name"], "0.0", "2.0")
    text = pages.get("/data/checks").text
    assert "1 of 3 checks failed" in text
    assert "Run `distributary pipeline --full`, which makes the table again." in text
    assert len(others) == len(CHECKS)


def test_the_data_page_of_a_small_shop_says_what_it_does_not_know(pages: TestClient) -> None:
    text = pages.get("/data?period=all").text
    assert "No account of money is on record." in text
    assert "its rows have no day on record" in text


def test_models_that_were_never_fitted_say_which_job_fits_them(pages: TestClient) -> None:
    text = pages.get("/models").text
    assert "distributary train" in text
    assert "<table" not in text


def test_a_former_publication_is_one_click_away_and_the_newest_needs_no_name(pages: TestClient) -> None:
    text = pages.get("/runs/publications?lang=en").text
    assert 'href="/?lang=en&amp;run=run-1"' in text
    assert "run=run-2" not in text
    assert [row["run"] for row in rows_of(pages, "/runs/publications.csv")] == ["run-2", "run-1"]


def test_runs_are_listed_newest_first_with_their_whole_message_in_csv(pages: TestClient) -> None:
    jobs = rows_of(pages, "/runs/jobs.csv")
    assert [(row["run"], row["job"]) for row in jobs] == [
        ("run-2", "pipeline/attribute"),
        ("run-2", "pipeline/ingest"),
        ("run-1", "pipeline/attribute"),
        ("run-1", "pipeline/ingest"),
    ]
    assert jobs[0]["message"] == LONG
    assert LONG not in pages.get("/runs/jobs").text
    assert [row["tables"] for row in jobs] == ["1", "1", "1", "1"]


def test_what_a_run_quarantined_is_a_share_of_all_that_it_read(pages: TestClient) -> None:
    newest = rows_of(pages, "/runs/quarantined.csv")[0]
    assert (newest["read"], newest["set_aside"], newest["share"], newest["run"]) == ("100", "2", "0.02", "run-2")


def test_steps_of_the_last_runs_stand_side_by_side(pages: TestClient) -> None:
    found = rows_of(pages, "/runs/step-times.csv")
    assert [(row["run"], row["ingest"], row["attribute"], row["all"]) for row in found] == [
        ("run-2", "12.5", "90.0", "102.5"),
        ("run-1", "12.5", "90.0", "102.5"),
    ]


def test_the_dictionary_has_every_table_and_metric(pages: TestClient) -> None:
    assert [row["table"] for row in rows_of(pages, "/dictionary/tables.csv")] == [each.full_name for each in ALL_TABLES]
    assert [row["name"] for row in rows_of(pages, "/dictionary/metrics.csv")] == list(metrics())


@pytest.mark.parametrize("name", [*TABLES, *metrics()])
def test_every_table_and_metric_has_a_page(pages: TestClient, name: str) -> None:
    answer = pages.get(f"/dictionary/{name}")
    assert answer.status_code == 200
    assert f'id="{name}"' in answer.text


def test_the_entry_of_a_table_has_its_contract_rows_version_and_neighbours(pages: TestClient) -> None:
    columns = rows_of(pages, "/dictionary/silver.conversions.csv")
    assert [row["column"] for row in columns] == list(SILVER_CONVERSIONS.column_names)
    assert [row["column"] for row in columns if row["personal"] == "true"] == list(SILVER_CONVERSIONS.personal_columns)
    neighbours = [row["table"] for row in rows_of(pages, "/dictionary/silver.conversions.csv?table=2")]
    assert {"silver.orders", "silver.journeys", "bronze.exchange_rates"} <= set(neighbours)
    text = pages.get("/dictionary/silver.conversions").text
    assert '<dd class="value">4</dd>' in text
    assert '<svg class="lineage"' in text


def test_an_entry_that_is_not_there_names_the_nearest(pages: TestClient) -> None:
    answer = pages.get("/dictionary/gold.path_sumary.json")
    assert answer.status_code == 400
    assert "gold.path_summary" in answer.json()["error"]
    assert "<script>" not in pages.get("/dictionary/<script>").text


def test_the_page_for_programs_lists_what_the_application_answers(pages: TestClient) -> None:
    listed = {row["csv"] for row in rows_of(pages, "/api/addresses.csv")}
    answered = set(pages.get("/openapi.json").json()["paths"])
    assert listed == {path for path in answered if path.endswith(".csv") and not path.startswith("/api/")}
    assert {path.replace(".csv", ".json") for path in listed} <= answered
    fields = {row["field"]: row["values"] for row in rows_of(pages, "/api/fields.csv")}
    assert (fields["period"], fields["from"], fields["table"]) == ("7d, 30d, 90d, all", "date", "integer")


def test_the_columns_of_a_page_are_those_of_its_tables(pages: TestClient) -> None:
    columns = rows_of(pages, "/api/runs.csv")
    of_jobs = [row["column"] for row in columns if row["address"] == "/runs/jobs"]
    assert of_jobs == list(rows_of(pages, "/runs/jobs.csv")[0])


def test_figures_are_as_of_the_small_shops_day(pages: TestClient) -> None:
    assert pages.get("/value/cohort-value.json").json()["as_of"] == AS_OF.isoformat()
