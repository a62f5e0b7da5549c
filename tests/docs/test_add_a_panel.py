"""docs/how-to/add-a-panel.md works as it stands: its steps are followed on a copy of the code, and its panel shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.page_steps import REPOSITORY, follow, page, run, steps

STEPS = steps(page("add-a-panel.md"))
COPIED = ("conf", "warehouse", "published", "dashboard", "tests/dashboard")
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
    follow(STEPS, root)
    return root


def test_the_page_touches_four_places_and_a_test() -> None:
    touched = {step.file: step.what for step in STEPS}
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
