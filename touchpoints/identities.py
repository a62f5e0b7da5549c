"""silver.identities: which person each device belonged to, and when.

An anonymous event belongs to the next login on its device within the window, otherwise to the last login before it
within the window, otherwise the device itself is the person. Two logins are never merged through a device; a login
that orders prove to be another one's alias (touchpoints.aliases) is the buyer.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.aliases import known_aliases, with_buyer
from touchpoints.ids import event_id_of_order, person_of_device, person_of_user
from touchpoints.knobs import LoginWindow
from touchpoints.order_versions import newest_versions
from touchpoints.person_tables import PERSONS, of_devices, person_input
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import AnalyticsUse
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_aliases import SILVER_ALIASES
from warehouse.tables.silver_identities import SILVER_IDENTITIES

MICROSECOND = "INTERVAL 1 MICROSECOND"


def logins_of(events: DataFrame, orders: DataFrame, aliases: DataFrame | None = None) -> DataFrame:
    """One row per login on a device: anonymous_id, user_id (of an alias its buyer), login_at, login_id.

    A login is an event with both ids, an order with both ids, or a purchase event whose order (same order_id) has a
    user. `events` and `orders` are the bronze frames, `identified`; of an order's versions only the newest counts.
    `aliases`: see `known_aliases`.
    """
    orders = newest_versions(orders)
    with_both = F.col("anonymous_id").isNotNull() & F.col("user_id").isNotNull()
    from_events = events.where(with_both).select(
        "anonymous_id", "user_id", F.col("event_at").alias("login_at"), F.col("event_id").alias("login_id")
    )
    order_login_id = event_id_of_order(F.col("order_id"))
    from_orders = orders.where(with_both).select(
        "anonymous_id", "user_id", F.col("order_at").alias("login_at"), order_login_id.alias("login_id")
    )
    buyers = orders.where(F.col("user_id").isNotNull()).select("order_id", "user_id").distinct()
    purchases = events.where(
        (F.col("event_name") == "purchase") & F.col("anonymous_id").isNotNull() & F.col("order_id").isNotNull()
    ).select("order_id", "anonymous_id", F.col("event_at").alias("login_at"), F.col("event_id").alias("login_id"))
    from_pairs = purchases.join(buyers, "order_id", how="inner").select(
        "anonymous_id", "user_id", "login_at", "login_id"
    )
    logins = with_buyer(from_events.unionByName(from_orders).unionByName(from_pairs), aliases)
    return logins.select("anonymous_id", F.coalesce("buyer_id", "user_id").alias("user_id"), "login_at", "login_id")


def build_identities(logins: DataFrame, *, login_window_days: int) -> DataFrame:
    """One row per device with a login and interval [valid_from, valid_to) in which it belonged to one person.

    Both windows are inclusive: an event exactly N days before a login, or N days after it, is the user's. Of several
    logins at one moment, the smallest (login_id, user_id) is the next login for earlier events, the largest the last
    login for later ones. Adjacent intervals of one person are merged. known_at is the first login that an interval
    rests on: nobody knew before it whose the device was.
    """
    device = Window.partitionBy("anonymous_id").orderBy("login_at")
    window = F.expr(f"INTERVAL {login_window_days} DAYS")
    login_of_user = F.struct("login_id", "user_id")
    moments = (
        logins.groupBy("anonymous_id", "login_at")
        .agg(F.min(login_of_user).alias("first_login"), F.max(login_of_user).alias("last_login"))
        .select(
            "anonymous_id",
            "login_at",
            F.col("first_login.user_id").alias("first_user"),
            F.col("last_login.user_id").alias("last_user"),
            F.lag("login_at").over(device).alias("previous_at"),
            F.lead("login_at").over(device).alias("next_at"),
        )
    )
    just_after = F.col("login_at") + F.expr(MICROSECOND)
    window_end = F.col("login_at") + window + F.expr(MICROSECOND)
    next_begins = F.col("next_at") - window
    # Where the next login's window reaches back to this moment, the next login decides from here on.
    is_reached = F.coalesce(next_begins <= just_after, F.lit(False))
    has_gap_after = F.coalesce(next_begins > window_end, F.lit(True))
    begins = F.greatest(F.col("login_at") - window, F.col("previous_at") + F.expr(MICROSECOND))
    starts = F.array(
        F.struct(begins.alias("valid_from"), F.col("first_user").alias("user_id"), F.col("login_at")),
        F.when(
            (F.col("last_user") != F.col("first_user")) & ~is_reached,
            F.struct(just_after.alias("valid_from"), F.col("last_user").alias("user_id"), F.col("login_at")),
        ),
        F.when(
            has_gap_after,
            F.struct(window_end.alias("valid_from"), F.lit(None).cast("string").alias("user_id"), F.col("login_at")),
        ),
    ).cast("array<struct<valid_from:timestamp,user_id:string,login_at:timestamp>>")
    by_start = Window.partitionBy("anonymous_id").orderBy("valid_from")
    changes = (
        moments.select("anonymous_id", F.explode(F.filter(starts, lambda start: start.isNotNull())).alias("start"))
        .select("anonymous_id", "start.valid_from", "start.user_id", "start.login_at")
        .select("*", F.lag(F.struct("user_id")).over(by_start).alias("before"))
        .where(F.col("before").isNull() | ~F.col("before.user_id").eqNullSafe(F.col("user_id")))
    )
    intervals = changes.select(
        F.coalesce(person_of_user(F.col("user_id")), person_of_device(F.col("anonymous_id"))).alias("person_id"),
        "anonymous_id",
        "user_id",
        "valid_from",
        F.lead("valid_from").over(by_start).alias("valid_to"),
        F.when(F.col("user_id").isNotNull(), F.col("login_at")).alias("known_at"),
    )
    return conform(intervals, SILVER_IDENTITIES)


def check_identities(identities: DataFrame) -> list[CheckResult]:
    """No moment of a device belongs to two persons, and no interval is empty."""
    by_start = Window.partitionBy("anonymous_id").orderBy("valid_from")
    starts_next = F.lead("valid_from").over(by_start)
    overlaps = F.coalesce(F.col("valid_to") > starts_next, starts_next.isNotNull())
    intervals = identities.select(
        (overlaps | F.coalesce(F.col("valid_to") <= F.col("valid_from"), F.lit(False))).alias("bad")
    )
    return [none_found("intervals of a device that are empty or overlap", intervals.where("bad").count())]


def _build(work: Work) -> DataFrame:
    input_ = work.once(person_input)
    logins = logins_of(input_.events, input_.orders, work.once(known_aliases))
    return build_identities(logins, login_window_days=work.knobs(LoginWindow).login_window_days)


IDENTITIES = Recipe(
    table=SILVER_IDENTITIES,
    inputs=(BRONZE_EVENTS, BRONZE_ORDERS, SILVER_ALIASES),
    knobs=(LoginWindow, AnalyticsUse, Pseudonyms),
    build=_build,
    changes=PERSONS,
    scope=of_devices,
    checks=lambda work: check_identities(work.read(SILVER_IDENTITIES)),
)
