"""spark-submit jobs/ingest.py --config conf/demo.yaml: landed files into bronze."""

from __future__ import annotations

import sys
from dataclasses import asdict

from intake.adapter import AdAccount, Defaults
from intake.ingest import Ingest
from intake.knobs import BelievableTimes
from intake.landing_folder import Input, input_of
from jobs.options import Config, DryRun, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, StepLog
from warehouse.small_lake import rows_of_files


def ingest(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Take new landed files into bronze, each row once. Bad rows go to bronze.quarantine with their reason.

    Example: distributary ingest --config conf/demo.yaml
    """
    run_steps("ingest", [STEP], config=config, dry_run=dry_run, as_json=json)


def inputs_of(run: Run) -> list[Input]:
    """The inputs that the settings name."""
    return [input_of(chosen) for chosen in run.settings.landing.inputs]


def plan(run: Run) -> Plan:
    """Takes new files into bronze; nothing is written before every input is parsed and counted."""
    settings = run.settings
    accounts = {
        name: AdAccount(account.currency, account.timezone) for name, account in settings.ad_spend.accounts.items()
    }
    intake = Ingest(
        run.lake,
        settings.landing.root,
        defaults=Defaults(currency=settings.conversions.default_currency, accounts=accounts),
        max_quarantined_share=settings.quality.max_quarantined_share,
        believable=run.knobs(BelievableTimes),
        started_at=run.started_at,
        say=run.say,
    )
    batches = intake.new_batches(inputs_of(run))
    if not batches:
        return Plan("no new files")
    run.rows_ahead = rows_of_files(file for batch in batches for file in batch.files)

    def do(log: StepLog) -> None:
        for name, account in intake.take_in(batches).items():
            log.counts.update({f"{name}_{what}": count for what, count in asdict(account).items()})

    new = ", ".join(f"{len(batch.files)} files of {batch.input.name}" for batch in batches)
    return Plan(f"take in {new}", do, {batch.input.adapter.table: "" for batch in batches})


STEP = Step("ingest", plan)
main = job_main(ingest)

if __name__ == "__main__":
    sys.exit(main())
