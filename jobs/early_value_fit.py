"""The fit of early value, a part of `train`: whether it is due, and the fit."""

from __future__ import annotations

from contextlib import ExitStack

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from jobs.behaviour_fits import needs_a_fit, tags_of_fit
from jobs.run import Run
from ltv.behaviour.early_rows import collect_early_rows
from ltv.early_value import early_value_champion
from ltv.knobs import Behaviour
from ltv.person_features import silver_of_lake
from warehouse.knobs import ReportingDay


def early_value_is_due(run: Run) -> bool:
    """Whether early value is wanted and its champion is missing, as old as behaviour.train_every_days, or has an
    alarm."""
    return run.knobs(Behaviour).early_value and needs_a_fit(run, early_value_champion(run))


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
    tags = tags_of_fit(run, ReportingDay) | {"new_users": str(len(data.rows))}
    result = register_early_value(training, data, tracking=run.settings.mlflow, named=knobs, tags=tags)
    return f"early value {result.status}: {result.reason} ({result.model_version or 'none'})"
