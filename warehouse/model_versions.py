"""The versions of registered models for people: what there is, what one of them is, and the way back.

Importing this module imports MLflow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from warehouse.champion import CHAMPION, RegisteredVersion, has_no_file
from warehouse.errors import InputError
from warehouse.knobs import Mlflow
from warehouse.model_registry import (
    champion,
    clear_errors,
    connect,
    find_version,
    former_champions,
    name_and_number,
    set_former_champions,
)


@dataclass(frozen=True, kw_only=True)
class VersionRecord(RegisteredVersion):
    """One version with what the registry records of it; `metrics` are those of the run that made it."""

    is_champion: bool
    made_at: datetime
    run_id: str
    description: str
    metrics: dict[str, float]


def versions(tracking: Mlflow, names: Sequence[str]) -> list[VersionRecord]:
    """The versions of these registered models, model by model, the newest first; without their metrics.

    InputError where MLflow does not answer.
    """
    if has_no_file(tracking):
        return []  # MLflow would make a new database
    found = []
    for name in names:
        now = champion(tracking, name)
        with clear_errors(tracking):
            of_model = connect(tracking).search_model_versions(f"name = '{name}'")
        found += [
            _record(version, now, {}) for version in sorted(of_model, key=lambda one: int(one.version), reverse=True)
        ]
    return found


def version_record(tracking: Mlflow, version: str) -> VersionRecord:
    """A version ('<name>/<number>') with its metrics; InputError where there is none, or MLflow does not answer."""
    name, number = name_and_number(version)
    if has_no_file(tracking):
        raise _no_version(tracking, name)
    now = champion(tracking, name)
    with clear_errors(tracking):
        client = connect(tracking)
        found = find_version(client, name, number)
        if found is None:
            there = ", ".join(one.full_name for one in versions(tracking, [name]))
            if not there:
                raise _no_version(tracking, name)
            raise InputError(f"mlflow.tracking_uri {tracking.tracking_uri}: there is no {version}; there are {there}")
        return _record(found, now, dict(client.get_run(str(found.run_id)).data.metrics) if found.run_id else {})


def roll_back(
    tracking: Mlflow, name: str, *, usable: Callable[[str], object], dry_run: bool = False
) -> tuple[str | None, str]:
    """Make the champion before the present one champion again; returns both, the former present one first.

    Versions that were removed since are passed over. `usable` gets the version ('<name>/<number>') and raises where it
    cannot be used; then nothing changes, as in a `dry_run`. InputError where there was none before, or MLflow does not
    answer.
    """
    if has_no_file(tracking):
        raise _no_version(tracking, name)
    now = champion(tracking, name)
    with clear_errors(tracking):
        client = connect(tracking)
        if not client.search_registered_models(filter_string=f"name = '{name}'"):
            raise _no_version(tracking, name)
        before = [number for number in former_champions(client, name) if now is None or number != now.number]
        while before and find_version(client, name, before[-1]) is None:
            before.pop()
        if not before:
            present = f"{now.full_name} replaced no version that is still there" if now else f"{name} had no champion"
            raise InputError(f"{present}: there is nothing to go back to; `models promote` takes any version")
        chosen = RegisteredVersion(name=name, number=before.pop(), tags={})
        usable(chosen.full_name)
        if not dry_run:
            client.set_registered_model_alias(name, CHAMPION, chosen.number)
            set_former_champions(client, name, before)
    return now.full_name if now else None, chosen.full_name


def _no_version(tracking: Mlflow, name: str) -> InputError:
    return InputError(f"mlflow.tracking_uri {tracking.tracking_uri}: there is no version of {name} yet")


def _record(version: Any, now: RegisteredVersion | None, metrics: dict[str, float]) -> VersionRecord:
    number = str(version.version)
    return VersionRecord(
        name=version.name,
        number=number,
        tags=dict(version.tags),
        is_champion=now is not None and now.number == number,
        made_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        run_id=str(version.run_id or ""),
        description=version.description or "",
        metrics=metrics,
    )
