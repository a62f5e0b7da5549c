"""gold.customer_value: the model's predictions for every customer of a summary."""

from __future__ import annotations

from datetime import date
from functools import cache, partial, reduce
from operator import add
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.customer_summary import expired_days, of_day, of_run_day
from ltv.histories import Array
from ltv.intervals import quantile
from ltv.knobs import Scoring, SummaryUnit
from ltv.predictions import HISTORY, with_predictions
from ltv.segment_columns import with_segments
from ltv.segments import WITHOUT_FIT, Segmentation
from ltv.value_model import DAYS_PER_UNIT, ValueModel
from warehouse.champion import champion, used_champion
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.knobs import Mlflow, Registry, ReportingCurrency, ValueModelName
from warehouse.recipes import Recipe, Run, Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import BOUNDS, CHURN_HORIZONS_DAYS, GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS

if TYPE_CHECKING:
    from ltv.registry import Champion

BOUNDED = (
    "p_alive",
    *(f"churn_{days}d" for days in CHURN_HORIZONS_DAYS),
    *(f"expected_purchases_{days}d" for days in VALUE_HORIZONS_DAYS),
)
PREDICTED = (
    *(name + end for name in BOUNDED for end in ("", *(f"_{bound}" for bound in BOUNDS))),
    *(f"discounted_purchases_{days}d{end}" for days in VALUE_HORIZONS_DAYS for end in ("", "_log_error")),
)
MAX_MONEY = 1e21  # a decimal(28,6) holds ten times as much


def build_customer_value(
    summary: DataFrame,
    *,
    model: ValueModel,
    model_version: str,
    scoring: Scoring,
    segments: Segmentation = WITHOUT_FIT,
) -> DataFrame:
    """One row per row of gold.customer_summary, whose recency and T must be in the model's unit of time.

    Purchases are predicted once per distinct (frequency, recency, T) and attributes that the model asks for, and joined
    back; the value of a purchase is arithmetic in SQL. clv_<h>d = margin x purchases expected within h days, each
    discounted by annual_discount_rate over its time from as_of, x expected_order_value. Bounds are delta-method
    intervals of the true expectation (logarithmic; logit for probabilities). The two models are taken as independent,
    so their log variances add. Each customer has a segment and the reason for it, see `ltv.segment_columns`.
    """
    deviations = F.lit(quantile(scoring.interval_level))
    value, value_error = F.col("expected_order_value"), F.col("order_value_log_error")
    scored = (
        with_predictions(summary, partial(_predict, model, scoring), PREDICTED, model=model)
        .withColumn("expected_order_value", _expected_order_value(model))
        .withColumn("order_value_log_error", _order_value_log_error(model))
        .withColumns(_bounds("expected_order_value", value, deviations * value_error))
    )
    for days in VALUE_HORIZONS_DAYS:
        purchases = f"discounted_purchases_{days}d"
        clv = F.lit(scoring.margin) * F.col(purchases) * value
        error = F.sqrt(F.col(f"{purchases}_log_error") ** 2 + value_error**2)
        bounds = _bounds(f"clv_{days}d", clv, deviations * error)
        # A very uncertain fit can give a bound beyond any money type, which must not fail the run.
        figures = {f"clv_{days}d": clv} | bounds
        scored = scored.withColumns({name: F.least(figure, F.lit(MAX_MONEY)) for name, figure in figures.items()})
    scored = with_segments(scored, segments, days_per_unit=DAYS_PER_UNIT[model.time_unit])
    note = F.lit(" ".join(model.notes) or None).cast("string")
    of_model = {"model_version": F.lit(model_version), "model_note": note}
    return conform(scored.withColumns(of_model), GOLD_CUSTOMER_VALUE)


def _predict(model: ValueModel, scoring: Scoring, histories: pd.DataFrame) -> dict[str, Array]:
    return model.purchase_intervals(
        *(histories[name].to_numpy() for name in HISTORY),
        churn_days=CHURN_HORIZONS_DAYS,
        value_days=VALUE_HORIZONS_DAYS,
        annual_discount_rate=scoring.annual_discount_rate,
        level=scoring.interval_level,
        attributes=histories,
    )


