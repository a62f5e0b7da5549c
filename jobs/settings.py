"""All knobs of a run: the sections of every package, read from conf/base.yaml and the user's file.

conf/base.yaml holds every knob with its comment and unit; a configuration file names only what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attribution.knobs import Attribution, SkanKnobs
from conf import CONF_ROOT
from dashboard.digest.knobs import DigestKnobs
from dashboard.serve.knobs import Serve
from intake.knobs import IdSpelling, Landing, Quality
from jobs.located import located
from jobs.unknown_names import names_of_nothing
from ltv.knobs import Behaviour, Drift, Ltv, RetentionCampaign
from touchpoints.knobs import AdAbuse, AdSpend, Conversions, ExchangeRates, Identity, Sessions, Touchpoints
from warehouse.knobs import Build, Files, Knobs, Lock, Marts, Misfit, Mlflow, Part, Report, Retargeting, Spark, part_of
from warehouse.pseudonyms import Pseudonyms
from warehouse.settings_file import read_knobs, read_yaml
from warehouse.table_update import digest_of

BASE_FILE = CONF_ROOT / "base.yaml"


class WhoIsWho(Identity, IdSpelling):
    """Which ids are one, as they are taken in and as persons are made of them."""


class Settings(Knobs):
    """All knobs of a run."""

    lake: str
    landing: Landing
    build: Build
    report: Report
    identity: WhoIsWho
    sessions: Sessions
    touchpoints: Touchpoints
    conversions: Conversions
    ad_spend: AdSpend
    ad_abuse: AdAbuse
    retargeting: Retargeting
    exchange_rates: ExchangeRates
    attribution: Attribution
    skan: SkanKnobs
    ltv: Ltv
    retention: RetentionCampaign
    drift: Drift
    behaviour: Behaviour
    mlflow: Mlflow
    quality: Quality
    marts: Marts
    privacy: Pseudonyms
    serve: Serve
    digest: DigestKnobs
    lock: Lock
    files: Files
    spark: Spark
    simulator: dict[str, Any]

    def misfits(self) -> Iterator[Misfit]:
        """Those of every section, and names that nothing can ever have: conversion types, channels and files that do
        not exist.

        What a user leaves as it is in base.yaml is not refused: it has no effect beside what the user changes.
        """
        for path, section in sections_of(self):
            for place, message in section.misfits():
                yield Misfit((*path.split("."), *place), message)
        yield from names_of_nothing(self, read_yaml(BASE_FILE))

    def part(self, part: type[Part]) -> Part:
        """The knobs of a class, from the one section that is an instance of that class. TypeError where none is."""
        for _, section in sections_of(self):
            if isinstance(section, part):
                return part_of(section, part)
        raise TypeError(f"no section of the settings has the knobs {part.__name__}")

    def fingerprint(self) -> str:
        """A hash of all knobs, for the log of runs."""
        return digest_of([self])


def sections_of(knobs: Knobs, path: str = "") -> Iterator[tuple[str, Knobs]]:
    """Every group of knobs inside `knobs`, with its path such as attribution.markov; outer ones first."""
    for name in type(knobs).model_fields:
        value = getattr(knobs, name)
        if isinstance(value, Knobs):
            yield f"{path}{name}", value
            yield from sections_of(value, f"{path}{name}.")


def load_settings(config: Path | None = None) -> Settings:
    """The settings of base.yaml, changed by those of `config`.

    Mappings are merged knob by knob, lists and values replace. Raises UsageError, naming file, line and knob,
    for an unreadable file, an unknown knob or a value that does not fit. Relative paths start at the folder of
    `config`, without one at the working folder.
    """
    if config is None:
        return read_knobs(Settings, BASE_FILE)
    return read_knobs(Settings, BASE_FILE, config, located=lambda settings: located(settings, config.parent))
