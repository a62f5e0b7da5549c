"""A folder with landed files, lake and settings, on which the pipeline runs, here or as a process that is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import attribute, build, ingest
from jobs.pipeline import STEPS
from jobs.run import Run, Step, open_run, perform, table_step
from tests.jobs.worlds import FIRST_DAY
from tests.quick import QUICK, RUN_ONCE
from warehouse.contracts import Table
from warehouse.tables import OPS_PUBLISHED, SILVER_ALIASES, SILVER_IDENTITIES, SILVER_SESSIONS

REPOSITORY = Path(__file__).parents[2]
SECONDS_AT_MOST = 600
PERSONS = (SILVER_ALIASES, SILVER_IDENTITIES, SILVER_SESSIONS)  # the tables of silver that the others stand on


def build_of(*tables: Table) -> Step:
    """The build step of these tables of silver alone, for a test that looks at no other."""
    recipes = [recipe for recipe in build.RECIPES if recipe.table in tables]
    return table_step("build", recipes, current="bronze and settings are those silver was made from")


def attribute_of(*tables: Table) -> Step:
    """The attribute step of these tables alone, likewise."""
    recipes = [recipe for recipe in attribute.RECIPES if recipe.table in tables]
    return table_step("attribute", recipes, current="silver and settings are those gold was made from")


def steps_of(*tables: Table) -> tuple[Step, ...]:
    """A run up to these tables of silver and gold."""
    return ingest.STEP, build_of(*tables), attribute_of(*tables)


@dataclass(frozen=True)
class Place:
    """A folder with landed files, lake and settings."""

    folder: Path
    small_change_rows: int = 1_000_000  # up to so many rows Spark does not write
    features: bool = False  # whether scoring makes gold.person_features

    @classmethod
    def new(cls, folder: Path) -> Place:
        folder.mkdir(parents=True)
        return cls(folder)

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def copy(self, folder: Path) -> Place:
        # Times of modification are part of what a run records about a file.
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder)

    def configured(self, conf: Mapping[str, str] = QUICK) -> Path:
        """The configuration file, with `conf` for Spark."""
        knobs = {
            "lake": str(self.lake),
            "landing": {"root": str(self.landing)},
            # A zone in which a day of events has two dates.
            "report": {"timezone": "Asia/Seoul", "currency": "USD", "file": str(self.folder / "report.html")},
            "touchpoints": {
                "own_domains": ["shop.example"],
                "without_analytics_consent": "conversions",
                "without_ads_consent": "nothing",
            },
            "attribution": {"start_date": f"{FIRST_DAY:%Y-%m-%d}"},
            # Each batch is a large part of so small a lake, and none may end in a full build.
            "build": {"max_changed_share": 1, "small_change_rows": self.small_change_rows},
            "behaviour": {"features": self.features},
            # So that late events make robots of people, and abuse of clicks.
            "sessions": {"max_events": 6, "robot_pages": 3, "even_gap_seconds": 600, "even_gap_variation": 0.6},
            "ad_abuse": {"min_probability": 0.4, "several_clicks": 2},
            "mlflow": {
                "tracking_uri": f"sqlite:///{self.folder}/mlflow.db",
                "artifact_root": str(self.folder / "artifacts"),
            },
            "spark": {
                "master": "local[2]",
                "conf": {
                    "spark.driver.memory": "1g",
                    "spark.sql.shuffle.partitions": "2",
                    "spark.default.parallelism": "2",
                    "spark.driver.extraJavaOptions": f"-Dderby.system.home={self.folder} {RUN_ONCE}",
                    **conf,
                },
            },
        }
        config = self.folder / "shop.yaml"
        config.write_text(json.dumps(knobs))  # JSON is YAML
        return config

    def begin(self, conf: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """`distributary pipeline`, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "jobs.cli", "pipeline", "--config", str(self.configured(conf))],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "stderr.txt").open("ab"),
            start_new_session=True,
        )

    def run(self, conf: Mapping[str, str] = QUICK) -> None:
        """A whole run in a process of its own that must succeed."""
        with self.begin(conf) as process:
            code = process.wait(SECONDS_AT_MOST)
        assert code == 0, (self.folder / "stderr.txt").read_text()[-3000:]

    def run_here(self, spark: SparkSession, steps: Sequence[Step] = STEPS) -> Run:
        """The same, or some of its steps, in this process, whose session is warm."""
        run = open_run("pipeline", config=self.configured(), spark=spark, console=Console(quiet=True))
        perform(run, steps)
        return run

    def kill_after(self, seconds: float, conf: Mapping[str, str] = QUICK, *, with_jvm: bool) -> bool:
        """Begins a run and kills it, with or without its JVM; returns whether it was still running."""
        with self.begin(conf) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                # Without its Python process the JVM ends too, perhaps after finishing a commit.
                (os.killpg if with_jvm else os.kill)(process.pid, signal.SIGKILL)
                process.wait()
                return True
        return False

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, as a reader without Spark finds them."""
        rows: list[dict[str, Any]] = []
        if DeltaTable.is_deltatable(self._folder_of(name)):
            rows = DeltaTable(self._folder_of(name)).to_pyarrow_table().to_pylist()
        return rows

    def is_published(self) -> bool:
        """Whether the newest publication names the newest version of each of its tables."""
        publications = self.table(OPS_PUBLISHED.full_name)
        newest = max(row["published_at"] for row in publications)
        published = {row["table_name"]: row["version"] for row in publications if row["published_at"] == newest}
        return published == {name: DeltaTable(self._folder_of(name)).version() for name in published}

    def _folder_of(self, name: str) -> str:
        return str(self.lake / name.replace(".", "/"))
