"""Early value of new users by a trained version: what they will bring after an age and within a horizon, in two parts.

It goes with every registered version and needs nothing of this project installed (see `ltv.early_value_pyfunc`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .churn_scorer import Array, Classifier, Columns, expit

CHANNEL = "acquisition_channel"
IS_KNOWN = "is_known"  # 1 where a login is known
PURCHASES = "purchases_90d"  # above 0 for who has bought by the age
CHANNEL_BUYS, CHANNEL_AMOUNT = "channel_buys", "channel_amount"  # what the channel says, as features
Names = NDArray[np.object_]


class Prediction(NamedTuple):
    """Of each new user: the probability of a purchase after the age and within the horizon, the expected gross value of
    these purchases if there is one, and the standard deviation of what comes, by chance alone."""

    buys: Array
    amount: Array
    deviation: Array

    @property
    def value(self) -> Array:
        """The expected gross value after the age."""
        return self.buys * self.amount


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number by a straight line through features, within the limits of those that it learned from; without features
    it is `low`, which `high` equals."""

    classifier: Classifier | None
    low: float
    high: float

    def at(self, columns: Columns, rows: int) -> Array:
        """Of each row."""
        if self.classifier is None:
            return np.full(rows, self.low)
        return np.clip(self.classifier.log_odds(columns), self.low, self.high)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The line that `as_plain` wrote."""
        known = plain["classifier"]
        return cls(classifier=Classifier.from_dict(known) if known else None, low=plain["low"], high=plain["high"])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        known = self.classifier.to_dict() if self.classifier else None
        return {"classifier": known, "low": self.low, "high": self.high}


@dataclass(frozen=True, kw_only=True)
class TwoParts:
    """New users of one state (have bought by the age, or not): log-odds of a purchase, logarithm of the amount, what
    each channel adds to both by itself, and how amounts spread (variance / squared expectation). `moved` is the factor,
    in `amount` already, by which newer new users bring more than those learned from, or less, and `error` the relative
    standard deviation of a total by chance of both. Versions of earlier fits have neither."""

    buys: Line
    amount: Line
    channels: Mapping[str, tuple[float, float]]
    spread: float
    moved: float = 1.0
    error: float = 0.0

    def predict(self, columns: Columns, channels: Names) -> Prediction:
        """What each new user will bring."""
        known = with_channels(columns, channels, self.channels)
        rows = len(channels)
        return predicted(expit(self.buys.at(known, rows)), np.exp(self.amount.at(known, rows)), self.spread)

    @property
    def names(self) -> set[str]:
        """The columns that it reads, without the channel's."""
        lines = (self.buys.classifier, self.amount.classifier)
        return {name for one in lines if one for name in one.inputs.names} - {CHANNEL_BUYS, CHANNEL_AMOUNT}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote."""
        return cls(
            buys=Line.from_dict(plain["buys"]),
            amount=Line.from_dict(plain["amount"]),
            channels={name: (buys, amount) for name, (buys, amount) in plain["channels"].items()},
            spread=plain["spread"],
            moved=plain.get("moved", 1.0),
            error=plain.get("error", 0.0),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        channels = {name: list(pair) for name, pair in self.channels.items()}
        return {
            "buys": self.buys.to_dict(),
            "amount": self.amount.to_dict(),
            "channels": channels,
            "spread": self.spread,
            "moved": self.moved,
            "error": self.error,
        }


@dataclass(frozen=True, kw_only=True)
class ChannelMean:
    """What new users of a channel brought on average: the share that bought and their mean amount, and those of all for
    a channel that was too rare or is new. `moved` and `error` are as in `TwoParts`."""

    channels: Mapping[str, tuple[float, float]]
    buys: float
    amount: float
    spread: float
    moved: float = 1.0
    error: float = 0.0

    def predict(self, channels: Names) -> Prediction:
        """What each new user will bring."""
        known = [self.channels.get(name, (self.buys, self.amount)) for name in channels.tolist()]
        buys, amount = np.array(known, dtype=np.float64).reshape(-1, 2).T
        return predicted(buys, amount, self.spread)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """What `asdict` wrote."""
        channels = {name: (buys, amount) for name, (buys, amount) in plain["channels"].items()}
        numbers = {one.name: plain[one.name] for one in fields(cls) if one.name in plain}
        return cls(**numbers | {"channels": channels})


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What predicts from behaviour: two parts of those who have bought by the age and of those who have not."""

    bought: TwoParts
    not_yet: TwoParts

    def predict(self, columns: Columns, channels: Names) -> Prediction:
        """What each new user will bring."""
        has_bought = np.asarray(columns[PURCHASES]) > 0
        parts = (self.bought.predict(columns, channels), self.not_yet.predict(columns, channels))
        return Prediction(*(np.where(has_bought, *pair) for pair in zip(*parts, strict=True)))


