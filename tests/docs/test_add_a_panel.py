"""docs/how-to/add-a-panel.md works as it stands: its steps are followed on a copy of the code, and its panel shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "how-to" / "add-a-panel.md"
COPIED = ("conf", "warehouse", "published", "dashboard", "tests/dashboard")
STEP = re.compile(r"^(Write|Add to|Change in) `([^`]+)`:\n\n```\w+\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
SENTENCES = {
    "en": "Search brought the most new customers: 5 of 5, under last touch.",
    "ko": "라스트 터치 기준으로 신규 고객이 가장 많이 유입된 채널은 Search입니다(전체 5명 중 5명).",
}
RENDER = """
import sys
from pathlib import Path
from dashboard.report import write_report
from published.view import View
from tests.small_shop import write_shop
write_shop(Path("lake"))
for language in sys.argv[1:]:
    write_report("lake", f"{language}.html", view=View(language=language))
"""


def steps() -> Iterator[tuple[str, str, str]]:
    """What is to be done with which file, and the block of code."""
    yield from (found.groups() for found in STEP.finditer(PAGE.read_text(encoding="utf-8")))


def changed(text: str, diff: str) -> str:
    """The text with a block of a diff applied: lines with + are new, lines with - go, the others are there."""
    lines = diff.splitlines()
    before = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
    after = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"not found once:\n{before}"
    return text.replace(before, after)


def run(copy: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with the panel of the page in it."""
    root = tmp_path_factory.mktemp("panel")
    for folder in COPIED:
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (REPOSITORY / "tests").glob("*.py"):
        if module.stem in ("small_shop", "published_lake", "shop_fixtures"):
            shutil.copy(module, root / "tests")
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for what, name, block in steps():
        file = root / name
        if what == "Write":
            file.write_text(block, encoding="utf-8")
        else:
            text = file.read_text(encoding="utf-8")
            file.write_text(f"{text}\n{block}" if what == "Add to" else changed(text, block), encoding="utf-8")
    return root


def test_the_page_touches_four_places_and_a_test() -> None:
    touched = {name: what for what, name, _ in steps()}
    assert touched == {
        "dashboard/new_customers_panel.py": "Write",
        "dashboard/report.py": "Change in",
        "dashboard/locales/en.yaml": "Add to",
        "dashboard/locales/ko.yaml": "Add to",
        "tests/dashboard/test_new_customers_panel.py": "Write",
    }


def test_the_report_shows_the_panel_in_both_languages(copy: Path) -> None:
    run(copy, "-c", RENDER, *SENTENCES)
    for language, sentence in SENTENCES.items():
        page = (copy / f"{language}.html").read_text(encoding="utf-8")
        (article,) = re.findall(r'<article class="panel" id="new-customers">.*?</article>', page, flags=re.DOTALL)
        assert sentence in article
        assert "<svg" in article
        assert "<table>" in article


def test_the_tests_of_the_page_and_of_the_words_hold(copy: Path) -> None:
    files = ("test_new_customers_panel.py", "test_words.py", "test_report.py")
    report = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/dashboard/{file}" for file in files))
    assert re.search(r"\d+ passed", report)
    assert "skipped" not in report
