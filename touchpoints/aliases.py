"""silver.aliases: which logins of the tracker are which buyers of the shop, proven by orders that both feeds name.

Tracker and shop often name one buyer differently: a customer's number in events, an e-mail address in the orders feed.
An order_id in both proves that the two are one. What an order cannot prove:

- a login with orders of several buyers, as a clerk's or a placeholder's is, is nobody's alias;
- a login that buys under its own name in the feed is a buyer of its own;
- a buyer with orders of more logins than `identity.max_aliases`, as a shared till has, is nobody else.

So every alias has one buyer, a buyer is no alias, and no two buyers of the feed are ever one person. Whether two ids
are one depends on the orders of these two ids alone, in whatever order they arrive.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.knobs import Aliases
from touchpoints.order_versions import newest_versions
from touchpoints.usable import usable_events, usable_orders
from warehouse.checks import CheckResult, none_found, side_by_side
from warehouse.conform import conform
from warehouse.knobs import AnalyticsUse
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_aliases import ALIAS, BUYER, SEVERAL_BUYERS, SHARED, SILVER_ALIASES

# Up to so many aliases are broadcast to every executor, some 60 MB.
BROADCAST_ALIASES_AT_MOST = 500_000


def build_aliases(events: DataFrame, orders: DataFrame, *, max_aliases: int) -> DataFrame:
    """One row per login and buyer of another name that an order ties, with what became of them.

    `events` and `orders` are the bronze frames, `identified`; of an order's versions the newest names its buyer.
    """
    named = orders_named_by_both(events, orders).where(F.col("user_id") != F.col("buyer_id"))
    ties = named.groupBy("user_id", "buyer_id").agg(F.count(F.lit(1)).alias("orders"))
    counted = ties.select(
        "*",
        F.count(F.lit(1)).over(Window.partitionBy("user_id")).alias("buyers"),
        F.count(F.lit(1)).over(Window.partitionBy("buyer_id")).alias("logins"),
    )
    buyers = _buyers(orders).select(F.col("buyer_id").alias("user_id"), F.lit(True).alias("is_buyer")).distinct()
    outcome = (
        F.when(F.col("is_buyer"), BUYER)
        .when(F.col("buyers") > 1, SEVERAL_BUYERS)
        .when(F.col("logins") > max_aliases, SHARED)
        .otherwise(ALIAS)
    )
    return conform(counted.join(buyers, "user_id", how="left").withColumn("outcome", outcome), SILVER_ALIASES)


def orders_named_by_both(events: DataFrame, orders: DataFrame) -> DataFrame:
    """One row per order with a buyer in the feed and login of a purchase event of it: order_id, user_id (the login) and
    buyer_id."""
    is_named = F.col("order_id").isNotNull() & F.col("user_id").isNotNull()
    purchases = events.where((F.col("event_name") == "purchase") & is_named).select("order_id", "user_id").distinct()
    return purchases.join(_buyers(orders), "order_id", how="inner")


def _buyers(orders: DataFrame) -> DataFrame:
    """One row per order whose newest version names a buyer: order_id, buyer_id."""
    named = newest_versions(orders).where(F.col("user_id").isNotNull())
    return named.select("order_id", F.col("user_id").alias("buyer_id"))


def with_buyer(frame: DataFrame, aliases: DataFrame | None) -> DataFrame:
    """`frame` (column user_id) and buyer_id: the buyer whose alias user_id is, null where it is none.

    `aliases` (see `known_aliases`) is None where there are none.
    """
    if aliases is None:
        return frame.withColumn("buyer_id", F.lit(None).cast("string"))
    return frame.join(aliases, "user_id", how="left")


def known_aliases(work: Work) -> DataFrame | None:
    """One row per alias: user_id and buyer_id, broadcast where they are few enough; None where there is none."""
    aliases = work.read(SILVER_ALIASES).where(F.col("outcome") == ALIAS).select("user_id", "buyer_id")
    count = aliases.count()
    if not count:
        return None
    return F.broadcast(aliases) if count <= BROADCAST_ALIASES_AT_MOST else aliases


def check_aliases(aliases: DataFrame) -> list[CheckResult]:
    """No login is an alias of two buyers, and no alias is a buyer that another login is an alias of."""
    accepted = aliases.where(F.col("outcome") == ALIAS)
    of_several = accepted.groupBy("user_id").count().where(F.col("count") > 1).count()
    chained = accepted.join(accepted.select(F.col("buyer_id").alias("user_id")), "user_id", how="left_semi").count()
    return [
        none_found("logins that are aliases of several buyers", of_several),
        none_found("aliases that are buyers with aliases", chained),
    ]


def aliases_in_words(aliases: DataFrame, named: DataFrame) -> str:
    """How many orders carry another user in the event than in the feed and what follows from them, in one line; '' for
    none. `named`: see `orders_named_by_both`."""
    by_outcome = aliases.groupBy("outcome").agg(F.count_distinct("user_id"), F.count_distinct("buyer_id"))
    counts = {outcome: (logins, buyers) for outcome, logins, buyers in by_outcome.collect()}
    if not counts:
        return ""
    by_order = named.groupBy("order_id").agg(F.max(F.col("user_id") != F.col("buyer_id")).alias("differs"))
    orders = side_by_side(by_order.agg(F.count(F.lit(1)).alias("all"), F.count_if("differs").alias("differ")))
    (aliases_found, _), (buyers, _), (of_several, _), (sharing, shared) = (
        counts.get(outcome, (0, 0)) for outcome in (ALIAS, BUYER, SEVERAL_BUYERS, SHARED)
    )
    no_proof = (
        f"{buyers} that buy under their own name" if buyers else "",
        f"{of_several} with orders of several buyers" if of_several else "",
        f"{sharing} of {shared} buyers with more of them than identity.max_aliases" if sharing else "",
    )
    return (
        f"{orders['differ']} of {orders['all']} orders carry another user in the event than in the feed; "
        f"logins that are aliases of their buyer: {aliases_found}; logins that prove nothing: "
        f"{', '.join(filter(None, no_proof)) or 0}: see silver.aliases"
    )


def _input(work: Work) -> tuple[DataFrame, DataFrame]:
    """All events and orders, as silver may use them."""
    secret = work.knobs(Pseudonyms).secret()
    events = usable_events(work.read(BRONZE_EVENTS), work.knobs(AnalyticsUse), secret)
    return events, usable_orders(work.read(BRONZE_ORDERS), secret)


def _say(work: Work) -> None:
    if words := aliases_in_words(work.read(SILVER_ALIASES), orders_named_by_both(*_input(work))):
        work.run.say(words)


ALIASES = Recipe(
    table=SILVER_ALIASES,
    inputs=(BRONZE_EVENTS, BRONZE_ORDERS),
    knobs=(Aliases, AnalyticsUse, Pseudonyms),
    build=lambda work: build_aliases(*_input(work), max_aliases=work.knobs(Aliases).max_aliases),
    changes=Changes(),  # every row is built, and only differences are written: any order can end an alias
    checks=lambda work: check_aliases(work.read(SILVER_ALIASES)),
    after=_say,
)
