"""The step that checks what was written and, if every check holds, says so in one commit readers go by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pyspark.sql import functions as F

from attribution.attribution_credits import credited_journeys
from attribution.checks import check_credits, check_paths, check_performance
from jobs.credit_models import credited_models
from jobs.run import Run
from touchpoints.ad_spend import valid_spend
from touchpoints.checks import check_bronze, check_silver, check_spend
from warehouse.checks import CheckResult, require_all
from warehouse.conform import conform
from warehouse.contract_checks import check_contracts
from warehouse.contracts import Table
from warehouse.errors import CheckFailed
from warehouse.tables import (
    ALL_TABLES,
    BRONZE_AD_SPEND,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_PATH_SUMMARY,
    OPS_PUBLISHED,
    OPS_QUALITY_RESULTS,
    SILVER_AD_SPEND,
    SILVER_JOURNEYS,
    TABLES,
)

PUBLISHED_TABLES = tuple(table for table in ALL_TABLES if table.layer in ("silver", "gold"))


def check_and_publish(run: Run) -> None:
    """Checks these very versions and publishes them; on failure gold goes back to what was published last."""
    with run.step("check") as log:
        versions = run.lake.versions(PUBLISHED_TABLES)
        if _published(run) == versions:
            log.skip("these versions are published already")
            return
        if run.dry_run:
            log.skip(f"would check and publish {len(versions)} tables")
            return
        results = check_tables(run)
        _write_results(run, results)
        log.counts.update(checks=len(results), failed=sum(not result.passed for result in results))
        try:
            require_all(results)
        except CheckFailed:
            restore_published(run)
            raise
        _publish(run, versions)
        log.message = f"{len(results)} checks hold, {len(versions)} tables published"


def check(run: Run) -> None:
    """Checks the tables as they stand and publishes nothing."""
    with run.step("check") as log:
        # Also bronze, whose tables are too large to compare all keys at every publication: intake keeps them unique.
        results = check_tables(run, contracts=ALL_TABLES)
        if not run.dry_run:
            _write_results(run, results)
        log.counts.update(checks=len(results), failed=sum(not result.passed for result in results))
        require_all(results)
        log.message = f"{len(results)} checks hold"


def check_tables(run: Run, *, contracts: Sequence[Table] = PUBLISHED_TABLES) -> list[CheckResult]:
    """Every conservation law over the newest versions, and what follows from `contracts`, of tables that exist."""
    read, settings = run.lake.read, run.settings
    zone = settings.report.timezone
    journeys = read(SILVER_JOURNEYS)
    credits, spend = read(GOLD_ATTRIBUTION_CREDITS), read(SILVER_AD_SPEND)
    credited = credited_journeys(journeys, start_date=settings.attribution.start_date, timezone=zone)
    return [
        *check_bronze(read),
        *check_silver(read),
        *check_spend(valid_spend(read(BRONZE_AD_SPEND), timezone=zone), spend),
        *check_credits(credited, credits, models=credited_models(run)),
        *check_performance(credits, spend, read(GOLD_CHANNEL_PERFORMANCE)),
        *check_paths(journeys, read(GOLD_PATH_SUMMARY)),
        *check_contracts(read, [table for table in contracts if run.lake.exists(table)]),
    ]


def restore_published(run: Run) -> None:
    """Gold tables back to the versions published last; where nothing was published they stay, unpublished."""
    for name, version in (_published(run) or {}).items():
        table = TABLES[name]
        if table.layer == "gold" and run.lake.version(table) != version:
            run.lake.restore(table, version)
            run.say(f"{name} restored to version {version}")


def _published(run: Run) -> dict[str, int]:
    """Table and version of the newest publication; empty where there is none."""
    published = run.lake.read(OPS_PUBLISHED)
    newest = published.agg(F.max(F.struct("published_at", "run_id")).alias("newest")).collect()[0]["newest"]
    if newest is None:
        return {}
    rows = published.where(F.col("run_id") == newest["run_id"]).collect()  # one row per table
    return {row["table_name"]: row["version"] for row in rows}


def _publish(run: Run, versions: dict[str, int]) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "run_id": run.lake.run_id,
            "table_name": name,
            "version": version,
            "as_of": run.as_of,
            "published_at": now,
        }
        for name, version in sorted(versions.items())
    ]
    run.lake.append(OPS_PUBLISHED, conform(run.spark.createDataFrame(rows, OPS_PUBLISHED.ddl), OPS_PUBLISHED))


def _write_results(run: Run, results: list[CheckResult]) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "run_id": run.lake.run_id,
            "check_name": result.name,
            "passed": result.passed,
            "expected": result.expected,
            "actual": result.actual,
            "detail": result.detail,
            "checked_at": now,
        }
        for result in results
    ]
    frame = run.spark.createDataFrame(rows, OPS_QUALITY_RESULTS.ddl)
    run.lake.append(OPS_QUALITY_RESULTS, conform(frame, OPS_QUALITY_RESULTS))
