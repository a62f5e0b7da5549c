"""The console that a run's lines are printed on; see `warehouse.messages`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from warehouse.messages import concealed, printable


class Terminal(Console):
    """A console that never gets control characters or secrets of the text that it prints."""

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """What is printed, piece by piece."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(concealed(segment.text)))
