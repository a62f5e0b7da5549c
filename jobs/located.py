"""Relative paths of a configuration file: they start at the file's folder, wherever a job is started."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from conf import CONF_ROOT
from dashboard.digest.knobs import Destination, Team, TextFile

if TYPE_CHECKING:
    from jobs.settings import Settings

HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///|file:)(?!/|:memory:)(.+)", re.DOTALL)
OF_DATABRICKS = ("databricks", "databricks-uc", "uc")


def located(settings: Settings, folder: Path) -> Settings:
    """The settings with paths that start at `folder` instead of the working folder; addresses stay as they are."""
    root = folder.absolute()

    def path(text: str) -> str:
        return text if HAS_SCHEME.match(text) else os.path.normpath(root / text)

    def tracking_uri(text: str) -> str:
        if found := SQLITE_FILE.fullmatch(text):
            return f"{found[1]}{path(found[2])}"
        return text if ":" in text or text in OF_DATABRICKS else path(text)

    def rules_file(name: str) -> str:
        beside = root / name
        return name if CONF_ROOT.joinpath(name).is_file() and not beside.exists() else str(beside)

    def destination(one: Destination) -> Destination:
        return one.model_copy(update={"path": path(one.path)}) if isinstance(one, TextFile) else one

    def team(one: Team) -> Team:
        return one.model_copy(update={"to": tuple(map(destination, one.to))})

    landing, report, mlflow = settings.landing, settings.report, settings.mlflow
    marts, touchpoints, artifacts = settings.marts, settings.touchpoints, settings.mlflow.artifact_root
    return settings.model_copy(
        update={
            "lake": path(settings.lake),
            "landing": landing.model_copy(update={"root": path(landing.root)}),
            "report": report.model_copy(update={"file": path(report.file)}),
            "marts": marts.model_copy(update={"folder": None if marts.folder is None else path(marts.folder)}),
            "digest": settings.digest.model_copy(update={"teams": tuple(map(team, settings.digest.teams))}),
            "mlflow": mlflow.model_copy(
                update={
                    "tracking_uri": tracking_uri(mlflow.tracking_uri),
                    "artifact_root": None if artifacts is None else path(artifacts),
                }
            ),
            "touchpoints": touchpoints.model_copy(
                update={
                    "channels_file": rules_file(touchpoints.channels_file),
                    "sources_file": rules_file(touchpoints.sources_file),
                    "more_sources_files": [rules_file(name) for name in touchpoints.more_sources_files],
                }
            ),
        }
    )
