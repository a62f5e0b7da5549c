"""What the rows of a table were made from, and how a commit records it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from warehouse.delta_log import DeltaLog


class TableVersion(NamedTuple):
    """The state of a table: its id and a version. A version says nothing without the id: a table that is deleted and
    made again counts its versions from 0."""

    id: str
    version: int

    def __str__(self) -> str:
        """The form in an origin."""
        return f"{self.id}@{self.version}"

    @classmethod
    def of(cls, text: int | str) -> Self:
        """The state that `str` gave. An older record is the version alone: its id is ''."""
        id_, _, version = str(text).rpartition("@")
        return cls(id_, int(version))


@dataclass(frozen=True)
class Origin:
    """What a table's rows were made from: its inputs, the knobs of its builder and the code.

    `inputs` by name: the state of a table ('<id>@<version>', of older commits the version alone), the version of a
    fitted model ('channel-attribution/3') or a day.
    `knobs` and `code` are digests. The same origin gives the same rows, so a table whose newest origin is the wanted
    one is up to date.
    """

    inputs: Mapping[str, int | str]
    knobs: str
    code: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a commit's userMetadata, inputs sorted by name."""
        return {"inputs": dict(sorted(self.inputs.items())), "knobs": self.knobs, "code": self.code}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The origin that `as_dict` gave. An older record without knobs gets '', which no builder has."""
        return cls(inputs=plain["inputs"], knobs=plain.get("knobs", ""), code=plain["code"])


@dataclass(frozen=True)
class Head:
    """The newest commit of a table, and what the newest rows were made from where a commit records it."""

    at: TableVersion
    origin: Origin | None


def commit_metadata(run_id: str, origin: Origin | None = None) -> str:
    """A commit's userMetadata: the run that made it and, where its rows have one, their origin."""
    return json.dumps({"run_id": run_id, **({"origin": origin.as_dict()} if origin else {})})


def origin_at(log: DeltaLog, version: int) -> Origin | None:
    """The origin in the newest commit up to `version` that has metadata of ours; None where that commit has none."""
    for commit in log.commits_back(version):
        if (metadata := commit.get("userMetadata")) is not None:
            plain = json.loads(metadata).get("origin")
            return Origin.from_dict(plain) if plain else None
    return None
