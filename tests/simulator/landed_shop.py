"""A written shop, read back from its files with plain Python."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator import Shop


@dataclass(frozen=True)
class Landed:
    """A written shop: its folder, the counts that write_landing returned, and its files."""

    shop: Shop
    folder: Path
    counts: dict[str, int]

    @cached_property
    def lines(self) -> list[str]:
        """Every event line, in order of files and lines."""
        found: list[str] = []
        for path in sorted((self.folder / "events").iterdir()):
            found += gzip.decompress(path.read_bytes()).decode().splitlines()
        return found

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        """The lines that are JSON objects."""
        return [value for value in map(_parsed, self.lines) if isinstance(value, dict)]

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Sound events, one per event_id: the first that arrived."""
        sound = {}
        for event in self.objects:
            if is_sound(event):
                sound.setdefault(event["event_id"], event)
        return list(sound.values())

    def named(self, name: str) -> list[dict[str, Any]]:
        """The sound events with this name."""
        return [event for event in self.events if event["event_name"] == name]

    def rows(self, pattern: str) -> list[dict[str, str]]:
        """The CSV rows of the matching files, in order of file names."""
        found = []
        for path in sorted(self.folder.glob(pattern)):
            with path.open(newline="") as file:
                found += list(csv.DictReader(file))
        return found


def is_sound(event: dict[str, Any]) -> bool:
    """Whether the event has every required field of the input contract and a plausible time."""
    has_who = bool(event.get("anonymous_id") or event.get("user_id"))
    when = str(event.get("event_ts", ""))
    return bool(
        event.get("event_id") and event.get("event_name") and has_who and when[:3] == "202" and "T99" not in when
    )


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
