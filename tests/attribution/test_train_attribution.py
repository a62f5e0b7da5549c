"""From touches to a registered fit, and from it to credits: which version credits which conversions."""

from __future__ import annotations

import io
import shutil
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rules_oracle import DAY, NOON, conversion, conversions_frame, touchpoints_frame, walk

from attribution import markov
from attribution.attribution_credits import CREDITS, check_credits, credited_journeys
from attribution.attribution_credits import credited_models as models_of
from attribution.channel_registry import champion_version, load_version
from attribution.paths import Paths
from jobs import attribute, train_attribution
from jobs.run import Run, Step, open_run, perform
from jobs.settings import Settings, load_settings
from warehouse.errors import InputError
from warehouse.recipes import Shared, Work
from warehouse.store import Lake, Origin
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_EFFECTS,
    GOLD_CHANNEL_TRANSITIONS,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_TOUCHPOINTS,
)

# person: path, and whether they bought
pytestmark = [pytest.mark.spark_only, pytest.mark.system]  # jobs in a lake

PEOPLE = {
    "ann": ("Email > Search", True),
    "bob": ("Search", True),
    "cem": ("Search > Search > Email", True),
    "dot": ("Email", False),
    "eve": ("Display > Email", False),
    "fay": ("Search > Display", False),
}
RULES = ["first_touch", "linear"]


def settings_in(folder: Path, **attribution: Any) -> Settings:
    base = load_settings()
    changed = {"models": RULES, "conversion_types": ["purchase"]} | attribution
    return base.model_copy(
        update={
            "lake": str(folder / "lake"),
            "report": base.report.model_copy(update={"currency": "KRW"}),
            "attribution": base.attribution.model_copy(update=changed),
            "mlflow": base.mlflow.model_copy(
                update={"tracking_uri": f"sqlite:///{folder}/mlflow.db", "artifact_root": str(folder / "artifacts")}
            ),
        }
    )


def run(
    settings: Settings,
    spark: SparkSession,
    *steps: Step,
    as_of: date = date(2026, 3, 31),
    full: bool = False,
    console: Console | None = None,
) -> Run:
    opened = open_run(
        "pipeline",
        config=None,
        as_of=as_of,
        full=full,
        settings=settings,
        spark=spark,
        console=console or Console(quiet=True),
    )
    perform(opened, steps)
    return opened


def credited_models(made: Run) -> list[str]:
    with ExitStack() as stack:
        return models_of(Work(made, CREDITS, Shared(stack, "test")))


def land(settings: Settings, spark: SparkSession, extra: dict[str, tuple[str, bool]] | None = None) -> None:
    people = PEOPLE | (extra or {})
    lake, origin = Lake(spark, settings.lake, "land"), Origin({}, "", "")
    touches = {person: walk(path, name=person) for person, (path, _) in people.items()}
    bought = [conversion(f"of {person}", person) for person, (_, bought) in people.items() if bought]
    lake.replace(SILVER_TOUCHPOINTS, relaxed(touchpoints_frame(spark, touches), SILVER_TOUCHPOINTS), origin=origin)
    frame = conversions_frame(spark, bought)
    lake.replace(SILVER_CONVERSIONS, relaxed(frame, SILVER_CONVERSIONS), origin=origin)


def relaxed(frame: Any, table: Any) -> Any:
    """Columns that a row must have and that nothing here reads are filled."""
    fill = {"string": F.lit("-"), "boolean": F.lit(False), "timestamp": F.lit(NOON), "date": F.lit(NOON.date())}
    return frame.withColumns(
        {
            column.name: F.coalesce(F.col(column.name), fill.get(column.type, F.lit(0)).cast(column.type))
            for column in table.columns
            if not column.nullable
        }
    )


@pytest.fixture(scope="module")
def fitted(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Run]:
    settings = settings_in(tmp_path_factory.mktemp("fitted"))
    land(settings, spark)
    return settings, run(settings, spark, attribute.JOURNEYS_STEP, train_attribution.STEP, attribute.STEP)


