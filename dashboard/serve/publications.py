"""The publication that an answer reads: the newest, looked up for every answer, or one that the reader named."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from published.publication import Published, read_published
from warehouse.local_files import folder_without_hadoop

Kept = TypeVar("Kept")
KEPT_PUBLICATIONS = 4


class LastUsed(Generic[Kept]):
    """The `most` values that were used last, by key; safe for several threads."""

    def __init__(self, most: int) -> None:
        """Empty."""
        self._most = most
        self._kept: OrderedDict[object, Kept] = OrderedDict()
        self._lock = Lock()
        self._making: dict[object, Lock] = {}

    def get(self, key: object) -> Kept | None:
        """The value of `key`, None where it is not kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def keep(self, key: object, value: Kept) -> Kept:
        """Keeps `value`, and lets go of what was not used for longest."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return value

    def made(self, key: object, make: Callable[[], Kept]) -> Kept:
        """The value of `key`, made where it is not kept. Of several who ask for one key at a time one makes it, and the
        others wait; where it fails, the next one tries."""
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, Lock())
        with making:
            try:
                found = self.get(key)  # by who made it meanwhile
                return found if found is not None else self.keep(key, make())
            finally:
                with self._lock:
                    self._making.pop(key, None)


def newest_commits(lake: str) -> tuple[str, ...] | None:
    """The newest commit of each table that is written between publications, of bronze and ops: another one whenever a
    run or a reader has written there. None where the lake is no folder of this machine."""
    root = folder_without_hadoop(lake)
    if root is None:
        return None
    logs = sorted(log for layer in ("bronze", "ops") for log in root.glob(f"{layer}/*/_delta_log"))
    return tuple(
        f"{log.parent.name}/{max((commit.name for commit in log.iterdir() if commit.suffix == '.json'), default='')}"
        for log in logs
    )


class Publications:
    """The publications of a lake. Those that were read last are kept, with the tables that they have opened."""

    def __init__(self, lake: str) -> None:
        """Reads nothing yet."""
        self._lake = lake
        self._kept: LastUsed[Published] = LastUsed(KEPT_PUBLICATIONS)

    def of(self, run: str | None) -> Published:
        """The publication of `run`, None = the newest at this moment. InputError when there is none."""
        found = read_published(self._lake, run_id=run)
        kept = self._kept.get(found.run_id)
        return kept if kept == found else self._kept.keep(found.run_id, found)
