"""Events in the project's own contract: JSON Lines, or CSV with the same names."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.device_ids import att_status, known
from intake.event_words import named_by_settings
from intake.parse import (
    IMPOSSIBLE,
    content_hash,
    first_problem,
    given_but_unread,
    id_field,
    impossible_time,
    is_currency_code,
    money_field,
    order_id_field,
    person_id_field,
    rounded_ids,
)
from intake.written_days import timestamp_field
from intake.written_numbers import given
from warehouse.contracts import ID_KINDS
from warehouse.tables.bronze_events import BRONZE_EVENTS

TEXT_COLUMNS = (
    "anonymous_id",
    "user_id",
    "session_id",
    "source",
    "medium",
    "campaign",
    "content",
    "term",
    "page_url",
    "referrer",
    "install_referrer",
    "user_agent",
    "ip",
    "country",
    "order_id",
    "properties",
)
COLUMNS = (
    "event_id",
    "event_name",
    "event_ts",
    "received_ts",
    "platform",
    "consent",
    "click_ts",
    "id_kind",
    "att_status",
    "value",
    "currency",
    *TEXT_COLUMNS,
)
EVENT_NAMES = (
    "page_view", "view_item", "add_to_cart", "begin_checkout", "sign_up", "login", "app_install", "purchase", "refund",
    "ad_click", "ad_impression",
)  # fmt: skip
YES, NO = ("true", "1", "yes", "granted"), ("false", "0", "no", "denied")  # the last ones are Google's
PLATFORMS = ("web", "ios", "android", "server")
# A line sent twice is received twice: the time of receipt and what follows from it are not the event's content.
# Nor is what was not taken in once, or an event that came before would be another one.
NOT_CONTENT = ("received_at", "event_at", "is_clock_skewed", "extra", "clicked_at", "id_kind", "att_status")
ROUNDED_IDS = ("order_id", "user_id", "anonymous_id", "session_id")
MAX_CLOCK_SKEW = "INTERVAL 5 MINUTES"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the events contract."""
    export = defaults.export
    ids = {
        "order_id": order_id_field("order_id", defaults),
        "user_id": person_id_field("user_id", defaults),
        "anonymous_id": person_id_field("anonymous_id", defaults),
        "session_id": id_field("session_id"),
    }
    name = named_by_settings(F.col("event_name"), export, sent=F.col("event_name"))
    # Fields are read first and checked afterwards, so that each is read once for all conditions.
    typed_fields = rows.select(
        "file",
        "line",
        "raw",
        "problem",
        "unknown",
        "event_id",
        # "Purchase" is a purchase: taken for one of the sender's own names, its money would be lost silently.
        F.when(F.lower(name).isin(*EVENT_NAMES), F.lower(name)).otherwise(name).alias("event_name"),
        "event_ts",
        "received_ts",
        timestamp_field("event_ts", export).alias("sent_event_at"),
        timestamp_field("received_ts", export).alias("received_at"),
        *(ids.get(name, F.col(name)).alias(name) for name in TEXT_COLUMNS),
        F.lower(F.coalesce(F.col("platform"), F.lit("web"))).alias("platform"),
        F.from_json("consent", "analytics string, ads string").alias("consented"),
        timestamp_field("click_ts", export).alias("clicked_at"),
        known(F.col("id_kind"), ID_KINDS).alias("id_kind"),
        att_status(F.col("att_status")).alias("att_status"),
        F.col("value").alias("value_text"),
        money_field("value", export).alias("value"),
        # A refund without currency has that of its order.
        F.upper(
            F.coalesce(given(F.col("currency")), F.when(F.lower(name) != "refund", F.lit(defaults.currency)))
        ).alias("currency"),
    )
    is_purchase, is_refund = (F.col("event_name") == name for name in ("purchase", "refund"))
    reason = first_problem(
        (F.col("event_id").isNull(), "event_id is missing"),
        *rounded_ids(*ROUNDED_IDS),
        (F.col("event_name").isNull(), "event_name is missing"),
        (F.col("event_ts").isNull(), "event_ts is missing"),
        (F.col("sent_event_at").isNull(), "event_ts is not ISO 8601 with an offset"),
        (impossible_time(F.least("sent_event_at", "received_at")), f"event_ts or received_ts {IMPOSSIBLE}"),
        (given_but_unread("received_ts", F.col("received_at")), "received_ts is not ISO 8601 with an offset"),
        (F.col("anonymous_id").isNull() & F.col("user_id").isNull(), "neither anonymous_id nor user_id is given"),
        (~F.col("platform").isin(*PLATFORMS), "platform is not web, ios, android or server"),
        (given_but_unread("value_text", F.col("value")), "value is not a decimal number"),
        (F.col("value") < 0, "value is negative"),
        (is_purchase & F.col("value").isNotNull() & F.col("currency").isNull(), "a value without currency"),
        ((is_purchase | is_refund) & ~is_currency_code(F.col("currency")), "currency is not an ISO 4217 code"),
        (is_refund & F.col("order_id").isNull(), "a refund without order_id"),
    )
    is_skewed = F.coalesce(F.col("sent_event_at") > F.col("received_at") + F.expr(MAX_CLOCK_SKEW), F.lit(False))
    parsed = typed_fields.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        "event_id",
        "event_name",
        F.when(is_skewed, F.col("received_at")).otherwise(F.col("sent_event_at")).alias("event_at"),
        "sent_event_at",
        is_skewed.alias("is_clock_skewed"),
        "received_at",
        *TEXT_COLUMNS,
        "platform",
        _yes_or_no("consented.analytics").alias("consent_analytics"),
        _yes_or_no("consented.ads").alias("consent_ads"),
        # Far from any event it is a mark of no click: 0, or a sentinel.
        F.when(~impossible_time(F.col("clicked_at")), F.col("clicked_at")).alias("clicked_at"),
        "id_kind",
        "att_status",
        "value",
        # Beside an amount that cannot be read too: bronze.quarantine has what a bad row holds.
        F.when(F.col("value").isNotNull() | given(F.col("value_text")).isNotNull(), F.col("currency")).alias(
            "currency"
        ),
        F.when(F.col("unknown"), F.col("raw")).alias("extra"),
    )
    content = [name for name in parsed.columns if name in BRONZE_EVENTS.column_names and name not in NOT_CONTENT]
    return parsed.withColumn("payload_hash", content_hash(*(F.col(name) for name in content)))


def _yes_or_no(name: str) -> Column:
    answer = F.lower(F.trim(F.col(name)))
    return F.when(answer.isin(*YES), F.lit(True)).when(answer.isin(*NO), F.lit(False))


ADAPTER = Adapter(
    table=BRONZE_EVENTS,
    columns=COLUMNS,
    required=("event_id", "event_name", "event_ts"),
    parse=parse,
)