def plain_fit(order: int = 1) -> markov.MarkovFit:
    paths = [path.split(" > ") for path, _ in PEOPLE.values()]
    bought = [float(bought) for _, bought in PEOPLE.values()]
    return markov.fit(Paths.of(paths, bought, [10 * b for b in bought], [1 - b for b in bought]), order)


def test_the_effects_in_gold_are_those_of_the_same_paths(fitted: tuple[Settings, Run]) -> None:
    _, made = fitted
    rows = made.lake.read(GOLD_CHANNEL_EFFECTS).where(F.col("model") == "markov").collect()
    plain = plain_fit()
    assert {row["channel"]: row["removal_effect"] for row in rows} == pytest.approx(plain.effects(), abs=1e-9)
    assert {row["model_version"] for row in rows} == {"channel-attribution/1"}
    count = made.lake.read(GOLD_CHANNEL_TRANSITIONS).count()
    assert count == len(list(plain.transitions()))


def test_credits_are_made_by_that_version_and_lose_nothing(fitted: tuple[Settings, Run]) -> None:
    settings, made = fitted
    assert credited_models(made) == [*RULES, "markov", "shapley"]
    credits = made.lake.read(GOLD_ATTRIBUTION_CREDITS)
    conversions = credited_journeys(made.lake.read(SILVER_JOURNEYS), start_date=None, timezone="UTC")
    assert all(check.passed for check in check_credits(conversions, credits, models=credited_models(made)))
    shares = dict(zip(plain_fit().channels, plain_fit().shares.tolist(), strict=True))
    rows = credits.where("model = 'markov' AND conversion_id = 'of cem'").orderBy("position").collect()
    expected = markov.touch_shares(["Search", "Search", "Email"], shares)
    assert [row["credit"] for row in rows] == pytest.approx(expected, abs=1e-12)
    champion = champion_version(settings.mlflow, settings.attribution.data_driven)
    assert champion is not None
    assert champion.full_name == rows[0]["model_version"]


def test_the_same_journeys_and_settings_are_not_fitted_twice(fitted: tuple[Settings, Run], spark: SparkSession) -> None:
    settings, _ = fitted
    again = run(settings, spark, attribute.JOURNEYS_STEP, train_attribution.STEP, attribute.STEP)
    assert [step.status for step in again.steps] == ["skipped"] * 3


def test_without_a_fit_only_rules_are_credited(spark: SparkSession, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, spark)
    made = run(settings, spark, attribute.STEP)
    assert credited_models(made) == RULES
    assert {row["model"] for row in made.lake.read(GOLD_ATTRIBUTION_CREDITS).collect()} == set(RULES)


def test_new_journeys_are_credited_by_the_promoted_version_until_a_refit(
    fitted: tuple[Settings, Run], spark: SparkSession, tmp_path: Path
) -> None:
    settings = settings_in(shutil.copytree(Path(fitted[0].lake).parent, tmp_path / "copy"))
    land(settings, spark, {"gus": ("Display > Search", True)})
    later = run(settings, spark, attribute.STEP)
    versions = "model = 'markov' AND conversion_id = 'of gus'"
    rows = later.lake.read(GOLD_ATTRIBUTION_CREDITS).where(versions).collect()
    assert {row["model_version"] for row in rows} == {"channel-attribution/1"}
    refit = run(settings, spark, train_attribution.STEP, attribute.STEP)
    rows = refit.lake.read(GOLD_ATTRIBUTION_CREDITS).where("model IN ('markov', 'shapley')").collect()
    assert {row["model_version"] for row in rows} == {"channel-attribution/2"}
    effects = refit.lake.read(GOLD_CHANNEL_EFFECTS).select("model_version").distinct().collect()
    assert {row["model_version"] for row in effects} == {"channel-attribution/1", "channel-attribution/2"}