def _bounds(name: str, estimate: Column, log_half_width: Column) -> dict[str, Column]:
    lower, upper = (f"{name}_{bound}" for bound in BOUNDS)
    return {lower: estimate * F.exp(-log_half_width), upper: estimate * F.exp(log_half_width)}


def _order_value_log_error(model: ValueModel) -> Column:
    """Standard error of log p (gamma + x m) / (p x + q - 1), by its derivatives by log p, log q and log gamma."""
    p, q, gamma = (F.lit(model.spend.params[name]) for name in ("p", "q", "gamma"))
    x, m = F.col("frequency"), F.col("monetary_value").cast("double")
    below = p * x + q - F.lit(1.0)
    slopes = ((q - F.lit(1.0)) / below, -q / below, gamma / (gamma + x * m))
    covariance = model.spend.fitted_covariance().tolist()
    terms = [a * F.lit(covariance[i][j]) * b for i, a in enumerate(slopes) for j, b in enumerate(slopes)]
    return F.sqrt(F.greatest(reduce(add, terms), F.lit(0.0)))


def _expected_order_value(model: ValueModel) -> Column:
    """Gamma-Gamma's conditional expectation p (gamma + x m) / (p x + q - 1); all customers' mean where x is 0."""
    p, q, gamma = (F.lit(model.spend.params[name]) for name in ("p", "q", "gamma"))
    repeat_value = F.col("frequency") * F.col("monetary_value").cast("double")
    return p * (gamma + repeat_value) / (p * F.col("frequency") + q - F.lit(1.0))


def champion_of(run: Run) -> str | None:
    """'<name>/<number>' of the model that scores; None before the first training."""
    tracking = run.knobs(Mlflow)
    found = champion(tracking, tracking.model_name)
    return found.full_name if found else None


def value_model_of(work: Work) -> dict[str, str]:
    """The champion on which a table's rows depend, as its recipe names it."""
    return {"customer_value": champion_of(work.run) or "none"}


def used_champion_of(run: Run) -> str | None:
    """As `champion_of`; InputError where the lake has scores of a champion that is gone."""
    tracking = run.knobs(Mlflow)
    found = used_champion(tracking, tracking.model_name, was_used=run.lake.exists(GOLD_CUSTOMER_VALUE))
    return found.full_name if found else None


def scorer(run: Run, version: str) -> Champion:
    """A version's model, loaded once; UsageError where it was trained in another unit of time or currency."""
    return _loaded(run.knobs(Mlflow), version, run.knobs(SummaryUnit).time_unit, run.knobs(ReportingCurrency).currency)


@cache
def _loaded(tracking: Mlflow, version: str, time_unit: str, currency: str) -> Champion:
    from ltv.registry import load_scorer  # noqa: PLC0415

    return load_scorer(tracking, version, time_unit=time_unit, currency=currency)


def check_customer_value(value: DataFrame, summary: DataFrame, *, as_of: date) -> list[CheckResult]:
    """Each customer of a scored day has one score. A day without scores is not checked."""
    rows = F.count_if(F.col("as_of") == F.lit(as_of))
    found = side_by_side(value.agg(rows.alias("scored")), summary.agg(rows.alias("customers")))
    if not found["scored"]:
        return []
    return [equal("customers scored are the customers of the day", found["customers"], found["scored"])]


def _build(work: Work) -> DataFrame:
    version = champion_of(work.run)
    assert version is not None, "made only where a model was trained"
    champion = scorer(work.run, version)
    return build_customer_value(
        work.read(GOLD_CUSTOMER_SUMMARY).where(of_day(work.run.as_of)),
        model=champion.model.on(work.run.as_of),
        model_version=champion.version,
        scoring=work.knobs(Scoring),
        segments=champion.segments,
    )


CUSTOMER_VALUE = Recipe(
    table=GOLD_CUSTOMER_VALUE,
    inputs=(GOLD_CUSTOMER_SUMMARY,),
    knobs=(Scoring,),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    slice=of_run_day,
    expired=expired_days,
    checks=lambda work: check_customer_value(
        work.read(GOLD_CUSTOMER_VALUE), work.read(GOLD_CUSTOMER_SUMMARY), as_of=work.run.as_of
    ),
)
