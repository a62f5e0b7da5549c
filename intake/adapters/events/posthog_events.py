"""PostHog's export of events as JSON Lines: uuid, event, timestamp, distinct_id and properties."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import own_name
from intake.page_address import app_address, with_parameters
from intake.trackers import member, members_of, moment_text, platform_of, tracker_export
from warehouse.patterns import any_case

COLUMNS = ("uuid", "event", "timestamp", "created_at", "distinct_id", "ip", "properties")
LINKS = {"$identify": "identify", "$create_alias": "alias"}
_SERVERS = "|".join(any_case(word) for word in ("python", "node", "php", "ruby", "java", "go", "elixir", "dotnet",
                                                "rust"))  # fmt: skip
SERVER_LIBRARY = rf"^posthog-(?:{_SERVERS})(?:-|\z)"
NO_REFERRER = "$direct"
# Click ids that the library takes from the page. They too are kept for later events, as utm_* are.
CLICK_IDS = ("gclid", "gad_source", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "ttclid", "twclid", "li_fat_id")


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with properties read, and who it was: before a login the distinct_id is the device, after it the login."""
    read = rows.withColumn("props", members_of("properties"))
    props, event, distinct = F.col("props"), F.col("event"), F.col("distinct_id")
    is_alias = event == "$create_alias"
    device = F.coalesce(member(props, "$anon_distinct_id"), member(props, "$device_id"))
    is_login = (
        (event == "$identify")
        | (F.lower(member(props, "$is_identified")) == "true")
        | (distinct != device)
        | (member(props, "$lib").rlike(SERVER_LIBRARY) & device.isNull())
    )
    is_known = F.coalesce(is_login & ~is_alias, F.lit(False))
    return read.withColumns(
        {
            "device": F.coalesce(device, F.when(~is_known, distinct)),
            "login": F.coalesce(
                member(props, "$user_id"), F.when(is_alias, member(props, "alias")), F.when(is_known, distinct)
            ),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    export, props, event = defaults.export, F.col("props"), F.col("event")
    page = member(props, "$current_url")
    is_web = member(props, "$lib").isin("web", "posthog-js")
    # On the web the library keeps the campaign of the last link for all later events: there the page alone says it.
    is_own = page.isNull() & ~F.coalesce(is_web, F.lit(False))

    def own(name: str) -> Column:
        return F.when(is_own, member(props, name))

    link_name = F.coalesce(*(F.when(event == name, F.lit(ours)) for name, ours in LINKS.items()))
    referrer = member(props, "$referrer")
    return {
        "event_id": F.col("uuid"),
        "event_name": F.coalesce(link_name, own_name(event, export)),
        "event_ts": moment_text(F.col("timestamp"), export),
        "received_ts": moment_text(F.col("created_at"), export),
        "anonymous_id": F.col("device"),
        "user_id": F.col("login"),
        "session_id": member(props, "$session_id"),
        **{name: own(f"utm_{name}") for name in ("source", "medium", "campaign", "content", "term")},
        "platform": platform_of(
            member(props, "$os", "$os_name"),
            is_server=(event == "$create_alias") | member(props, "$lib").rlike(SERVER_LIBRARY),
            is_web=is_web,
        ),
        "page_url": with_parameters(
            page,
            {name: own(name) for name in CLICK_IDS},
            without_page=app_address(member(props, "$app_namespace")),
        ),
        "referrer": F.when(referrer != NO_REFERRER, referrer),
        "user_agent": member(props, "$raw_user_agent", "$user_agent"),
        "ip": F.coalesce(member(props, "$ip"), F.col("ip")),
        "country": member(props, "$geoip_country_code"),
        "order_id": member(props, "order_id", "orderId", "transaction_id"),
        "value": member(props, "total", "revenue", "value", "amount", "$revenue"),
        "currency": member(props, "currency", "$currency"),
        "properties": F.col("properties"),
    }


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=COLUMNS,
    required=("uuid", "event", "timestamp", "distinct_id"),
    fields=fields,
    prepared=prepared,
    names={"created_at": ("inserted_at", "_inserted_at")},
)
