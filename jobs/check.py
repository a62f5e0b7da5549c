"""spark-submit jobs/check.py --config conf/demo.yaml: every check over the tables as they stand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from pyspark.sql import functions as F

from intake.checks import check_bronze
from jobs import attribute, build, score, train_attribution
from jobs.options import AsOf, Config, DryRun, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from warehouse.checks import CheckResult, require_all
from warehouse.contract_checks import check_contracts
from warehouse.contracts import Table
from warehouse.errors import CheckFailed
from warehouse.recipes import Shared, Work
from warehouse.tables import ALL_TABLES, OPS_PUBLISHED, OPS_QUALITY_RESULTS, TABLES

PUBLISHED_TABLES = tuple(table for table in ALL_TABLES if table.layer in ("silver", "gold"))
RECIPES = (*build.RECIPES, *attribute.RECIPES, *train_attribution.RECIPES, *score.RECIPES)


def check(config: Config = None, as_of: AsOf = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Check the tables as they stand: rows, keys, credit, revenue and spend. Exit code 1 where a check fails.

    Example: distributary check --config conf/demo.yaml
    """
    run_steps("check", [STEP], config=config, as_of=as_of, dry_run=dry_run, as_json=json)


def plan(run: Run) -> Plan:
    """Checks the tables as they stand and publishes nothing."""

    def do(log: StepLog) -> None:
        # Also bronze, whose tables are too large to compare all keys at every publication: intake keeps them unique.
        results = _checked(run, log, ALL_TABLES)
        require_all(results)
        log.message = f"{len(results)} checks hold"

    return Plan(f"check {len(run.lake.versions(PUBLISHED_TABLES))} tables", do)


def plan_publishing(run: Run) -> Plan:
    """Checks these very versions and publishes them; on failure gold goes back to what was published last."""
    versions = run.lake.versions(PUBLISHED_TABLES)
    if _published(run) == versions and not run.ahead:
        return Plan("these versions are published already")

    def do(log: StepLog) -> None:
        results = _checked(run, log, PUBLISHED_TABLES)
        try:
            require_all(results)
        except CheckFailed:
            restore_published(run)
            raise
        _publish(run, versions)
        log.message = f"{len(results)} checks hold, {len(versions)} tables published"

    return Plan(f"check and publish {len(versions)} tables", do)


def check_tables(run: Run, *, contracts: Sequence[Table] = PUBLISHED_TABLES) -> list[CheckResult]:
    """Every check over the newest versions: of landed rows, and of the recipes and `contracts` whose tables exist."""
    made = [recipe for recipe in RECIPES if run.lake.exists(recipe.table)]
    with ExitStack() as stack:
        shared = Shared(stack, "check")
        by_recipe = [result for recipe in made for result in recipe.checks(Work(run, recipe, shared))]
    by_contract = check_contracts(run.lake.read, [table for table in contracts if run.lake.exists(table)])
    return [*check_bronze(run.lake.read), *by_recipe, *by_contract]


def restore_published(run: Run) -> None:
    """Gold tables back to the versions published last; where nothing was published they stay, unpublished."""
    for name, version in (_published(run) or {}).items():
        table = TABLES[name]
        if table.layer == "gold" and run.lake.version(table) != version:
            run.lake.restore(table, version)
            run.say(f"{name} restored to version {version}")


def _checked(run: Run, log: StepLog, contracts: Sequence[Table]) -> list[CheckResult]:
    results = check_tables(run, contracts=contracts)
    _write_results(run, results)
    log.counts.update(checks=len(results), failed=sum(not result.passed for result in results))
    return results


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
    run.lake.append_rows(OPS_PUBLISHED, rows)


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
    run.lake.append_rows(OPS_QUALITY_RESULTS, rows)


STEP = Step("check", plan)
PUBLISH = Step("check", plan_publishing)
main = job_main(check)

if __name__ == "__main__":
    sys.exit(main())
