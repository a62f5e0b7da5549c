"""The fit of the churn model, a part of `train`: whether it is due, and the fit."""

from __future__ import annotations

from jobs.behaviour_fits import needs_a_fit, tags_of_fit
from jobs.run import Run
from ltv.behaviour.rows import collect_churn_rows
from ltv.behaviour.spark_fitter import spark_fitter
from ltv.churn import churn_champion
from ltv.knobs import Behaviour, SeenPersons
from ltv.person_features import silver_of_lake
from warehouse.knobs import ReportingDay


def churn_is_due(run: Run) -> bool:
    """Whether churn is wanted and its champion is missing, as old as behaviour.train_every_days, or has an alarm."""
    return run.knobs(Behaviour).churn and needs_a_fit(run, churn_champion(run))


def fit_churn(run: Run) -> str:
    """Fits and registers churn of every horizon with a record that is long enough; returns what came of it."""
    # They import MLflow, which only training needs.
    from ltv.behaviour.churn_training import train_churn  # noqa: PLC0415
    from ltv.churn_registry import lines_of, register_churn  # noqa: PLC0415

    knobs, seed = run.knobs(Behaviour), run.settings.ltv.seed
    data = collect_churn_rows(
        silver_of_lake(run.lake),
        until=run.as_of,
        timezone=run.settings.report.timezone,
        seen_days=knobs.seen_days,
        most_customers=knobs.fit_customers,
        seed=seed,
    )
    if data is None:
        return "churn: no fit, the record of visits or purchases is too short"
    training = train_churn(data, spark_fitter(run.lake.spark, seed=seed))
    for line in lines_of(training):
        run.say(f"churn within {line}" if not line.startswith("Note") else line)
    if not training.models:
        return "churn: no fit, no horizon has enough customers who left and who came back"
    tags = tags_of_fit(run, SeenPersons, ReportingDay) | {"customers": str(training.models[0].customers)}
    result = register_churn(training, data, tracking=run.settings.mlflow, named=knobs, tags=tags)
    return f"churn {result.status}: {result.reason} ({result.model_version or 'none'})"
