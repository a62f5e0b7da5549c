"""The step that takes landed files into bronze."""

from __future__ import annotations

from dataclasses import asdict

from intake.adapter import AdAccount, Defaults
from intake.ingest import Ingest
from intake.landing_folder import Input, input_named
from jobs.run import Run


def inputs_of(run: Run) -> list[Input]:
    """The inputs that the settings name."""
    return [
        input_named(chosen.name, chosen.adapter, chosen.files, required=chosen.required, options=chosen.options)
        for chosen in run.settings.landing.inputs
    ]


def intake(run: Run) -> None:
    """Files not seen before become rows of bronze; nothing is written before every input was parsed and counted."""
    settings = run.settings
    with run.step("ingest") as log:
        intake_ = Ingest(
            run.lake,
            settings.landing.root,
            defaults=Defaults(
                currency=settings.conversions.default_currency,
                accounts={
                    name: AdAccount(account.currency, account.timezone)
                    for name, account in settings.ad_spend.accounts.items()
                },
            ),
            max_quarantined_share=settings.quality.max_quarantined_share,
            started_at=run.started_at,
            say=run.say,
        )
        batches = intake_.new_batches(inputs_of(run))
        if not batches:
            log.skip("no new files")
            return
        if run.dry_run:
            log.skip("; ".join(f"would take in {len(one.files)} files of {one.source.name}" for one in batches))
            return
        for name, account in intake_.take_in(batches).items():
            log.counts.update({f"{name}_{what}": count for what, count in asdict(account).items()})
