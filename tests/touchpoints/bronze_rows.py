"""Small frames for the tests of silver: rows as dicts, in which a test gives only the fields that matter to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.settings import Settings, load_settings
from touchpoints.aliases import build_aliases
from touchpoints.hits import build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.ids import identified
from touchpoints.knobs import HitKnobs, RobotLimit
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.contracts import Table
from warehouse.knobs import part_of
from warehouse.settings_file import knobs_of
from warehouse.tables import BRONZE_EVENTS, BRONZE_ORDERS, SILVER_IDENTITIES

Fields = Mapping[str, Any]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

HITS = (
    "event_id string, event_name string, event_at timestamp, anonymous_id string, user_id string, "
    "sent_session_id string, platform string, is_session_event boolean, is_ad_event boolean, has_origin boolean, "
    "source string, medium string, campaign string, campaign_id string, content string, term string, "
    "click_id_type string, click_id string, click_kind string, source_from string, "
    "link_tags struct<utm_id:string,utm_source_platform:string,utm_creative_format:string,"
    "utm_marketing_tactic:string,gad_campaignid:string>, referrer_domain string, landing_url string, "
    "consent_ads boolean, clicked_at timestamp, id_kind string, att_status string, "
    "has_short_cookie boolean, is_bot boolean, "
    "bot_reason string, order_id string, value decimal(18,6), currency string"
)
VISITS = (
    f"{HITS}, row_kind int, device_key bigint, device string, person_id string, known_at timestamp, session_id string, "
    "is_session_start boolean, since_page_ms bigint, is_touch boolean"
)
RATES = "rate_day date, rate_currency string, rate decimal(18,8)"


def visits_of_events(spark: SparkSession, rows: list[Fields], knobs: HitKnobs) -> list[Fields]:
    """What silver reads of the visits of these events (columns of bronze.events), each in the channel `test`."""
    hits = build_hits(events(spark, rows), knobs, sources=load_sources("sources.yaml"))
    known = frame(spark, SILVER_IDENTITIES.ddl, [])
    built = build_visits(hits, known, orders(spark, []), timeout_minutes=30, max_hours=24)
    named = built.withColumns({name: F.lit("test") for name in ("channel", "channel_rule", "channel_trace")})
    return collected(slim_visits(named, conversion_types=[], personal=knobs))


@cache
def defaults() -> Settings:
    """The settings of base.yaml."""
    return load_settings()


def hit_knobs(**changed: Any) -> HitKnobs:
    """The knobs of base.yaml, some changed; what a value becomes when settings are read, it becomes here."""
    knobs = part_of(defaults().touchpoints, HitKnobs)
    return knobs_of(HitKnobs, {**knobs.model_dump(), **changed})


def robot_limits(**changed: Any) -> RobotLimit:
    """The knobs of base.yaml, some changed."""
    knobs = part_of(defaults().sessions, RobotLimit)
    return knobs_of(RobotLimit, {**knobs.model_dump(), **changed})


def at(minutes: float = 0, *, days: float = 0, microseconds: int = 0) -> datetime:
    """The moment so long after noon of 1 March 2026, UTC."""
    return NOON + timedelta(days=days, minutes=minutes, microseconds=microseconds)


def frame(spark: SparkSession, schema: str, rows: Iterable[Fields]) -> DataFrame:
    """Rows by name; a column that a row leaves out is null, and a name that the schema lacks is an error."""
    names = [part.split()[0].strip("`") for part in schema.split(", ")]
    values = []
    for row in rows:
        assert not (unknown := set(row) - set(names)), f"{unknown} not in {names}"
        values.append(tuple(row.get(name) for name in names))
    return spark.createDataFrame(values, schema)


def stored(frame: DataFrame) -> DataFrame:
    """The frame, computed once, as a table is between two steps."""
    return frame.sparkSession.createDataFrame(frame.collect(), frame.schema)


def collected(built: DataFrame) -> list[dict[str, Any]]:
    """Its rows as dicts, moments in UTC in any zone of this machine."""
    return [
        {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.asDict().items()}
        for row in built.collect()
    ]


def bronze(spark: SparkSession, table: Table, rows: Iterable[Fields]) -> DataFrame:
    """Rows of a bronze table; columns that must not be null are filled in."""
    return frame(spark, table.ddl, ({**_filled(table, row, line), **row} for line, row in enumerate(rows, start=1)))


def events(spark: SparkSession, rows: Iterable[Fields]) -> DataFrame:
    return identified(bronze(spark, BRONZE_EVENTS, rows))


def orders(spark: SparkSession, rows: Iterable[Fields]) -> DataFrame:
    return identified(bronze(spark, BRONZE_ORDERS, rows))


def hits(spark: SparkSession, rows: Iterable[Fields]) -> DataFrame:
    """Rows as of `build_hits`: has_origin is true where source, medium, campaign or click_id is given."""
    return identified(frame(spark, HITS, map(hit_of, rows)))


def visits(spark: SparkSession, rows: Iterable[Fields]) -> DataFrame:
    """Rows as of `build_visits`; outside of sessions and no touches where a row does not give it."""
    common = {"row_kind": 2, "device_key": 0, "device": "", "is_session_start": False, "is_touch": False}
    return frame(spark, VISITS, ({**common, **hit_of(row)} for row in rows))


@dataclass(frozen=True)
class Silver:
    """Visits, sessions and touchpoints as dicts."""

    visits: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    touchpoints: list[dict[str, Any]]


def build_all(
    spark: SparkSession,
    rows: Sequence[Fields],
    order_rows: Sequence[Fields] = (),
    *,
    login_window_days: int = 30,
    timeout_minutes: int = 30,
    max_hours: int = 24,
    max_aliases: int = 1,
    limits: RobotLimit | None = None,
) -> Silver:
    """Identities, visits, sessions and touchpoints of hits and orders; the channel is the source, otherwise Direct."""
    event_rows = [{name: row[name] for name in row if name in BRONZE_EVENTS.column_names} for row in rows]
    known_events, known_orders = events(spark, event_rows), orders(spark, order_rows)
    aliases = build_aliases(known_events, known_orders, max_aliases=max_aliases).where("outcome = 'alias'")
    aliases = aliases.select("user_id", "buyer_id").persist()
    logins = logins_of(known_events, known_orders, aliases)
    built = (
        build_visits(
            hits(spark, rows),
            build_identities(logins, login_window_days=login_window_days),
            known_orders,
            timeout_minutes=timeout_minutes,
            max_hours=max_hours,
            aliases=aliases,
            has_sent_sessions=any(row.get("sent_session_id") for row in rows),
        )
        .withColumns(
            {
                "channel": F.coalesce("source", F.lit("Direct")),
                "channel_rule": F.lit("test"),
                "channel_trace": F.lit("test"),
            }
        )
        .persist()
    )
    try:
        slim = slim_visits(built, conversion_types=[], personal=hit_knobs())
        sessions = build_sessions(slim, limits=limits or robot_limits())
        touchpoints = build_touchpoints(
            slim, bot_sessions(sessions), abuse=defaults().ad_abuse, retargeting=defaults().retargeting
        )
        return Silver(collected(built), collected(sessions), collected(touchpoints))
    finally:
        built.unpersist()


def hit_of(row: Fields) -> dict[str, Any]:
    name, platform = row.get("event_name", "page_view"), row.get("platform", "web")
    has_origin = any(row.get(field) is not None for field in ("source", "medium", "campaign", "click_id"))
    return {
        "event_name": name,
        "event_at": NOON,
        "platform": platform,
        "is_session_event": not name.startswith("ad_") and platform != "server",
        "is_ad_event": name.startswith("ad_"),
        "has_origin": has_origin,
        "consent_ads": True,
        "is_bot": False,
        **row,
    }


def _filled(table: Table, row: Fields, line: int) -> dict[str, Any]:
    """Values of the columns that must not be null; line numbers count up, so that rows keep their order."""
    blank: dict[str, Any] = {
        "timestamp": NOON,
        "date": date(2026, 3, 1),
        "boolean": False,
        "bigint": line,
        "string": "landed",
        "decimal(18,6)": Decimal(0),
        "decimal(18,8)": Decimal(1),
    }
    special = {
        "events": {"event_name": "page_view", "platform": "web"},
        "orders": {"currency": "USD", "status": "paid", "updated_at": row.get("order_at", NOON)},
        "ad_spend": {"currency": "USD", "platform": "google_ads"},
        "exchange_rates": {"report_currency": "USD"},
    }
    needed = {column.name: blank[column.type] for column in table.columns if not column.nullable}
    return {**needed, **special.get(table.name, {})}
