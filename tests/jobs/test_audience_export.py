"""distributary audiences export: the file, the line and the exit code, on a machine without Java."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.published.test_audiences import DAY, bought, touch
from tests.published_lake import publish, write_table
from warehouse.tables import SILVER_CONVERSIONS, SILVER_TOUCHPOINTS

REPOSITORY = Path(__file__).parents[2]


def exported(shop: Path, *options: str) -> subprocess.CompletedProcess[str]:
    without_java = {**os.environ, "JAVA_HOME": "/nowhere", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "jobs.cli", "audiences", "export", "--config", str(shop / "shop.yaml"), *options]
    return subprocess.run(command, cwd=shop, env=without_java, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text("lake: lake\nreport: {timezone: Asia/Seoul}\n", encoding="utf-8")
    touches = [touch("user:b", DAY, "cookie"), touch("user:a", 20 * DAY), touch("user:buyer", DAY)]
    lake, sales = tmp_path / "lake", [bought("user:buyer", timedelta(hours=1))]
    publish(lake, {SILVER_TOUCHPOINTS: write_table(lake, SILVER_TOUCHPOINTS, touches),
                   SILVER_CONVERSIONS: write_table(lake, SILVER_CONVERSIONS, sales)})  # fmt: skip
    return tmp_path


def test_the_file_has_its_days_on_top_and_the_ids_in_order(shop: Path) -> None:
    done = exported(shop, "--out", "visitors.csv")

    assert done.returncode == 0, done.stderr
    assert (shop / "visitors.csv").read_text(encoding="utf-8") == (
        "# as of 2026-03-31: visited from 2026-03-02 to 2026-03-31, did not buy since, consent to ads\n"
        "id_type,id\ncookie_id,cookie\nuser_id,a\nuser_id,b\n"
    )
    assert done.stderr == "wrote visitors.csv: 1 cookie_id, 2 user_id, as of 2026-03-31\n"
    assert (shop / "visitors.csv").stat().st_mode & 0o777 == 0o600


def test_fewer_days_replace_the_file_as_a_whole_and_leave_nothing_beside_it(shop: Path) -> None:
    (shop / "visitors.csv").write_text("old\n" * 100, encoding="utf-8")
    before = {path.name for path in shop.iterdir()}

    assert exported(shop, "--out", "visitors.csv", "--days", "7").returncode == 0
    assert (shop / "visitors.csv").read_text(encoding="utf-8").splitlines()[1:] == [
        "id_type,id",
        "cookie_id,cookie",
        "user_id,b",
    ]
    assert {path.name for path in shop.iterdir()} == before


def test_a_place_that_cannot_be_written_is_named_in_one_line(shop: Path) -> None:
    done = exported(shop, "--out", "nowhere/visitors.csv")

    assert done.returncode == 2
    assert done.stderr == "error: nowhere/visitors.csv cannot be written: No such file or directory\n"


def test_a_lake_without_a_publication_says_what_to_run(shop: Path) -> None:
    (shop / "shop.yaml").write_text("lake: other\n", encoding="utf-8")
    done = exported(shop, "--out", "visitors.csv")

    assert done.returncode == 3
    assert "run `distributary pipeline` first" in done.stderr
    assert not (shop / "visitors.csv").exists()


def test_tokens_are_no_audience(shop: Path) -> None:
    with (shop / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write("privacy: {pseudonyms: true}\n")
    done = exported(shop, "--out", "visitors.csv")

    assert done.returncode == 2
    assert done.stderr.startswith("error: privacy.pseudonyms: the tables hold tokens in place of ids")
    assert not (shop / "visitors.csv").exists()
