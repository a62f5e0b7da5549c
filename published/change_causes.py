"""The causes by which figures move between two publications, and what their commits record of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from published.delta_files import commits
from published.publication import Published
from warehouse.contracts import Table
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS

NEW_DAYS = "new_days"
LATE = "late"
CANCELLED = "cancelled"
EDITED = "edited"
REFUNDS = "refunds"
RATES = "rates"
IDENTITY = "identity"
RULES = "rules"
MODELS = "models"
RESTATED = "restated"
OTHER = "other"
# In the order of tables and sentences where amounts are equal; docs/conventions.md says which takes precedence.
CAUSES = (NEW_DAYS, LATE, CANCELLED, REFUNDS, EDITED, RATES, IDENTITY, RULES, MODELS, RESTATED, OTHER)
RATE_TOLERANCE = 1e-9  # relative; rates that are nearer are one, seen through amounts of six decimals


@dataclass(frozen=True)
class Recorded:
    """What the commits of two publications record: whether rows were landed between them, and whether a knob, a rule
    file or the program changed under which touches, journeys and credits are made. True where nothing is recorded."""

    has_landed: bool
    has_new_rules: bool

    @property
    def without_trace(self) -> str:
        """The cause of a change whose rows show none: knobs that moved, otherwise rows that landed."""
        return RULES if self.has_new_rules else LATE


def read_recorded(before: Published, after: Published) -> Recorded:
    """What changed beside the rows themselves, by the origins that runs record with their commits."""
    made_from = [
        (_origin(before, table), _origin(after, table))
        for table in (SILVER_TOUCHPOINTS, SILVER_JOURNEYS, GOLD_ATTRIBUTION_CREDITS)
    ]
    has_new_rules = any(
        not (old and new) or (old.get("knobs"), old.get("code")) != (new.get("knobs"), new.get("code"))
        for old, new in made_from
    )
    touches_before, touches_after = made_from[0]
    has_landed = not (touches_before and touches_after) or _landed(touches_before) != _landed(touches_after)
    return Recorded(has_landed, has_new_rules)


def _origin(published: Published, table: Table) -> dict[str, Any]:
    """The newest origin up to the published version; {} where no commit has one."""
    for _, recorded in commits(published.lake, table, until=published.versions[table.full_name]):
        if recorded:
            origin = recorded.get("origin")
            return origin if isinstance(origin, dict) else {}
    return {}


def _landed(origin: dict[str, Any]) -> dict[str, Any]:
    return {name: state for name, state in origin.get("inputs", {}).items() if name.startswith("bronze.")}
