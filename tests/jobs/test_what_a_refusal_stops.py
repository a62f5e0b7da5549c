"""A refused input stops publication, not intake; a shop with orders alone needs nothing for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import pipeline
from tests.quick import QUICK
from warehouse.store import Lake
from warehouse.tables import BRONZE_ORDERS, GOLD_CHANNEL_PERFORMANCE, OPS_PUBLISHED, OPS_RUN_LOG, SILVER_ORDERS

pytestmark = pytest.mark.system

ORDERS = (
    "order_id,user_id,order_ts,value,currency\no1,u1,2026-03-01T09:00:00Z,10,USD\no2,u2,2026-03-02T09:00:00Z,5,USD\n"
)
SPEND = "date,platform,spend,currency\n2026-03-01,meta,4,USD\n"


@dataclass(frozen=True)
class Shop:
    """A landing folder, a lake, and a configuration with the inputs of every shop."""

    spark: SparkSession
    folder: Path
    capture: pytest.CaptureFixture[str]

    def land(self, name: str, content: str | bytes) -> None:
        path = self.folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def pipeline(self, *options: str, inputs: Sequence[dict[str, object]] = ()) -> tuple[int, list[str]]:
        """A run's exit code and the lines that it prints for people, without the time of its steps."""
        landing: dict[str, object] = {"root": str(self.folder / "landing")}
        knobs = {
            "lake": str(self.folder / "lake"),
            "landing": {**landing, "inputs": list(inputs)} if inputs else landing,
            "report": {"file": str(self.folder / "report.html")},
            "mlflow": {"tracking_uri": f"sqlite:///{self.folder}/mlflow.db"},
            "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
        }
        config = self.folder / "shop.yaml"
        config.write_text(json.dumps(knobs))  # JSON is YAML
        self.capture.readouterr()
        code = pipeline.main(["--config", str(config), *options])
        printed = self.capture.readouterr().err
        assert "Traceback" not in printed
        return code, [line.strip() for line in printed.splitlines()]

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, str(self.folder / "lake"), "test")


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(spark, tmp_path, capsys)


def test_a_shop_with_orders_alone_needs_no_events_folder(shop: Shop) -> None:
    code, lines = shop.pipeline()
    assert (code, lines[-1]) == (
        3,
        f"error: {shop.folder}/landing/events: no such folder; see landing.root and landing.inputs",
    )

    shop.land("orders/o.csv", ORDERS)
    code, lines = shop.pipeline()

    assert code == 0, lines
    assert shop.lake.read(SILVER_ORDERS).count() == 2
    assert shop.lake.exists(OPS_PUBLISHED)


def test_nothing_is_published_over_a_gap_unless_the_input_may_lag(shop: Shop) -> None:
    shop.land("orders/o.csv", ORDERS)
    shop.land("ad_spend/export.csv", b"%PDF-1.7")
    shop.land("ad_spend/more.csv.part", SPEND)
    refused = "ad_spend/export.csv: is a PDF; export the table as CSV and land that"

    code, lines = shop.pipeline("--dry-run")
    assert "take in 1 files of orders; refuse ad_spend" in " ".join(lines)
    assert (code, lines[-1]) == (3, f"error: {refused}"), "it ends as the run would"
    assert not shop.lake.exists(BRONZE_ORDERS), "a dry run writes nothing"

    for _ in range(2):  # the second run has nothing new but what it refuses again
        code, lines = shop.pipeline()
        assert (code, lines[-1]) == (3, f"error: {refused}")
        assert "passed over, still being written, by its name: ad_spend/more.csv.part" in lines
        assert shop.lake.read(BRONZE_ORDERS).count() == 2
        assert not shop.lake.exists(OPS_PUBLISHED)
    messages = [row["message"] for row in shop.lake.read(OPS_RUN_LOG).collect()]
    assert messages == [refused, refused]

    inputs = [
        {"name": name, "adapter": name, "files": f"{name}/*", "required": False, "may_lag": name == "ad_spend"}
        for name in ("orders", "ad_spend")
    ]
    code, lines = shop.pipeline(inputs=inputs)
    assert code == 0, lines
    assert f"ad_spend lags (may_lag): {refused}" in " ".join(lines)
    assert shop.lake.exists(OPS_PUBLISHED)

    shop.land("ad_spend/export.csv", SPEND)
    code, lines = shop.pipeline()
    assert code == 0, lines
    spend = {row["spend"] for row in shop.lake.read(GOLD_CHANNEL_PERFORMANCE).collect()}
    assert 4 in {None if one is None else int(one) for one in spend}
