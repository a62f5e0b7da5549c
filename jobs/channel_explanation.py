"""Why one landing has its channel: the builders of silver on one event, without a JVM, and their result in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jobs.settings import Settings
from touchpoints.channels import with_channel
from touchpoints.hits import build_hits
from touchpoints.ids import identified
from touchpoints.knobs import HitKnobs, RuleFiles
from warehouse.engine import session
from warehouse.tables.bronze_events import BRONZE_EVENTS

WHY_NO_SOURCE = {
    "own_page": "none: the referrer is of the page's own site",
    "no_source": "none: the referrer is an own domain, a payment or a login page",
}
LABEL = 12  # characters of the column of labels


def explained(event: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """What the builders of silver make of one event: the columns of its hit, and its channel, rule and trace.

    `event` has some columns of bronze.events; the engine is Sail, which runs the very builders of the pipeline.
    """
    given = {
        "event_id": "explained",
        "event_name": "page_view",
        "event_at": datetime(2026, 1, 1, tzinfo=UTC),
        "anonymous_id": "somebody",
        "platform": "web",
        **event,
    }
    files = settings.part(RuleFiles)
    rules, sources = files.channel_rules(), files.sources()
    with session("sail", "distributary channels", {}) as engine:
        row = tuple(given.get(name) for name in BRONZE_EVENTS.column_names)
        events = identified(engine.createDataFrame([row], BRONZE_EVENTS.ddl))
        hits = build_hits(events, settings.part(HitKnobs), sources=sources)
        (found,) = with_channel(hits, rules, sources).collect()
    return dict(found.asDict())


def in_words(event: Mapping[str, Any], hit: Mapping[str, Any]) -> list[str]:
    """Lines for people: what came in, what was made of it, and what decided."""
    decided, *others = str(hit["channel_trace"]).split("; ")
    lines = [("page", event.get("page_url")), ("referrer", event.get("referrer"))]
    lines += [("", ""), ("source", _source(hit)), ("medium", hit["medium"]), ("campaign", hit["campaign"])]
    lines += [("campaign id", hit["campaign_id"])] if hit["campaign_id"] else []
    lines += [("click id", f"{hit['click_id_type']} {hit['click_id']}")] if hit["click_id_type"] else []
    lines += [("", ""), ("channel", hit["channel"]), ("by rule", decided.replace(" by ", ": ", 1))]
    lines += [("", other) for other in others]
    lines += [("robot", hit.get("bot_reason") or "by its user agent: no touch")] if hit["is_bot"] else []
    return ["" if not label and not value else f"{label:{LABEL}}{_shown(value)}".rstrip() for label, value in lines]


def _source(hit: Mapping[str, Any]) -> str:
    if hit["source"] is None:
        return WHY_NO_SOURCE.get(hit["source_from"] or "", "none: nothing names one")
    return f"{hit['source']}  (from the {'referrer' if hit['source_from'] == 'referrer' else 'link or the event'})"


def _shown(value: object) -> str:
    return "-" if value is None else str(value)
