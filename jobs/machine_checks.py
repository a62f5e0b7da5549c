"""What a run needs of the machine, looked at without Spark: each check gives one finding or several.

Checks that decide by a number get it as an argument, so that the boundary can be tried.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal, NamedTuple

from warehouse.jars import jar_cache, locked_jars

Status = Literal["ok", "warning", "problem"]
JAVA_VERSIONS = (17, 21)
PYTHON_VERSIONS = ((3, 11), (3, 12))
ANSWER_SECONDS = 2.0  # how long Java may take to name its version; it takes a tenth of one
GB = 1 << 30
LEAST_FREE = GB // 4  # bytes; a run's smallest tables and logs do not fit into less
ENOUGH_FREE = 2 * GB  # bytes; the demo writes 0.7 GB
# Without the first a run of all steps ends; the others have commands of their own.
NEEDED_EXTRAS = ("spark", "models", "report")
OTHER_EXTRAS = ("serve", "mcp")
_REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)[^;]*;\s*extra\s*==\s*['\"](\w+)['\"]")


class Finding(NamedTuple):
    """One thing that was looked at: how it is, and what to do where it is not as a run needs it."""

    check: str
    status: Status
    message: str
    way_out: str = ""


def python_version(version: tuple[int, ...] = sys.version_info[:2]) -> Finding:
    """Whether this Python is one that the project runs on."""
    written = ".".join(map(str, version))
    if version in PYTHON_VERSIONS:
        return Finding("python", "ok", f"{written} ({sys.executable})")
    return Finding("python", "problem", f"{written} is not 3.11 or 3.12", "make the environment with Python 3.11")


def java(environment: Mapping[str, str] = os.environ) -> Finding:
    """Whether the Java that Spark would start answers, and is of a version that Spark runs on."""
    home = environment.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java", path=environment.get("PATH"))
    install = (
        "install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to its folder"
    )
    if not found:
        return Finding("java", "problem", "no java in PATH, and JAVA_HOME is not set", install)
    origin = f"JAVA_HOME={home}" if home else found
    try:
        answer = subprocess.run(
            [found, "-version"], capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
    except FileNotFoundError:
        return Finding("java", "problem", f"{found} does not exist ({origin})", install)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("java", "problem", f"{found} does not start ({error})", install)
    version = re.search(r'version "(\d+)([^"]*)"', answer.stderr + answer.stdout)
    if answer.returncode or version is None:
        return Finding(
            "java", "problem", f"{found} -version ends with {answer.returncode} and names no version", install
        )
    written = f"{version[1]}{version[2]} ({origin})"
    if int(version[1]) not in JAVA_VERSIONS:
        return Finding("java", "problem", f"{written} is not 17 or 21", install)
    return Finding("java", "ok", written)


def jars(cache: Path | None = None) -> list[Finding]:
    """Whether Delta's JARs are in the cache, each as the lock file has it."""
    folder = cache or jar_cache()
    missing, damaged = [], []
    for path, digest in locked_jars().items():
        jar = folder / path.rsplit("/", 1)[1]
        if not jar.is_file():
            missing.append(jar.name)
        elif hashlib.sha256(jar.read_bytes()).hexdigest() != digest:
            damaged.append(str(jar))
    found = []
    if damaged:
        remove = "remove what is named; the next run fetches it again"
        found.append(Finding("jars", "problem", f"not as conf/spark/jars.lock has them: {', '.join(damaged)}", remove))
    if missing:
        fetch = (
            "`python -m warehouse.jars` fetches them, as the next run does; both need Maven Central or MAVEN_REPOSITORY"
        )
        found.append(Finding("jars", "warning", f"{folder} lacks {', '.join(missing)}", fetch))
    return found or [Finding("jars", "ok", f"{len(locked_jars())} in {folder}")]


