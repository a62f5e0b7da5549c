"""The fit of early value, a part of `train`: whether it is due, and the fit."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from jobs.run import Run
from ltv.behaviour.early_rows import collect_early_rows
from ltv.early_value import early_value_champion
from ltv.knobs import Behaviour
from ltv.person_features import silver_of_lake
from warehouse.code_version import code_version
from warehouse.knobs import ReportingDay
from warehouse.table_update import digest_of
from warehouse.tables.silver_sessions import SILVER_SESSIONS


def early_value_is_due(run: Run) -> bool:
    """Whether early value is wanted and its champion is missing, or as old as behaviour.train_every_days."""
    knobs = run.knobs(Behaviour)
    if not knobs.early_value:
        return False
    found = early_value_champion(run)
    if found is None or "as_of" not in found.tags:
        return True
    return (run.as_of - dt.date.fromisoformat(found.tags["as_of"])).days >= knobs.train_every_days


def fit_early_value(run: Run) -> str:
    """Fits and registers early value of every age and horizon with a record that is long enough; returns what came of
    it."""
    # They import MLflow, which only training needs.
    from ltv.behaviour.early_training import train_early_value  # noqa: PLC0415
    from ltv.early_value_registry import lines_of, register_early_value  # noqa: PLC0415

    knobs = run.knobs(Behaviour)
    with ExitStack() as stack:

        def keep(frame: DataFrame) -> DataFrame:
            kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
            stack.callback(kept.unpersist)
            return kept

        data = collect_early_rows(
            silver_of_lake(run.lake),
            until=run.as_of,
            timezone=run.settings.report.timezone,
            most=knobs.fit_new_users,
            seed=run.settings.ltv.seed,
            keep=keep,
        )
    if data is None:
        return "early value: no fit, the record of visits is too short"
    training = train_early_value(data)
    for line in lines_of(training):
        run.say(f"early value: {line}" if not line.startswith("Note") else line)
    if not training.models:
        return "early value: no fit, too few new users bought"
    tags = {
        "settings_digest": digest_of((run.knobs(ReportingDay),)),
        "code_version": code_version(),
        f"delta_version.{SILVER_SESSIONS.full_name}": str(
            run.lake.versions([SILVER_SESSIONS])[SILVER_SESSIONS.full_name]
        ),
        "new_users": str(len(data.rows)),
    }
    result = register_early_value(training, data, tracking=run.settings.mlflow, named=knobs, tags=tags)
    return f"early value {result.status}: {result.reason} ({result.model_version or 'none'})"
