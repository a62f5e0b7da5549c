"""Mixpanel's raw export as JSON Lines: an event's name and its properties."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import own_name
from intake.parse import AS_PROGRAMS_WRITE
from intake.trackers import epoch_text, member, members_of, platform_of, tracker_export
from warehouse.expressions import id_of

DEVICE = "$device:"  # what an anonymous distinct_id begins with
WEB, SERVERS = ("web",), ("python", "node", "php", "ruby", "java", "go", "http", "elixir", "net", "jql")
# Mixpanel's name of an event that makes two ids one: our name.
LINKS = {"$identify": "identify", "$create_alias": "alias"}
NO_REFERRER = "$direct"


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with properties read, and who it was."""
    read = rows.withColumn("props", members_of("properties"))
    props, event = F.col("props"), F.col("event")
    distinct, alias = member(props, "distinct_id"), member(props, "alias")
    of_device = F.when(F.startswith(distinct, F.lit(DEVICE)), F.substring(distinct, len(DEVICE) + 1, 1000))
    is_link = event.isin(*LINKS)
    is_server = F.lower(member(props, "mp_lib")).isin(*SERVERS)
    device = F.coalesce(member(props, "$device_id"), member(props, "$anon_distinct_id", "$anon_id"), of_device)
    login = F.coalesce(member(props, "$user_id"), F.when(is_link, F.coalesce(member(props, "$identified_id"), alias)))
    # Without either, an id of the library's own is the device's, and one that a backend gives is the login.
    is_bare = device.isNull() & login.isNull() & of_device.isNull()
    return read.withColumns(
        {
            "is_server": F.coalesce(is_server, F.lit(False)),
            "device": F.coalesce(device, F.when((is_bare & ~F.coalesce(is_server, F.lit(False))) | is_link, distinct)),
            "login": F.coalesce(
                login,
                F.when(is_bare & is_server, distinct),
                F.when(device.isNotNull() & of_device.isNull() & (distinct != device), distinct),
            ),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    export, props, event = defaults.export, F.col("props"), F.col("event")
    page = member(props, "$current_url", "current_url")
    is_web = F.lower(member(props, "mp_lib")).isin(*WEB)
    # On the web the library keeps the campaign of the last link for all later events: there the page alone says it.
    is_own = page.isNull() & ~F.coalesce(is_web, F.lit(False))
    utm = {
        name: F.when(is_own, member(props, f"utm_{name}")) for name in ("source", "medium", "campaign", "content",
                                                                         "term")
    }  # fmt: skip
    link_name = F.coalesce(*(F.when(event == name, F.lit(own)) for name, own in LINKS.items()))
    referrer = member(props, "$referrer")
    # An export may hold an event twice, and its distinct_id may be another after two ids became one.
    without_id = F.when(member(props, "$insert_id").isNull(), F.to_json("props"))
    return {
        "event_id": F.when(
            event.isNotNull(),
            id_of(F.lit("mixpanel"), event, member(props, "time"), member(props, "$insert_id"), without_id),
        ),
        "event_name": F.coalesce(link_name, own_name(event, export)),
        "event_ts": epoch_text(member(props, "time"), export),
        "received_ts": epoch_text(member(props, "$mp_api_timestamp_ms", "mp_processing_time_ms"), AS_PROGRAMS_WRITE),
        "anonymous_id": F.col("device"),
        "user_id": F.col("login"),
        "session_id": member(props, "$session_id", "session_id"),
        **utm,
        "platform": platform_of(
            F.coalesce(member(props, "$os"), member(props, "mp_lib")),
            is_server=F.col("is_server") | (event == "$create_alias"),
            is_web=is_web,
        ),
        "page_url": page,
        "referrer": F.when(referrer != NO_REFERRER, referrer),
        "user_agent": member(props, "$user_agent"),
        "ip": member(props, "$ip", "ip"),
        "country": member(props, "mp_country_code", "$country_code"),
        "order_id": member(props, "order_id", "orderId", "Order ID", "transaction_id"),
        "value": member(props, "total", "revenue", "value", "amount", "$amount", "Revenue", "Amount"),
        "currency": member(props, "currency", "Currency"),
        "properties": F.col("properties"),
    }


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=("event", "properties"),
    required=("event", "properties"),
    fields=fields,
    prepared=prepared,
)
