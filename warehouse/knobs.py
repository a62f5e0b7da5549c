"""What a knob is, and the knobs of this package: reporting day and currency, MLflow, Spark, the lock, updates.

A section of a configuration file is a frozen model, and the same object is a builder's argument. A section whose
knobs serve several builders inherits from one class for each of them, so that a builder gets just the knobs that its
rows depend on, and no other knob makes its table stale (`part_of`). No model has a default: conf/base.yaml holds every
knob.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from warehouse.currencies import CURRENCIES

Share = Annotated[float, Field(ge=0, le=1)]
PositiveDays = Annotated[int, Field(gt=0)]


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"no currency has the code {code!r} (ISO 4217)")
    return code


CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a folder of zones, such as Asia
        raise ValueError(f"no time zone is called {name!r}; use a name such as Asia/Seoul") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Misfit(NamedTuple):
    """A value that can have no effect: its place, such as ("attribution", "milestones", 0), and what is wrong."""

    place: tuple[str | int, ...]
    message: str


class Knobs(BaseModel):
    """A group of knobs: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def misfits(self) -> Iterator[Misfit]:
        """Values that fit each by itself and not with the others, or with the files that they name."""
        yield from ()

    def content(self) -> str:
        """All that rows can depend on in these knobs, as text; knobs that name a file give the file's content."""
        return self.model_dump_json()


Part = TypeVar("Part", bound=Knobs)


def part_of(knobs: Knobs, part: type[Part]) -> Part:
    """The knobs of `part`, a class that `knobs` is an instance of, without the others."""
    return cast(Part, part.model_construct(**{name: getattr(knobs, name) for name in part.model_fields}))


class ReportingDay(Knobs):
    """What a reporting day is: a calendar day in `timezone`."""

    timezone: TimeZone


class ReportingCurrency(Knobs):
    """The currency of reporting amounts."""

    currency: CurrencyCode


class CreditStart(Knobs):
    """The first reporting day whose conversions get credit; null = all."""

    start_date: dt.date | None


class AnalyticsUse(Knobs):
    """What is used of an event without consent to analytics: all of it, or of conversions that there was one."""

    consent_analytics_missing: bool
    without_analytics_consent: Literal["all", "conversions"]


class AdsUse(Knobs):
    """What is used of a touch without consent to ads: all of it, all but the ids of its click and campaign, nothing."""

    without_ads_consent: Literal["all", "no_ids", "nothing"]


class Report(ReportingDay, ReportingCurrency):
    """The zone of reporting days, the currency of reporting amounts, the report's file and language, and what metrics
    are to reach."""

    file: str
    language: Literal["en", "ko"]
    targets: dict[str, FiniteFloat]


def _lower_text(text: str) -> str:
    if not (plain := text.strip().lower()):
        raise ValueError("is empty: write a word, or leave it out")
    return plain


LowerText = Annotated[str, AfterValidator(_lower_text)]


class RetargetingRule(Knobs):
    """What is retargeting: a row whose fields are all these, in any case; * stands for any text, also for none."""

    source: LowerText | None = None
    medium: LowerText | None = None
    campaign: LowerText | None = None

    @property
    def fields(self) -> dict[str, str]:
        """The fields that it names."""
        return {name: text for name, text in self if text is not None}

    @model_validator(mode="after")
    def _asks_something(self) -> RetargetingRule:
        if not self.fields:
            raise ValueError("asks nothing: name source, medium or campaign")
        return self


class Retargeting(Knobs):
    """What shows that an ad is for people who were here before: words, and rules of one's own."""

    words: list[LowerText]
    rules: list[RetargetingRule]


class Build(Knobs):
    """When tables are made in full rather than in part, and up to how many rows a change is written without Spark."""

    max_changed_share: Share
    small_change_rows: int = Field(ge=0)


class Registry(Knobs):
    """Where models are registered."""

    tracking_uri: str


class ValueModelName(Knobs):
    """The registered model that scores customers."""

    model_name: str


class Mlflow(Registry, ValueModelName):
    """Where models are tracked and registered."""

    artifact_root: str | None
    experiment: str
    champion_may_be_missing: bool


class UnsettledLimit(Knobs):
    """How much of the value of orders may be unsettled: their newest row was quarantined."""

    max_unsettled_share: Share


class Marts(Knobs):
    """Where the files of marts are."""

    folder: str | None


class Lock(Knobs):
    """What a run does while another one writes to the lake."""

    wait_seconds: float = Field(ge=0)


class Files(Knobs):
    """Who may read the files of a run."""

    private: bool


class Spark(Knobs):
    """The session: master (null = spark-submit's, otherwise local[*]), Spark's own settings, and those that small lakes
    have besides."""

    master: str | None
    conf: dict[str, str]
    small_lake_rows: int = Field(ge=0)
    small_lake_conf: dict[str, str]
