"""`distributary report` in a view: the same view gives the same bytes, and the page of everything stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from jobs import report
from tests.published_lake import AS_OF
from tests.small_shop import write_shop


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    write_shop(folder / "lake")
    file = folder / "shop.yaml"
    file.write_text(yaml.safe_dump({"lake": "lake", "report": {"currency": "KRW", "file": "report.html"}}))
    return file


def written(config: Path, *options: str) -> int:
    return report.main(["--config", str(config), *options])


def test_a_view_of_days_models_basis_and_language_is_a_page_beside_the_report(config: Path) -> None:
    options = (
        "--from",
        "2026-03-25",
        "--to",
        "2026-03-30",
        "--type",
        "purchase",
        "--models",
        "last_touch, first_touch",
    )
    assert written(config, *options, "--basis", "touch", "--language", "ko") == 0
    (page,) = config.parent.glob("report-*.html")
    assert page.name == "report-2026-03-25-2026-03-30-purchase-last_touch-first_touch-touch-ko.html"
    text = page.read_text(encoding="utf-8")
    assert '<html lang="ko">' in text
    assert "2026년 3월 30일" in re.sub(r"<[^>]+>", "", text)
    assert not (config.parent / "report.html").exists()
    before = page.read_bytes()
    assert (
        written(config, *options, "--basis", "touch", "--language", "ko", "--out", str(config.parent / "a.html")) == 0
    )
    assert (config.parent / "a.html").read_bytes() == before


def test_pages_of_two_views_say_so_in_what_they_were_made_from(config: Path) -> None:
    pages = [config.parent / f"{name}.html" for name in ("all", "touch", "conversion")]
    for page, basis in zip(pages, ([], ["--basis", "touch"], ["--basis", "conversion"]), strict=True):
        assert written(config, *basis, "--out", str(page)) == 0
    everything, touch, conversion = (page.read_bytes() for page in pages)
    assert everything == conversion
    assert everything != touch


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--models", "last_tuoch"],
            "no model is called 'last_tuoch'",
        ),
        (["--models", "last_tuoch"], "; did you mean last_touch?"),
        (["--models", ","], "no model is named"),
        (["--type", "purchas"], "; did you mean purchase?"),
        (["--basis", "touches"], "; did you mean touch?"),
        (["--language", "kr"], "no language is called 'kr'; there are: en, ko"),
        (["--from", "2026-03-30", "--to", "2026-03-01"], "the first day, 2026-03-30, is later than the last"),
        (["--from", str(AS_OF.replace(year=2030))], "2030-03-31"),
    ],
)
def test_a_view_that_cannot_be_is_one_line_with_the_nearest_name(
    config: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert written(config, *options, "--out", str(config.parent / "never.html")) == 2
    assert message in capsys.readouterr().err
    assert not (config.parent / "never.html").exists()


def test_a_dry_run_of_a_view_writes_nothing(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(config, "--basis", "touch", "--language", "en", "--dry-run") == 0
    assert capsys.readouterr().err.startswith(
        f"would write {config.parent / 'report-touch-en.html'}, the report of run"
    )
    assert not (config.parent / "report-touch-en.html").exists()
