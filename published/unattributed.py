"""Why conversions are unattributed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from published.choices import read_choices
from published.publication import Published, quoted
from published.view import View
from warehouse.tables import GOLD_UNATTRIBUTED_CONVERSIONS


@dataclass(frozen=True)
class CauseFigures:
    """One cause, with its unattributed conversions and their net value."""

    cause: str
    conversions: int
    value: Decimal


@dataclass(frozen=True)
class Unattributed:
    """gold.unattributed_conversions of one conversion type, the most frequent cause first."""

    conversion_type: str
    currency: str
    causes: tuple[CauseFigures, ...]

    @property
    def conversions(self) -> int:
        """All unattributed conversions."""
        return sum(cause.conversions for cause in self.causes)

    @property
    def value(self) -> Decimal:
        """Their net value."""
        return sum((cause.value for cause in self.causes), Decimal(0))


def read_unattributed(published: Published, view: View) -> Unattributed | None:
    """The causes for conversions of the view's type; None where all are attributed, or the table is not published.

    No other field of the view applies: an unattributed conversion is one under every model.
    """
    if not published.has(GOLD_UNATTRIBUTED_CONVERSIONS):
        return None
    conversion_type = read_choices(published, view).type_of(view)
    rows = published.rows(
        f"""
        select cause, conversions, value, currency from gold_unattributed_conversions
        where conversion_type = {quoted(conversion_type)} order by conversions desc, cause
        """,
        GOLD_UNATTRIBUTED_CONVERSIONS,
    )
    if not rows:
        return None
    causes = tuple(CauseFigures(row["cause"], int(row["conversions"]), row["value"]) for row in rows)
    return Unattributed(conversion_type, rows[0]["currency"], causes)
