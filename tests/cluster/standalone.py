"""A standalone Spark cluster on loopback: a master and workers, each a process of its own, from the pyspark wheel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

SPARK_HOME = Path(pyspark.__file__).parent
LOOPBACK = "127.0.0.1"
# What a machine of a cluster has: Java and a shell, nothing of this project, no virtual environment.
BARE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "SPARK_LOCAL_IP": LOOPBACK} | {
    name: os.environ[name] for name in ("JAVA_HOME", "LANG") if name in os.environ
}
SECONDS_TO_START = 120.0


@dataclass(frozen=True)
class Worker:
    """A worker and its folder, which has one folder per application."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def executors(self) -> list[Path]:
        """The folders of the executors that it has started."""
        return sorted(self.folder.glob("app-*/*"))

    def kill(self) -> None:
        """As when its machine loses power: the worker and its executors are in one process group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """A master's address and its workers."""

    master: str
    workers: Sequence[Worker]


@contextmanager
def standalone_cluster(folder: Path, *, workers: int = 2, memory: str = "1536m") -> Iterator[Cluster]:
    """A master and workers of one core each while the block runs; every process is ended by its id at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(role: str, *arguments: str, name: str) -> subprocess.Popen[bytes]:
        with (folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [SPARK_HOME / "bin/spark-class", f"org.apache.spark.deploy.{role}", "--host", LOOPBACK, *arguments],
                cwd=folder,
                env={
                    **BARE,
                    "SPARK_HOME": str(SPARK_HOME),
                    "HOME": str(folder),
                    "SPARK_LOCAL_DIRS": str(folder / "scratch"),
                    "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        processes.append(process)
        return process

    try:
        port = _free_port()
        start("master.Master", "--port", str(port), "--webui-port", "0", name="master")
        _wait_for(folder / "master.log", "New state: ALIVE")
        master, found = f"spark://{LOOPBACK}:{port}", list[Worker]()
        for number in range(1, workers + 1):
            place = folder / f"worker-{number}"
            arguments = ("--cores", "1", "--memory", memory, "--work-dir", str(place), "--webui-port", "0", master)
            found.append(Worker(start("worker.Worker", *arguments, name=place.name), place))
        for worker in found:
            _wait_for(folder / f"{worker.folder.name}.log", "Successfully registered with master")
        yield Cluster(master, found)
    finally:
        for process in reversed(processes):
            _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait_for(log: Path, words: str) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while words not in (text := log.read_text(encoding="utf-8", errors="replace")):
        assert time.monotonic() < until, f"{log.name} has no line with {words!r}:\n{text[-2000:]}"
        time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process with what it has started."""
    for signal_number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, signal_number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
