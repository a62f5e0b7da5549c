"""Why one conversion has no touch in its window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from published.audited_number import moment_sql
from published.delta_files import Row
from published.publication import Published, quoted
from warehouse.tables import SILVER_SESSIONS, SILVER_TOUCHPOINTS
from warehouse.tables.gold_unattributed_conversions import (
    BEFORE_FIRST_VISIT,
    LOGGED_OUT,
    NO_CONSENT,
    NO_VISIT,
    OTHER_LOGIN,
    OUTSIDE_WINDOW,
    ROBOT,
)

DEVICE_PERSON = "device:"  # how the person_id of a device without a login begins


@dataclass(frozen=True)
class JourneyWindow:
    """What settings say of the touches that a conversion looks back to: attribution.lookback_days and those by type,
    whether clicks take part (attribution.interactions), and touchpoints.without_ads_consent."""

    lookback_days: int
    lookback_days_by_type: Mapping[str, int] = field(default_factory=dict)
    clicks_take_part: bool = True
    without_ads_consent: str = "all"

    def opens(self, conversion_type: str, converted_at: datetime) -> datetime:
        """The first moment of the window, inclusive."""
        return converted_at - timedelta(days=self.lookback_days_by_type.get(conversion_type, self.lookback_days))


def read_cause(published: Published, conversion: Row, order: Row | None, window: JourneyWindow) -> str | None:
    """The cause, as gold.unattributed_conversions counts them, of a conversion that is known to have no touch.

    `conversion` and `order` are its rows of silver.conversions and silver.orders. The rules are those of
    attribution.unattributed_conversions. None where visits are not published.
    """
    if not published.has(SILVER_TOUCHPOINTS, SILVER_SESSIONS):
        return None
    seen = order or {}
    found = _last_moments(published, conversion, seen, window)
    opens = window.opens(conversion["conversion_type"], conversion["converted_at"])

    def of_another(kind: str) -> str | None:
        """Another person whose touch is in the window."""
        at, person_id = found.get(kind, (None, None))
        is_another = at is not None and at >= opens and person_id != conversion["person_id"]
        return person_id if is_another else None

    def in_window(kind: str) -> bool:
        return kind in found and found[kind][0] >= opens

    others = [person for person in (of_another("seen"), of_another("device")) if person]
    consent = seen.get("seen_consent_ads")
    if consent is None:
        consent = conversion["consent_ads"]
    first_visit_at = found["first"][0] if "first" in found else None
    causes = {
        BEFORE_FIRST_VISIT: first_visit_at is None or conversion["converted_at"] < first_visit_at,
        ROBOT: in_window("bot"),
        OTHER_LOGIN: any(not person.startswith(DEVICE_PERSON) for person in others),
        LOGGED_OUT: bool(others),
        NO_CONSENT: consent is False or in_window("refused"),
        OUTSIDE_WINDOW: "own" in found,
    }
    return next((cause for cause, holds in causes.items() if holds), NO_VISIT)


def _last_moments(
    published: Published, conversion: Row, seen: Row, window: JourneyWindow
) -> dict[str, tuple[datetime, str]]:
    """By kind the last moment up to the conversion and whose it is; `first` is the first visit of all."""
    until = moment_sql(conversion["converted_at"])
    counts = "interaction = 'click'" if window.clicks_take_part else "false"
    asks_consent = window.without_ads_consent == "nothing"
    agreed = f"{counts} and consent_ads" if asks_consent else counts

    def touches(kind: str, column: str, value: str | None, where: str) -> list[str]:
        if value is None:
            return []
        return [
            f"select '{kind}' as kind, touched_at as at, person_id from silver_touchpoints "
            f"where touched_at <= {until} and {column} = {quoted(value)} and {where}"
        ]

    person_id = conversion["person_id"]
    parts = [
        *touches("own", "person_id", person_id, agreed),
        *touches("seen", "person_id", seen.get("seen_person_id"), agreed),
        *touches("device", "anonymous_id", seen.get("seen_on"), agreed),
        *(touches("refused", "person_id", person_id, f"{counts} and not consent_ads") if asks_consent else []),
        f"select 'bot' as kind, started_at as at, person_id from silver_sessions "
        f"where started_at <= {until} and person_id = {quoted(person_id)} and is_bot",
        "select 'first' as kind, min(started_at) as at, '' as person_id from silver_sessions",
    ]
    rows = published.rows(
        f"""
        select kind, at, person_id from (
            select *, row_number() over (partition by kind order by at desc, person_id desc) as place
            from ({" union all ".join(parts)}) where at is not null
        ) where place = 1
        """,
        SILVER_TOUCHPOINTS,
        SILVER_SESSIONS,
    )
    return {row["kind"]: (row["at"], row["person_id"]) for row in rows}
