"""The drawing in docs/architecture.md shows the imports between the packages, all of them and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import MAY_IMPORT, REPOSITORY, imports_of, sources

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
ARROW = re.compile(r"^ *([\w &]+?) *--> *([\w &]+?) *$")


def arrows(page: str) -> set[tuple[str, str]]:
    """Every (from, to) of the page's drawing; `a & b --> c & d` are four."""
    (drawing,) = re.findall(r"^```mermaid\nflowchart \w+\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    found: set[tuple[str, str]] = set()
    for line in filter(str.strip, drawing.splitlines()):
        arrow = ARROW.match(line)
        assert arrow, f"not an arrow between packages: {line!r}"
        ends = [[name.strip() for name in side.split("&")] for side in arrow.groups()]
        found |= {(origin, target) for origin in ends[0] for target in ends[1]}
    return found


def imports() -> set[tuple[str, str]]:
    """Every (importing, imported) of our packages."""
    return {
        (package, root)
        for package in MAY_IMPORT
        for path in sources(package)
        for root in {module.split(".")[0] for module in imports_of(path)} & (set(MAY_IMPORT) - {package})
    }


def test_every_arrow_is_an_import_and_every_import_an_arrow() -> None:
    assert sorted(arrows(PAGE)) == sorted(imports())


def test_every_package_is_in_the_drawing_and_in_the_table() -> None:
    assert {name for arrow in arrows(PAGE) for name in arrow} == set(MAY_IMPORT)
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)
    assert sorted(rows) == sorted(MAY_IMPORT)


def test_an_arrow_may_have_several_ends_and_what_is_no_arrow_is_refused() -> None:
    drawing = "```mermaid\nflowchart TD\n    {}\n```\n"
    assert arrows(drawing.format("a & b --> c & d")) == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}
    with pytest.raises(AssertionError, match="not an arrow"):
        arrows(drawing.format("a --- b"))


def test_the_files_that_the_page_names_exist() -> None:
    roots = {*MAY_IMPORT, "tests"}
    named = {name for name in re.findall(r"`([\w/]+\.(?:py|yaml))`", PAGE) if name.split("/")[0] in roots}
    assert named
    assert [name for name in sorted(named) if not (REPOSITORY / name).is_file()] == []
