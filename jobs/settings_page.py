"""docs/settings.md: every knob of conf/base.yaml, its default, its meaning and the tables that a change remakes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from jobs.check import RECIPES
from jobs.settings import BASE_FILE, Settings, load_settings, sections_of
from warehouse.contracts import Table
from warehouse.knobs import Knobs
from warehouse.recipes import Recipe

HEADING = """# Settings

Every knob with its default. A configuration file names only what it changes. The last column lists the tables that a
change remakes at the next run: those whose rows depend on the knob, then those that follow from them. A knob that
remakes nothing takes effect from then on: for new files, for the next training, for the run itself.

This page is made from `conf/base.yaml` and the recipes; write it again with `make docs`.
"""
COMMENT = re.compile(r"(?:^|\s)#\s?(.*)$")
MAPPINGS = ("ad_spend.platforms", "spark.conf", "spark.small_lake_conf")  # shown as one knob each


class Knob(NamedTuple):
    """A knob as base.yaml has it: its path such as attribution.markov.order, its default and its comment."""

    path: str
    default: Any
    comment: str


def settings_page() -> str:
    """The Markdown page: a table for each section."""
    parts = [HEADING]
    by_section: dict[str, list[Knob]] = {}
    for knob in base_knobs():
        by_section.setdefault(knob.path.split(".")[0], []).append(knob)
    remade = remade_by(load_settings(), RECIPES)
    for section, knobs in by_section.items():
        rows = [_row(knob, remade) for knob in knobs]
        parts.append(
            "\n".join([f"## {section}\n", "| knob | default | what | remakes |", "|---|---|---|---|", *rows, ""])
        )
    return "\n".join(parts)


def base_knobs() -> list[Knob]:
    """Every knob in the order of base.yaml, with the comment on its line and on the lines that continue it."""
    text = BASE_FILE.read_text(encoding="utf-8")
    return list(_knobs(yaml.compose(text), yaml.safe_load(text), text.splitlines(), Settings, ""))


def remade_by(settings: Settings, recipes: Sequence[Recipe]) -> dict[str, list[list[Table]]]:
    """By path of a knob, the tables whose rows depend on it and those that follow from them; others are left out."""
    remade: dict[str, list[list[Table]]] = {}
    for path in sorted({path for recipe in recipes for path in paths_of(settings, recipe)}):
        direct = [recipe.table for recipe in recipes if path in paths_of(settings, recipe)]
        reached = list(direct)
        for recipe in recipes:  # in the order of the flow
            if recipe.table not in reached and any(table in reached for table in recipe.inputs):
                reached.append(recipe.table)
        remade[path] = [direct, [table for table in reached if table not in direct]]
    return remade


def paths_of(settings: Settings, recipe: Recipe) -> set[str]:
    """The paths of the knobs that a recipe names."""
    return {
        f"{section_path}.{name}"
        for part in (*recipe.knobs, *recipe.registered)
        for section_path, section in _first_of(settings, part)
        for name in part.model_fields
    }


def _first_of(settings: Settings, part: type[Knobs]) -> list[tuple[str, Knobs]]:
    return [(path, section) for path, section in sections_of(settings) if isinstance(section, part)][:1]


def _knobs(node: Any, values: Mapping[str, Any], lines: Sequence[str], model: Any, prefix: str) -> Iterator[Knob]:
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        field = getattr(model, "model_fields", {}).get(key.value)
        inner = field.annotation if field else None
        is_section = isinstance(inner, type) and issubclass(inner, Knobs) and not value.flow_style
        if is_section and path not in MAPPINGS:
            yield from _knobs(value, values[key.value], lines, inner, f"{path}.")
        else:
            yield Knob(path, values[key.value], _comment(lines, key.start_mark.line))


def _comment(lines: Sequence[str], number: int) -> str:
    """The comment on a line and on the lines below it that hold only a comment in the same column."""
    found = COMMENT.search(lines[number])
    parts = [found.group(1)] if found else []
    column = lines[number].find("#")
    for line in lines[number + 1 :]:
        if not (found and line.strip().startswith("#") and line.find("#") == column):
            break
        parts.append(line.strip().removeprefix("#").strip())
    return " ".join(parts)


def _row(knob: Knob, remade: Mapping[str, Sequence[Sequence[Table]]]) -> str:
    return f"| `{knob.path}` | {_default(knob.default)} | {_cell(knob.comment)} | {_remade(knob, remade)} |"


def _default(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).replace("\n...", "").strip()
    return f"`{text}`" if len(text) <= 60 else "see base.yaml"


def _remade(knob: Knob, remade: Mapping[str, Sequence[Sequence[Table]]]) -> str:
    own = [tables for path, tables in remade.items() if path == knob.path or path.startswith(f"{knob.path}.")]
    if not own:
        return "nothing"
    direct, following = (", ".join(table.full_name for table in tables) for tables in own[0])
    return f"{direct}; then {following}" if following else direct


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    import sys

    sys.stdout.write(settings_page())
