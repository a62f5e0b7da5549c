"""Real files through the jobs: a Snowplow and Google Ads export, and the CDNOW orders of the literature."""

from __future__ import annotations

import csv
import importlib.resources
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import build, ingest, pipeline, train
from tests.quick import QUICK
from warehouse.contracts import Table
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    OPS_PUBLISHED,
    OPS_QUALITY_RESULTS,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_SESSIONS,
)

pytestmark = pytest.mark.system

ORDER_VALUES = ["20.42", "24", "50", "66.5", "140", "200"]
MODELS = ("first_touch", "last_touch", "linear")


@dataclass(frozen=True)
class Shop:
    """A folder with shop.yaml, landing/ and, after a run, lake/."""

    spark: SparkSession
    folder: Path

    @property
    def config(self) -> list[str]:
        return ["--config", str(self.folder / "shop.yaml")]

    def read(self, table: Table) -> DataFrame:
        return Lake(self.spark, str(self.folder / "lake"), "test").read(table)

    def configure(self, knobs: dict[str, Any]) -> None:
        common = {
            "lake": str(self.folder / "lake"),
            "mlflow": {
                "tracking_uri": f"sqlite:///{self.folder}/mlflow.db",
                "artifact_root": str(self.folder / "mlartifacts"),
            },
            "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
        }
        # JSON is YAML.
        (self.folder / "shop.yaml").write_text(json.dumps({**common, **knobs}), encoding="utf-8")


