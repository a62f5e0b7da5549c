"""Ratios, intervals and payback of a channel, from its sums over customers and its spend."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy.special import stdtrit

from ltv.intervals import quantile
from ltv.knobs import Scoring
from ltv.own_error import PUBLIC_SHOPS, OwnError
from warehouse.contracts import MONEY_SUM
from warehouse.numbers import decimal_of, rounded
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

WIDEST = 20.0  # half width of a logarithm: a factor of 500 million
PREDICTED = tuple(f"predicted_{days}d" for days in VALUE_HORIZONS_DAYS)


def with_figures(rows: DataFrame, *, scoring: Scoring, own_error: OwnError) -> DataFrame:
    """Ratios, intervals and payback of rows with all sums; spend is a decimal, the other sums are doubles or null."""
    rows = _filled(rows)
    has_spend, has_customers = F.col("spend") > 0, F.col("new_customers") > 0
    spend, lifetime = F.col("spend").cast("double"), F.col("lifetime_value")
    # Half widths of the logarithm; what brings nothing has none.
    whole = F.when(lifetime > F.lit(0.0), lifetime)
    by_customers = _deviations(F.col("squares") / (whole * whole), scoring.interval_level)
    by_parameters = F.lit(quantile(scoring.interval_level)) * F.col("error") / whole
    chance = F.sqrt(by_customers * by_customers + by_parameters * by_parameters)
    students = _students(own_error, scoring.interval_level)
    own = F.lit(students * own_error.deviation) * F.col("predicted") / whole
    ratio = F.when(has_spend & has_customers, lifetime / spend)
    bounds: dict[str, Column] = {}
    for name, half in (("_if_model_holds", chance), ("", F.sqrt(chance * chance + own * own))):
        # A very uncertain fit can give a bound beyond any number, which must not fail the run.
        width = F.when(half > F.lit(WIDEST), F.lit(WIDEST)).otherwise(half)
        bounds[f"lower{name}"] = ratio * F.exp(-width)
        bounds[f"upper{name}"] = ratio * F.exp(width)
    returning = F.col("returning_value").cast("double") * F.lit(scoring.margin)
    margin_to_date = F.col("value_to_date") * F.lit(scoring.margin)
    payback = (
        F.when(~has_spend, F.lit("no spend"))
        .when(~has_customers, F.lit("no customers"))
        .when(margin_to_date >= spend * F.lit(1 - 1e-12), F.lit("observed"))
        .when(F.col("payback_days").isNotNull(), F.lit("predicted"))
        .when(lifetime.isNull(), F.lit("not scored"))
        .otherwise(F.lit("not reached"))
    )
    figures = rows.withColumns(
        {
            **bounds,
            "payback": payback,
            "ltv_to_cac": ratio,
            "ltv": F.when(has_customers, lifetime / F.col("new_customers")),
            "cac": F.when(has_spend & has_customers, spend / F.col("new_customers")),
            "ltv_roas": F.when(has_spend, (returning + lifetime) / spend),
        }
    )
    # Sums of doubles depend on their order in the last digits.
    money = ("value_to_date", "lifetime_value", *PREDICTED)
    ratios = ("new_customers", "cac", "ltv", "ltv_to_cac", "ltv_roas", *bounds)
    return figures.withColumns(
        {name: decimal_of(F.col(name), places=6) for name in money} | {name: rounded(F.col(name), 9) for name in ratios}
    )


def _filled(rows: DataFrame) -> DataFrame:
    """Sums of nothing are 0; those of scores only where there are scores."""
    of_scores = F.when(F.col("model_version").isNotNull(), F.lit(0.0))
    return rows.withColumns(
        {name: F.coalesce(name, F.lit(0).cast(MONEY_SUM)) for name in ("spend", "returning_value")}
        | {name: F.coalesce(name, F.lit(0.0)) for name in ("new_customers", "value_to_date")}
        | {name: F.coalesce(name, of_scores) for name in ("lifetime_value", *PREDICTED)}
    )


def _deviations(variance: Column, level: float) -> Column:
    """Half width of an interval by a variance that is estimated from few customers: 1 / variance is how many equal
    customers would have it, and Student's quantile is the normal one and a part that falls with this number."""
    normal = quantile(level)
    return (F.lit(normal) + F.lit((normal**3 + normal) / 4) * variance) * F.sqrt(variance)


def _students(own_error: OwnError, level: float) -> float:
    """The quantile of the own error, of as many degrees of freedom as there are origins (see `ltv.own_error`)."""
    return float(stdtrit(PUBLIC_SHOPS + own_error.origins, (1 + level) / 2))
