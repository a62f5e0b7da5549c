"""A shop that went from raw files to its pages, a server of its own, and a browser that reads them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

from conf import CONF_ROOT

REPOSITORY = Path(__file__).parents[2]
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the demo of a small shop; DISTRIBUTARY_SITE names one that runs already."""
    if running := os.environ.get("DISTRIBUTARY_SITE"):
        yield running
        return
    folder = tmp_path_factory.mktemp("site")
    config = small_demo(folder)
    made = subprocess.run(
        [sys.executable, "jobs/demo.py", "--config", str(config)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "jobs.serve", "--config", str(config), "--port", str(port)],
        cwd=REPOSITORY,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/static/page.css")
        yield address
    finally:
        server.terminate()
        server.wait()


def small_demo(folder: Path) -> Path:
    """The demo's configuration for a shop of a tenth, in a folder of its own."""
    content = yaml.safe_load((CONF_ROOT / "demo.yaml").read_text(encoding="utf-8"))
    content |= {"lake": "lake", "landing": {"root": "landing"}}
    content["report"]["file"] = "report.html"
    content["mlflow"] = {"tracking_uri": "sqlite:///mlflow.db", "artifact_root": "mlartifacts"}
    content["simulator"] |= {"visitors": 2400}
    (folder / "shop.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "shop.yaml"


def wait_for(address: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address).read()
            return
        except (URLError, ConnectionError):
            assert time.monotonic() < until, f"{address} does not answer"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail("the tests of pages need Chromium: scripts/bootstrap.sh chromium installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Reader:
    """A reader with a browser window. `complaints` has what the browser's console shows, `asked` every request."""

    browser: Browser
    site: str
    width: int = 1280
    dark: bool = False
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = self.browser.new_context(
            viewport={"width": self.width, "height": 900},
            color_scheme="dark" if self.dark else "light",
            locale="en-US",
            accept_downloads=True,
        )
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _failed(self, request: Request) -> None:
        self.complaints.append(f"failed: {request.url} {request.failure}")

    def open(self, path: str) -> Page:
        """Opens a page of the site, and waits until its charts are drawn."""
        answer = self.page.goto(f"{self.site}{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        self.page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(one => one.dataset.drawn)")
        return self.page

    def serious_issues(self) -> list[str]:
        """What axe-core finds on the open page that is serious or critical."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{issue['id']}: {[node['target'] for node in issue['nodes']][:3]}"
            for issue in found
            if issue["impact"] in SERIOUS
        ]


@pytest.fixture
def reader(chromium: Browser, site: str) -> Iterator[Reader]:
    made = Reader(chromium, site)
    yield made
    made.page.context.close()
