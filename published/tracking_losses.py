"""What is lost to missing consent, logged-out visits and short cookies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.choices import read_choices
from published.performance import ratio
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_TRACKING_LOSSES
from warehouse.tables.gold_tracking_losses import LOSS_CAUSES, TOUCHES


@dataclass(frozen=True)
class Loss:
    """One cause: how many touches and conversions it concerns and takes, and the net value of these conversions."""

    cause: str
    touches: int
    concerned_touches: int
    lost_touches: int
    conversions: int
    lost_conversions: int
    lost_value: Decimal
    is_estimate: bool

    @property
    def touch_share(self) -> float | None:
        """The part of all touches that is lost."""
        return ratio(self.lost_touches, self.touches)

    @property
    def conversion_share(self) -> float | None:
        """The part of all conversions that is lost."""
        return ratio(self.lost_conversions, self.conversions)


@dataclass(frozen=True)
class TrackingLosses:
    """gold.tracking_losses of touches and of one conversion type."""

    conversion_type: str
    currency: str
    causes: tuple[Loss, ...]


def read_tracking_losses(published: Published, view: View) -> TrackingLosses | None:
    """The losses of touches and of conversions of the view's type; None where there are none of either, or the table is
    not published. No other field of the view applies."""
    if not published.has(GOLD_TRACKING_LOSSES):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    rows = published.rows(
        f"""
        select counted, cause, total, concerned, lost, lost_value, currency, is_estimate from gold_tracking_losses
        where counted in ({quoted(TOUCHES)}, {quoted(conversion_type)})
        """,
        GOLD_TRACKING_LOSSES,
    )
    if not any(row["total"] for row in rows):
        return None
    found = {(row["counted"], row["cause"]): row for row in rows}

    def loss(cause: str) -> Loss:
        touches, conversions = found.get((TOUCHES, cause), {}), found.get((conversion_type, cause), {})
        return Loss(
            cause,
            touches=touches.get("total", 0),
            concerned_touches=touches.get("concerned", 0),
            lost_touches=touches.get("lost", 0),
            conversions=conversions.get("total", 0),
            lost_conversions=conversions.get("lost", 0),
            lost_value=conversions.get("lost_value") or Decimal(0),
            is_estimate=bool(touches.get("is_estimate") or conversions.get("is_estimate")),
        )

    return TrackingLosses(conversion_type, rows[0]["currency"], tuple(map(loss, LOSS_CAUSES)))
