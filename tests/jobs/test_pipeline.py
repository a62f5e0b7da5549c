"""A small shop from raw files to the report, and then again."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from conf import CONF_ROOT
from jobs import attribute, build, check, ingest, pipeline, report, score, simulate, train, train_attribution
from jobs.run import Run, Step, open_run, perform
from jobs.settings import Settings, load_settings
from jobs.settings_page import base_knobs
from published.audit import read_conversions_behind
from published.campaign_sql import named_credits
from published.conversion_audit import read_conversion
from published.landed_lines import read_landed_lines
from published.performance import read_performance
from published.publication import read_published
from published.spend_audit import read_spend_behind
from published.view import EVERYTHING
from tests.jobs.other_knobs import remade_by_the_page, with_another
from touchpoints.knobs import RuleFiles
from warehouse.errors import CheckFailed
from warehouse.knobs import part_of
from warehouse.store import Lake
from warehouse.table_update import TableUpdate, digest_of
from warehouse.tables import (
    ALL_TABLES,
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    BRONZE_QUARANTINE,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CUSTOMER_VALUE,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
    OPS_PUBLISHED,
    OPS_QUALITY_RESULTS,
    OPS_RUN_LOG,
    SILVER_AD_SPEND,
    SILVER_ORDERS,
)

FIRST_DAY = date(2026, 3, 1)


def settings_in(folder: Path, **simulator: Any) -> Settings:
    base = load_settings()
    changes = {
        "lake": str(folder / "lake"),
        "landing": base.landing.model_copy(update={"root": str(folder / "landing")}),
        "report": base.report.model_copy(
            update={"timezone": "Asia/Seoul", "currency": "KRW", "file": str(folder / "report.html")}
        ),
        "touchpoints": base.touchpoints.model_copy(update={"own_domains": ["example.com"]}),
        "conversions": base.conversions.model_copy(update={"default_currency": "KRW"}),
        "attribution": base.attribution.model_copy(update={"start_date": FIRST_DAY}),
        "mlflow": base.mlflow.model_copy(
            update={"tracking_uri": f"sqlite:///{folder}/mlflow.db", "artifact_root": str(folder / "artifacts")}
        ),
        # So few customers have no exact optimum: their dropout rate cannot be estimated.
        "ltv": base.ltv.model_copy(update={"fitter": "lifetimes"}),
        "simulator": {"start_date": FIRST_DAY, **simulator},
    }
    return base.model_copy(update=changes)


def run(settings: Settings, spark: SparkSession, *steps: Step) -> Run:
    opened = open_run("pipeline", config=None, settings=settings, spark=spark, console=Console(quiet=True))
    perform(opened, steps)
    return opened


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Run]:
    made = settings_in(tmp_path_factory.mktemp("shop"), days=8, visitors=300, customers_before=250, history_months=12)
    # Another model's name or registry is a knob like others here, and no mistake.
    mlflow = made.mlflow.model_copy(update={"champion_may_be_missing": True})
    campaign = {"contact_cost": 100.0, "uplift": 0.2, "uplift_lower": 0.1, "uplift_upper": 0.3}
    settings = made.model_copy(update={"mlflow": mlflow, "retention": made.retention.model_copy(update=campaign)})
    first = run(
        settings,
        spark,
        simulate.STEP,
        ingest.STEP,
        build.STEP,
        attribute.JOURNEYS_STEP,
        train_attribution.STEP,
        attribute.STEP,
        train.STEP,
        score.STEP,
        check.PUBLISH,
        report.STEP,
    )
    return settings, first


def lake_now(made: Run) -> Lake:
    """The lake as a later run sees it."""
    return Lake(made.spark, made.lake.root, "later")


def versions(made: Run) -> dict[str, int]:
    return lake_now(made).versions([table for table in ALL_TABLES if table.layer != "ops"])


def test_every_line_that_was_landed_is_kept_known_already_or_set_aside(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    counts = next(step.counts for step in made.steps if step.name == "simulate")
    read = made.lake.read
    assert read(BRONZE_EVENTS).count() == counts["events"]
    broken = sum(counts[kind] for kind in ("malformed", "missing_field", "wrong_case", "bad_value"))
    assert read(BRONZE_QUARANTINE).where(F.col("source") == "events").count() == broken
    landed = read(BRONZE_LANDED_FILES).where(F.col("source") == "events")
    total = landed.agg(F.sum("rows_read").alias("read"), F.sum("rows_duplicate").alias("duplicate")).collect()[0]
    assert total["read"] == counts["event_lines"]
    assert total["duplicate"] == counts["duplicates"] + counts["conflicts"]


def test_orders_that_are_cancelled_or_deleted_do_not_count_and_all_others_do(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    states = made.lake.read(SILVER_ORDERS).groupBy("origin").count().collect()
    by_origin = {row["origin"]: row["count"] for row in states}
    counts = next(step.counts for step in made.steps if step.name == "simulate")
    assert 0 < by_origin["orders"] < counts["orders"]


def test_a_second_run_on_the_same_input_makes_no_new_version_of_any_table(
    shop: tuple[Settings, Run], spark: SparkSession
) -> None:
    settings, made = shop
    before = versions(made)
    again = run(settings, spark, *pipeline.STEPS)
    assert versions(made) == before
    assert {step.status for step in again.steps if step.name != "report"} == {"skipped"}


def test_the_published_versions_are_the_ones_that_were_checked(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    published = {
        row["table_name"]: row["version"]
        for row in made.lake.read(OPS_PUBLISHED).where(F.col("run_id") == made.lake.run_id).collect()
    }
    assert published == {name: version for name, version in versions(made).items() if not name.startswith("bronze")}


def test_every_published_table_was_checked_by_its_contract(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    of_run = F.col("run_id") == made.lake.run_id
    published = [row["table_name"] for row in made.lake.read(OPS_PUBLISHED).where(of_run).collect()]
    checks = {row["check_name"] for row in made.lake.read(OPS_QUALITY_RESULTS).where(of_run).collect()}
    for check_of in ("keys that stand twice in", "nulls in"):
        assert {f"{check_of} {name}" for name in published} <= checks


def test_the_tables_of_every_layer_keep_their_contracts(shop: tuple[Settings, Run], spark: SparkSession) -> None:
    settings, _ = shop
    checked = run(settings, spark, check.STEP)
    of_run = F.col("run_id") == checked.lake.run_id
    lake = lake_now(checked)
    results = lake.read(OPS_QUALITY_RESULTS).where(of_run).collect()
    assert {f"keys that stand twice in {name}" for name in lake.versions(ALL_TABLES)} <= {
        row["check_name"] for row in results
    }
    assert [row["check_name"] for row in results if not row["passed"]] == []


def test_the_run_log_has_a_row_for_every_step_with_the_tables_it_wrote(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    rows = made.lake.read(OPS_RUN_LOG).where(F.col("run_id") == made.lake.run_id).collect()
    steps = {row["job"].removeprefix("pipeline/"): row for row in rows}
    assert set(steps) == {
        *("simulate", "ingest", "build", "journeys", "train-attribution"),
        *("attribute", "train", "score", "check", "report"),
    }
    assert set(steps["score"]["written"]) == {
        "gold.customer_summary",
        "gold.customer_value",
        "gold.value_totals",
        "gold.cohort_value",
        "gold.channel_value",
        "gold.forecast_accuracy",
        "gold.value_backtest",
        "gold.retention_list",
        "gold.retention_profit",
        "ops.model_monitor",
    }
    assert {row["status"] for row in rows} == {"done"}


def test_a_change_of_each_knob_makes_those_tables_stale_that_the_settings_page_names(
    shop: tuple[Settings, Run], spark: SparkSession, tmp_path: Path
) -> None:
    settings, made = shop
    page = remade_by_the_page()
    recipes = [recipe for recipe in check.RECIPES if made.lake.exists(recipe.table)]
    not_made = {recipe.table.full_name for recipe in check.RECIPES} - {one.table.full_name for one in recipes}
    assert set(page) == {knob.path for knob in base_knobs()}

    def stale(chosen: Settings) -> set[str]:
        opened = open_run("look", config=None, as_of=made.as_of, settings=chosen, spark=spark)
        opened.lake = lake_now(made)
        return {table.full_name for table in TableUpdate(opened, recipes).plan()}

    assert stale(settings) == set()
    # A table that is not made is not stale either: no postbacks have landed here, and behaviour is not looked at.
    of_behaviour = {"gold.person_features", "gold.churn", "gold.churn_reliability", "gold.early_value"}
    assert not_made == {"gold.skan_performance"} | of_behaviour
    named = {path: tables - not_made for path, tables in page.items()}
    assert {path: stale(with_another(settings, path, tmp_path)) for path in page} == named


def test_a_campaign_has_a_list_of_contacts_whose_profit_is_expected(shop: tuple[Settings, Run]) -> None:
    _, made = shop
    best = made.lake.read(GOLD_RETENTION_PROFIT).where("threshold = 'best' AND audience = 'everybody'").collect()
    listed = made.lake.read(GOLD_RETENTION_LIST)
    gain = listed.agg(F.sum(F.col("expected_gain").cast("double")).alias("gain")).collect()[0]["gain"]

    assert [row["contacts"] for row in best] == [listed.count()]
    assert listed.count() > 20
    assert best[0]["expected_profit"] == pytest.approx(gain, rel=1e-6)


def test_the_report_is_one_file_that_loads_nothing_from_the_network(shop: tuple[Settings, Run]) -> None:
    settings, _ = shop
    page = Path(settings.report.file).read_text(encoding="utf-8")
    assert "Return on ad spend by channel" in page
    assert 'src="http' not in page
    assert "<script" not in page


def test_every_gold_table_opens_for_readers_of_protocol_version_1(
    shop: tuple[Settings, Run], spark: SparkSession
) -> None:
    _, made = shop
    for table in (GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, GOLD_CUSTOMER_VALUE):
        detail = spark.sql(f"DESCRIBE DETAIL delta.`{made.lake.path(table)}`").collect()[0]
        assert detail["minReaderVersion"] == 1


def test_columns_have_the_comments_of_their_contracts(shop: tuple[Settings, Run], spark: SparkSession) -> None:
    _, made = shop
    for table in (GOLD_ATTRIBUTION_CREDITS, GOLD_CUSTOMER_VALUE):
        schema = spark.read.format("delta").load(made.lake.path(table)).schema
        assert {field.name: field.metadata.get("comment") for field in schema} == {
            column.name: column.comment for column in table.columns
        }


def test_a_failed_check_publishes_nothing_and_brings_gold_back(
    shop: tuple[Settings, Run], spark: SparkSession, tmp_path: Path
) -> None:
    settings, made = shop
    published_before = made.lake.read(OPS_PUBLISHED).count()
    rows_before = made.lake.read(GOLD_ATTRIBUTION_CREDITS).count()
    spoiler = lake_now(made)
    spoiler.delete(GOLD_ATTRIBUTION_CREDITS, "model = 'linear' AND position = 1")
    with pytest.raises(CheckFailed, match="linear"):
        run(settings, spark, check.PUBLISH)
    after = lake_now(made)
    assert after.read(OPS_PUBLISHED).count() == published_before
    assert after.read(GOLD_ATTRIBUTION_CREDITS).count() == rows_before


def test_another_rule_is_another_origin_though_its_file_has_the_same_name(
    shop: tuple[Settings, Run], tmp_path: Path
) -> None:
    settings, _ = shop
    text = (CONF_ROOT / "channels.yaml").read_text(encoding="utf-8")
    digests = []
    for content in (text, text, text.replace("AI Assistants", "Assistants")):
        (tmp_path / "channels.yaml").write_text(content, encoding="utf-8")
        files = settings.touchpoints.model_copy(update={"channels_file": str(tmp_path / "channels.yaml")})
        digests.append(digest_of([part_of(files, RuleFiles)]))
    assert digests[0] == digests[1] != digests[2]


def pages(read: Callable[[str | None], Any]) -> Iterator[Any]:
    """All pages of a list."""
    page = read(None)
    yield page
    while page.after:
        yield (page := read(page.after))


def opened(settings: Settings, file: str) -> list[str]:
    """The lines of a landed file."""
    content = (Path(settings.landing.root) / file).read_bytes()
    return (gzip.decompress(content) if file.endswith(".gz") else content).decode().splitlines()


def test_from_a_return_on_ad_spend_to_the_landed_lines_behind_it(shop: tuple[Settings, Run]) -> None:
    settings, made = shop
    published, zone = read_published(made.lake.root), settings.report.timezone
    performance = read_performance(published, EVERYTHING)
    assert performance is not None
    channel = max(performance.paid, key=lambda one: one.value["linear"])
    of_channel = {"timezone": zone, "channel": channel.channel, "limit": 100}
    credited = [
        *pages(lambda after: read_conversions_behind(published, EVERYTHING, model="linear", after=after, **of_channel))
    ]
    spent = [*pages(lambda after: read_spend_behind(published, EVERYTHING, after=after, **of_channel))]
    assert all(page.adds_up for page in (*credited, *spent))
    behind, rows = ([row for page in found for row in page.rows] for found in (credited, spent))
    assert (len({row.conversion_id for row in behind}), len(rows)) == (credited[0].conversions, spent[0].count)
    assert channel.value["linear"] == sum(row.value for row in behind)
    assert channel.spend == sum(row.report_spend for row in rows)
    query = credited[0].filters.sql("cast(sum(credited_value) as double) / cast(sum(spend) as double)", "roas")
    assert published.rows(query, GOLD_CHANNEL_PERFORMANCE) == [{"roas": pytest.approx(channel.roas("linear"))}]
    for landed in (row for of in rows[:20] for row in of.landed):
        header, line = opened(settings, landed.file)[0].split(","), opened(settings, landed.file)[landed.line - 1]
        assert Decimal(dict(zip(header, line.split(","), strict=True))["spend"]) == landed.spend
    for row in behind[:10]:
        conversion = read_conversion(published, row.conversion_id)
        assert conversion is not None
        assert all(conversion.adds_up(model) for model in conversion.models)
        assert len(conversion.records) > len(conversion.touches) > 0
        for record, found in read_landed_lines(conversion.records, settings.landing.root, personal=True).items():
            assert found.line is not None
            assert found.text == opened(settings, record.file)[found.line - 1]
            assert record.record_id in found.text


def test_every_figure_of_channel_performance_has_its_credits(shop: tuple[Settings, Run]) -> None:
    settings, made = shop
    published, zone = read_published(made.lake.root), settings.report.timezone
    dated = "select *, to_local_time(converted_at at time zone '{}')::date as date from gold_attribution_credits"
    grain = "model, conversion_type, date, channel, source, medium, campaign"
    counted = f"select {grain}, sum(credited_value) as value from credits group by {grain}"
    credits = published.rows(
        f"with {named_credits(dated.format(zone))} {counted}", GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND
    )
    figures = published.rows(
        f"select {grain}, credited_value as value from gold_channel_performance where date_basis = 'conversion'",
        GOLD_CHANNEL_PERFORMANCE,
    )
    nonzero = [{tuple(row.values()) for row in rows if row["value"]} for rows in (credits, figures)]
    assert nonzero[0] == nonzero[1]
    assert nonzero[0]
