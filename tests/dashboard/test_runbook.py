"""The runbook: each check that the code can write has one section, in both languages and in the docs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.runbook import SECTIONS, runbook_page, section_of, what_to_do
from dashboard.words import words_in

REPOSITORY = Path(__file__).parents[2]
MAKERS = {"equal", "none_found", "at_least", "at_most"}
PACKAGES = ("intake", "touchpoints", "attribution", "ltv", "warehouse")


def names_of_checks() -> Iterator[tuple[str, str]]:
    """Place and name of every check; what an f-string fills in is x, or the text of a name that was put together
    before."""
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    yield from _names_in(function, str(path.relative_to(REPOSITORY)))


def _names_in(function: ast.FunctionDef, place: str) -> Iterator[tuple[str, str]]:
    texts: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found = _text(node.value, {})
            if found:
                texts.setdefault(node.targets[0].id, []).append(found)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Name):
                yield from ((f"{place}:{node.lineno}", name) for name in texts.get(first.id, []))
            elif name := _text(first, texts):
                yield f"{place}:{node.lineno}", name


def _text(node: ast.expr, texts: dict[str, list[str]]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            known = texts.get(value.id, []) if isinstance(value, ast.Name) else []
            parts.append(known[0] if known else "x")
    return "".join(parts)


CHECKS = [found for found in names_of_checks() if not found[0].startswith("warehouse/checks.py")]


def test_the_checks_of_the_code_are_found() -> None:
    assert len(CHECKS) > 60
    names = {name for _, name in CHECKS}
    assert {"nulls in x", "performance of x, x, by x: spend", "x amounts in x: what was kept is in x"} <= names


@pytest.mark.parametrize(("place", "name"), CHECKS)
def test_every_check_belongs_to_exactly_one_section(place: str, name: str) -> None:
    assert [section for section, pattern in SECTIONS.items() if pattern.search(name)] == [section_of(name)], place


def test_every_section_is_about_a_check() -> None:
    assert {section_of(name) for _, name in CHECKS} == set(SECTIONS)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_section_says_what_its_checks_mean_and_what_to_do(language: str) -> None:
    words = words_in("ko" if language == "ko" else "en")
    for section in SECTIONS:
        assert all(words.texts[f"runbook.{section}.{part}"] for part in ("title", "means", "do"))
    sections = {key.split(".")[1] for key in words.section("runbook") if key.count(".") == 2}
    assert sections == set(SECTIONS)


def test_a_check_that_is_not_known_has_no_advice() -> None:
    assert what_to_do("a check of a mart", words_in("en")) == ""
    assert "--full" in what_to_do("keys that stand twice in gold.path_summary", words_in("en"))


def test_the_page_of_the_docs_is_made_from_the_texts() -> None:
    page = REPOSITORY / "docs" / "runbook.md"
    assert page.read_text(encoding="utf-8") == runbook_page(), "write it again with `make docs`"
