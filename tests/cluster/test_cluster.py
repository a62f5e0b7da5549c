"""The commands of docs/running.md on a real cluster, as they stand there: a master and two workers on loopback.

One worker is killed in the middle, and every table must be that of a local run, row for row.
"""

from __future__ import annotations

import json
import math
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.cluster.standalone import BARE, Cluster, standalone_cluster
from tests.docs.page_steps import REPOSITORY
from warehouse.contracts import Table
from warehouse.tables import (
    ALL_TABLES,
    GOLD_CHANNEL_VALUE,
    GOLD_COHORT_VALUE,
    GOLD_CUSTOMER_VALUE,
    GOLD_VALUE_TOTALS,
    OPS_PUBLISHED,
    OPS_QUALITY_RESULTS,
    OPS_RUN_LOG,
)

pytestmark = pytest.mark.cluster

SECTION = (REPOSITORY / "docs" / "running.md").read_text(encoding="utf-8").split("## On a cluster\n")[1]
PACK, SUBMIT = re.findall(r"^```sh\n(.*?)^```", SECTION, flags=re.DOTALL | re.MULTILINE)
SECONDS_AT_MOST = 900
# Tables and checks that `distributary pipeline` does not make: they are the result of train-attribution.
OF_TRAINING = (
    "gold.channel_effects",
    "gold.channel_transitions",
    "states whose transition probabilities do not sum to 1",
    "fits whose channel shares do not sum to 1",
)
# Nothing of this shop's files is refused, and none of its orders set aside. It has no click views, no app, no auxiliary
# conversions, and its tracker and its shop call each buyer by one name.
WITHOUT_ROWS = {"bronze.refused_rows", "bronze.click_views", "bronze.skan_postbacks"}
WITHOUT_ROWS |= {"silver.set_aside", "silver.aliases", "gold.conversion_links", "gold.skan_performance"}
# It has no retention campaign, and no forecast of it has come due.
WITHOUT_ROWS |= {"gold.retention_list", "gold.retention_profit", "gold.forecast_accuracy"}
# It makes no features of persons.
WITHOUT_ROWS |= {"gold.person_features", "gold.churn", "gold.churn_reliability", "gold.early_value"}
# Nobody has asked about its numbers, and nobody is sent a digest.
WITHOUT_ROWS |= {"ops.questions", "ops.digests"}
# Their figures may differ in the last digits.
OF_SCORES = (GOLD_CUSTOMER_VALUE, GOLD_VALUE_TOTALS, GOLD_COHORT_VALUE, GOLD_CHANNEL_VALUE)
# Facts about the run, not about the rows.
ABOUT_THE_RUN = {"quarantined_at", "run_id", "checked_at", "published_at", "started_at", "finished_at"}
ABOUT_THE_RUN |= {"settings_hash", "table_id"}  # which name the folder of the lake, and a table of this lake


def filled_in(words: str, master: str = "") -> str:
    """The commands with this checkout's folder and the cluster's address."""
    for placeholder, value in (("/opt/distributary", str(REPOSITORY)), ("spark://host:7077", master)):
        words = words.replace(placeholder, value)
    return words


