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
    """A panel of a page: its key in addresses, its title's text, and what makes it. None = nothing to show.

    A key in braces, such as {name}, stands for what an address names: such a panel is shown alone.
    """

    key: str
    title: str
    make: Maker

    @property
    def is_alone(self) -> bool:
        """Whether it is shown under its own address only."""
        return "{" in self.key


@dataclass(frozen=True)
class Page:
    """A page: its key in addresses ("" is the first), and its panels. `is_live` pages show what changes between
    publications, such as runs and questions: they are made again whenever something was written. `has_filters`: its
    panels show a part of the figures that readers choose."""

    key: str
    parts: tuple[Part, ...]
    is_live: bool = False
    in_menu: bool = True
    has_filters: bool = True
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
