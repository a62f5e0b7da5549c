"""spark-submit jobs/ingest.py --config conf/demo.yaml: landed files into bronze."""

from __future__ import annotations

import sys
from dataclasses import asdict

from intake.adapter import AdAccount, Defaults
from intake.ingest import Ingest
from intake.knobs import BelievableTimes
from intake.landing_folder import Input, input_of
from intake.refusals import error_of
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
    """Takes new files into bronze; nothing is written before every input is parsed and counted.

    An input whose new files cannot be read is refused: the others are taken in, and then the run ends.
    """
    settings = run.settings
    accounts = {
        name: AdAccount(account.currency, account.timezone) for name, account in settings.ad_spend.accounts.items()
    }
    intake = Ingest(
        run.lake,
        settings.landing.root,
        defaults=Defaults(
            currency=settings.conversions.default_currency,
            accounts=accounts,
            lower_case_emails=settings.identity.lower_case_emails,
        ),
        max_quarantined_share=settings.quality.max_quarantined_share,
        believable=run.knobs(BelievableTimes),
        started_at=run.started_at,
        say=run.say,
        max_line_bytes=settings.landing.max_line_bytes,
    )
    inputs = inputs_of(run)
    batches = intake.new_batches(inputs)
    if not batches and not intake.refused:
        intake.require_a_folder(inputs)
        return Plan("no new files")
    run.rows_ahead = rows_of_files(file for batch in batches for file in batch.files)
    # The reasons follow as the run's errors.
    refused = [f"refuse {refusal.input.name}" for refusal in intake.refused]

    def do(log: StepLog) -> None:
        accounts = intake.take_in(batches) if batches else {}
        for name, account in accounts.items():
            log.counts.update({f"{name}_{what}": count for what, count in asdict(account).items()})
        intake.require_nothing_refused()

    new = (
        [f"take in {', '.join(f'{len(batch.files)} files of {batch.input.name}' for batch in batches)}"]
        if batches
        else []
    )
    return Plan(
        "; ".join([*new, *refused]),
        do,
        {batch.input.adapter.table: "" for batch in batches},
        ends_with=error_of(intake.refused),
    )


STEP = Step("ingest", plan)
main = job_main(ingest)

if __name__ == "__main__":
    sys.exit(main())
