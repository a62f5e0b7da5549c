"""distributary doctor: each finding on a machine, a folder or a lake that has just this problem."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from jobs import machine_checks
from jobs.doctor import examined, main
from jobs.machine_checks import ENOUGH_FREE, GB, LEAST_FREE, Finding, bytes_of, disk, jars, java, memory, packages, port
from jobs.project_checks import clock, landing, registry
from jobs.settings import Settings, load_settings
from tests.small_shop import write_shop
from warehouse.jars import jar_cache, locked_jars
from warehouse.local_files import FoundFile

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("script", "status", "part"),
    [
        ("echo 'openjdk version \"17.0.15\" 2025-04-15' >&2", "ok", "17.0.15 (JAVA_HOME="),
        ("echo 'openjdk version \"21\" 2023-09-19' >&2", "ok", "21 (JAVA_HOME="),
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", "problem", "11.0.2"),
        ("echo 'java version \"1.8.0_401\"' >&2", "problem", "1.8.0_401"),
        ("echo 'Error occurred during initialization of VM' >&2; exit 1", "problem", "-version ends with 1"),
        ("sleep 60", "problem", "does not start"),
    ],
)
def test_java_is_one_that_spark_runs_on(tmp_path: Path, script: str, status: str, part: str) -> None:
    program(tmp_path, "java", script)
    found = java({"JAVA_HOME": str(tmp_path)})
    assert (found.status, part in found.message) == (status, True), found
    assert bool(found.way_out) == (status == "problem")


def test_java_home_that_names_no_folder_and_a_path_without_java_are_problems(tmp_path: Path) -> None:
    gone, nowhere = java({"JAVA_HOME": str(tmp_path / "gone")}), java({"PATH": str(tmp_path)})
    assert (gone.status, gone.message) == (
        "problem",
        f"{tmp_path}/gone/bin/java does not exist (JAVA_HOME={tmp_path}/gone)",
    )
    assert (nowhere.status, nowhere.message) == ("problem", "no java in PATH, and JAVA_HOME is not set")
    assert "install Java 17" in gone.way_out and gone.way_out == nowhere.way_out
    program(tmp_path, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    assert java({"PATH": str(tmp_path / "bin")}).status == "ok"


def test_a_jar_that_is_missing_is_a_warning_and_one_that_differs_a_problem(tmp_path: Path) -> None:
    names = [path.rsplit("/", 1)[1] for path in locked_jars()]
    for name in names[1:]:
        shutil.copy(jar_cache() / name, tmp_path / name)
    (tmp_path / names[1]).write_bytes(b"half")

    damaged, missing = jars(tmp_path)
    assert (damaged.status, names[1] in damaged.message) == ("problem", True)
    assert (missing.status, missing.message) == ("warning", f"{tmp_path} lacks {names[0]}")
    assert [found.status for found in jars()] == ["ok"]


@pytest.mark.parametrize(
    ("free", "wanted", "status"),
    [
        (LEAST_FREE - 1, 0, "problem"),
        (LEAST_FREE, 0, "warning"),
        (ENOUGH_FREE - 1, 0, "warning"),
        (ENOUGH_FREE, 0, "ok"),
        (10 * GB, 10 * GB, "ok"),
        (10 * GB, 10 * GB + 1, "warning"),
    ],
)
def test_a_disk_has_room_for_a_run(free: int, wanted: int, status: str) -> None:
    assert disk("lake", Path("/data"), free, wanted).status == status


@pytest.mark.parametrize(
    ("available", "total", "heap", "status"),
    [
        (4 * GB, 8 * GB, 4 * GB, "ok"),
        (4 * GB - 1, 8 * GB, 4 * GB, "warning"),
        (4 * GB, 4 * GB, 4 * GB, "ok"),
        (3 * GB, 4 * GB - 1, 4 * GB, "problem"),
        (None, None, 4 * GB, "warning"),
    ],
)
def test_the_heap_fits_into_memory(available: int | None, total: int | None, heap: int, status: str) -> None:
    assert memory(available, total, heap).status == status


def test_sizes_are_read_as_java_writes_them() -> None:
    assert [bytes_of(size) for size in ("4g", "512m", "1024K", "100", "lots")] == [
        4 << 30,
        512 << 20,
        1 << 20,
        100,
        None,
    ]


def test_packages_of_a_needed_extra_are_a_problem_and_of_others_a_warning() -> None:
    declared = ['no-such-one==1; extra == "spark"', 'typer>=1; extra == "spark"', "nor-this>=2,<3; extra == 'mcp'"]
    assert [(found.status, found.message) for found in packages(declared)] == [
        ("problem", "spark lacks no-such-one"),
        ("warning", "mcp lacks nor-this"),
    ]


def test_a_port_that_another_program_has_is_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert port(taken.getsockname()[1], "serve").status == "warning"
        number = taken.getsockname()[1]
    assert port(number, "serve").status == "ok"


def shop(folder: Path, text: str = "") -> Settings:
    (folder / "shop.yaml").write_text(f"lake: lake\nlanding: {{root: landing}}\n{text}")
    return load_settings(folder / "shop.yaml")


def test_a_landing_folder_that_is_missing_or_a_file_is_a_problem(tmp_path: Path) -> None:
    settings, root = shop(tmp_path), tmp_path / "landing"
    assert landing(settings, root)[0][0][:3] == ("landing", "problem", f"{root} does not exist")
    root.touch()
    assert landing(settings, root)[0][0][:3] == ("landing", "problem", f"{root} is no folder")


def test_a_required_input_without_a_file_is_a_problem_and_an_empty_folder_a_warning(tmp_path: Path) -> None:
    inputs = "landing: {root: landing, inputs: [{name: o, adapter: orders, files: 'o/*', required: true}]}\n"
    (tmp_path / "shop.yaml").write_text(f"lake: lake\n{inputs}")
    (tmp_path / "landing").mkdir()
    found, _ = landing(load_settings(tmp_path / "shop.yaml"), tmp_path / "landing")
    assert [(one.check, one.status) for one in found] == [("input o", "problem"), ("landing", "warning")]
    assert [one.status for one in landing(shop(tmp_path), tmp_path / "landing")[0]] == ["warning"]


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may read everything")
def test_files_that_the_user_may_not_read_are_a_problem(tmp_path: Path) -> None:
    """Looked at by a process of another user where this one is root."""
    folder = tmp_path / "landing" / "orders"
    folder.mkdir(parents=True)
    (folder / "1.csv").write_text("order_id\n")
    (folder / "1.csv").chmod(0)
    shop(tmp_path)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and path not in (Path("/"), Path("/tmp")):
            path.chmod(path.stat().st_mode | 0o055)
    program_text = (
        "from pathlib import Path; from jobs.settings import load_settings; from jobs.project_checks import landing;"
        f"root = Path({str(tmp_path)!r});"
        "print([one[:3] for one in landing(load_settings(root / 'shop.yaml'), root / 'landing')[0]])"
    )
    other = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*other, sys.executable, "-c", program_text], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == ("[('input orders', 'problem', '1 of 1 files cannot be read, first orders/1.csv')]\n"), (
        done.stderr
    )


def landed(at: datetime) -> list[FoundFile]:
    return [FoundFile("orders/1.csv", "file:/orders/1.csv", 1, int(at.timestamp() * 1000))]


def test_a_landed_file_of_the_future_shows_a_wrong_clock() -> None:
    assert clock(landed(NOW + timedelta(minutes=5)), NOW).status == "ok"
    assert clock(landed(NOW + timedelta(minutes=5, milliseconds=1)), NOW).status == "problem"
    assert "3 days old" in clock(landed(NOW - timedelta(days=3)), NOW).message


ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "has": (200, {"model_version": {"version": "7"}}),
    "lacks": (404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}),
}


class Registry(BaseHTTPRequestHandler):
    """An MLflow server, as far as it is asked."""

    def do_GET(self) -> None:
        if self.path.startswith("/slow/"):
            time.sleep(5)
        name = self.path.split("/")[1]
        code, content = ANSWERS.get(name, (500, {}))
        assert "registered-models/alias?name=customer-value&alias=champion" in self.path or name == "slow"
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    one = HTTPServer(("127.0.0.1", 0), Registry)
    Thread(target=one.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{one.server_port}"
    one.shutdown()


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("has", "ok", "customer-value/7 is champion"),
        ("lacks", "warning", "has no champion"),
        ("broken", "problem", "does not answer"),
        ("slow", "problem", "does not answer"),
    ],
)
def test_a_tracking_server_is_asked_with_a_time_limit(
    tmp_path: Path, server: str, path: str, status: str, part: str
) -> None:
    before = time.monotonic()
    found = registry(shop(tmp_path, f"mlflow: {{tracking_uri: '{server}/{path}'}}\n"))
    assert (found.status, part in found.message) == (status, True), found
    assert time.monotonic() - before < 4


def test_a_server_that_is_not_there_is_a_problem_and_its_password_is_not_shown(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    found = registry(shop(tmp_path, f"mlflow: {{tracking_uri: 'http://ann:s3cret@127.0.0.1:{number}'}}\n"))
    assert found.status == "problem" and "s3cret" not in str(found)


def checks(folder: Path) -> dict[str, Finding]:
    return {found.check: found for found in examined(folder / "shop.yaml", now=NOW)}


def test_a_lake_says_what_is_published_and_who_holds_its_lock(tmp_path: Path) -> None:
    shop(tmp_path)
    (tmp_path / "landing").mkdir()
    assert checks(tmp_path)["lake"].message == f"{tmp_path}/lake is not there yet: the first run makes it"

    (tmp_path / "lake").mkdir()
    assert checks(tmp_path)["published"].status == "warning"
    write_shop(tmp_path / "lake")
    found = checks(tmp_path)
    assert found["published"][1:3] == ("ok", "4 tables, as of 2026-03-31, by run-1 at 2026-04-01 03:00 UTC")
    assert found["lock"][1:3] == ("ok", "free")

    holder = {"run_id": "run-2", "host": "far", "pid": 12, "started_at": "2026-04-02T11:00:00Z"}
    (tmp_path / "lake" / "_lock").write_text(json.dumps(holder))
    assert "run run-2 (pid 12 on far, since 2026-04-02T11:00:00Z) was stopped" in checks(tmp_path)["lock"].message
    with (tmp_path / "lake" / "_lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = checks(tmp_path)
    assert found["lock"].status == "warning" and "held by run run-2 (pid 12 on far" in found["lock"].message


def test_every_mistake_of_a_configuration_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("lake: l\nlock: {wait_seconds: -1}\nreprot: {timezone: UTC}\n")
    found = [one.message for one in examined(tmp_path / "shop.yaml", now=NOW) if one.check == "config"]
    assert len(found) == 2 and "wait_seconds" in found[0] and "reprot" in found[1]


def test_it_ends_with_0_or_3_and_has_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop(tmp_path)
    assert main(["--config", str(tmp_path / "shop.yaml")]) == 3
    out = capsys.readouterr().out
    assert "problem  landing" in out and "-> make it and land your exports" in out
    assert "problems: 1, warnings:" in out.splitlines()[-1]

    (tmp_path / "landing" / "orders").mkdir(parents=True)
    (tmp_path / "landing" / "orders" / "1.csv").write_text("order_id,order_ts,value\n")
    assert main(["--config", str(tmp_path / "shop.yaml"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["problems"] == 0
    assert {one["status"] for one in content["findings"]} <= {"ok", "warning"}


def test_it_starts_no_jvm_and_loads_neither_spark_nor_mlflow_of_its_own(tmp_path: Path) -> None:
    assert "pyspark" not in Path(machine_checks.__file__).read_text(encoding="utf-8")
    settings = shop(tmp_path)
    code = (
        "import sys; from jobs.doctor import main; code = main(['--config', sys.argv[1]]);"
        "print(code, sorted({'mlflow'} & sys.modules.keys()),"
        " __import__('pyspark').SparkContext._gateway)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "shop.yaml")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].endswith("None") and "mlflow" not in done.stdout.splitlines()[-1]
    assert settings.lake.endswith("lake") and not (tmp_path / "lake").exists()