def test_order_auto_takes_the_order_that_predicts_the_newest_journeys_best(spark: SparkSession, tmp_path: Path) -> None:
    auto = load_settings().attribution.markov.model_copy(update={"order": "auto", "holdout_days": 10})
    settings = settings_in(tmp_path, markov=auto)
    # What follows B depends on what came before it, in older and newer journeys.
    converts_by_path = {"A > B": True, "C > B": False, "A > B > D": True, "C > B > E": False}
    lake, origin = Lake(spark, settings.lake, "land"), Origin({}, "", "")
    touches, bought = {}, []
    for weeks in (0, 4):
        end = NOON - timedelta(weeks=weeks)
        for number in range(30):
            for path, converts in converts_by_path.items():
                person = f"{path} {weeks} {number}"
                touches[person] = walk(path, end, name=person)
                bought += [conversion(f"of {person}", person, end)] if converts else []
    lake.replace(SILVER_TOUCHPOINTS, relaxed(touchpoints_frame(spark, touches), SILVER_TOUCHPOINTS), origin=origin)
    lake.replace(SILVER_CONVERSIONS, relaxed(conversions_frame(spark, bought), SILVER_CONVERSIONS), origin=origin)
    made = run(settings, spark, attribute.JOURNEYS_STEP, train_attribution.STEP)
    effects = made.lake.read(GOLD_CHANNEL_EFFECTS).where(F.col("model") == "markov")
    bought_of = [30.0 * converts for converts in converts_by_path.values()]
    plain = Paths.of(
        [path.split(" > ") for path in converts_by_path], bought_of, nulls=[30 - count for count in bought_of]
    )
    # Only smoothing separates order 3 from 2 here: both sides must choose the same one, and not order 1.
    expected = markov.select_order(plain, plain, (1, 2, 3))
    assert expected > 1
    assert {row["markov_order"] for row in effects.select("markov_order").collect()} == {expected}


def states_of(made: Run, version: str) -> set[tuple[str, ...]]:
    rows = made.lake.read(GOLD_CHANNEL_TRANSITIONS).where(F.col("model_version") == version).collect()
    return {tuple(row["state"]) for row in rows}


def test_states_of_order_two_count_touches_as_they_are_and_with_collapse_a_new_fit_does_not(
    spark: SparkSession, tmp_path: Path
) -> None:
    order_2 = load_settings().attribution.markov.model_copy(update={"order": 2})
    settings = settings_in(tmp_path, markov=order_2)
    land(settings, spark)
    steps = (attribute.JOURNEYS_STEP, train_attribution.STEP, attribute.STEP)
    made = run(settings, spark, *steps)
    assert ("Search", "Search") in states_of(made, "channel-attribution/1")
    rows = made.lake.read(GOLD_CHANNEL_EFFECTS).where(F.col("model") == "markov").collect()
    assert {row["channel"]: row["removal_effect"] for row in rows} == pytest.approx(plain_fit(2).effects(), abs=1e-9)

    collapsing = settings_in(tmp_path, markov=order_2.model_copy(update={"collapse": True}))
    # Credits are made by the stored fit until there is a new one, which the run says.
    shown = Console(file=io.StringIO(), width=300)
    run(collapsing, spark, attribute.STEP, full=True, console=shown)
    assert (
        "channel-attribution/1 counted Markov's states with collapse: false, and attribution.markov.collapse is true: "
        "`distributary train-attribution` makes a new fit"
    ) in shown.file.getvalue()  # type: ignore[attr-defined]
    shown = Console(file=io.StringIO(), width=300)
    again = run(collapsing, spark, train_attribution.STEP, attribute.STEP, console=shown)
    assert states_of(again, "channel-attribution/2") == {
        *[(), ("Email",), ("Search",), ("Display",)],
        *[("Email", "Search"), ("Search", "Email"), ("Display", "Email"), ("Search", "Display")],
    }
    assert "counted Markov's states" not in shown.file.getvalue()  # type: ignore[attr-defined]


def test_journeys_after_the_day_are_not_learned_from(spark: SparkSession, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    land(settings, spark)
    with pytest.raises(InputError, match="no journey up to 2026-03-01 has a touch"):
        run(settings, spark, attribute.JOURNEYS_STEP, train_attribution.STEP, as_of=(NOON - 30 * DAY).date())
    assert champion_version(settings.mlflow, settings.attribution.data_driven) is None


def test_a_version_that_is_not_there_is_one_clear_error(fitted: tuple[Settings, Run]) -> None:
    settings, _ = fitted
    with pytest.raises(InputError, match="cannot be read"):
        load_version(settings.mlflow, "channel-attribution/99")
