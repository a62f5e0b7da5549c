"""Versions of the models as the published tables know them: which scored, how they were judged, whether they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from published.delta_files import Row
from published.publication import Published, quoted
from warehouse.tables import (
    GOLD_CHANNEL_EFFECTS,
    GOLD_FORECAST_ACCURACY,
    GOLD_VALUE_BACKTEST,
    GOLD_VALUE_TOTALS,
    OPS_MODEL_MONITOR,
)
from warehouse.terms import ALL_CHANNELS

MOST_ORIGINS = 60
MOST_RUNS = 30


@dataclass(frozen=True)
class InUse:
    """A version that made the newest figures: those as of the day `used_on`, from data up to `fitted_to`."""

    model_version: str
    used_on: date
    fitted_to: date

    @property
    def age_days(self) -> int:
        """How many days older than its newest figures the data of its fit are."""
        return (self.used_on - self.fitted_to).days


@dataclass(frozen=True)
class Held:
    """Forecasts of one version and measure whose period is over, and how many of their intervals held what came.

    `is_backtest`: they were made afterwards, from what was known at an origin of the past.
    """

    model_version: str
    measure: str
    is_backtest: bool
    compared: int
    held: int
    held_if_model_holds: int


def read_in_use(published: Published) -> tuple[InUse, ...]:
    """The version that scored the newest day, and the newest fit of attribution; none where nothing is published."""
    found = []
    if published.has(GOLD_VALUE_TOTALS):
        found += published.rows(
            f"""
            select distinct model_version, as_of as used_on, model_as_of as fitted_to from gold_value_totals
            where as_of = (
                select max(as_of) from gold_value_totals where as_of <= date '{published.as_of.isoformat()}'
            )
            order by model_version
            """,
            GOLD_VALUE_TOTALS,
        )
    if published.has(GOLD_CHANNEL_EFFECTS):
        found += published.rows(
            f"""
            select distinct model_version, date '{published.as_of.isoformat()}' as used_on, as_of as fitted_to
            from gold_channel_effects where as_of = (select max(as_of) from gold_channel_effects)
            order by model_version
            """,
            GOLD_CHANNEL_EFFECTS,
        )
    return tuple(InUse(**row) for row in found)


def read_backtest(published: Published) -> list[Row]:
    """The newest rows of gold.value_backtest about purchases: newest version and origin first, then by model.

    A row has the columns of the table. None where it is not published.
    """
    if not published.has(GOLD_VALUE_BACKTEST):
        return []
    return published.rows(
        f"""
        select * from gold_value_backtest where measure = 'purchases'
        order by cutoff desc, model_version desc,
                 case model when 'value_model' then 0 when 'recalibrated' then 1 when 'purchase_rate' then 2 else 3 end
        limit {4 * MOST_ORIGINS}
        """,
        GOLD_VALUE_BACKTEST,
    )


def read_held(published: Published) -> tuple[Held, ...]:
    """By version and measure, forecasts before back-tests: how often intervals held what came."""
    found: list[Held] = []
    held = "sum(case when {0} then 1 else 0 end)"
    if published.has(GOLD_FORECAST_ACCURACY):
        rows = published.rows(
            f"""
            select model_version, measure, false as is_backtest, count(*) as compared, {held.format("held")} as held,
                   {held.format("held_if_model_holds")} as held_if_model_holds
            from gold_forecast_accuracy
            where acquisition_channel = '{ALL_CHANNELS}' and until <= date '{published.as_of.isoformat()}'
            group by model_version, measure order by model_version desc, measure
            """,
            GOLD_FORECAST_ACCURACY,
        )
        found += [Held(**row) for row in rows]
    if published.has(GOLD_VALUE_BACKTEST):
        within = "lower_if_model_holds <= actual and (upper_if_model_holds is null or actual <= upper_if_model_holds)"
        rows = published.rows(
            f"""
            select model_version, measure, true as is_backtest, count(*) as compared, {held.format("held")} as held,
                   {held.format(within)} as held_if_model_holds
            from gold_value_backtest where model = 'value_model' and held is not null
            group by model_version, measure order by model_version desc, measure
            """,
            GOLD_VALUE_BACKTEST,
        )
        found += [Held(**row) for row in rows]
    return tuple(found)


def read_drift(published: Published) -> list[Row]:
    """The rows of ops.model_monitor of the run that published, otherwise of the newest run up to its moment.

    Of all champions that it looked at, alarms first, then by version, check and subject. None where no run has looked.
    """
    until = f"checked_at <= timestamp '{published.published_at.isoformat()}'"
    return published.newest_rows(
        f"""
        select * from ops_model_monitor where run_id = (
            select run_id from ops_model_monitor where {until}
            order by run_id = {quoted(published.run_id)} desc, checked_at desc, run_id desc limit 1
        )
        order by is_alarm desc, model_version desc, check_name, subject
        """,
        OPS_MODEL_MONITOR,
    )


def read_drift_history(published: Published) -> list[Row]:
    """The newest runs that looked at champions up to the publication, newest first, and by version: run_id, as_of,
    model_version, checks, alarms, and smallest p_value (null where nothing was looked at)."""
    return published.newest_rows(
        f"""
        select run_id, max(as_of) as as_of, model_version, max(checked_at) as checked_at,
               count(*) as checks, sum(case when is_alarm then 1 else 0 end) as alarms, min(p_value) as p_value
        from ops_model_monitor where checked_at <= timestamp '{published.published_at.isoformat()}'
        group by run_id, model_version order by checked_at desc, run_id desc, model_version desc limit {MOST_RUNS}
        """,
        OPS_MODEL_MONITOR,
    )


def read_effects(published: Published, conversion_type: str) -> list[Row]:
    """The channels in the newest fit of each data-driven model, for one conversion type, with the greatest share first:
    channel, model_version, as_of, and share and effect under markov and shapley (null where not fitted)."""
    if not published.has(GOLD_CHANNEL_EFFECTS):
        return []
    columns = ", ".join(
        f"max(case when model = '{model}' then {column} end) as {model}_{column}"
        for model in ("markov", "shapley")
        for column in ("removal_effect", "share", "value_share")
    )
    return published.rows(
        f"""
        select channel, model_version, max(as_of) as as_of, max(markov_order) as markov_order, {columns}
        from gold_channel_effects
        where conversion_type = {quoted(conversion_type)} and model_version = (
            select model_version from gold_channel_effects order by as_of desc, model_version desc limit 1
        )
        group by channel, model_version
        order by greatest(coalesce(markov_share, 0), coalesce(shapley_share, 0)) desc, channel
        """,
        GOLD_CHANNEL_EFFECTS,
    )


def read_fits(published: Published) -> list[Row]:
    """Every fit of attribution that is on record, newest first: model_version, as_of, markov_order and how many models,
    conversion types and channels it has."""
    if not published.has(GOLD_CHANNEL_EFFECTS):
        return []
    return published.rows(
        f"""
        select model_version, max(as_of) as as_of, max(markov_order) as markov_order,
               count(distinct conversion_type) as types, count(distinct channel) as channels
        from gold_channel_effects group by model_version order by as_of desc, model_version desc limit {MOST_RUNS}
        """,
        GOLD_CHANNEL_EFFECTS,
    )
