"""Trains early value of every age and horizon: learns it, judges it on the newest period, serves it where it gains.

Behaviour that gains nothing over the mean of the acquisition channel is not served.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ltv.behaviour.early_judge import Gain, Group, chance_of_total, gain_over, group_of, model_error
from ltv.behaviour.early_periods import Days, Newer, Periods, new_since
from ltv.behaviour.early_rows import EarlyRows
from ltv.behaviour.newer_users import ALL, BOUGHT, NOT_YET, NewerUsers, development
from ltv.behaviour.two_parts import Learned, fit_behaviour, fit_channel_mean, follow, learned_error, part_of
from ltv.churn_scorer import Array
from ltv.early_value_model import CHANNEL, IS_KNOWN, PURCHASES, AgeModel, Behaviour, ChannelMean
from warehouse.tables.gold_early_value import AGES_DAYS, EARLY_HORIZONS_DAYS
from warehouse.tables.gold_person_features import BUILT

LEAST_BUYERS = 30  # who buy after the age, in each period
TO_DATE = "gross_value_365d"  # of a new user all there is
CAME_DIGITS = 6  # of the shares of a value that had come by each day


@dataclass(frozen=True, kw_only=True)
class TrainedAge:
    """Early value at one age for one horizon.

    `model` predicts from now on; `at_newest` is what was judged, learned before the newest period (`periods`). `groups`
    are the scores there of behaviour and channel_mean, for all and for those who had not bought by the age; `gain` is
    what behaviour gains over the channel's mean for all. `came` is the `development` of those whom `model` learned
    from: where behaviour is served of those who had bought by the age (bought) and of the others (not_yet), otherwise
    of all.
    """

    model: AgeModel
    at_newest: AgeModel
    periods: Periods
    groups: Mapping[str, Group]
    gain: Gain
    came: Mapping[str, tuple[float, ...]]

    @property
    def name(self) -> str:
        """Age and horizon, as metrics and columns name them."""
        return f"{self.model.age_days}d_of_{self.model.horizon_days}d"


@dataclass(frozen=True, kw_only=True)
class EarlyTraining:
    """The models of all ages and horizons that could be trained, since when new users are new, and what could not be
    trained and why."""

    until: dt.date
    new_since: dt.date
    models: tuple[TrainedAge, ...]
    notes: tuple[str, ...]

    @property
    def gains(self) -> bool:
        """Whether behaviour predicts more than the channel's mean at any age."""
        return any(one.model.served == "behaviour" for one in self.models)


def train_early_value(data: EarlyRows) -> EarlyTraining:
    """Models of every age and horizon of the data. A horizon whose record is too short, and an age after which too few
    bought, has none and a note."""
    missing = [h for h in EARLY_HORIZONS_DAYS if h not in data.periods]
    notes = [f"{h} days: the record of visits is too short" for h in missing]
    models = []
    for horizon, periods in data.periods.items():
        if not periods.is_ahead:
            notes.append(
                f"{horizon} days: the record is too short to judge ahead of time; new users of {periods.judged} were "
                f"judged by others of {periods.earlier}, whose outcome was not known then"
            )
        for age in AGES_DAYS:
            trained = _train(data, age, horizon, periods)
            if trained is None:
                notes.append(f"{horizon} days from age {age}: fewer than {LEAST_BUYERS} buyers in a period")
            else:
                models.append(trained)
    models.sort(key=lambda one: (one.model.age_days, one.model.horizon_days))
    return EarlyTraining(
        until=data.until, new_since=new_since(data.first_visit), models=tuple(models), notes=tuple(notes)
    )


def learned_of(data: EarlyRows, age: int, horizon: int, days: Days) -> Learned:
    """The new users of these first days at an age, with what they brought within the horizon."""
    rows = data.of(age, days)
    amount, purchases = data.brought(rows, horizon)
    return Learned(
        columns=columns_of(rows),
        channels=rows[CHANNEL].to_numpy(dtype=object),
        bought=(purchases > 0).astype(np.float64),
        amount=amount,
        part=part_of(rows["person_id"].tolist()),
    )


