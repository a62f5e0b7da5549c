"""The step that builds journeys, credits and channel performance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from attribution.attribution_credits import credited_journeys
from attribution.channel_performance import (
    Dates,
    before_changes,
    build_channel_performance,
    campaign_names,
    changed_dates,
    renamed,
)
from attribution.journeys import build_journeys
from attribution.knobs import JourneyKnobs
from attribution.path_summary import build_path_summary, update_path_summary, walked_paths
from jobs.credit_models import credit_models, credited_models
from jobs.news import News, Writer, news_for
from jobs.run import Run
from warehouse.contracts import Table
from warehouse.knobs import part_of
from warehouse.store import Origin
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_PATH_SUMMARY,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_TOUCHPOINTS,
)

SECTIONS = ("report", "attribution")


def journeys(run: Run) -> None:
    """Journeys alone: what data-driven models are fitted on before anything is credited."""
    with run.step("journeys") as log:
        done = _journeys(run)
        if not done or run.dry_run:
            log.skip(f"would {done}" if done else "silver and settings are those journeys were made from")
        log.message = log.message or done


def attribute(run: Run) -> None:
    """Journeys, every model's credit, performance and paths; each only where what it is made from has changed.

    Where only some rows of the inputs changed, only what follows from them is made anew.
    """
    with run.step("attribute") as log:
        steps = (_journeys, _credits, _performance, _paths)
        said = [step(run) for step in steps]
        done = [one for one in said if one]
        if not done:
            log.skip("silver and settings are those gold was made from")
        elif run.dry_run:
            log.skip("would " + ", ".join(done))
        else:
            log.message = ", ".join(done)


def _make(
    run: Run,
    table: Table,
    inputs: Sequence[Table],
    *,
    anew: Callable[[Writer], None],
    update: Callable[[Writer, News], None],
    rests_on: Callable[[Origin], Origin] = lambda origin: origin,
) -> str:
    """Brings one table to its inputs, by what changed in them where that is known; says what was done, '' for nothing.

    Under --dry-run it only says it.
    """
    origin = rests_on(run.origin(inputs, *SECTIONS))
    if not run.full and run.lake.is_current(table, origin):
        return ""
    news, reason = (None, "asked for") if run.full else news_for(run, origin, (table,), followed=inputs)
    how = f"make {table.full_name} in full ({reason})" if news is None else f"update {table.full_name}"
    if run.dry_run:
        return how
    writer = Writer(run, origin, is_full=news is None)
    if news is None:
        anew(writer)
    else:
        update(writer, news)
    return how


def _journeys(run: Run) -> str:
    settings, lake = run.settings.attribution, run.lake

    def built(conversions: DataFrame, touchpoints: DataFrame) -> DataFrame:
        return build_journeys(
            conversions,
            touchpoints,
            part_of(settings, JourneyKnobs),
            report_currency=run.settings.report.currency,
        )

    def anew(writer: Writer) -> None:
        writer.write(SILVER_JOURNEYS, built(lake.read(SILVER_CONVERSIONS), lake.read(SILVER_TOUCHPOINTS)))

    def update(writer: Writer, news: News) -> None:
        changed = [news.changes[table].select("person_id") for table in (SILVER_CONVERSIONS, SILVER_TOUCHPOINTS)]
        with lake.staging("journeys") as stage:
            persons = stage("persons", changed[0].unionByName(changed[1]).distinct())

            def owned(frame: DataFrame) -> DataFrame:
                return frame.join(persons, "person_id", how="left_semi")

            journeys = built(owned(lake.read(SILVER_CONVERSIONS)), owned(lake.read(SILVER_TOUCHPOINTS)))
            writer.write(SILVER_JOURNEYS, journeys, owned)

    return _make(run, SILVER_JOURNEYS, (SILVER_CONVERSIONS, SILVER_TOUCHPOINTS), anew=anew, update=update)


def _credits(run: Run) -> str:
    settings, lake, models = run.settings.attribution, run.lake, credit_models(run)

    def built(journeys: DataFrame) -> DataFrame:
        return models.credits(
            credited_journeys(journeys, start_date=settings.start_date, timezone=run.settings.report.timezone)
        )

    def anew(writer: Writer) -> None:
        writer.write(GOLD_ATTRIBUTION_CREDITS, built(lake.read(SILVER_JOURNEYS)))

    def update(writer: Writer, news: News) -> None:
        changed = news.changes[SILVER_JOURNEYS].where(F.col("conversion_id").isNotNull())
        with lake.staging("credits") as stage:
            conversions = stage("conversions", changed.select("conversion_id").distinct())

            def theirs(frame: DataFrame) -> DataFrame:
                return frame.join(conversions, "conversion_id", how="left_semi")

            writer.write(GOLD_ATTRIBUTION_CREDITS, built(theirs(lake.read(SILVER_JOURNEYS))), theirs)

    inputs = (SILVER_JOURNEYS,)
    return _make(run, GOLD_ATTRIBUTION_CREDITS, inputs, anew=anew, update=update, rests_on=models.origin)


def _performance(run: Run) -> str:
    settings, lake, zone = run.settings.attribution, run.lake, run.settings.report.timezone

    def built(credits: DataFrame, spend: DataFrame, names: DataFrame) -> DataFrame:
        return build_channel_performance(
            credits,
            spend,
            names,
            models=credited_models(run),
            conversion_types=settings.conversion_types,
            timezone=zone,
            report_currency=run.settings.report.currency,
        )

    def anew(writer: Writer) -> None:
        spend = lake.read(SILVER_AD_SPEND)
        performance = built(lake.read(GOLD_ATTRIBUTION_CREDITS), spend, campaign_names(spend))
        writer.write(GOLD_CHANNEL_PERFORMANCE, performance)

    def update(writer: Writer, news: News) -> None:
        credits, spend = lake.read(GOLD_ATTRIBUTION_CREDITS), lake.read(SILVER_AD_SPEND)
        names, spend_changes = campaign_names(spend), news.changes[SILVER_AD_SPEND]
        changed = changed_dates(
            credits,
            spend,
            credit_changes=news.changes[GOLD_ATTRIBUTION_CREDITS],
            spend_changes=spend_changes,
            renamed_campaigns=renamed(names, campaign_names(before_changes(spend, spend_changes))),
            timezone=zone,
        ).first()
        if changed is None or changed["first"] is None:
            writer.keep(GOLD_CHANNEL_PERFORMANCE)
            return
        dates = Dates(changed["first"], changed["last"])
        theirs = dates.of_credits(credits, timezone=zone), spend.where(dates.hold(F.col("spend_date")))
        performance = built(*theirs, names)
        writer.write(GOLD_CHANNEL_PERFORMANCE, performance, lambda frame: frame.where(dates.hold(F.col("date"))))

    inputs = (GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND)
    return _make(run, GOLD_CHANNEL_PERFORMANCE, inputs, anew=anew, update=update)


def _paths(run: Run) -> str:
    lake, currency = run.lake, run.settings.report.currency

    def anew(writer: Writer) -> None:
        writer.write(GOLD_PATH_SUMMARY, build_path_summary(lake.read(SILVER_JOURNEYS), report_currency=currency))

    def update(writer: Writer, news: News) -> None:
        changed = news.changes[SILVER_JOURNEYS]
        with lake.staging("paths") as stage:
            paths = stage("paths", walked_paths(changed).distinct())

            def of_paths(frame: DataFrame) -> DataFrame:
                return frame.join(paths, ["conversion_type", "path"], how="left_semi")

            standing = of_paths(lake.read(GOLD_PATH_SUMMARY))
            summary = update_path_summary(standing, changed, report_currency=currency)
            writer.write(GOLD_PATH_SUMMARY, summary, of_paths, at_once=True)  # a sum: not to be added to twice

    return _make(run, GOLD_PATH_SUMMARY, (SILVER_JOURNEYS,), anew=anew, update=update)
