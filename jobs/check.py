"""spark-submit jobs/check.py --config conf/demo.yaml: every check over the tables as they stand."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from intake.checks import check_bronze
from jobs import attribute, build, score, train_attribution
from jobs.options import AsOf, Config, DryRun, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from warehouse.checks import CheckResult, require_all
from warehouse.contract_checks import check_contracts
from warehouse.contracts import Table
from warehouse.errors import CheckFailed
from warehouse.mart_update import MartUpdate
from warehouse.marts import is_mart, place_of
from warehouse.recipes import Shared, Work
from warehouse.store import Lake, TableVersion
from warehouse.tables import ALL_TABLES, OPS_PUBLISHED, OPS_QUALITY_RESULTS, TABLES

NOT_NUMBERED = -1  # a publication of an older version of this program
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
    """Checks these very versions and publishes them; on failure gold goes back to what was published last.

    Marts were tested before they were written.
    """
    former = newest_publication(run.lake)
    states = run.lake.states(PUBLISHED_TABLES) | MartUpdate(run).states(former)
    if former == states and not run.ahead:
        return Plan("these versions are published already")

    def do(log: StepLog) -> None:
        results = _checked(run, log, PUBLISHED_TABLES)
        try:
            require_all(results)
        except CheckFailed:
            restore_published(run)
            raise
        publish(run, states)
        log.message = f"{len(results)} checks hold, {len(states)} tables published"

    return Plan(f"check and publish {len(states)} tables", do)


def check_tables(run: Run, *, contracts: Sequence[Table] = PUBLISHED_TABLES) -> list[CheckResult]:
    """Every check over the newest versions: of landed rows, and of the recipes and `contracts` whose tables exist."""
    made = [recipe for recipe in RECIPES if run.lake.exists(recipe.table)]
    with ExitStack() as stack:
        shared = Shared(stack, "check")
        by_recipe = [result for recipe in made for result in recipe.checks(Work(run, recipe, shared))]
    by_contract = check_contracts(run.lake.read, [table for table in contracts if run.lake.exists(table)])
    return [*check_bronze(run.lake.read, run.lake.exists), *by_recipe, *by_contract]


def restore_published(run: Run) -> None:
    """Gold and marts back to the versions published last; what was not published, or is another table since, stays."""
    for name, published in newest_publication(run.lake).items():
        table = place_of(name) if is_mart(name) else TABLES[name]
        now = run.lake.at(table)
        if table.layer in ("gold", "mart") and now and now.id == published.id and now.version != published.version:
            run.lake.restore(table, published.version)
            run.say(f"{name} restored to version {published.version}")


def _checked(run: Run, log: StepLog, contracts: Sequence[Table]) -> list[CheckResult]:
    results = check_tables(run, contracts=contracts)
    write_results(run, results)
    log.counts.update(checks=len(results), failed=sum(not result.passed for result in results))
    return results


def newest_publication(lake: Lake) -> dict[str, TableVersion]:
    """The states of the newest publication by table; empty where there is none. An older one has no ids."""
    rows = lake.rows(OPS_PUBLISHED)

    def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return row.get("publication") or NOT_NUMBERED, row["published_at"], row["run_id"]

    newest = max(rows, key=order, default=None)
    return {
        row["table_name"]: TableVersion(row.get("table_id") or "", row["version"])
        for row in rows
        if newest and row["run_id"] == newest["run_id"]
    }


def publish(run: Run, states: Mapping[str, TableVersion]) -> None:
    """Numbers of publications follow the table's own versions: they rise with every commit, whatever clocks show."""
    now, number = datetime.now(UTC), (run.lake.version(OPS_PUBLISHED) or 0) + 1
    rows = [
        {
            "run_id": run.lake.run_id,
            "table_name": name,
            "version": state.version,
            "as_of": run.as_of,
            "published_at": now,
            "table_id": state.id,
            "publication": number,
        }
        for name, state in sorted(states.items())
    ]
    run.lake.append_rows(OPS_PUBLISHED, rows)


def write_results(run: Run, results: Sequence[CheckResult]) -> None:
    """Adds them to ops.quality_results."""
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
