"""Event lines before they are written to a file: time, event name, and the remaining fields as JSON text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.shop import Bools, Floats


@dataclass(frozen=True)
class Lines:
    """One entry per event. `body` is the part of the JSON object after the times, without braces."""

    seconds: Floats  # true time, since 1970 UTC
    name: list[str]
    body: list[str]
    clock_ahead: Floats  # seconds by which the sender's clock is ahead
    is_bot: Bools

    @property
    def count(self) -> int:
        """How many events."""
        return len(self.name)


def lines(seconds: Floats, name: list[str], body: list[str], *, bot: bool = False) -> Lines:
    """Events from senders whose clock is right."""
    return Lines(seconds, name, body, np.zeros(len(name)), np.full(len(name), bot))


def joined(parts: Sequence[Lines]) -> Lines:
    """All parts as one, in this order."""
    return Lines(
        np.concatenate([part.seconds for part in parts]),
        [name for part in parts for name in part.name],
        [body for part in parts for body in part.body],
        np.concatenate([part.clock_ahead for part in parts]),
        np.concatenate([part.is_bot for part in parts]),
    )
