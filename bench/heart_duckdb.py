"""The core of the build in DuckDB on the Parquet files of bronze.events, and the comparison of its tables with ours."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pandas as pd
from deltalake import DeltaTable
from heart_duckdb_credits import credits_sql, journeys_sql
from heart_duckdb_sql import hits_sql, host_sql, identities_sql, silver_sql, touches_sql, visits_sql
from heart_events import OWN_DOMAIN
from heart_ours import TABLES

from jobs.settings import Settings
from touchpoints.bots import is_bot_agent
from touchpoints.channels import load_channel_rules
from touchpoints.referrers import host_classifier
from touchpoints.source_list import load_sources
from warehouse.contracts import Table
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS

TOLERANCE = 1e-9  # of a credit
ONE_MICRO = 1.5e-6  # of money: the last decimal may be rounded differently
WRITTEN = {table: {"attribution_credits": "credits"}.get(table.name, table.name) for table in TABLES}


def files_of(lake_root: Path, table: Table) -> str:
    """The Parquet files of the table's newest version, as an argument of read_parquet."""
    uris = DeltaTable(str(lake_root / table.layer / table.name)).file_uris()
    return "[" + ", ".join(f"'{uri.removeprefix('file://')}'" for uri in uris) + "]"


def build_with_duckdb(events: str, out: Path, settings: Settings, *, threads: int, memory: str) -> dict[str, float]:
    """Write the same tables as Parquet files to `out`, from the files `events`; returns seconds by step."""
    out.mkdir(parents=True)
    sources = load_sources(settings.touchpoints.sources_file)
    rules = load_channel_rules(settings.touchpoints.channels_file)
    seconds: dict[str, float] = {}
    with duckdb.connect(str(out / "scratch.duckdb")) as db:
        db.execute(f"SET threads={threads}; SET memory_limit='{memory}'; SET TimeZone='UTC'")
        db.execute("SET preserve_insertion_order=false")
        db.execute(f"CREATE VIEW events AS FROM read_parquet({events})")
        steps = {
            "identities": identities_sql("events", settings.identity.login_window_days),
            "hits": hits_sql("events", sources, settings.touchpoints.campaign_id_parameters),
            "visits": visits_sql(settings.sessions.timeout_minutes),
            "touches": touches_sql(rules, sources),
            **silver_sql(settings),
            "journeys": journeys_sql(settings),
            "credits": credits_sql(settings.attribution),
        }
        started = time.perf_counter()
        _classify(db, settings)
        seconds["agents and referrers"] = time.perf_counter() - started
        for name, statement in steps.items():
            started = time.perf_counter()
            db.execute(statement)
            if name in WRITTEN.values():
                db.execute(f"COPY {name} TO '{out / name}.parquet' (FORMAT parquet, COMPRESSION zstd)")
            seconds[name] = time.perf_counter() - started
    (out / "scratch.duckdb").unlink()
    return seconds


