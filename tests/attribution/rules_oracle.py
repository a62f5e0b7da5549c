"""A second implementation of the rule models in plain Python with exact fractions, and small frames for builders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from attribution.knobs import JourneyKnobs, PositionBased, RuleKnobs
from warehouse.contracts import Table
from warehouse.settings_file import knobs_of
from warehouse.tables import SILVER_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
MICRO = timedelta(microseconds=1)
PAID = frozenset({"B", "Paid Search"})
WEIGHTS = {"A": 1.0, "B": 3.0}
KNOBS = RuleKnobs(
    half_life_days=7.0,
    order_ratio=0.5,
    position_based=PositionBased(first=0.4, last=0.4),
    paid_channels=sorted(PAID),
    channel_weights=WEIGHTS,
)


def rule_knobs(**changed: Any) -> RuleKnobs:
    """KNOBS with some changed; UsageError for a value that does not fit."""
    return knobs_of(RuleKnobs, {**KNOBS.model_dump(), **changed})


def journey_knobs(lookbacks: Mapping[str, int], **changed: Any) -> JourneyKnobs:
    """Clicks of these types, which look back so many days each; every conversion ends a journey."""
    every = {
        "conversions": "every",
        "restart": False,
        "milestones": [],
        "interactions": ["click"],
        "view_through_hours": 24,
    }
    types = {"conversion_types": [*lookbacks], "lookback_days": 1, "lookback_days_by_type": dict(lookbacks)}
    return JourneyKnobs(**{**every, **types, **changed})


@dataclass(frozen=True, order=True)
class Touch:
    """Sorts as touches do: by time, then by id."""

    at: datetime
    id: str
    channel: str
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    campaign_id: str | None = None


def first_touch(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return [Fraction(1)] + [Fraction(0)] * (len(path) - 1)


def last_touch(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return [Fraction(0)] * (len(path) - 1) + [Fraction(1)]


def last_non_direct(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    known = [index for index, touch in enumerate(path) if touch.channel != "Direct"]
    chosen = known[-1] if known else len(path) - 1
    return [Fraction(int(index == chosen)) for index in range(len(path))]


def linear(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return [Fraction(1, len(path))] * len(path)


def position_based(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    if len(path) <= 2:
        return linear(path, converted_at)
    between = Fraction(1, 5) / (len(path) - 2)
    return [Fraction(2, 5), *[between] * (len(path) - 2), Fraction(2, 5)]


def time_decay(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    """Half a touch's weight for each week to the conversion, to 60 digits."""
    with localcontext() as context:
        context.prec = 60
        ages = [Decimal((converted_at - touch.at) // MICRO) for touch in path]
        weights = [Fraction(Decimal(2) ** (-age / Decimal(7 * 86_400_000_000))) for age in ages]
    return [weight / sum(weights) for weight in weights]


def time_decay_by_order(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return [Fraction(2**index, 2 ** len(path) - 1) for index in range(len(path))]


def _ends(path: Sequence[Touch], first: Fraction, last: Fraction) -> list[Fraction]:
    if len(path) == 1:
        return [Fraction(1)]
    between = [(1 - first - last) / (len(path) - 2)] * (len(path) - 2) if len(path) > 2 else []
    weights = [first, *between, last]
    return [weight / sum(weights) for weight in weights]


def u_shape(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return _ends(path, Fraction(2, 5), Fraction(2, 5))


def w_shape(path: Sequence[Touch], converted_at: datetime, milestones: Sequence[datetime] = ()) -> list[Fraction]:
    anchors = [0, len(path) - 1]
    for reached_at in milestones:
        before = [index for index, touch in enumerate(path) if touch.at <= reached_at]
        anchors += before[-1:]
    others = len(path) - len(set(anchors))
    weights = [
        anchors.count(index) * Fraction(9, 10) / len(anchors) if index in anchors else Fraction(1, 10) / others
        for index in range(len(path))
    ]
    return [weight / sum(weights) for weight in weights]


def j_shaped(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return _ends(path, Fraction(1, 5), Fraction(3, 5))


def inverse_j_shaped(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    return _ends(path, Fraction(3, 5), Fraction(1, 5))


def last_paid(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    paid = [index for index, touch in enumerate(path) if touch.channel in PAID]
    chosen = paid[-1] if paid else len(path) - 1
    return [Fraction(int(index == chosen)) for index in range(len(path))]


def custom(path: Sequence[Touch], converted_at: datetime) -> list[Fraction]:
    weights = [Fraction(WEIGHTS.get(touch.channel, 0)) for touch in path]
    return [weight / sum(weights) for weight in weights] if sum(weights) else linear(path, converted_at)


Oracle = Callable[[Sequence[Touch], datetime], list[Fraction]]
ORACLE: dict[str, Oracle] = {
    rule.__name__: rule
    for rule in (
        first_touch,
        last_touch,
        last_non_direct,
        linear,
        position_based,
        time_decay,
        time_decay_by_order,
        u_shape,
        w_shape,
        j_shaped,
        inverse_j_shaped,
        last_paid,
        custom,
    )
}


def window(touches: Iterable[Touch], converted_at: datetime, days: int) -> list[Touch]:
    """The touches of a conversion's path."""
    return sorted(touch for touch in touches if converted_at - days * DAY <= touch.at <= converted_at)


def runs(touches: Iterable[Touch], conversions: Iterable[datetime], days: int) -> list[list[Touch]]:
    """The journeys without conversion."""
    ends = max(conversions, default=datetime.min.replace(tzinfo=UTC))
    found: list[list[Touch]] = []
    for touch in sorted(touch for touch in touches if touch.at > ends):
        if found and touch.at - found[-1][-1].at <= days * DAY:
            found[-1].append(touch)
        else:
            found.append([touch])
    return found


def walk(path: str, ended_at: datetime = NOON, days_before: Sequence[int] | None = None, name: str = "") -> list[Touch]:
    """The touches of 'A > B > C', one a day up to an hour before the end unless the days before it are given."""
    channels = path.split(" > ") if path else []
    ages = days_before or range(len(channels) - 1, -1, -1)
    late = timedelta(0) if days_before else timedelta(hours=1)
    return [
        Touch(ended_at - age * DAY - late, f"{name}{index}", channel)
        for index, (channel, age) in enumerate(zip(channels, ages, strict=True))
    ]


def frame(spark: SparkSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """The rows as a frame of the contract; columns that a row lacks are null."""
    for row in rows:
        if strange := set(row) - set(table.column_names):
            raise KeyError(f"{table.full_name} has no {sorted(strange)}")
    return spark.createDataFrame([tuple(row.get(name) for name in table.column_names) for row in rows], table.ddl)


def journey(name: str, path: Sequence[Touch], ended_at: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """A row of silver.journeys that ends in the conversion of that name, worth 10.00."""
    net = Decimal(fields.pop("value", "10"))
    return {
        "journey_id": name,
        "conversion_type": "purchase",
        "person_id": f"person of {name}",
        "conversion_id": name,
        "ended_at": ended_at,
        "report_value": net,
        "report_gross_value": Decimal(fields.pop("gross", net)),
        "report_currency": "KRW",
        "is_first_purchase": False,
        "path": [(t.at, t.id, t.channel, t.source, t.medium, t.campaign, t.campaign_id) for t in path],
        "milestones": [],
        **fields,
    }


def journeys_frame(spark: SparkSession, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    return frame(spark, SILVER_JOURNEYS, rows)


def touchpoints_frame(
    spark: SparkSession, touches: Mapping[str, Sequence[Touch]], interaction: str = "click"
) -> DataFrame:
    """silver.touchpoints of these persons."""
    return frame(
        spark,
        SILVER_TOUCHPOINTS,
        [
            {
                "touchpoint_id": touch.id,
                "person_id": person,
                "touched_at": touch.at,
                "interaction": interaction,
                "channel": touch.channel,
                "source": touch.source,
                "medium": touch.medium,
                "campaign": touch.campaign,
                "campaign_id": touch.campaign_id,
            }
            for person, theirs in touches.items()
            for touch in theirs
        ],
    )


def conversion(
    name: str, person: str, at: datetime = NOON, kind: str = "purchase", value: str = "10"
) -> dict[str, Any]:
    """A row of silver.conversions."""
    return {
        "conversion_id": name,
        "conversion_type": kind,
        "person_id": person,
        "converted_at": at,
        "report_value": Decimal(value),
        "report_gross_value": Decimal(value),
        "report_currency": "KRW",
        "is_first_purchase": False,
    }


def conversions_frame(spark: SparkSession, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    return frame(spark, SILVER_CONVERSIONS, rows)


def utc(moment: datetime) -> datetime:
    """Spark returns times in the machine's zone, without a zone of their own."""
    return moment.astimezone(UTC)
