"""What the tables of persons are made from together: the input of those an update concerns, their visits and rates.

A visit is read by five tables, and whom an update concerns is one question for all of them. Their recipes therefore
share one `Changes`, and these frames are made once for each update or full build.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.affected import Affected, find_affected
from touchpoints.aliases import known_aliases
from touchpoints.channels import channels_of, with_channel, with_known_channel
from touchpoints.click_views import persons_with_clicks
from touchpoints.exchange_rates import build_daily_rates
from touchpoints.hits import EVENT_COLUMNS, build_hits
from touchpoints.ids import order_id_of_event
from touchpoints.knobs import ConversionTypes, ExchangeRates, HitKnobs, PersonalData, RuleFiles, SessionGap
from touchpoints.outcomes import TOO_LARGE
from touchpoints.repriced import persons_repriced, refunds_elsewhere
from touchpoints.usable import tokenised, usable_events, usable_orders
from touchpoints.visits import build_visits, has_channel, slim_visits
from warehouse.frames import stacked
from warehouse.knobs import AnalyticsUse, ReportingCurrency, ReportingDay
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Changes, Cut, Work, everything
from warehouse.tables.bronze_click_views import BRONZE_CLICK_VIEWS
from warehouse.tables.bronze_event_values import BRONZE_EVENT_VALUES
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_aliases import SILVER_ALIASES
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_identities import SILVER_IDENTITIES
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

# A new rate changes amounts of orders and conversions alone, and a listed click touches alone, so only their recipes
# name these inputs.
PERSONS = Changes(
    follows=(BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_CLICK_VIEWS, SILVER_ALIASES), watches=(BRONZE_EXCHANGE_RATES,)
)
# Up to so many combinations of source, medium, campaign and click are broadcast with their channels, about 50 MB.
BROADCAST_CHANNELS_AT_MOST = 100_000
VISIT_INPUTS = (BRONZE_EVENTS, BRONZE_EVENT_VALUES, BRONZE_ORDERS, SILVER_ALIASES, SILVER_IDENTITIES)


@dataclass(frozen=True)
class PersonInput:
    """Events and orders (all versions), as silver may use them: of everybody, or of those that an update concerns."""

    events: DataFrame
    orders: DataFrame
    affected: Affected | None


def person_input(work: Work) -> PersonInput:
    """The input of everybody; in an update, of the persons that its changes concern."""
    secret = work.knobs(Pseudonyms).secret()
    usable = partial(
        usable_events,
        use=work.knobs(AnalyticsUse),
        secret=secret,
        conversion_types=work.knobs(ConversionTypes).all_types,
    )
    events, orders = usable(work.read(BRONZE_EVENTS)), usable_orders(work.read(BRONZE_ORDERS), secret)
    if work.changes is None:
        return PersonInput(events, orders, None)
    changed_events = usable(work.changes[BRONZE_EVENTS])
    changed_orders = usable_orders(work.changes[BRONZE_ORDERS], secret)
    if BRONZE_EXCHANGE_RATES in work.changed:
        changed_events = stacked(changed_events, _too_large(work, events, order_id_of_event()))
        changed_orders = stacked(changed_orders, _too_large(work, orders, F.col("order_id")))
    affected = find_affected(
        events,
        orders,
        changed_events,
        changed_orders,
        other_persons=_repriced(work, events).unionByName(_clicked(work)).distinct(),
        aliases=work.once(known_aliases),
        changed_aliases=work.changes[SILVER_ALIASES],
        stage=work.stage,
    )
    # Read several times, and few of all.
    return PersonInput(
        work.stage("their_events", affected.events(events.select(*EVENT_COLUMNS))),
        work.stage("their_order_versions", affected.order_versions(orders)),
        affected,
    )


def _too_large(work: Work, rows: DataFrame, order_id: Column) -> DataFrame:
    """The rows of orders that were too large: at other rates they may fit, and they have no row that shows whose they
    are."""
    listed = work.read(SILVER_SET_ASIDE).where(F.col("outcome") == TOO_LARGE).select("record_id").distinct()
    return rows.join(listed, order_id == F.col("record_id"), how="left_semi")


def of_persons(work: Work) -> Cut:
    """Cuts a frame (column person_id) to the persons that the update concerns."""
    affected = work.once(person_input).affected
    return affected.owned if affected else everything


def of_devices(work: Work) -> Cut:
    """Cuts a frame (column anonymous_id) to the devices of the persons that the update concerns."""
    affected = work.once(person_input).affected
    return affected.on_devices if affected else everything


def daily_rates(work: Work) -> DataFrame:
    """The exchange rate of each day and currency: few rows, read by several tables."""
    rates = build_daily_rates(
        work.read(BRONZE_EXCHANGE_RATES),
        report_currency=work.knobs(ReportingCurrency).currency,
        max_age_days=work.knobs(ExchangeRates).max_age_days,
    )
    return work.stage("rates", rates)


def visits(work: Work) -> DataFrame:
    """The visits of everybody, or of those that an update concerns; see `build_visits` and `slim_visits`."""
    input_ = work.once(person_input)
    sources = work.knobs(RuleFiles).sources()
    values = work.read(BRONZE_EVENT_VALUES) if work.lake.exists(BRONZE_EVENT_VALUES) else None
    hits = build_hits(input_.events, work.knobs(HitKnobs), sources=sources, values=values)
    identities = of_devices(work)(work.read(SILVER_IDENTITIES))
    built = build_visits(
        hits,
        identities,
        input_.orders,
        aliases=work.once(known_aliases),
        has_sent_sessions=not input_.events.where(F.col("session_id").isNotNull()).isEmpty(),
        timeout_minutes=work.knobs(SessionGap).timeout_minutes,
        max_hours=work.knobs(SessionGap).max_hours,
    )
    types, personal = work.knobs(ConversionTypes).all_types, work.knobs(PersonalData)
    slim = slim_visits(built, conversion_types=types, personal=personal)
    return work.persist(slim if work.changes is None else _with_channel(work, slim))


def visits_with_channel(work: Work) -> DataFrame:
    """`visits` with the channels of their touches and starts of sessions, see `with_channel`.

    The rules look at each combination of fields once, where there are many touches and not too many combinations.
    """
    known = work.once(visits)
    if work.changes is not None:
        return known
    files = work.knobs(RuleFiles)
    channels = work.persist(channels_of(known.where(has_channel()), files.channel_rules(), files.sources()))
    if channels.count() > BROADCAST_CHANNELS_AT_MOST:
        return _with_channel(work, known)
    return with_known_channel(known, F.broadcast(channels), where=has_channel())


def _with_channel(work: Work, slim: DataFrame) -> DataFrame:
    files = work.knobs(RuleFiles)
    return with_channel(slim, files.channel_rules(), files.sources(), where=has_channel())


def _clicked(work: Work) -> DataFrame:
    """person_id of those with a touch whose click is listed otherwise now."""
    if BRONZE_CLICK_VIEWS not in work.changed:
        return work.lake.spark.createDataFrame([], "person_id string")
    assert work.changes is not None
    changed = tokenised(work.changes[BRONZE_CLICK_VIEWS], ("click_id",), work.knobs(Pseudonyms).secret())
    return persons_with_clicks(work.read(SILVER_TOUCHPOINTS), changed)


def _repriced(work: Work, events: DataFrame) -> DataFrame:
    """person_id of those whose amounts changed rates value differently."""
    if BRONZE_EXCHANGE_RATES not in work.changed:
        return work.lake.spark.createDataFrame([], "person_id string")
    sold = persons_repriced(
        work.read(SILVER_CONVERSIONS),
        work.once(daily_rates),
        timezone=work.knobs(ReportingDay).timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )
    refunded = refunds_elsewhere(events, work.read(SILVER_ORDERS))
    return sold.unionByName(refunded.select("person_id")).distinct()