def _classify(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Tables of the distinct user agents and referrer hosts with their classification by Python, as on our side."""
    agents = db.execute("SELECT DISTINCT user_agent FROM events WHERE user_agent IS NOT NULL").df()
    agents["is_bot_agent"] = [is_bot_agent(agent) for agent in agents["user_agent"]]
    classify = host_classifier(load_sources(settings.touchpoints.sources_file), [OWN_DOMAIN])
    hosts = db.execute(f"SELECT DISTINCT {host_sql()} FROM events").fetchall()
    columns = ["referrer_host", "referrer_domain", "referrer_source", "referrer_medium", "is_ignored"]
    referrers = pd.DataFrame([(host, *classify(host)) for (host,) in hosts if host], columns=columns, dtype=object)
    db.register("agents_frame", agents)
    db.register("referrers_frame", referrers.astype({"is_ignored": bool}))
    db.execute("CREATE TABLE agents AS FROM agents_frame; CREATE TABLE referrers AS FROM referrers_frame")


# What DuckDB's side leaves out: why a visit is a robot's, and the score of a click, of which the events have few.
NOT_MADE = (
    "bot_reason", "abuse_probability", "abuse_signals", "is_abuse", "is_retargeting", "id_kind", "att_status",
    "has_short_cookie",
)  # fmt: skip


def differences(lake_root: Path, out: Path) -> dict[str, int]:
    """Per table the number of rows that only one side has. Credits may differ by 1e-9, values by a millionth.

    The last touch of a path takes the rounding remainder, so its value may differ by a millionth per touch of the path.
    Order is compared too: paths are arrays, and credits have the position of the touch.
    """
    differing_rows = {}
    with duckdb.connect() as db:
        db.execute("SET TimeZone='UTC'; SET memory_limit='8GB'; SET preserve_insertion_order=false")
        for table, name in WRITTEN.items():
            ours, theirs = f"read_parquet({files_of(lake_root, table)})", f"read_parquet('{out / name}.parquet')"
            has_floats = any(column.type == "double" for column in table.columns if column.name not in NOT_MADE)
            query = _near_sql(table, ours, theirs) if has_floats else _exact_sql(table, ours, theirs)
            differing_rows[table.full_name] = _number(db, query)
    return differing_rows


def differing_credits(lake_root: Path, out: Path, most: int = 5) -> list[dict[str, str]]:
    """Up to `most` credits that differ, each with our row and DuckDB's."""
    table = GOLD_ATTRIBUTION_CREDITS
    ours, theirs = f"read_parquet({files_of(lake_root, table)})", f"read_parquet('{out / WRITTEN[table]}.parquet')"
    with duckdb.connect() as db:
        db.execute("SET TimeZone='UTC'; SET memory_limit='8GB'")
        rows = db.execute(_near_sql(table, ours, theirs, "o, t") + f" LIMIT {most}").fetchall()
    return [{"ours": str(row[0]), "duckdb": str(row[1])} for row in rows]


def _exact_sql(table: Table, ours: str, theirs: str) -> str:
    names = ", ".join(_comparable(table, column) for column in table.column_names if column not in NOT_MADE)
    return f"""WITH o AS (SELECT {names} FROM {ours}), t AS (SELECT {names} FROM {theirs}),
      only_ours AS (FROM o EXCEPT ALL FROM t), only_theirs AS (FROM t EXCEPT ALL FROM o)
      SELECT (SELECT count(*) FROM only_ours) + (SELECT count(*) FROM only_theirs)"""


def _near_sql(table: Table, ours: str, theirs: str, what: str = "count(*)") -> str:
    # The last touch takes the rounding remainder: if every touch is rounded differently, it differs by all of them.
    money = f"{ONE_MICRO} * CASE WHEN o.position = o.path_length THEN o.path_length ELSE 1 END"
    near = {"credit": TOLERANCE, "credited_value": money, "gross_value": money}
    key = " AND ".join(f"o.{column} = t.{column}" for column in table.key)
    same = [f"o.{column} IS NOT DISTINCT FROM t.{column}" for column in table.column_names if column not in near]
    close = [f"abs(o.{column} - t.{column}) <= {most}" for column, most in near.items()]
    return f"""SELECT {what} FROM {ours} o FULL JOIN {theirs} t ON {key}
      WHERE NOT coalesce({" AND ".join([*same, *close])}, false)"""


def row_counts(lake_root: Path) -> dict[str, int]:
    """The number of rows of each of our tables."""
    with duckdb.connect() as db:
        queries = {t.full_name: f"SELECT count(*) FROM read_parquet({files_of(lake_root, t)})" for t in TABLES}
        return {name: _number(db, query) for name, query in queries.items()}


def _number(db: duckdb.DuckDBPyConnection, query: str) -> int:
    row = db.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _comparable(table: Table, column: str) -> str:
    """The column as an expression of the same type on both sides; a path as the texts of its touches, in order."""
    type_ = table.column(column).type
    if type_ == "timestamp":
        return f"{column}::TIMESTAMP AS {column}"
    if column == "milestones":
        return f"len({column}) AS {column}"  # empty on both sides: no milestones are configured
    if type_.startswith("array"):
        parts = [
            "t.touchpoint_id",
            "epoch_us(t.touched_at)::VARCHAR",
            "t.channel",
            "t.source",
            "t.medium",
            "t.campaign",
            "t.campaign_id",
        ]
        text = " || '|' || ".join(f"coalesce({part}, '-')" for part in parts)
        return f"list_transform({column}, lambda t: {text}) AS {column}"
    return column
