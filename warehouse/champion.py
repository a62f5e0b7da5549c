"""The champion of a registered model: the version with the alias `champion`, the one in use.

Every plan asks for it, and MLflow takes two seconds to import. So a registry in an SQLite file of this machine is read
from the file, and MLflow is asked where that is not possible.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from warehouse.errors import InputError
from warehouse.knobs import Mlflow

CHAMPION = "champion"
SQLITE = "sqlite:///"
# The schema that is read here, by MLflow's own name for it; a database with another is left to MLflow.
KNOWN_SCHEMA = "dc11669786a5"
# With these one database holds several registries.
WORKSPACES = ("MLFLOW_ENABLE_WORKSPACES", "MLFLOW_WORKSPACE")

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """One version of a registered model, and the tags that record what it was fitted on."""

    name: str
    number: str
    tags: Mapping[str, str]

    @property
    def full_name(self) -> str:
        """'<name>/<number>', as tables and messages name a version."""
        return f"{self.name}/{self.number}"


class NotReadableHere(Exception):  # noqa: N818 (no failure: MLflow reads it)
    """The registry is on a server, in another database, of another schema, or its file is gone or locked."""


def champion(tracking: Mlflow, name: str) -> RegisteredVersion | None:
    """The champion of the registered model `name`, or None where nothing was promoted yet.

    No artifact is read. InputError where MLflow is asked and does not answer.
    """
    if has_no_file(tracking):
        return None  # MLflow would make a new database
    try:
        return champion_in_file(tracking, name)
    except NotReadableHere:
        from warehouse import model_registry  # noqa: PLC0415

        return model_registry.champion(tracking, name)


def used_champion(tracking: Mlflow, name: str, *, was_used: bool) -> RegisteredVersion | None:
    """As `champion`; InputError where there is none, but `was_used`: the lake has rows of a former one.

    Without it the rows of a new day would stand beside those of the former champion's. The knob
    mlflow.champion_may_be_missing allows it.
    """
    found = champion(tracking, name)
    if found is None and was_used and not tracking.champion_may_be_missing:
        raise InputError(
            f"mlflow.tracking_uri {tracking.tracking_uri}: there is no {name}@{CHAMPION}, but this lake was made with "
            "one; bring the registry or the alias back, or train again, or set mlflow.champion_may_be_missing: true"
        )
    return found


def load_json(tracking: Mlflow, version: str, artifact: str, read: Callable[[Any], Loaded], *, what: str) -> Loaded:
    """The result of `read` on a JSON file of a version ('<name>/<number>'); see `model_registry.load_json`."""
    try:
        return read(json.loads(artifact_in_file(tracking, version, artifact).read_text(encoding="utf-8")))
    except (NotReadableHere, OSError, ValueError, KeyError, TypeError):
        from warehouse import model_registry  # noqa: PLC0415

        return model_registry.load_json(tracking, version, artifact, read, what=what)


def champion_in_file(tracking: Mlflow, name: str) -> RegisteredVersion | None:
    """As `champion`, from the file of the registry alone."""
    with _opened(tracking) as registry:
        found = registry.execute(
            "select version from registered_model_aliases join model_versions using (workspace, name, version) "
            "where workspace = 'default' and name = ? and alias = ? and current_stage <> 'Deleted_Internal'",
            (name, CHAMPION),
        ).fetchone()
        if found is None:
            return None
        tags = registry.execute(
            "select key, value from model_version_tags where workspace = 'default' and name = ? and version = ?",
            (name, found[0]),
        ).fetchall()
    return RegisteredVersion(name=name, number=str(found[0]), tags=dict(tags))


def artifact_in_file(tracking: Mlflow, version: str, artifact: str) -> Path:
    """The path of an artifact of a version ('<name>/<number>') that is kept in a folder of this machine."""
    name, _, number = version.rpartition("/")
    with _opened(tracking) as registry:
        found = registry.execute(
            "select storage_location from model_versions where workspace = 'default' and name = ? and version = ?",
            (name, number),
        ).fetchone()
    place = urlsplit(found[0] if found and found[0] else "")
    if place.scheme != "file" or place.netloc:
        raise NotReadableHere(version)
    return Path(unquote(place.path)) / artifact


def has_no_file(tracking: Mlflow) -> bool:
    """Whether the registry is an SQLite file that does not exist yet."""
    file = _file_of(tracking)
    return file is not None and not file.exists()


def _file_of(tracking: Mlflow) -> Path | None:
    """The file of the registry; None where it is no SQLite file, or one that is opened with options."""
    uri = tracking.tracking_uri
    return Path(uri.removeprefix(SQLITE)).absolute() if uri.startswith(SQLITE) and "?" not in uri else None


@contextmanager
def _opened(tracking: Mlflow) -> Iterator[sqlite3.Connection]:
    """The registry's file, for reading alone."""
    uri, file = tracking.tracking_uri, _file_of(tracking)
    if file is None or not file.is_file() or any(name in os.environ for name in WORKSPACES):
        raise NotReadableHere(uri)
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as registry:
            if registry.execute("select version_num from alembic_version").fetchall() != [(KNOWN_SCHEMA,)]:
                raise NotReadableHere(uri)
            yield registry
    except sqlite3.Error as error:
        raise NotReadableHere(uri) from error
