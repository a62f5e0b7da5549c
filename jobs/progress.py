"""What moves at a terminal while a step runs; nothing does in a log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


def may_move(console: Console) -> bool:
    """Whether a line may be drawn again and again: a terminal that can, and a user who has not asked for plain text.

    NO_COLOR (with any text) and TERM=dumb ask for it.
    """
    return console.is_terminal and not console.is_dumb_terminal and not os.environ.get("NO_COLOR")


@contextmanager
def progress(console: Console, step: str, *, done: int, steps: int) -> Iterator[None]:
    """At a terminal a last line with the step, how many of the run's steps are done, and the time since it began.

    The line is gone afterwards. Lines that are printed meanwhile stand above it.
    """
    if not may_move(console):
        yield
        return
    # It takes a tenth of a second to import, which runs without a terminal need not wait for.
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    of_steps = (BarColumn(bar_width=20), MofNCompleteColumn()) if steps > 1 else ()
    with Progress(*columns, *of_steps, console=console, transient=True, refresh_per_second=4) as shown:
        shown.add_task(step, total=max(steps, 1), completed=done)
        yield