def without_venv() -> dict[str, str]:
    """An environment without an activated virtual environment."""
    environment = {**BARE, "HOME": os.environ["HOME"]}
    found = subprocess.run(
        [REPOSITORY / ".venv/bin/python", "-c", "import jobs; print(jobs.__path__[0])"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    if Path(found.stdout.strip()).parent.resolve() != REPOSITORY.resolve():
        # A second work tree with the environment of the first, whose code would be imported.
        environment["PYTHONPATH"] = str(REPOSITORY)
    return environment


@dataclass(frozen=True)
class Shop:
    """A simulated shop: landed files and registered models, which several lakes may be made from."""

    folder: Path

    def config(self, name: str) -> Path:
        """A folder with the configuration of a lake of this name."""
        place = self.folder / name
        place.mkdir()
        knobs: dict[str, Any] = {
            "lake": str(place / "lake"),
            "landing": {"root": str(self.folder / "landing")},
            "report": {"timezone": "Asia/Seoul", "currency": "KRW", "file": str(place / "report.html")},
            "touchpoints": {"own_domains": ["example.com"]},
            "conversions": {"default_currency": "KRW"},
            "attribution": {"start_date": "2026-03-01"},
            "mlflow": {
                "tracking_uri": f"sqlite:///{self.folder}/mlflow.db",
                "artifact_root": str(self.folder / "artifacts"),
            },
            "spark": {
                "master": "local[2]",
                "conf": {"spark.driver.memory": "2g", "spark.sql.shuffle.partitions": "2"},
            },
            "simulator": {"seed": 20260301, "days": 6, "visitors": 1500, "history_months": 18},
        }
        (place / "shop.yaml").write_text(json.dumps(knobs))  # JSON is YAML
        return place / "shop.yaml"

    def rows(self, name: str, table: Table) -> list[dict[str, Any]]:
        """The rows of a table of the lake of this name, without what is a fact about the run."""
        rows = DeltaTable(self.folder / name / "lake" / table.layer / table.name).to_pyarrow_table().to_pylist()
        return [{column: row[column] for column in sorted(row) if column not in ABOUT_THE_RUN} for row in rows]


@pytest.fixture(scope="module")
def packed() -> None:
    """The archive of the workers, made by the words of the page."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    subprocess.run(["bash", "-euc", filled_in(PACK)], cwd="/", env=environment, check=True, timeout=SECONDS_AT_MOST)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with the tables of a local run, in the lake `local`, and models fitted on them."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    subprocess.run(
        [sys.executable, "-m", "jobs.demo", "--config", shop.config("local")],
        cwd=REPOSITORY,
        check=True,
        timeout=SECONDS_AT_MOST,
    )
    return shop


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with standalone_cluster(tmp_path) as started:
        yield started


def begin(words: str, folder: Path) -> subprocess.Popen[bytes]:
    """The words in a shell of their own, in a folder; what they print goes to stderr.txt there."""
    with (folder / "stderr.txt").open("wb") as file:
        return subprocess.Popen(["bash", "-euc", words], cwd=folder, env=without_venv(), stdout=file, stderr=file)


def printed(folder: Path) -> str:
    return (folder / "stderr.txt").read_text(encoding="utf-8")


def wait_until_printed(words: str, folder: Path, run: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_AT_MOST
    while words not in printed(folder):
        assert run.poll() is None and time.monotonic() < until, printed(folder)[-3000:]
        time.sleep(0.1)


@pytest.mark.usefixtures("packed")
def test_the_pipeline_on_a_cluster_that_loses_a_worker_makes_the_tables_of_a_local_run(
    shop: Shop, cluster: Cluster
) -> None:
    folder = shop.config("cluster").parent
    with begin(filled_in(SUBMIT, cluster.master), folder) as run:
        wait_until_printed("silver.sessions written", folder, run)
        lost, kept = cluster.workers
        assert lost.executors and kept.executors, "both work"
        lost.kill()
        assert run.wait(SECONDS_AT_MOST) == 0, printed(folder)[-3000:]

    made = [table for table in ALL_TABLES if table.full_name not in (*OF_TRAINING, *WITHOUT_ROWS)]
    for table in made:
        local = shop.rows("local", table)
        assert local, f"{table.full_name} is empty"
        if table.layer != "ops" and table not in OF_SCORES:
            assert Counter(map(repr, shop.rows("cluster", table))) == Counter(map(repr, local)), table.full_name
    for table in OF_SCORES:
        assert unlike(shop, table, *table.key) == []
    assert unlike(shop, OPS_QUALITY_RESULTS, "check_name") == []
    assert unlike(shop, OPS_PUBLISHED, "table_name") == []
    assert steps(shop, "cluster") == steps(shop, "local")


def unlike(shop: Shop, table: Table, *by: str) -> list[Any]:
    """The rows of the two runs that differ, as pairs; figures may differ in their last digits.

    numpy's loops give a number another last bit by its place in a batch, and the order of rows in a batch is chance: a
    prediction may differ by 1e-15 of itself, between two local runs too, and so may a sum of predictions.
    """
    local, cluster = (
        {tuple(row[column] for column in by): row for row in shop.rows(name, table)} for name in ("local", "cluster")
    )
    for name in local.keys() - cluster.keys():
        if any(words in name[0] for words in OF_TRAINING):
            del local[name]
    assert local.keys() == cluster.keys()
    pairs = [(local[name], cluster[name]) for name in sorted(local)]
    return [(one, other) for one, other in pairs if not all(alike(one[column], other[column]) for column in one)]


def alike(one: Any, other: Any) -> bool:
    """Whether two values are equal, figures to 12 digits and money to 0.00001: sums add up last decimals."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return abs(one - other) <= Decimal("0.00001")
    return bool(one == other)


def steps(shop: Shop, name: str) -> dict[str, Any]:
    """What ops.run_log has of the steps of a pipeline: status, last day, code and counts but that of the checks."""
    step_of = {row["job"].split("/")[1]: row for row in shop.rows(name, OPS_RUN_LOG)}

    def of(row: dict[str, Any]) -> Any:
        counts = {what: number for what, number in row["counts"] if what != "checks"}
        return row["status"], row["as_of"], row["code_version"], counts

    return {step: of(step_of[step]) for step in ("ingest", "build", "attribute", "score", "check", "report")}


def test_workers_without_the_project_end_the_run_with_one_line_and_exit_code_5(shop: Shop, cluster: Cluster) -> None:
    folder = shop.config("refused").parent
    python = os.path.realpath(sys.executable)  # the interpreter below the virtual environment
    words = re.sub(r"PYSPARK_PYTHON=\S+environment\S+", f"PYSPARK_PYTHON={python}", filled_in(SUBMIT, cluster.master))
    words = re.sub(r"^ *--archives .*\n", "", words, flags=re.MULTILINE)
    assert "environment" not in words

    with begin(words, folder) as run:
        code = run.wait(SECONDS_AT_MOST)

    assert code == 5, printed(folder)
    lines = [line for line in printed(folder).splitlines() if not line.startswith("WARNING: Using incubator modules")]
    assert lines == [
        f"error: worker {socket.gethostname()} cannot import touchpoints (ModuleNotFoundError: No module named "
        f"'touchpoints'; its Python is {python}); see \"On a cluster\" in docs/running.md"
    ]
    assert [path for path in folder.rglob("*") if path.is_file()] == [folder / "shop.yaml", folder / "stderr.txt"]
