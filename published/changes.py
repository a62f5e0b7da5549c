"""What moved between two publications, by model and channel, and why: parts by cause that add up to the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from published.change_causes import CAUSES, NEW_DAYS, OTHER, read_recorded
from published.choices import read_choices
from published.credit_changes import CREDIT_TABLES, Compared, credit_parts_sql, squares_sql
from published.model_order import in_report_order
from published.publication import Published, alias, quoted
from published.spend_changes import spend_counts, spend_parts_sql
from published.view import View
from warehouse.errors import InputError, UsageError, unknown_name
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, SILVER_AD_SPEND

ZERO = Decimal(0)
SMALLEST_CREDIT = 1e-6  # conversions; sums of doubles and rounded sums differ by less
CHANCE = 1.96  # standard errors; a movement within so many is what chance brings in 19 of 20 periods
Number = TypeVar("Number", Decimal, float)


@dataclass(frozen=True)
class Move(Generic[Number]):
    """A figure in both publications, and the parts of its change by cause; causes that moved nothing are left out.

    The parts add up to after - before: exactly, of conversions to a millionth.
    """

    before: Number
    after: Number
    parts: Mapping[str, Number]

    @property
    def change(self) -> Number:
        """after - before."""
        return self.after - self.before


@dataclass(frozen=True)
class RoasMove:
    """Credited value per unit of spend in both publications, and the parts of its change by cause.

    The parts add up to after - before. A part of value counts by the mean of 1 / spend, a part of spend by the mean of
    value: no order of causes is assumed, and none is left over. `chance` is how far the new days alone could move it
    by chance (1.96 standard errors; each conversion counts as one draw); None without a new day.
    """

    before: float
    after: float
    parts: Mapping[str, float]
    chance: float | None

    @property
    def is_chance(self) -> bool:
        """Whether the part of the new days is within what chance brings; False without a new day.

        True where no conversion is there by which chance could be judged.
        """
        return self.chance is not None and not abs(self.parts.get(NEW_DAYS, 0.0)) > self.chance > 0


@dataclass(frozen=True)
class ChannelChange:
    """How the figures of one channel moved under one model; `channel` is empty for all channels together.

    `of_new_days` and `of_old_days` are the sums of squares of what each conversion of the later publication brought.
    """

    model: str
    channel: str
    conversions: Move[float]
    value: Move[Decimal]
    spend: Move[Decimal]
    of_new_days: float = 0.0
    of_old_days: float = 0.0

    @property
    def has_moved(self) -> bool:
        """Whether any part moved anything."""
        return bool(self.conversions.parts or self.value.parts or self.spend.parts)

    @property
    def roas(self) -> RoasMove | None:
        """The return on ad spend; None where one of the publications has no spend."""
        old, new = float(self.spend.before), float(self.spend.after)
        if not old or not new:
            return None
        value_before, value_after = float(self.value.before), float(self.value.after)
        by_value, by_spend = (1 / old + 1 / new) / 2, -(value_before + value_after) / 2 / (old * new)
        parts = {
            cause: float(self.value.parts.get(cause, ZERO)) * by_value
            + float(self.spend.parts.get(cause, ZERO)) * by_spend
            for cause in _in_order({*self.value.parts, *self.spend.parts})
        }
        return RoasMove(value_before / old, value_after / new, parts, self._chance(old, new))

    def _chance(self, old_spend: float, new_spend: float) -> float | None:
        if NEW_DAYS not in self.value.parts and NEW_DAYS not in self.spend.parts:
            return None
        # What the new days brought is compared with what their spend brought before. A few days may show less
        # variation than there is, or no conversion at all: then that of before counts, for so much spend.
        share = abs(float(self.spend.parts.get(NEW_DAYS, ZERO))) / old_spend
        of_days = max(self.of_new_days, share * self.of_old_days)
        return CHANCE * math.sqrt(of_days + share * share * self.of_old_days) / new_spend


@dataclass(frozen=True)
class Refitted:
    """A model whose credits were made by another version in each publication; versions as gold has them."""

    model: str
    before: str
    after: str


@dataclass(frozen=True)
class Changes:
    """What moved from one publication to another in one view, of one conversion type.

    `models` are those of either publication that the view shows, in report order; new and removed ones are named, and
    all of their credit is a part of the cause models. `channels` are sorted by model, then by how much value and spend
    moved, then by name; channels where nothing moved follow.
    """

    before: Published
    after: Published
    conversion_type: str
    currency: str
    models: tuple[str, ...]
    new_models: tuple[str, ...]
    removed_models: tuple[str, ...]
    refitted: tuple[Refitted, ...]
    channels: tuple[ChannelChange, ...]

    def of_model(self, model: str) -> tuple[ChannelChange, ...]:
        """The channels under one model."""
        return tuple(channel for channel in self.channels if channel.model == model)

    def total(self, model: str) -> ChannelChange:
        """All channels together under one model; what moved between channels is no part of it."""
        channels = self.of_model(model)
        return ChannelChange(
            model,
            "",
            _sum([one.conversions for one in channels], 0.0),
            _sum([one.value for one in channels], ZERO),
            _sum([one.spend for one in channels], ZERO),
            sum(one.of_new_days for one in channels),
            sum(one.of_old_days for one in channels),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing moved under any model, and the models are the same."""
        moved = any(channel.has_moved for channel in self.channels)
        return not (moved or self.new_models or self.removed_models or self.refitted)


