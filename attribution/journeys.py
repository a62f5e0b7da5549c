"""silver.journeys: the touches that led to each conversion, and those that led to none."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from attribution.knobs import JourneyKnobs
from attribution.view_through import KIND, KIND_PATH, counted_touches
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.expressions import id_of, let
from warehouse.knobs import AdsUse, ReportingCurrency
from warehouse.recipes import Changes, Cut, Recipe, Work, everything
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import MILESTONES, SILVER_JOURNEYS, TOUCH_STRUCT
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

MICROS_PER_DAY = 86_400_000_000
TOUCH = ("touched_at", "touchpoint_id", "channel", "source", "medium", "campaign", "campaign_id")
# The end of a journey: a conversion, or none (converted_at null). Its touches are those after `since`.
END = {
    "conversion_id": "string",
    "conversion_type": "string",
    "converted_at": "timestamp",
    "report_value": MONEY,
    "report_gross_value": MONEY,
    "report_currency": "string",
    "is_first_purchase": "boolean",
    "since": "timestamp",
    "milestones": MILESTONES,
}
ENDS = f"array<struct<{', '.join(f'{name}:{type_}' for name, type_ in END.items())}>>"
PATH = f"array<{TOUCH_STRUCT}>"
# The 64-bit key keeps the shuffle narrow; the join compares the full id as well.
PERSON = ("person_key", "person_id")


def build_journeys(
    conversions: DataFrame,
    touchpoints: DataFrame,
    knobs: JourneyKnobs,
    *,
    report_currency: str,
    without_ads_consent: str = "all",
) -> DataFrame:
    """One row per conversion of a credited type, and per journey without conversion. Two shuffles, both by person.

    A conversion's path holds the person's touches with converted_at - N days <= touched_at <= converted_at, both
    inclusive, days of 86,400 s. With `restart` it holds only those after the person's previous conversion of the type.
    Ad abuse is left out, and with `without_ads_consent` "nothing" so are touches without consent to ads.
    A journey without conversion is the person's touches after the last conversion of the type, split where a gap is
    longer than N days. Of impressions, where they take part, only those count that are at most `view_through_hours`
    before the journey's end (see `counted_touches`).
    """
    path_type, kind = (KIND_PATH, [KIND]) if knobs.has_views else (PATH, [])
    touches = (
        touchpoints.where(F.col("interaction").isin(list(knobs.interactions)) & takes_part(without_ads_consent))
        .groupBy(F.xxhash64("person_id").alias("person_key"), "person_id")
        .agg(F.sort_array(F.collect_list(F.struct(*TOUCH, *kind))).alias("touches"))
    )
    ends = _ends(conversions, knobs)
    people = touches.join(ends, list(PERSON), how="full")
    journey_ends = people.select(
        "person_id",
        F.coalesce(F.col("touches").cast(path_type), F.array().cast(path_type)).alias("touches"),
        F.explode(_with_open_ends(knobs.lookbacks, report_currency)).alias("end"),
    ).select("person_id", "touches", "end.*")
    paths = journey_ends.select("person_id", *END, F.explode(_paths(knobs.lookbacks, path_type)).alias("path"))
    ended_at = F.coalesce("converted_at", F.try_element_at("path", F.lit(-1))["touched_at"])
    if knobs.has_views:
        paths = paths.withColumn("path", counted_touches(F.col("path"), ended_at, knobs.view_through_hours))
    first = F.try_element_at("path", F.lit(1))
    without = id_of(F.lit("no conversion"), F.col("conversion_type"), first["touchpoint_id"])
    journeys = paths.withColumns(
        {
            "journey_id": F.coalesce("conversion_id", without),
            "ended_at": ended_at,
        }
    )
    return conform(journeys, SILVER_JOURNEYS)


def takes_part(without_ads_consent: str) -> Column:
    """Whether a touch takes part in journeys: ad abuse does not, nor what nobody agreed to where nothing of it is
    used."""
    return is_no_abuse() & F.col("consent_ads") if without_ads_consent == "nothing" else is_no_abuse()


def is_no_abuse() -> Column:
    """Whether a touch takes part in gold: one that is ad abuse does not."""
    return ~F.coalesce("is_abuse", F.lit(False))


def _ends(conversions: DataFrame, knobs: JourneyKnobs) -> DataFrame:
    """One row per person with a conversion: PERSON, `ends` (the conversions that end a journey, as END) and, as
    last_0, last_1 .., the last conversion of each type."""
    wanted = conversions.where(F.col("conversion_type").isin(list(knobs.lookbacks))).select(
        F.xxhash64("person_id").alias("person_key"),
        "person_id",
        *(name for name in END if name not in ("since", "milestones")),
    )
    is_type = [F.col("conversion_type") == name for name in knobs.lookbacks]
    return (
        _with_milestones(_with_since(wanted, knobs), conversions, knobs)
        .groupBy(*PERSON)
        .agg(
            F.collect_list(F.when(F.col("is_end"), F.struct(*END))).alias("ends"),
            *(F.max(F.when(it, F.col("converted_at"))).alias(f"last_{place}") for place, it in enumerate(is_type)),
        )
    )


def _with_open_ends(lookback_days: Mapping[str, int], report_currency: str) -> Column:
    """The person's ends, and for each type an end without conversion, after the last conversion of the type."""
    defaults = {
        "report_value": F.lit(0),
        "report_gross_value": F.lit(0),
        "report_currency": F.lit(report_currency),
        "is_first_purchase": F.lit(False),
        "milestones": F.array().cast(MILESTONES),
    }

    def end(values: Mapping[str, Column]) -> Column:
        return F.struct(*(values.get(name, F.lit(None)).cast(type_).alias(name) for name, type_ in END.items()))

    without = F.array(
        *(
            end({**defaults, "conversion_type": F.lit(name), "since": F.col(f"last_{place}")})
            for place, name in enumerate(lookback_days)
        )
    ).cast(ENDS)
    return F.concat(F.coalesce(F.col("ends").cast(ENDS), F.array().cast(ENDS)), without)


