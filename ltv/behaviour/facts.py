"""The facts that features are made of: visits, activity, touches, purchases, each with when it was known."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.behaviour.known import with_known_at
from warehouse.days import report_day

PRODUCT_VIEW, CART_ADD, CHECKOUT = "view_item", "add_to_cart", "begin_checkout"


@dataclass(frozen=True, kw_only=True)
class Silver:
    """The tables of silver that behaviour is read from."""

    sessions: DataFrame
    activity: DataFrame
    touchpoints: DataFrame
    conversions: DataFrame
    orders: DataFrame
    identities: DataFrame


def visits_of(silver: Silver, *, timezone: str) -> DataFrame:
    """One row per visit of a person: at (its end, when all of it was known), day, first_day, known_day and what was
    done."""
    visits = silver.sessions.where(~F.col("is_bot")).select(
        "person_id",
        "anonymous_id",
        F.col("started_at").alias("at"),
        "ended_at",
        F.coalesce("page_views", F.lit(0)).alias("page_views"),
        F.col("platform").isin("ios", "android").alias("is_app"),
        (F.col("channel") == F.lit("Direct")).alias("is_direct"),
    )
    known = with_known_at(visits, silver.identities)
    return known.select(
        "person_id",
        F.col("ended_at").alias("at"),
        F.greatest("ended_at", "known_at").alias("known_at"),
        report_day("at", timezone).alias("first_day"),
        report_day("ended_at", timezone).alias("day"),
        report_day(F.greatest("ended_at", "known_at"), timezone).alias("known_day"),
        "anonymous_id",
        "page_views",
        "is_app",
        "is_direct",
    )


def activity_of(silver: Silver) -> DataFrame:
    """The rows of silver.activity but for events outside visits: of servers, of ads."""
    is_of_visitor = ~F.startswith(F.col("event_name"), F.lit("ad_")) & (F.col("platform") != F.lit("server"))
    return silver.activity.where(is_of_visitor)


def touches_of(silver: Silver) -> DataFrame:
    """One row per touch of a person, without those that are left out as ad abuse."""
    touches = silver.touchpoints.where(~F.col("is_abuse")).select(
        "person_id",
        "anonymous_id",
        F.col("touched_at").alias("at"),
        "interaction",
        "channel",
        F.coalesce("is_retargeting", F.lit(False)).alias("is_retargeting"),
    )
    return with_known_at(touches, silver.identities)


def purchases_of(silver: Silver, *, timezone: str) -> DataFrame:
    """One row per purchase of a person: at, known_at, day, gross_value (reporting currency, a double; as it is in
    report_gross_value) and items, where known."""
    orders = silver.orders.select("order_id", "items", F.col("seen_on").alias("anonymous_id"))
    purchases = silver.conversions.where(F.col("conversion_type") == F.lit("purchase")).select(
        "person_id",
        "order_id",
        F.col("converted_at").alias("at"),
        report_day("converted_at", timezone).alias("day"),
        "report_gross_value",
        F.col("report_gross_value").cast("double").alias("gross_value"),
    )
    return with_known_at(purchases.join(orders, "order_id", how="left"), silver.identities)


def sign_ups_of(silver: Silver) -> DataFrame:
    """One row per sign-up, which is a login and so known at once."""
    at = F.col("converted_at")
    return silver.conversions.where(F.col("conversion_type") == F.lit("sign_up")).select(
        "person_id", at.alias("at"), at.alias("known_at")
    )


def active_of(visits: DataFrame, purchases: DataFrame) -> DataFrame:
    """One row per visit or purchase: at, known_at, day."""
    names = ("person_id", "at", "known_at", "day")
    return visits.select(*names).unionByName(purchases.select(*names))
