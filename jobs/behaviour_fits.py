"""What the fits of behaviour share: when one is due, and what a version says of its fit."""

from __future__ import annotations

import datetime as dt

from jobs.drift import has_drifted
from jobs.run import Run
from ltv.knobs import Behaviour
from warehouse.champion import RegisteredVersion
from warehouse.code_version import code_version
from warehouse.knobs import Knobs
from warehouse.table_update import digest_of
from warehouse.tables.silver_sessions import SILVER_SESSIONS


def needs_a_fit(run: Run, champion: RegisteredVersion | None) -> bool:
    """Whether there is no champion, or one as old as behaviour.train_every_days on the run's day or with an alarm."""
    if champion is None or "as_of" not in champion.tags:
        return True
    age = (run.as_of - dt.date.fromisoformat(champion.tags["as_of"])).days
    return age >= run.knobs(Behaviour).train_every_days or has_drifted(run, champion.full_name)


def tags_of_fit(run: Run, *knobs: type[Knobs]) -> dict[str, str]:
    """Which knobs, code and data a fit is of."""
    version = run.lake.versions([SILVER_SESSIONS])[SILVER_SESSIONS.full_name]
    return {
        "settings_digest": digest_of([run.knobs(part) for part in knobs]),
        "code_version": code_version(),
        f"delta_version.{SILVER_SESSIONS.full_name}": str(version),
    }
