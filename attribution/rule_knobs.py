"""The knobs of the rule models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from warehouse.errors import UsageError


@dataclass(frozen=True)
class RuleKnobs:
    """Half-life in days, ratio of a touch's weight to the next one's, shares of the ends, paid channels (of last_paid)
    and weights by channel (of custom).

    UsageError unless the ends' shares lie in 0 to 1 and their sum above 0 and at most 1, and weights are from 0 up.
    """

    half_life_days: float
    order_ratio: float
    position_first: float
    position_last: float
    paid_channels: frozenset[str] = frozenset()
    channel_weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse ends that leave less than nothing to the middle, or two touches without any share."""
        first, last = self.position_first, self.position_last
        if min(first, last) < 0 or first + last == 0 or self.position_middle < 0:
            raise UsageError(
                f"attribution.position_based: first {first} and last {last} must be shares "
                "whose sum is above 0 and at most 1"
            )
        if any(weight < 0 for weight in self.channel_weights.values()):
            raise UsageError("attribution.channel_weights must be from 0 up")

    @property
    def position_middle(self) -> float:
        """What the ends leave to the touches between them; 0 where they take all, in spite of binary fractions."""
        return round(1.0 - self.position_first - self.position_last, 12)
