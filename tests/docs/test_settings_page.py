"""docs/settings.md is what conf/base.yaml and the recipes say."""

from __future__ import annotations

from pathlib import Path

from jobs.settings_page import settings_page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_settings_page_follows_from_base_yaml_and_the_recipes() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "write it again with `make docs`"