def _with_since(wanted: DataFrame, knobs: JourneyKnobs) -> DataFrame:
    """`wanted` with is_end, whether it ends a journey, and `since`, after which its path begins; null = no bound."""
    no_bound = F.lit(None).cast("timestamp")
    first_only = knobs.conversions == "first"
    if not (first_only or knobs.restart):
        return wanted.select("*", F.lit(True).alias("is_end"), no_bound.alias("since"))
    order = Window.partitionBy(*PERSON, "conversion_type").orderBy("converted_at", "conversion_id")
    is_end = (F.row_number().over(order) == 1) if first_only else F.lit(True)
    since = F.lag("converted_at").over(order) if knobs.restart else no_bound
    return wanted.select("*", is_end.alias("is_end"), since.alias("since"))


def _with_milestones(wanted: DataFrame, conversions: DataFrame, knobs: JourneyKnobs) -> DataFrame:
    """`wanted` with the first conversion of each milestone's type in the window, in order of time."""
    if not knobs.milestones:
        return wanted.withColumn("milestones", F.array().cast(MILESTONES))
    reached = conversions.where(F.col("conversion_type").isin(list(knobs.milestones))).select(
        "person_id", F.col("conversion_type").alias("milestone"), F.col("converted_at").alias("reached_at")
    )
    age = F.unix_micros("converted_at") - F.unix_micros("reached_at")
    in_window = age.between(F.lit(0), _lookback_micros(knobs.lookbacks)) & F.coalesce(
        F.col("reached_at") > F.col("since"), F.lit(True)
    )
    firsts = (
        wanted.where("is_end")
        .select("conversion_id", "person_id", "conversion_type", "converted_at", "since")
        .join(reached, "person_id", how="inner")
        .where(in_window & (F.col("milestone") != F.col("conversion_type")))
        .groupBy("conversion_id", "milestone")
        .agg(F.min("reached_at").alias("reached_at"))
        .groupBy("conversion_id")
        .agg(F.sort_array(F.collect_list(F.struct("reached_at", "milestone"))).alias("firsts"))
    )
    ordered = F.transform(
        "firsts",
        lambda first: F.struct(first["milestone"].alias("conversion_type"), first["reached_at"].alias("converted_at")),
    ).cast(MILESTONES)
    milestones_of_conversion = firsts.select("conversion_id", ordered.alias("milestones"))
    milestones = F.coalesce("milestones", F.array().cast(MILESTONES))
    return wanted.join(milestones_of_conversion, "conversion_id", how="left").withColumn("milestones", milestones)