def read_changes(before: Published, after: Published, view: View, *, timezone: str) -> Changes | None:
    """What moved from `before` to `after` in the view, and why; None where one of them lacks a table for it, or
    neither has a credit.

    Days are those of `timezone`, the reporting zone. Which cause takes precedence: docs/conventions.md. The conversion
    type is the view's, otherwise the main type of `after`. InputError where their currencies differ, UsageError where
    the view names a model or a type that neither has.
    """
    tables = (*CREDIT_TABLES, SILVER_AD_SPEND, GOLD_CHANNEL_PERFORMANCE)
    if not (before.has(*tables) and after.has(*tables)):
        return None
    plain = View(date_basis=view.date_basis)
    choices = (read_choices(before, plain), read_choices(after, plain))
    known = in_report_order({*choices[0].models, *choices[1].models})
    if not known:
        return None
    for model in view.models or ():
        if model not in known:
            raise UsageError(unknown_name("model", model, known))
    types = {*choices[0].conversion_types, *choices[1].conversion_types}
    if view.conversion_type is not None and view.conversion_type not in types:
        raise UsageError(unknown_name("conversion type", view.conversion_type, sorted(types)))
    models = in_report_order(view.models or known)
    conversion_type = view.conversion_type or choices[1].main_type
    shared = tuple(model for model in models if all(model in one.models for one in choices))
    refitted = _refitted(before, after, shared)
    compared = Compared(
        before,
        after,
        view,
        conversion_type,
        models,
        shared,
        tuple(one.model for one in refitted),
        timezone,
        read_recorded(before, after),
    )
    return Changes(
        before=before,
        after=after,
        conversion_type=conversion_type,
        currency=_currency(before, after),
        models=models,
        new_models=tuple(model for model in models if model not in choices[0].models),
        removed_models=tuple(model for model in models if model not in choices[1].models),
        refitted=refitted,
        channels=_channels(compared),
    )


def _channels(compared: Compared) -> tuple[ChannelChange, ...]:
    before, after = compared.before, compared.after
    totals = [_credited(compared, one) for one in (before, after)]
    spends = [_spend(compared, one) for one in (before, after)]
    credit_parts: dict[tuple[str, str], dict[str, tuple[float, Decimal]]] = {}
    for row in after.rows_beside(before, credit_parts_sql(compared), *CREDIT_TABLES):
        by_cause = credit_parts.setdefault((row["model"], row["channel"]), {})
        by_cause[row["cause"]] = (row["conversions"], row["value"])
    spend_parts: dict[str, dict[str, Decimal]] = {}
    for row in after.rows_beside(before, spend_parts_sql(before, after, compared.view), SILVER_AD_SPEND):
        spend_parts.setdefault(row["channel"], {})[row["cause"]] = row["spend"]
    squares = {
        (row["model"], row["channel"]): (row["of_new_days"], row["of_old_days"])
        for row in after.rows_beside(before, squares_sql(compared), GOLD_ATTRIBUTION_CREDITS)
    }
    names = {channel for _, channel in (*totals[0], *totals[1], *credit_parts)} | {*spends[0], *spends[1]}
    found = []
    for model in compared.models:
        for channel in names:
            parts = credit_parts.get((model, channel), {})
            old, new = (total.get((model, channel), (0.0, ZERO)) for total in totals)
            found.append(
                ChannelChange(
                    model,
                    channel,
                    _move(old[0], new[0], {cause: part[0] for cause, part in parts.items()}, 0.0),
                    _move(old[1], new[1], {cause: part[1] for cause, part in parts.items()}, ZERO),
                    _move(
                        spends[0].get(channel, ZERO), spends[1].get(channel, ZERO), spend_parts.get(channel, {}), ZERO
                    ),
                    *squares.get((model, channel), (0.0, 0.0)),
                )
            )
    order = {model: place for place, model in enumerate(compared.models)}
    return tuple(sorted(found, key=lambda one: (order[one.model], -_size(one), one.channel)))


