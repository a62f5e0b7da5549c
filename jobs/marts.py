"""spark-submit jobs/marts.py --config conf/demo.yaml: the tables that a shop's analysts add to gold."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from jobs.check import restore_published, write_results
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from warehouse.checks import require_all
from warehouse.errors import CheckFailed
from warehouse.mart_update import MartResult, MartUpdate


def marts(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Make and test the marts of marts.folder: a shop's own tables over gold, which `pipeline` publishes with it.

    Example: distributary marts --config shop.yaml
    """
    run_steps("marts", [STEP], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


def plan(run: Run) -> Plan:
    """Makes the marts that are stale; a mart whose tests fail keeps its former rows, or ends the run."""
    update = MartUpdate(run)
    if not update.marts:
        return Plan("no marts (marts.folder)")
    stale = update.stale(run.ahead)
    if not stale:
        return Plan("the marts are made from these tables and files already, or wait for a table")

    def do(log: StepLog) -> None:
        # The error of a statement is in our own line; PySpark would print it, too.
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
        done = []
        for one in update.make():
            if one.results:
                write_results(run, one.results)
            run.say(_line(one))
            done.append(one)
            if one.failed and one.mart.head.severity == "fail_run":
                _end(run, one)
        log.message = _in_words(done)
        results = [result for one in done for result in one.results]
        log.counts.update(checks=len(results), failed=sum(not result.passed for result in results))

    return Plan(f"make {', '.join(mart.full_name for mart in stale)}", do, {mart.place: "asked for" for mart in stale})


def _end(run: Run, one: MartResult) -> None:
    """Ends the run with the tests that failed, as those of gold do."""
    try:
        require_all(one.results)
    except CheckFailed:
        restore_published(run)
        raise


def _line(one: MartResult) -> str:
    """What became of a mart."""
    name = one.mart.full_name
    if one.waits_for:
        return f"{name} waits for {one.waits_for}"
    if not one.failed:
        return f"{name} written, {len(one.results)} tests hold"
    first = one.failed[0]
    detail = f" ({first.detail})" if first.detail else ""
    return f"{name} kept back: {first.name}: expected {first.expected:,.15g}, found {first.actual:,.15g}{detail}"


def _in_words(done: Sequence[MartResult]) -> str:
    written = [one.mart.full_name for one in done if not one.failed and not one.waits_for]
    others = [_line(one) for one in done if one.failed or one.waits_for]
    return "; ".join([*([f"made {', '.join(written)}"] if written else []), *others])


STEP = Step("marts", plan)
main = job_main(marts)

if __name__ == "__main__":
    sys.exit(main())