def _paths(lookback_days: Mapping[str, int], path_type: str) -> Column:
    """The paths of one end: a conversion has one, even without touches; an end without conversion has one for each
    stretch between long gaps.

    Where all touches count, the array is used as it is: most people have few touches, and a filter over each is slow.
    """
    window = _lookback_micros(lookback_days)
    opens = F.greatest(F.unix_micros("converted_at") - window, F.unix_micros("since") + 1)
    since, until = F.coalesce(opens, F.lit(-(2**63))), F.coalesce(F.unix_micros("converted_at"), F.lit(2**63 - 1))
    touches = F.col("touches")
    counted = F.filter(touches, lambda touch: F.unix_micros(touch["touched_at"]).between(since, until))
    all_count = (_moment(touches, 1) >= since) & (_moment(touches, -1) <= until)
    path = F.when((F.size(touches) == 0) | all_count, touches).otherwise(counted.cast(path_type)).cast(path_type)
    whole = F.array(path).cast(f"array<{path_type}>")
    return F.when(F.col("converted_at").isNotNull(), whole).otherwise(
        let(path, lambda p: _split(p, window, f"array<{path_type}>")).cast(f"array<{path_type}>")
    )


def _split(path: Column, window: Column, paths_type: str) -> Column:
    """The parts of a path between gaps longer than `window`; null for an empty path."""
    places = F.sequence(F.lit(1), F.size(path))
    starts = F.filter(places, lambda place: (place == 1) | (_moment(path, place) - _moment(path, place - 1) > window))
    parts = let(
        starts,
        lambda first_places: F.transform(
            first_places,
            lambda start, number: F.slice(
                path, start, F.coalesce(F.get(first_places, number + 1), F.size(path) + 1) - start
            ),
        ),
    )
    is_whole = _moment(path, -1) - _moment(path, 1) <= window
    return F.when(F.size(path) > 0, F.when(is_whole, F.array(path).cast(paths_type)).otherwise(parts.cast(paths_type)))


def _moment(path: Column, place: int | Column) -> Column:
    """Time of the touch at a 1-based place, -1 for the last one [microseconds]; null where there is none."""
    touch = F.try_element_at(path, F.lit(place)) if isinstance(place, int) else F.get(path, place - 1)
    return F.unix_micros(touch["touched_at"])


def _lookback_micros(lookback_days: Mapping[str, int]) -> Column:
    windows = {name: F.lit(days * MICROS_PER_DAY).cast("bigint") for name, days in lookback_days.items()}
    return F.coalesce(*(F.when(F.col("conversion_type") == name, window) for name, window in windows.items()))


def check_journeys(journeys: DataFrame, conversions: DataFrame, knobs: JourneyKnobs) -> list[CheckResult]:
    """Every conversion of a credited type ends one journey with its value; with `conversions: first` only a person's
    first of each type does."""
    credited = conversions.where(F.col("conversion_type").isin(knobs.conversion_types))
    if knobs.conversions == "first":
        credited = credited.groupBy("person_id", "conversion_type").agg(
            F.min_by("report_value", F.struct("converted_at", "conversion_id")).alias("report_value")
        )
    found = side_by_side(
        credited.agg(F.count(F.lit(1)).alias("conversions"), F.sum("report_value").alias("conversion_value")),
        journeys.agg(F.count("conversion_id").alias("journeys"), F.sum("report_value").alias("journey_value")),
    )
    return [
        equal("conversions of credited types end one journey each", found["conversions"], found["journeys"]),
        equal("value of journeys is the value of those conversions", found["conversion_value"], found["journey_value"]),
    ]


def _changed_persons(work: Work) -> DataFrame:
    assert work.changes is not None
    changed = [work.changes[table].select("person_id") for table in (SILVER_CONVERSIONS, SILVER_TOUCHPOINTS)]
    return work.stage("persons", changed[0].unionByName(changed[1]).distinct())


def _of_changed_persons(work: Work) -> Cut:
    if work.changes is None:
        return everything
    persons = work.once(_changed_persons)
    return lambda frame: frame.join(persons, "person_id", how="left_semi")


def _build(work: Work) -> DataFrame:
    cut = _of_changed_persons(work)
    return build_journeys(
        cut(work.read(SILVER_CONVERSIONS)),
        cut(work.read(SILVER_TOUCHPOINTS)),
        work.knobs(JourneyKnobs),
        report_currency=work.knobs(ReportingCurrency).currency,
        without_ads_consent=work.knobs(AdsUse).without_ads_consent,
    )


JOURNEYS = Recipe(
    table=SILVER_JOURNEYS,
    inputs=(SILVER_CONVERSIONS, SILVER_TOUCHPOINTS),
    knobs=(JourneyKnobs, AdsUse, ReportingCurrency),
    build=_build,
    changes=Changes(follows=(SILVER_CONVERSIONS, SILVER_TOUCHPOINTS)),
    scope=_of_changed_persons,
    checks=lambda work: check_journeys(
        work.read(SILVER_JOURNEYS), work.read(SILVER_CONVERSIONS), work.knobs(JourneyKnobs)
    ),
)
