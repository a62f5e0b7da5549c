"""gold.attribution_credits: the part of a conversion that each touch earned, under each model.

The credits of a journey depend on that journey alone, so no row is shuffled, whatever the number of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.channel_model import ChannelModel
from attribution.channel_registry import load_version, used_version
from attribution.fitted_credit import FittedModel, fitted_of
from attribution.knobs import (
    DATA_DRIVEN_MODELS,
    ChannelModelName,
    DataDriven,
    FittedModels,
    Markov,
    RuleKnobs,
    RuleModels,
    Transforms,
)
from attribution.rule_credit import rules_of
from attribution.shares import divide
from attribution.touch_transforms import transformed
from warehouse.checks import CheckResult, equal, none_found
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.knobs import CreditStart, Mlflow, Registry, ReportingDay
from warehouse.recipes import Changes, Cut, Recipe, Work, everything
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS
from warehouse.tables.gold_channel_effects import GOLD_CHANNEL_EFFECTS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS, TOUCH_STRUCT
from warehouse.terms import NO_TOUCH, UNATTRIBUTED

PATH = f"array<{TOUCH_STRUCT}>"
TOLERANCE = 1e-9  # of the sum of a conversion's shares
# column of a conversion: column of its credits
VALUES = {"report_value": "credited_value", "report_gross_value": "gross_value"}


def credited_journeys(journeys: DataFrame, *, start_date: date | None, timezone: str) -> DataFrame:
    """The journeys that get credit: those that end in a conversion on `start_date` (reporting day) or later."""
    converted = journeys.where(F.col("conversion_id").isNotNull())
    if start_date is None:
        return converted
    return converted.where(report_day("ended_at", timezone) >= F.lit(start_date))


def build_attribution_credits(
    journeys: DataFrame,
    *,
    models: Sequence[str],
    knobs: RuleKnobs,
    fitted: Sequence[FittedModel] = (),
    transforms: Sequence[str] = (),
) -> DataFrame:
    """One row per model, conversion and touch with credit above 0, from `credited_journeys`.

    `models` are rule models, `fitted` are data-driven models that were fitted before. Touches removed by `transforms`
    (see touch_transforms) get no credit; position and path_length still count every touch of the window.
    credit is a double, and the credits of a conversion sum to 1. Values are decimals rounded half up to 6 places; the
    last credited touch takes the remainder, so they sum exactly to the conversion's value. A conversion without
    touches gets one row '(unattributed)' with position 0, dated at the conversion.
    """
    no_touch = F.array(
        F.struct(
            F.col("ended_at").alias("touched_at"),
            F.lit(NO_TOUCH).alias("touchpoint_id"),
            F.lit(UNATTRIBUTED).alias("channel"),
            *(F.lit(None).cast("string").alias(name) for name in ("source", "medium", "campaign", "campaign_id")),
        )
    ).cast(PATH)
    length = F.size("path")
    credited = journeys.select(
        "conversion_id",
        "conversion_type",
        F.col("ended_at").alias("converted_at"),
        "person_id",
        length.alias("path_length"),
        F.col("report_currency").alias("currency"),
        "is_first_purchase",
        "milestones",
        # Removed touches still count in the positions of the others.
        *((F.col("path.touchpoint_id").alias("window"),) if transforms else ()),
        *(_micros(name).alias(name) for name in VALUES),
        F.when(length == 0, no_touch).otherwise(transformed(F.col("path"), transforms).cast(PATH)).alias("touches"),
    )
    all_models = [
        *rules_of(models, F.col("touches"), F.col("milestones"), knobs),
        *fitted_of(fitted, F.col("touches"), F.col("conversion_type")),
    ]
    place = F.array_position("window", F.col("touch.touchpoint_id")) if transforms else F.col("index") + 1
    position = F.when(F.col("path_length") == 0, 0).otherwise(place).alias("position")
    parts = (_money(F.col(f"{value}_part")).alias(name) for value, name in VALUES.items())
    divided = divide(credited, all_models, tuple(VALUES)).where(F.col("credit") > 0)
    return conform(divided.select("*", "touch.*", position, *parts), GOLD_ATTRIBUTION_CREDITS)


def _micros(name: str) -> Column:
    """A decimal with 6 places as a whole number of millionths: Spark adds these several times faster."""
    return (F.col(name) * 1_000_000).cast("bigint")


def _money(micros: Column) -> Column:
    return (micros.cast("decimal(18,0)") * F.lit(Decimal("0.000001"))).cast(MONEY)


def check_credits(journeys: DataFrame, credits: DataFrame, *, models: Sequence[str]) -> list[CheckResult]:
    """Each model credits every conversion of `credited_journeys` exactly once, with its full value."""
    expected = journeys.agg(
        F.count(F.lit(1)).alias("conversions"),
        F.sum("report_value").alias("net"),
        F.sum("report_gross_value").alias("gross"),
    ).first()
    assert expected is not None
    by_conversion = (
        credits.groupBy("model", "conversion_id")
        .agg(F.sum("credit").alias("credit"), F.sum("credited_value").alias("net"), F.sum("gross_value").alias("gross"))
        .join(journeys.select("conversion_id", "report_value", "report_gross_value"), "conversion_id", how="left")
    )
    # Also false for a conversion that is missing from the journeys or has no credit.
    sums_to_one = F.abs(F.col("credit") - 1) <= TOLERANCE
    has_its_value = (F.col("net") == F.col("report_value")) & (F.col("gross") == F.col("report_gross_value"))
    found = {
        row["model"]: row
        for row in by_conversion.groupBy("model")
        .agg(
            F.count(F.lit(1)).alias("conversions"),
            F.sum("net").alias("net"),
            F.sum("gross").alias("gross"),
            F.count_if(~F.coalesce(sums_to_one, F.lit(False))).alias("uneven"),
            F.count_if(~F.coalesce(has_its_value, F.lit(False))).alias("other_value"),
        )
        .collect()
    }
    results = []
    for model in models:
        row = found.get(model)
        results += [
            equal(f"{model}: conversions credited", expected["conversions"], row["conversions"] if row else 0),
            equal(f"{model}: net value credited", expected["net"], row["net"] if row else 0),
            equal(f"{model}: gross value credited", expected["gross"], row["gross"] if row else 0),
            none_found(f"{model}: conversions whose credit is not 1", row["uneven"] if row else 0),
            none_found(f"{model}: conversions credited with another value", row["other_value"] if row else 0),
        ]
    unexpected = sorted(set(found) - set(models))
    return [*results, none_found("models that were not requested", len(unexpected), detail=", ".join(unexpected))]


def credited_models(work: Work) -> list[str]:
    """The models of the stored credits; a fit made since then is not among them."""
    origin = work.lake.origin(GOLD_ATTRIBUTION_CREDITS)
    fitted = [name for name in DATA_DRIVEN_MODELS if origin and name in origin.inputs]
    return [*work.knobs(RuleModels).models, *fitted]


def _fitted_models(work: Work) -> list[FittedModel]:
    """The data-driven models that get credits now; none before the first fit."""
    models = work.run.knobs(FittedModels).models
    champion = _champion(work) if models else None
    return champion[1].fitted(models, champion[0]) if champion else []


def _champion(work: Work) -> tuple[str, ChannelModel] | None:
    """The version that credits are made by, and its model."""
    tracking = work.run.knobs(Mlflow)
    was_used = work.lake.exists(GOLD_CHANNEL_EFFECTS)
    champion = used_version(tracking, work.run.knobs(DataDriven), was_used=was_used)
    return (champion.full_name, _loaded(tracking, champion.full_name)) if champion else None


def _name_other_states(work: Work) -> None:
    """A line where credits were made by a Markov fit whose states were counted in another way than conf wants now."""
    champion = _champion(work) if "markov" in work.run.knobs(FittedModels).models else None
    collapse = work.run.knobs(Markov).collapse
    if champion and champion[1].has_longer_states and champion[1].collapse != collapse:
        work.run.say(
            f"{champion[0]} counted Markov's states with collapse: {str(not collapse).lower()}, and "
            f"attribution.markov.collapse is {str(collapse).lower()}: `distributary train-attribution` makes a new fit"
        )


@cache
def _loaded(tracking: Mlflow, version: str) -> ChannelModel:
    """A version never changes: it is read once."""
    return load_version(tracking, version)


def _credited_journeys(work: Work) -> DataFrame:
    return credited_journeys(
        work.read(SILVER_JOURNEYS),
        start_date=work.knobs(CreditStart).start_date,
        timezone=work.knobs(ReportingDay).timezone,
    )


def _changed_conversions(work: Work) -> DataFrame:
    assert work.changes is not None
    changed = work.changes[SILVER_JOURNEYS].where(F.col("conversion_id").isNotNull())
    return work.stage("conversions", changed.select("conversion_id").distinct())


def _of_changed_conversions(work: Work) -> Cut:
    if work.changes is None:
        return everything
    conversions = work.once(_changed_conversions)
    return lambda frame: frame.join(conversions, "conversion_id", how="left_semi")


def _build(work: Work) -> DataFrame:
    return build_attribution_credits(
        _of_changed_conversions(work)(_credited_journeys(work)),
        models=work.knobs(RuleModels).models,
        knobs=work.knobs(RuleKnobs),
        fitted=_fitted_models(work),
        transforms=work.knobs(Transforms).transforms,
    )


CREDITS = Recipe(
    table=GOLD_ATTRIBUTION_CREDITS,
    inputs=(SILVER_JOURNEYS,),
    knobs=(RuleModels, RuleKnobs, Transforms, FittedModels, CreditStart, ReportingDay),
    registered=(Registry, ChannelModelName),
    build=_build,
    changes=Changes(follows=(SILVER_JOURNEYS,)),
    scope=_of_changed_conversions,
    models=lambda work: {model.name: model.version for model in _fitted_models(work)},
    after=_name_other_states,
    checks=lambda work: check_credits(
        _credited_journeys(work), work.read(GOLD_ATTRIBUTION_CREDITS), models=credited_models(work)
    ),
)
