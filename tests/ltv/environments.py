"""Environments of consumers: virtual environments of their own, and the servers that run in them, on 127.0.0.1."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

UV = Path(sys.executable).with_name("uv")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def environment(folder: Path, *requirements: str) -> Path:
    """A new virtual environment with these packages alone; returns its Python."""
    python = folder / "bin" / "python"
    for command in (
        (UV, "venv", "--quiet", "--python", sys.executable, folder),
        (UV, "pip", "install", "--quiet", "--python", python, *requirements),
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return python


def link(python: Path, *packages: str) -> None:
    """Gives an environment packages of this one too: pip would build pyspark again, which takes half a minute."""
    (place,) = (python.parents[1] / "lib").glob("python*/site-packages")
    for package in packages:
        found = find_spec(package)
        assert found is not None and found.origin is not None, package
        (place / package).symlink_to(Path(found.origin).parent)


def variables(python: Path, **more: str) -> dict[str, str]:
    """The variables of a process that sees this environment and nothing of this checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW", "VIRTUAL"))}
    return {**kept, **QUIET, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}", **more}


def run(python: Path, program: str, *, cwd: Path, **more: str) -> str:
    """What a program prints in an environment."""
    done = subprocess.run(
        [python, "-P", "-c", program],
        cwd=cwd,
        env=variables(python, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    python: Path, arguments: Sequence[str], *, log: Path, health: str = "/health", **more: str
) -> Iterator[str]:
    """`mlflow …` as a server of this machine; gives its address once it answers."""
    port = free_port()
    command = [python, "-m", "mlflow", *arguments, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with log.open("w") as opened:
        process = subprocess.Popen(
            command, stdout=opened, stderr=opened, cwd=log.parent, env=variables(python, **more), start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url + health, timeout=1)
                break
            except OSError:
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.2)
        else:
            raise AssertionError(f"no answer: {log.read_text(encoding='utf-8')}")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
