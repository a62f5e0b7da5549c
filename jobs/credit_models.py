"""Which models credit conversions in this run: the rules of the settings, and data-driven ones at their version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyspark.sql import DataFrame

from attribution.attribution_credits import build_attribution_credits
from attribution.fitted_credit import FittedModel
from attribution.knobs import RuleKnobs
from jobs.run import Run
from warehouse.knobs import part_of
from warehouse.store import Origin
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS

VERSIONS = " models "


@dataclass(frozen=True, kw_only=True)
class CreditModels:
    """Rules by name with their knobs, and fitted models."""

    rules: Sequence[str]
    knobs: RuleKnobs
    fitted: Sequence[FittedModel] = field(default=())
    transforms: Sequence[str] = ()

    def credits(self, journeys: DataFrame) -> DataFrame:
        """Rows of gold.attribution_credits for `credited_journeys`."""
        return build_attribution_credits(
            journeys, models=self.rules, knobs=self.knobs, fitted=self.fitted, transforms=self.transforms
        )

    def origin(self, origin: Origin) -> Origin:
        """The origin of credits by these models: a refit gives another one."""
        versions = {model.name: model.version for model in self.fitted}
        return Origin(origin.inputs, f"{origin.settings}{VERSIONS}{json.dumps(versions)}", origin.code)


def credit_models(run: Run) -> CreditModels:
    """The models that credit now: data-driven ones only where a fit exists."""
    settings = run.settings.attribution
    return CreditModels(
        rules=settings.models, knobs=part_of(settings, RuleKnobs), fitted=_fitted(run), transforms=settings.transforms
    )


def credited_models(run: Run) -> list[str]:
    """The models that the standing credits were made by, so that a fit made since then changes nothing yet."""
    standing = run.lake.origin(GOLD_ATTRIBUTION_CREDITS) or {}
    _, _, versions = str(standing.get("settings", "")).partition(VERSIONS)
    return [*run.settings.attribution.models, *(json.loads(versions) if versions else {})]


def _fitted(run: Run) -> list[FittedModel]:
    wanted = run.settings.attribution.data_driven.models
    if not wanted:
        return []
    # MLflow takes seconds to import, and rules need none of it.
    from jobs.channel_registry import champion_version, load_version  # noqa: PLC0415

    champion = champion_version(run.settings)
    return load_version(run.settings, champion[0]).fitted(wanted, champion[0]) if champion else []
