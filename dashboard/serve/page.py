"""What a page is: its panels, each under its own address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.panels import Panel
from dashboard.serve.context import Context
from dashboard.words import Words
from published.figures import Figures

Maker = Callable[[Context], Panel | None]


@dataclass(frozen=True)
class Part:
    """A panel of a page: its key in addresses, its title's text, and what makes it. None = nothing to show."""

    key: str
    title: str
    make: Maker


@dataclass(frozen=True)
class Page:
    """A page: its key in addresses ("" is the first), and its panels. `is_live` pages show what changes between
    publications, such as runs and questions, and are made for every answer."""

    key: str
    parts: tuple[Part, ...]
    is_live: bool = False
    title: str | None = None

    @property
    def title_text(self) -> str:
        """The key of its heading's text."""
        return self.title or f"pages.{self.key}"

    @property
    def path(self) -> str:
        """Its address without the query."""
        return f"/{self.key}" if self.key != "overview" else "/"


def of(make: Callable[[Figures, Words], Panel | None]) -> Maker:
    """A panel of the report in the reader's view."""
    return lambda context: make(context.figures, context.words)