def newer_of(data: EarlyRows, age: int, horizon: int, learned: Days, newer: Newer | None) -> NewerUsers | None:
    """The newer new users at an age, with what they brought up to the end of newer.until; None if there are none."""
    if newer is None:
        return None
    rows = data.of(age, newer.days)
    seen = np.array([(newer.until - day).days + 1 for day in rows["first_day"]], dtype=np.int64)
    rows, seen = rows[seen > age], np.minimum(seen[seen > age], horizon)
    if rows.empty:
        return None
    amount, _ = data.brought(rows, seen)
    before = developments(data, age, horizon, learned)
    came = np.where(rows[PURCHASES] > 0, before[BOUGHT][seen], before[NOT_YET][seen])
    return NewerUsers(columns_of(rows), rows[CHANNEL].to_numpy(dtype=object), amount, came, before[ALL][seen])


def developments(data: EarlyRows, age: int, horizon: int, learned: Days) -> dict[str, Array]:
    """The `development` of the value that new users of these first days brought after an age and within a horizon: of
    all, of those who had bought by the age and of those who had not."""
    rows = data.of(age, learned)
    made = data.later[data.later["row"].isin(rows.index) & (data.later["days"] < horizon)]
    had_bought = (data.rows[PURCHASES] > 0).to_numpy()[made["row"]]
    groups = {ALL: made, BOUGHT: made[had_bought], NOT_YET: made[~had_bought]}
    return {name: development(one["days"].to_numpy(), one["value"].to_numpy(), horizon) for name, one in groups.items()}


def columns_of(rows: pd.DataFrame) -> dict[str, Array]:
    """The features of rows by name, NaN where null."""
    return {name: rows[name].to_numpy(dtype=np.float64) for name in (*(one.name for one in BUILT), IS_KNOWN)}


def _train(data: EarlyRows, age: int, horizon: int, periods: Periods) -> TrainedAge | None:
    earlier, judged, final = (
        learned_of(data, age, horizon, days) for days in (periods.earlier, periods.judged, periods.final)
    )
    if min(part.bought.sum() for part in (earlier, judged, final)) < LEAST_BUYERS:
        return None
    newer = newer_of(data, age, horizon, periods.earlier, periods.newer_than_earlier)
    behaviour, mean = fit_behaviour(earlier, newer), follow(fit_channel_mean(earlier), earlier, newer)
    values = {
        "behaviour": behaviour.predict(judged.columns, judged.channels).value,
        "channel_mean": mean.predict(judged.channels).value,
    }
    gain = gain_over(values["behaviour"], values["channel_mean"], judged.amount)
    by_then: Behaviour | ChannelMean = behaviour if gain.is_real else mean
    newest = newer_of(data, age, horizon, periods.final, periods.newer_than_final)
    by_now: Behaviour | ChannelMean = (
        fit_behaviour(final, newest) if gain.is_real else follow(fit_channel_mean(final), final, newest)
    )
    groups = _groups(judged, values)
    of_then, of_now = (AgeModel(age_days=age, horizon_days=horizon, by=by, model_error=0.0) for by in (by_then, by_now))
    error = model_error(
        judged_error=groups[ALL].scores[of_then.served].later_error,
        judged_chance=chance_of_total(of_then.predict(judged.columns, judged.channels), judged.amount),
        learned_then=learned_error(by_then, earlier),
        learned_now=learned_error(by_now, final),
    )
    model, at_newest = (replace(one, model_error=error) for one in (of_now, of_then))
    developed = developments(data, age, horizon, periods.final)
    whose = (BOUGHT, NOT_YET) if gain.is_real else (ALL,)
    came = {name: tuple(developed[name].round(CAME_DIGITS).tolist()) for name in whose}
    return TrainedAge(model=model, at_newest=at_newest, periods=periods, groups=groups, gain=gain, came=came)


def _groups(judged: Learned, values: Mapping[str, Array]) -> dict[str, Group]:
    not_yet = judged.columns[PURCHASES] == 0
    everybody = np.ones(len(not_yet), dtype=bool)
    return {
        name: group_of(
            {which: value[who] for which, value in values.items()},
            judged.amount[who],
            judged.columns[TO_DATE][who],
        )
        for name, who in ((ALL, everybody), (NOT_YET, not_yet))
    }
