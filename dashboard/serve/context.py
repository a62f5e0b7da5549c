"""What a panel of a page is made from: one publication, in the view that a reader asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dashboard.serve.address import Asked
from dashboard.serve.knobs import Serve
from dashboard.words import Words, words_in
from published.choices import Choices, known_currency, read_choices
from published.figures import Figures
from published.journey_paths import read_journey_paths
from published.paths import PathSummary
from published.publication import Published
from published.unattributed_cause import JourneyWindow
from published.view import Language
from warehouse.errors import UsageError


@dataclass(frozen=True)
class Shop:
    """What the pages know beside the lake.

    `lookback_days` after a day its credit is final. `targets` of metrics replace those of their definitions. `language`
    is that of a browser that asks for none. `window` is how far conversions look back, `secret` the key of tokens in
    place of ids; without them an audit says less.
    """

    lake: str
    title: str | None
    timezone: str
    landing_root: str | None
    lookback_days: int
    targets: Mapping[str, float]
    language: Language
    knobs: Serve
    window: JourneyWindow | None = None
    secret: bytes | None = None


@dataclass(frozen=True)
class Context:
    """One answer: everything in it is read from `published`, so that a page never mixes two runs.

    `reader` is who asks; `sees_persons` whether ids of persons may be shown to them. `path` is the page's own path.
    `api` describes every address that gives a table (OpenAPI).
    """

    shop: Shop
    published: Published
    asked: Asked
    reader: str
    path: str = "/"
    api: Callable[[], dict[str, Any]] = dict

    @property
    def sees_persons(self) -> bool:
        """Whether the reader may see ids of persons."""
        allowed = self.shop.knobs.personal_for
        return "*" in allowed or self.reader in allowed

    @cached_property
    def words(self) -> Words:
        """The texts in the reader's language."""
        return words_in(self.asked.language)

    @cached_property
    def figures(self) -> Figures:
        """The figures of the days that were asked for."""
        view = self.asked.view(self.published.as_of, self.shop.timezone)
        return Figures(self.published, known_currency(self.published, view))

    @cached_property
    def journey_paths(self) -> PathSummary | None:
        """The paths of the conversions of the days, channel and customers that were asked for."""
        return read_journey_paths(self.published, self.figures.view)

    @cached_property
    def before(self) -> Figures | None:
        """The figures of the days that they are compared with; None where nothing is compared."""
        view = self.asked.view_before(self.published.as_of, self.shop.timezone)
        return Figures(self.published, view) if view else None

    @cached_property
    def always(self) -> Figures:
        """The figures over all days, of the same type, models and basis."""
        return Figures(self.published, Asked(language=self.asked.language, period="all").view(self.published.as_of))

    @cached_property
    def choices(self) -> Choices:
        """The models and types that there are. UsageError where the reader named another."""
        view = self.asked.view(self.published.as_of)
        choices = read_choices(self.published, view)
        choices.models_of(view)
        choices.type_of(view)
        return choices

    def address(self, path: str, **changes: object) -> str:
        """The address of a page in this state, with changes."""
        return path + self.asked.query(**changes)

    def had(self, figures: Figures | None) -> bool:
        """Whether there are figures of these days: days before the shop began have none."""
        try:
            return figures is not None and figures.performance is not None
        except UsageError:
            return False
