"""docs/how-to/add-a-knob.md works as it stands: its knob is read, and only tables that rest on it become stale."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import create_model
from pyspark.sql import SparkSession
from rich.console import Console

import jobs.settings
from attribution import knobs
from attribution.channel_performance import PERFORMANCE
from attribution.path_summary import PATHS
from attribution.unmatched_spend import UNMATCHED_SPEND
from jobs import settings_page
from jobs.check import RECIPES
from jobs.run import Run, open_run
from jobs.settings import BASE_FILE, Settings
from tests.attribution.rules_oracle import journey, journeys_frame, walk
from tests.docs.page_steps import REPOSITORY, follow, module_of, page, steps, table_after
from warehouse.errors import UsageError
from warehouse.recipes import Recipe
from warehouse.settings_file import read_knobs
from warehouse.store import Lake, Origin
from warehouse.table_update import TableUpdate
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_JOURNEYS

PAGE = page("add-a-knob.md")
STEPS = steps(PAGE)
BASE, KNOBS, HOME, TEST = dict.fromkeys(step.file for step in STEPS)


@dataclass(frozen=True)
class Changed:
    """The project after the steps of the page: the files as they are then, and what is read from them."""

    root: Path
    model: type[Settings]
    home: ModuleType

    @property
    def recipe(self) -> Recipe:
        found: Recipe = self.home.CREDITS
        return found

    def settings(self, config: Path | None = None) -> Settings:
        return read_knobs(self.model, self.root / BASE, config)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    root = tmp_path_factory.mktemp("knob")
    for file in (BASE, KNOBS, HOME, TEST):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text((REPOSITORY / file).read_text(encoding="utf-8"), encoding="utf-8")
    follow(STEPS, root)
    with pytest.MonkeyPatch.context() as patch:
        then = module_of(KNOBS, (root / KNOBS).read_text(encoding="utf-8"))
        # Other modules have today's classes: the section is one of these that has the new class's knobs too.
        section = type("Attribution", (knobs.Attribution, then.CreditedValue), {})
        assert set(section.model_fields) == set(then.Attribution.model_fields)
        patch.setattr(knobs, "CreditedValue", then.CreditedValue, raising=False)
        model = create_model("Settings", __base__=Settings, attribution=(section, ...))
        home = module_of(HOME, (root / HOME).read_text(encoding="utf-8"))
        patch.setitem(sys.modules, home.__name__, home)
        yield Changed(root, model, home)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A lake with the conversions of the page."""
    found = Lake(spark, str(tmp_path / "lake"), "attribute")
    rows = [journey(f"of {value}", walk("Search > Email", name=value), value=value) for value in ("10", "3")]
    found.replace(SILVER_JOURNEYS, journeys_frame(spark, rows), origin=Origin({}, "", ""))
    return found


def opened(lake: Lake, changed: Changed, **attribution: float) -> Run:
    """A run with the settings of the page, by rules alone, so that no registry is asked."""
    base = changed.settings()
    data_driven = base.attribution.data_driven.model_copy(update={"models": []})
    section = base.attribution.model_copy(update={"data_driven": data_driven, **attribution})
    settings = base.model_copy(update={"lake": lake.root, "attribution": section})
    return open_run("attribute", config=None, settings=settings, spark=lake.spark, console=Console(quiet=True))


def test_only_tables_that_rest_on_the_knob_are_stale_and_credits_go_by_it(lake: Lake, changed: Changed) -> None:
    recipes = (changed.recipe, PERFORMANCE, UNMATCHED_SPEND, PATHS)

    def made(**attribution: float) -> dict[str, int]:
        TableUpdate(opened(lake, changed, **attribution), recipes).make()
        rows = opened(lake, changed).lake.read(GOLD_ATTRIBUTION_CREDITS).where("model = 'last_touch'").collect()
        assert {row["channel"] for row in rows} == {"Email"}
        return {row["conversion_id"]: int(row["credited_value"]) for row in rows}

    by_value = [made(min_value=0)]
    assert TableUpdate(opened(lake, changed), recipes).plan() == {}
    plan = TableUpdate(opened(lake, changed, min_value=5), recipes).plan()
    by_value.append(made(min_value=5))

    (expected,) = table_after(PAGE, "table", "what is done")
    assert [
        [name, f"in full ({plan[recipe.table]})" if recipe.table in plan else "current"]
        for recipe in recipes
        for name in (recipe.table.full_name,)
    ] == expected
    (rows,) = table_after(PAGE, "conversion", "channel", "min_value: 0", "min_value: 5")
    assert [
        [name, "Email", *(str(found.get(name, "none")) for found in by_value)] for name in ("of 10", "of 3")
    ] == rows


def test_the_code_of_the_page_holds(changed: Changed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.settings, "load_settings", changed.settings)
    (block,) = re.findall(r"^```python\n(from attribution.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert block.count("assert ") == 3
    exec(block, {})


def test_a_value_outside_the_bounds_is_refused_with_the_line(changed: Changed, tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text("attribution:\n  min_value: -1\n")
    with pytest.raises(UsageError, match=r"shop\.yaml:2: .*min_value.* greater than or equal to 0") as refused:
        changed.settings(config)
    assert refused.value.exit_code == 2
    assert "(exit code 2)" in PAGE


def test_the_settings_page_gets_the_row_of_the_page_and_no_other(
    changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()
    assert settings_page.settings_page().splitlines() == before, "docs/settings.md is out of date: make docs"
    recipes = [changed.recipe if one.table == changed.recipe.table else one for one in RECIPES]
    for name, value in (
        ("BASE_FILE", changed.root / BASE),
        ("Settings", changed.model),
        ("load_settings", changed.settings),
        ("RECIPES", recipes),
    ):
        monkeypatch.setattr(settings_page, name, value)
    (row,) = re.findall(r"^```markdown\n(.*)\n```$", PAGE, flags=re.MULTILINE)
    after = settings_page.settings_page().splitlines()
    assert [line for line in after if line != row] == before
    assert BASE_FILE == REPOSITORY / BASE


def test_the_test_that_the_page_shows_passes(
    spark: SparkSession, changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend((REPOSITORY / TEST).parent)
    module = module_of(TEST, (changed.root / TEST).read_text(encoding="utf-8"))
    (added,) = (step.block for step in STEPS if step.what == "Add to")
    (name,) = re.findall(r"^def (test_\w+)", added, flags=re.MULTILINE)
    getattr(module, name)(spark)


def test_the_page_touches_four_places() -> None:
    assert list(dict.fromkeys(step.file for step in STEPS)) == [
        "conf/base.yaml",
        "attribution/knobs.py",
        "attribution/attribution_credits.py",
        "tests/attribution/test_attribution_credits.py",
    ]
    for file in re.findall(r"`((?:tests|conf|jobs|attribution)/[\w/]+\.(?:py|yaml))`", PAGE):
        assert (REPOSITORY / file).is_file(), file
