"""Where messages are printed: all of them, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from warehouse.messages import concealed, one_line, printable


class Terminal(Console):
    """A console that never gets control characters or secrets of the text that it prints."""

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """What is printed, piece by piece."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(concealed(segment.text)))


def say_line(text: object) -> None:
    """Prints one line."""
    sys.stderr.write(f"{one_line(text)}\n")
    sys.stderr.flush()
