"""Divides conversions over the touches of their paths: shares sum to 1, amounts sum exactly, to the micro."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.expressions import fold
from attribution.weights import Model, Touch
from warehouse.expressions import let

SIZE = "touch_count"  # a column of its own: a lambda in Sail copies the columns that it reads for every element


def divide(conversions: DataFrame, models: Sequence[Model], amounts: Sequence[str]) -> DataFrame:
    """One row per conversion, touch and model: the columns of `conversions` and

    - index: the touch's 0-based place in `touches`, an array of at least one; touch: its struct;
    - model, model_version;
    - credit: the touch's share, 0 for one that gets nothing;
    - X_part for each X of `amounts`, whole numbers [micros]: its share rounded half up; the last touch with a share
      takes the remainder of the rounding.
    """
    kept = [name for name in conversions.columns if name != "touches"]
    of_paths = (model.of_path.alias(_of_path(model)) for model in models)
    prepared = conversions.select("*", F.size("touches").alias(SIZE), *of_paths)
    divided = prepared.select(*kept, SIZE, _divided(models, amounts).alias("divided"))
    # explode_outer: plain explode evaluates the array twice, first to see whether it is empty. What is exploded, and
    # what no row of a touch needs, is left behind: Sail copies every column for every row.
    touched = divided.select(
        *kept, SIZE, "divided.models", F.posexplode_outer("divided.touches").alias("index", "weighed")
    )
    each = touched.select(*kept, SIZE, "index", "weighed", F.posexplode_outer("models").alias("number", "by"))
    is_last = F.col("index") == F.col("by.last")
    # Models without `weigh` come after the others: the array has no weight for them, and `last` takes all.
    weight = F.coalesce(F.get("weighed.weights", F.col("number")), is_last.cast("double"))
    shared = each.select(
        *kept,
        "index",
        "weighed.touch",
        "by",
        "by.model",
        "by.model_version",
        _share(weight, F.col("by.total")).alias("credit"),
        is_last.alias("is_last"),
    )
    parts = {
        f"{amount}_part": _rounded(amount, F.col("credit"))
        + F.when(F.col("is_last"), F.col(f"by.left_of_{amount}")).otherwise(0)
        for amount in amounts
    }
    return shared.withColumns(parts)


def _divided(models: Sequence[Model], amounts: Sequence[str]) -> Column:
    """The result for each path, a struct of

    - touches: an array of the touches, each as touch beside weights, the array of its weights by the models that weigh;
    - models: an array of struct<model, model_version, total, last, left_of_X for each amount X>, those that weigh
      first: the sum of weights, the index of the last touch with a share, and the remainder of the rounding.

    It is one expression, so that Spark stores nothing between its steps and reads each touch once, whatever the number
    of models.
    """
    weighing = [(model, model.weigh) for model in models if model.weigh]
    left_of_all = _left_of_all(amounts)
    one_touch_models = [
        _divisor(model, F.lit(1.0), F.col(_of_path(model)), left_of_all, amounts) for model in models if not model.weigh
    ]

    def weigh(touch: Column, index: Column) -> Column:
        weights = (weigh(Touch(touch, index, F.col(SIZE), F.col(_of_path(model)))) for model, weigh in weighing)
        return F.struct(touch.alias("touch"), F.array(*weights).cast("array<double>").alias("weights"))

    weighed = F.transform("touches", weigh)
    if not weighing:
        return F.struct(weighed.alias("touches"), F.array(*one_touch_models).alias("models"))
    places = range(len(weighing))
    one, other = amounts

    def result(touches: Column, totals: Column, left: Column, left_of_other: Column) -> Column:
        divisors = []
        for i, (model, _) in enumerate(weighing):
            lefts = (left[f"left_{i}"], left_of_other[f"left_{i}"])
            divisors.append(_divisor(model, totals[f"total_{i}"], totals[f"last_{i}"], lefts, amounts))
        return F.struct(touches.alias("touches"), F.array(*divisors, *one_touch_models).alias("models"))

    def with_left(touches: Column, totals: Column) -> Column:
        def with_other(left: Column) -> Column:
            # Net and gross are equal where nothing was refunded: the result is reused.
            again = F.when(F.col(other) == F.col(one), left).otherwise(_left(touches, totals, other, places))
            return let(again, lambda left_of_other: result(touches, totals, left, left_of_other))

        return let(_left(touches, totals, one, places), with_other)

    return let(weighed, lambda touches: let(_totals(touches, places), lambda totals: with_left(touches, totals)))


def _totals(touches: Column, places: range) -> Column:
    """The sum of each model's weights, and the index of the last touch with a share."""

    def step(so_far: Column, weighed: Column, index: Column) -> dict[str, Column]:
        own = [F.get(weighed["weights"], F.lit(i)) for i in places]
        sums = {f"total_{i}": so_far[f"total_{i}"] + own[i] for i in places}
        return sums | {f"last_{i}": F.when(own[i] > 0, index).otherwise(so_far[f"last_{i}"]) for i in places}

    # Where no touch weighs anything, all have equal shares.
    start = {f"total_{i}": F.lit(0.0) for i in places} | {f"last_{i}": F.col(SIZE) - 1 for i in places}
    return fold(touches, start, step)


def _left(touches: Column, totals: Column, amount: str, places: range) -> Column:
    """The remainder of an amount after the rounding of each model's shares."""

    def step(so_far: Column, weighed: Column, index: Column) -> dict[str, Column]:
        shares = [_share(F.get(weighed["weights"], F.lit(i)), totals[f"total_{i}"]) for i in places]
        return {f"left_{i}": so_far[f"left_{i}"] - _rounded(amount, shares[i]) for i in places}

    return fold(touches, {f"left_{i}": F.col(amount) for i in places}, step)


def _left_of_all(amounts: Sequence[str]) -> tuple[Column, Column]:
    """The remainder where one touch takes all: 0, except for amounts that a double cannot hold."""
    one, other = (F.col(amount) - _rounded(amount, F.lit(1.0)) for amount in amounts)
    return one, other


def _divisor(model: Model, total: Column, last: Column, left: tuple[Column, Column], amounts: Sequence[str]) -> Column:
    return F.struct(
        F.lit(model.name).alias("model"),
        F.lit(model.version).alias("model_version"),
        total.alias("total"),
        last.alias("last"),
        *(rest.alias(f"left_of_{amount}") for rest, amount in zip(left, amounts, strict=True)),
    )


def _share(weight: Column, total: Column) -> Column:
    return F.when(total > 0, weight / total).otherwise(F.lit(1.0) / F.col(SIZE))


def _rounded(amount: str, share: Column) -> Column:
    return F.floor(F.col(amount).cast("double") * share + 0.5)


def _of_path(model: Model) -> str:
    return f"{model.name}_of_path"
