"""Pictures of every page as PNG: both languages, both themes, at a desk and on a phone.

make pictures                      # of the demo, into build/pictures
.venv/bin/python scripts/pictures.py --config shop.yaml --out DIR
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import product
from pathlib import Path
from urllib.error import URLError

from playwright.sync_api import Browser, sync_playwright

from dashboard.serve.pages import PAGES

REPOSITORY = Path(__file__).parents[1]
WIDTHS = {"desk": 1280, "phone": 390}
THEMES = ("light", "dark")
LANGUAGES = ("en", "ko")


def main() -> int:
    """Starts a server, draws the pages, and stops it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--config", default="conf/demo.yaml")
    arguments.add_argument("--out", type=Path, default=REPOSITORY / "build" / "pictures")
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jobs.serve", "--config", chosen.config, "--port", str(port)]
    server = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    try:
        site = f"http://127.0.0.1:{port}"
        _wait_for(f"{site}/static/page.css", server)
        with sync_playwright() as playwright:
            program = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for theme, size in product(THEMES, WIDTHS):
                _draw(browser, site, chosen.out, theme=theme, size=size)
            browser.close()
    finally:
        server.terminate()
        server.wait()
    sys.stdout.write(f"{chosen.out}: {len(list(chosen.out.glob('*.png')))} pictures\n")
    return 0


def _draw(browser: Browser, site: str, out: Path, *, theme: str, size: str) -> None:
    scheme = "dark" if theme == "dark" else "light"
    window = {"width": WIDTHS[size], "height": 900}
    context = browser.new_context(viewport=window, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for shown, language in product(PAGES, LANGUAGES):
        page.goto(f"{site}{shown.path}?lang={language}")
        page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(one => one.dataset.drawn)")
        page.screenshot(path=out / f"{shown.key}-{language}-{theme}-{size}.png", full_page=True)
    context.close()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            urllib.request.urlopen(address).read()
            return
        except (URLError, ConnectionError):
            if server.poll() is not None:
                raise SystemExit("the server did not start: try `distributary serve` by itself") from None
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