@pytest.fixture(scope="module")
def shop(spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The lake of a whole pipeline over the real exports."""
    data = shared_data / "data"
    if not (data / "snowplow_events" / "events.csv").is_file():
        pytest.skip("no ../shared/data beside the repository: the real exports are not on this machine")
    made = Shop(spark, tmp_path_factory.mktemp("real"))
    for source, place in (
        (data / "snowplow_events" / "events.csv", "snowplow"),
        (data / "ad_exports" / "google_ads_campaign_stats_data.csv", "google_ads"),
        (data / "ad_exports" / "google_ads_account_history_data.csv", "google_ads_accounts"),
        (data / "ad_exports" / "google_ads_campaign_history_data.csv", "google_ads_campaigns"),
    ):
        (made.folder / "landing" / place).mkdir(parents=True)
        shutil.copy(source, made.folder / "landing" / place / source.name)
    options = {
        "account_history": "google_ads_accounts/google_ads_account_history_data.csv",
        "campaign_history": "google_ads_campaigns/google_ads_campaign_history_data.csv",
    }
    made.configure(
        {
            "landing": {
                "root": str(made.folder / "landing"),
                "inputs": [
                    {"name": "web", "adapter": "snowplow_events", "files": "snowplow/*", "required": True},
                    {
                        "name": "google_ads",
                        "adapter": "google_ads",
                        "files": "google_ads/*",
                        "required": True,
                        "options": options,
                    },
                ],
            },
            "report": {"currency": "USD", "timezone": "UTC", "file": str(made.folder / "report.html")},
            "conversions": {"default_currency": "USD"},
            "attribution": {"models": list(MODELS), "conversion_types": ["purchase"]},
        }
    )
    assert pipeline.main(made.config) == 0
    yield made


def landed(shop: Shop, name: str) -> list[dict[str, str]]:
    (path,) = (shop.folder / "landing").glob(f"{name}/*")
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_every_row_of_the_exports_is_accounted_for(shop: Shop) -> None:
    files = shop.read(BRONZE_LANDED_FILES)
    accounts = {
        row["source"]: (row["rows_read"], row["rows_kept"], row["rows_duplicate"], row["rows_quarantined"])
        for row in files.collect()
    }
    assert accounts == {"web": (98, 98, 0, 0), "google_ads": (16, 16, 0, 0)}
    events = {row["event_id"] for row in shop.read(BRONZE_EVENTS).select("event_id").collect()}
    assert events == {row["event_id"] for row in landed(shop, "snowplow")}


def test_conversions_are_the_rows_with_a_total(shop: Shop) -> None:
    rows = shop.read(SILVER_CONVERSIONS).where(F.col("conversion_type") == "purchase").collect()
    assert sorted(row["value"] for row in rows) == [Decimal(value) for value in ORDER_VALUES]
    assert {(row["currency"], row["report_value"] == row["value"]) for row in rows} == {("USD", True)}


def test_sessions_have_the_channel_of_their_marketing_fields(shop: Shop) -> None:
    channels = {
        ("(direct)", "(none)"): "Direct",
        ("", ""): "Direct",  # and neither page nor referrer
        ("google", "organic"): "Organic Search",
        ("google", "cpc"): "Paid Search",
        ("youtube.com", "referral"): "Organic Video",
        ("quora.com", "referral"): "Organic Social",
        ("Partners", "affiliate"): "Affiliates",
        ("analytics.google.com", "referral"): "Referral",
        ("support.google.com", "referral"): "Referral",
    }
    expected = Counter(channels[row["mkt_source"], row["mkt_medium"]] for row in landed(shop, "snowplow"))
    sessions = shop.read(SILVER_SESSIONS)
    assert Counter(row["channel"] for row in sessions.select("channel").collect()) == expected
    assert expected["Direct"] == 47
    assert sessions.where("is_bot").isEmpty()


def test_credit_and_spend_are_conserved_under_every_model(shop: Shop) -> None:
    credits = shop.read(GOLD_ATTRIBUTION_CREDITS)
    totals = credits.groupBy("model").agg(F.sum("credit").alias("credit"), F.sum("credited_value").alias("value"))
    assert {row["model"]: (round(row["credit"], 9), row["value"]) for row in totals.collect()} == {
        model: (6.0, sum(Decimal(value) for value in ORDER_VALUES)) for model in MODELS
    }
    failed = shop.read(OPS_QUALITY_RESULTS).where(~F.col("passed"))
    assert failed.isEmpty()
    assert not shop.read(OPS_PUBLISHED).isEmpty()


def test_channel_performance_has_googles_spend_to_the_micro_in_every_view(shop: Shop) -> None:
    spend = sum(Decimal(row["cost_micros"]) for row in landed(shop, "google_ads")) / 1_000_000
    clicks = sum(int(row["clicks"]) for row in landed(shop, "google_ads"))
    assert spend == Decimal("231.33"), "the export itself"
    paid = shop.read(GOLD_CHANNEL_PERFORMANCE).where(F.col("spend") > 0)
    views = (
        shop.read(GOLD_CHANNEL_PERFORMANCE)
        .groupBy("model", "conversion_type", "date_basis")
        .agg(
            F.sum("spend").alias("spend"),
            F.sum("clicks").alias("clicks"),
            F.sum("credited_value").alias("value"),
            F.sum("credited_conversions").alias("conversions"),
        )
        .collect()
    )
    assert {(row["model"], row["conversion_type"], row["date_basis"]) for row in views} == {
        (model, "purchase", basis) for model in MODELS for basis in ("touch", "conversion")
    }
    for row in views:
        assert (row["spend"], row["clicks"]) == (spend, clicks)
        assert row["value"] == sum(Decimal(value) for value in ORDER_VALUES)
        assert row["conversions"] == pytest.approx(6)
    # The clicks are of 2021 and the visits of 2022: spend without credit, which is a ROAS of 0 and not null.
    rows = paid.select("channel", "source", "medium", "currency", "roas", "cpa").distinct().collect()
    assert [tuple(row) for row in rows] == [("Paid Search", "google", "cpc", "USD", 0.0, None)]
    named = {row["campaign"] for row in shop.read(SILVER_AD_SPEND).select("campaign").distinct().collect()}
    newest = max(landed(shop, "google_ads_campaigns"), key=lambda row: (row["id"] == "9935249409", row["updated_at"]))
    assert named == {newest["name"].lower()}


def test_a_second_pipeline_changes_no_table_and_the_report_names_the_channels(shop: Shop) -> None:
    lake = Lake(shop.spark, str(shop.folder / "lake"), "test")
    tables = [BRONZE_EVENTS, SILVER_SESSIONS, SILVER_CONVERSIONS, GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE]
    before = lake.versions(tables)
    assert pipeline.main(shop.config) == 0
    assert Lake(shop.spark, str(shop.folder / "lake"), "test").versions(tables) == before
    page = (shop.folder / "report.html").read_text(encoding="utf-8")
    assert "Paid Search" in page
    assert "Organic Video" in page


def test_the_cdnow_orders_give_the_published_pareto_nbd_fit(spark: SparkSession, tmp_path: Path) -> None:
    from warehouse.model_registry import mlflow

    shop = Shop(spark, tmp_path)
    lines = (importlib.resources.files("lifetimes") / "datasets" / "CDNOW_sample.txt").read_text()
    (tmp_path / "landing" / "orders").mkdir(parents=True)
    (tmp_path / "landing" / "orders" / "CDNOW_sample.txt").write_text(lines, encoding="utf-8")
    knobs: dict[str, Any] = {
        "landing": {
            "root": str(tmp_path / "landing"),
            "inputs": [{"name": "orders", "adapter": "cdnow_orders", "files": "orders/*", "required": True}],
        },
        "attribution": {"models": ["last_touch"], "conversion_types": ["purchase"]},
        "ltv": {"time_unit": "weeks", "holdout_until": "1998-06-30", "holdout_days": 273},
    }
    shop.configure(knobs)
    for job in (ingest, build):
        assert job.main(shop.config) == 0
    for fitter in ("exact", "lifetimes"):
        shop.configure(knobs | {"ltv": knobs["ltv"] | {"fitter": fitter}})
        assert train.main([*shop.config, "--as-of", "1997-09-30"]) == 0

    orders = shop.read(SILVER_CONVERSIONS)
    assert (orders.count(), orders.select("person_id").distinct().count()) == (len(lines.splitlines()), 2357)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    runs = mlflow.MlflowClient().search_runs(
        [experiment.experiment_id for experiment in mlflow.MlflowClient().search_experiments()]
    )
    assert sorted(run.data.params["fitter"] for run in runs) == ["exact", "lifetimes"]
    for run in runs:
        check_cdnow(run.data.metrics)


def check_cdnow(logged: dict[str, float]) -> None:
    """The published parameters, and their predictions for the holdout."""
    # Fader, Hardie and Lee (2005), "A Note on Implementing the Pareto/NBD Model in MATLAB"
    for name, value in {"r": 0.5533, "alpha": 10.578, "s": 0.6061, "beta": 11.669}.items():
        assert logged[name] == pytest.approx(value, rel=0.005), name
    assert logged["holdout_customers"] == 2357
    # 1,665.7 purchases predicted by lifetimes at the published parameters, 1,882 made.
    assert logged["holdout_total_error"] == pytest.approx(1665.7 / 1882 - 1, abs=0.005)
    assert {"holdout_mae", "holdout_rmse", "holdout_decile_wape", "holdout_buys_again_brier"} <= set(logged)