@dataclass(frozen=True, kw_only=True)
class AgeModel:
    """What predicts at one age for one horizon; `model_error` is the relative error of its totals, as a standard
    deviation."""

    age_days: int
    horizon_days: int
    by: Behaviour | ChannelMean
    model_error: float

    @property
    def served(self) -> str:
        """What predicts: behaviour or channel_mean."""
        return "behaviour" if isinstance(self.by, Behaviour) else "channel_mean"

    @property
    def names(self) -> set[str]:
        """The columns that it reads, beside the channel."""
        if isinstance(self.by, ChannelMean):
            return set()
        return {PURCHASES} | self.by.bought.names | self.by.not_yet.names

    def predict(self, columns: Columns, channels: Names) -> Prediction:
        """What each new user will bring after the age and within the horizon."""
        if isinstance(self.by, ChannelMean):
            return self.by.predict(channels)
        return self.by.predict(columns, channels)


@dataclass(frozen=True, kw_only=True)
class EarlyValueModel:
    """The models of a version, in order of age and horizon."""

    models: tuple[AgeModel, ...]

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], *, which: str = "served_by") -> Self:
        """The model of a stored version; `which` at_newest is the one that was judged on its newest period."""
        return cls(
            models=tuple(
                AgeModel(
                    age_days=one["age_days"],
                    horizon_days=one["horizon_days"],
                    by=by_from_dict(one[which]),
                    model_error=one["model_error"],
                )
                for one in plain["models"]
            )
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads beside the channel, in order of name."""
        return tuple(sorted({name for one in self.models for name in one.names}))

    def of_age(self, age_days: int) -> tuple[AgeModel, ...]:
        """The models of an age."""
        return tuple(one for one in self.models if one.age_days == age_days)


def by_to_dict(by: Behaviour | ChannelMean) -> dict[str, Any]:
    """Plain data for JSON; `by_from_dict` reads it back to the last digit."""
    if isinstance(by, ChannelMean):
        return {"channel_mean": asdict(by)}
    return {"bought": by.bought.to_dict(), "not_yet": by.not_yet.to_dict()}


def by_from_dict(plain: Mapping[str, Any]) -> Behaviour | ChannelMean:
    """What `by_to_dict` wrote."""
    if "channel_mean" in plain:
        return ChannelMean.from_dict(plain["channel_mean"])
    return Behaviour(bought=TwoParts.from_dict(plain["bought"]), not_yet=TwoParts.from_dict(plain["not_yet"]))


def predicted(buys: Array, amount: Array, spread: float) -> Prediction:
    """A prediction with its standard deviation: the variance is p (s^2 + m^2) - p^2 m^2 with s^2 = spread x m^2."""
    return Prediction(buys, amount, amount * np.sqrt(np.maximum(buys * (1 + spread) - buys**2, 0.0)))


def with_channels(columns: Columns, channels: Names, levels: Mapping[str, tuple[float, float]]) -> dict[str, Array]:
    """The columns with what the channel of each row says; of an unknown channel nothing (0)."""
    known = np.array([levels.get(name, (0.0, 0.0)) for name in channels.tolist()], dtype=np.float64).reshape(-1, 2)
    return dict(columns) | {CHANNEL_BUYS: known[:, 0], CHANNEL_AMOUNT: known[:, 1]}


def missing(names: Sequence[str], given: Sequence[str]) -> list[str]:
    """Those of `names` that are not given."""
    return [name for name in names if name not in given]
