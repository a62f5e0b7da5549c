"""The knobs of intake: which files are taken in, and how many bad rows are allowed."""

from __future__ import annotations

from pydantic import Field

from warehouse.knobs import Knobs, Share


class InputFiles(Knobs):
    """One kind of landed file: which adapter reads which files."""

    name: str
    adapter: str
    files: str
    required: bool
    options: dict[str, str] = Field(default_factory=dict)


class Landing(Knobs):
    """Where files land, and which of them are taken in."""

    root: str
    inputs: list[InputFiles]


class Quality(Knobs):
    """How many bad rows a run allows."""

    max_quarantined_share: Share
