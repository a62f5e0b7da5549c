"""Relative links in the documents lead to files that exist, and to headings that are there."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^(`{3,}).*?^\1$", flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """The targets of all links outside of fenced blocks that lead to no other site."""
    return [target for target in LINK.findall(CODE.sub("", text)) if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    headings = re.findall(r"^#+ +(.+?) *$", CODE.sub("", text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of the page that lead nowhere."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_every_page_of_the_docs_is_reached_from_the_readme() -> None:
    reached, todo = set[Path](), [REPOSITORY / "README.md"]
    while todo:
        page = todo.pop()
        reached.add(page)
        names = [unquote(link).partition("#")[0] for link in links(page.read_text(encoding="utf-8"))]
        targets = [(page.parent / name).resolve() for name in names if name]
        found = [file for target in targets for file in (sorted(target.glob("*.md")) if target.is_dir() else [target])]
        todo += [file for file in found if file.suffix == ".md" and file.is_file() and file not in reached]
    assert [page for page in PAGES if page not in reached] == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](gone.md) [d](https://example.com)\n```\n[e](gone.md)\n```\n")
    assert broken(page) == ["#two", "gone.md"]