def _credited(compared: Compared, published: Published) -> dict[tuple[str, str], tuple[float, Decimal]]:
    """Credited conversions and net value by model and channel, as readers see them."""
    view = compared.view
    rows = published.rows(
        f"""
        select model, channel, sum(credited_conversions) as conversions, sum(credited_value) as value
        from {alias(GOLD_CHANNEL_PERFORMANCE)}
        where conversion_type = {quoted(compared.conversion_type)} and date_basis = '{view.date_basis}'
          and {view.within_days} and date <= date '{published.as_of.isoformat()}'
          and model in ({", ".join(map(quoted, compared.models))})
        group by model, channel
        """,
        GOLD_CHANNEL_PERFORMANCE,
    )
    return {(row["model"], row["channel"]): (row["conversions"], row["value"]) for row in rows}


def _spend(compared: Compared, published: Published) -> dict[str, Decimal]:
    rows = published.rows(
        f"""
        select channel, sum(report_spend) as spend from {alias(SILVER_AD_SPEND)}
        where {spend_counts(published, compared.view)} group by channel
        """,
        SILVER_AD_SPEND,
    )
    return {row["channel"]: row["spend"] for row in rows}


def _currency(before: Published, after: Published) -> str:
    sql = f"select distinct currency from {alias(GOLD_CHANNEL_PERFORMANCE)} order by currency"
    currencies = {
        one.run_id: [row["currency"] for row in one.rows(sql, GOLD_CHANNEL_PERFORMANCE)] for one in (before, after)
    }
    if len(every := sorted({currency for found in currencies.values() for currency in found})) > 1:
        of_runs = ", ".join(f"run {run} in {' and '.join(found)}" for run, found in currencies.items())
        raise InputError(f"amounts in {' and '.join(every)} cannot be compared: {of_runs}; choose publications of one")
    return every[0] if every else ""


def _refitted(before: Published, after: Published, shared: Sequence[str]) -> tuple[Refitted, ...]:
    sql = f"""
        select model, max(model_version) as version from {alias(GOLD_ATTRIBUTION_CREDITS)}
        where model_version is not null group by model
        """
    old, new = (
        {row["model"]: row["version"] for row in one.rows(sql, GOLD_ATTRIBUTION_CREDITS)} for one in (before, after)
    )
    both = [model for model in shared if model in old and model in new]
    return tuple(Refitted(model, old[model], new[model]) for model in both if old[model] != new[model])


def _move(before: Number, after: Number, parts: Mapping[str, Number], zero: Number) -> Move[Number]:
    """The move with what no part explains under `other`: nothing, as long as tables of a publication agree."""
    smallest = SMALLEST_CREDIT if isinstance(zero, float) else 0
    known = {cause: parts[cause] for cause in _in_order(parts) if parts[cause] != zero}
    left = after - before - sum(known.values(), zero)
    return Move(before, after, {**known, OTHER: left} if abs(left) > smallest else known)


def _sum(moves: Sequence[Move[Number]], zero: Number) -> Move[Number]:
    causes = _in_order({cause for move in moves for cause in move.parts})
    summed = {cause: sum((move.parts.get(cause, zero) for move in moves), zero) for cause in causes}
    smallest = SMALLEST_CREDIT / 1000 if isinstance(zero, float) else 0  # what moved between channels leaves a rest
    return Move(
        sum((move.before for move in moves), zero),
        sum((move.after for move in moves), zero),
        {cause: part for cause, part in summed.items() if abs(part) > smallest},
    )


def _size(channel: ChannelChange) -> Decimal:
    return sum(map(abs, (*channel.value.parts.values(), *channel.spend.parts.values())), ZERO)


def _in_order(causes: Mapping[str, object] | set[str]) -> list[str]:
    return sorted(causes, key=CAUSES.index)
