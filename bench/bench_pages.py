"""The served pages: start, memory, the time of each page, and 50 readers at once.

    .venv/bin/python bench/bench_pages.py [--config conf/demo.yaml] [--readers 50] [--seconds 60]

The server is a process of its own, as `distributary serve` starts it; readers and server share the machine's cores.
Each reader opens one page after another with a filter of its own, without a pause.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from dashboard.serve.pages import PAGES

PORT = 8799
ROOT = f"http://127.0.0.1:{PORT}"
REPOSITORY = Path(__file__).parents[1]
QUERIES = (
    "",
    "?period=7d",
    "?period=90d",
    "?period=all",
    "?basis=touch",
    "?lang=ko",
    "?compare=none",
    "?customers=new",
)


def main() -> None:
    """Prints the figures as JSON."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--config", default="conf/demo.yaml")
    arguments.add_argument("--readers", type=int, default=50)
    arguments.add_argument("--seconds", type=float, default=60)
    chosen = arguments.parse_args()
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "jobs.serve", "--config", chosen.config, "--port", str(PORT)],
        cwd=REPOSITORY,
        stderr=subprocess.DEVNULL,
    )
    try:
        figures: dict[str, Any] = {"start_s": round(_until_it_answers(started), 2)}
        figures["first_ms"], figures["later_ms"] = _page_times()
        figures["memory_mb"] = {"after_every_page": _memory(server.pid)}
        times, errors = asyncio.run(_read(chosen.readers, chosen.seconds))
        figures["memory_mb"] |= {"after_readers": _memory(server.pid)}
        figures |= {
            "readers": chosen.readers,
            "answers": len(times),
            "errors": errors,
            "median_ms": round(statistics.median(times) * 1000),
            "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1000),
        }
    finally:
        server.terminate()
        server.wait()
    print(json.dumps(figures, indent=2))


def _until_it_answers(started: float) -> float:
    while True:
        try:
            httpx.get(f"{ROOT}/static/page.css")
            return time.perf_counter() - started
        except httpx.HTTPError:
            time.sleep(0.02)


def _page_times() -> tuple[dict[str, int], dict[str, int]]:
    """Milliseconds of each page when it is made, and the median of five further answers of other days."""
    first, later = {}, {}
    with httpx.Client(timeout=60) as browser:
        for page in PAGES:
            first[page.key] = _milliseconds(browser, page.path)
            later[page.key] = round(
                statistics.median(
                    _milliseconds(browser, f"{page.path}?period=all&to=2026-04-{day}") for day in range(20, 25)
                )
            )
    return first, later


def _milliseconds(browser: httpx.Client, path: str) -> int:
    before = time.perf_counter()
    browser.get(f"{ROOT}{path}").raise_for_status()
    return round((time.perf_counter() - before) * 1000)


async def _read(readers: int, seconds: float) -> tuple[list[float], int]:
    """The seconds of every answer, and how many were no page."""
    until, times, errors = time.perf_counter() + seconds, [], 0

    async def reader(number: int) -> None:
        nonlocal errors
        choose = random.Random(number)
        async with httpx.AsyncClient(timeout=60) as browser:
            while (before := time.perf_counter()) < until:
                address = f"{ROOT}{choose.choice(PAGES).path}{choose.choice(QUERIES)}"
                answer = await browser.get(address)
                times.append(time.perf_counter() - before)
                errors += answer.status_code != 200

    await asyncio.gather(*(reader(number) for number in range(readers)))
    return times, errors


def _memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


if __name__ == "__main__":
    main()
