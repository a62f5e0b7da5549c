"""The knobs of intake: which files are looked for, and how bad they may be."""

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
    """Where files land, and what is looked for there."""

    root: str
    inputs: list[InputFiles]


class Quality(Knobs):
    """How bad input may be before a run stops."""

    max_quarantined_share: Share