def disk(name: str, place: Path, free: int, wanted: int) -> Finding:
    """Whether a place has room: a problem below LEAST_FREE, a warning below `wanted` or ENOUGH_FREE bytes."""
    check, has = f"disk of {name}", f"{free / GB:,.1f} GB free at {place}"
    if free < LEAST_FREE:
        return Finding(check, "problem", has, "free some space, or name another folder in the configuration")
    if free < max(wanted, ENOUGH_FREE):
        return Finding(
            check, "warning", f"{has}; {max(wanted, ENOUGH_FREE) / GB:,.1f} GB are comfortable", "free some space"
        )
    return Finding(check, "ok", has)


def memory(available: int | None, total: int | None, heap: int | None) -> Finding:
    """Whether Spark's heap (spark.driver.memory) fits: a problem above all memory, a warning above what is free."""
    if available is None or total is None or heap is None:
        return Finding("memory", "warning", "how much there is could not be read", "see spark.driver.memory")
    sizes = f"{available / GB:,.1f} of {total / GB:,.1f} GB available, spark.driver.memory is {heap / GB:,.1f} GB"
    if heap > total:
        return Finding("memory", "problem", sizes, "lower spark.driver.memory (spark.conf of the configuration)")
    if heap > available:
        return Finding("memory", "warning", sizes, "end other programs, or lower spark.driver.memory")
    return Finding("memory", "ok", sizes)


def packages(requirements: Sequence[str] | None = None) -> list[Finding]:
    """Whether the packages of each extra are installed; `requirements` are by default those of this distribution."""
    try:
        declared = requirements if requirements is not None else distribution("distributary").requires or []
    except PackageNotFoundError:
        return [Finding("packages", "warning", "distributary is not installed as a package", "see docs/running.md")]
    by_extra: dict[str, list[str]] = {}
    for requirement in declared:
        if found := _REQUIREMENT.match(requirement):
            by_extra.setdefault(found[2], []).append(found[1])
    findings = []
    for extra in (*NEEDED_EXTRAS, *OTHER_EXTRAS):
        lacking = [name for name in by_extra.get(extra, ()) if not _is_installed(name)]
        if lacking:
            status: Status = "problem" if extra in NEEDED_EXTRAS else "warning"
            install = f'pip install "distributary[{extra}]"; without it other commands run'
            findings.append(Finding("packages", status, f"{extra} lacks {', '.join(lacking)}", install))
    return findings or [Finding("packages", "ok", ", ".join((*NEEDED_EXTRAS, *OTHER_EXTRAS)))]


def port(number: int, what: str) -> Finding:
    """Whether a program of this project could listen on a port of 127.0.0.1."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", number))
        except OSError as error:
            choose = f"`distributary {what} --port` takes another one, or end what listens there"
            return Finding(f"port {number}", "warning", f"not free for {what} ({error.strerror})", choose)
    return Finding(f"port {number}", "ok", f"free for {what}")


def time_zones(known: int, zone: str, *, has_zone: bool) -> Finding:
    """Whether Python has a time zone database (`known` zones) with the zone of reporting days."""
    if not has_zone:
        install = "install the system's tzdata, or `pip install tzdata`"
        return Finding("time zones", "problem", f"{zone} (report.timezone) is not among {known:,} zones", install)
    return Finding("time zones", "ok", f"{known:,}, {zone} among them")


def free_bytes(place: Path) -> int:
    """The bytes that the user may still write at a place, or where it will be."""
    return shutil.disk_usage(nearest_that_exists(place)).free


def nearest_that_exists(place: Path) -> Path:
    """The place, or the folder above it that exists."""
    return next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())


def memory_of_machine() -> tuple[int | None, int | None]:
    """Available and all memory [bytes], those of the container where it has less; None where they cannot be read."""
    sizes: dict[str, int] = {}
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            name, _, value = line.partition(":")
            sizes[name] = int(value.split()[0]) * 1024
    available, total = sizes.get("MemAvailable"), sizes.get("MemTotal")
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
        total = limit if total is None else min(total, limit)
        available = limit - used if available is None else min(available, limit - used)
    return available, total


def bytes_of(written: str) -> int | None:
    """The bytes of a size as Java writes it; None where it is none.

    >>> bytes_of("4g")
    4294967296
    """
    found = re.fullmatch(r"(\d+)([kmgt]?)b?", written.strip().lower())
    return int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}[found[2]] if found else None


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
