"""Apple's postbacks of app installs as JSON Lines: SKAdNetwork 2.0 to 4.0, and AdAttributionKit's signed ones."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.knobs import Export
from intake.parse import IMPOSSIBLE, count_field, first_problem, given_but_unread, id_field, impossible_time
from intake.reasons import A_TEST
from intake.trackers import epoch_text
from intake.written_days import date_field, is_moment, timestamp_field
from intake.written_numbers import given
from warehouse.tables.bronze_skan_postbacks import BRONZE_SKAN_POSTBACKS, COARSE_VALUES, CONVERSION_TYPES, FRAMEWORKS

SKADNETWORK, ADATTRIBUTIONKIT = FRAMEWORKS
# Field: the names that postbacks have for it, SKAdNetwork's first. Partners write _ for -.
NAMES: dict[str, tuple[str, ...]] = {
    "version": ("version",),
    "ad_network_id": ("ad-network-id", "ad-network-identifier", "ad_network_identifier"),
    "source_identifier": ("source-identifier",),
    "campaign_id": ("campaign-id",),
    "app_id": ("app-id", "advertised-item-identifier", "advertised_item_identifier"),
    "transaction_id": ("transaction-id",),
    "postback_identifier": ("postback-identifier",),
    "redownload": ("redownload",),
    "conversion_type": ("conversion-type",),
    "source_app_id": ("source-app-id", "publisher-item-identifier", "publisher_item_identifier"),
    "source_domain": ("source-domain",),
    "fidelity_type": ("fidelity-type",),
    "ad_interaction_type": ("ad-interaction-type",),
    "did_win": ("did-win",),
    "conversion_value": ("conversion-value",),
    "coarse_conversion_value": ("coarse-conversion-value",),
    "postback_sequence_index": ("postback-sequence-index",),
    "marketplace_identifier": ("marketplace-identifier",),
    "country_code": ("country-code",),
    "jws_string": ("jws-string",),
    "received_at": ("received-at", "timestamp", "postback_timestamp", "postback-timestamp", "received_timestamp"),
}
# Of the signature's header, where Apple says that a postback is a developer's own.
DEVELOPMENT = "^apple-development-identifier"
SHORTEST_EPOCH = 10  # digits
ENCODED_OBJECT = r"^e[wy][A-Za-z0-9_-]*=*\z"
FOLDER = "{folder}"  # constant of received_at: the name of the file's folder, a day
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One row per postback. What Apple signed wins over what stands beside it."""
    signed = _with_signed(rows, defaults.export)
    transaction_id = F.lower(F.coalesce(id_field("transaction_id"), id_field("postback_identifier")))
    network, received_at = F.lower(id_field("ad_network_id")), _received_at(defaults.export)
    did_win, redownload = _flag("did_win"), _flag("redownload")
    sequence, value = count_field("postback_sequence_index"), count_field("conversion_value")
    coarse, kind = F.lower(given(F.col("coarse_conversion_value"))), F.lower(given(F.col("conversion_type")))
    is_kit = F.coalesce("jws_string", "postback_identifier", "conversion_type").isNotNull()
    reason = first_problem(
        (F.col("is_development"), A_TEST),
        (F.col("is_unsigned"), "jws_string is not header.payload.signature"),
        (network.isNull(), "ad_network_id is missing"),
        (transaction_id.isNull(), "transaction_id is missing"),
        (received_at.isNull(), "received_at is missing or not ISO 8601 with an offset"),
        (impossible_time(received_at), f"received_at {IMPOSSIBLE}"),
        (given_but_unread("did_win", did_win), "did_win is neither true nor false"),
        (given_but_unread("redownload", redownload), "redownload is neither true nor false"),
        (
            given_but_unread("postback_sequence_index", sequence) | ~sequence.between(0, 2),
            "postback_sequence_index is not a whole number from 0 to 2",
        ),
        (
            given_but_unread("conversion_value", value) | ~value.between(0, 63),
            "conversion_value is not a whole number from 0 to 63",
        ),
        (~coarse.isin(*COARSE_VALUES), "coarse_conversion_value is not low, medium or high"),
        (~kind.isin(*CONVERSION_TYPES), "conversion_type is not download, redownload or re-engagement"),
    )
    of_fidelity = {"0": "view", "1": "click"}
    return signed.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        F.when(is_kit, ADATTRIBUTIONKIT).otherwise(SKADNETWORK).alias("framework"),
        given(F.col("version")).alias("version"),
        network.alias("ad_network_id"),
        transaction_id.alias("transaction_id"),
        F.coalesce(sequence, F.lit(0)).cast("int").alias("sequence_index"),
        F.coalesce(id_field("source_identifier"), id_field("campaign_id")).alias("source_identifier"),
        id_field("app_id").alias("app_id"),
        F.coalesce(did_win, F.lit(True)).alias("did_win"),
        F.coalesce(kind, F.when(redownload, F.lit("redownload")).otherwise(F.lit("download"))).alias("conversion_type"),
        F.coalesce(
            *(F.when(F.trim("fidelity_type") == number, F.lit(word)) for number, word in of_fidelity.items()),
            *(F.when(F.lower(F.trim("ad_interaction_type")) == word, F.lit(word)) for word in of_fidelity.values()),
        ).alias("interaction"),
        value.cast("int").alias("fine_level"),
        coarse.alias("coarse_level"),
        F.nullif(id_field("source_app_id"), F.lit("0")).alias("source_app_id"),
        F.lower(given(F.col("source_domain"))).alias("source_domain"),
        given(F.col("marketplace_identifier")).alias("marketplace"),
        F.upper(given(F.col("country_code"))).alias("country"),
        received_at.alias("received_at"),
    )


def _with_signed(rows: DataFrame, export: Export) -> DataFrame:
    """`rows` with the fields of the signed payload in their columns, and is_unsigned and is_development."""
    parts = F.split("jws_string", "[.]")
    read = rows.withColumns({"signed": _members(F.get(parts, F.lit(1))), "header": _members(F.get(parts, F.lit(0)))})
    fields = {
        field: F.coalesce(*(F.col("signed")[name] for name in (*names, field)), field)
        for field, names in NAMES.items()
        if field not in ("jws_string", "received_at")
    }
    epoch = F.when(F.length(F.trim("received_at")) >= SHORTEST_EPOCH, epoch_text(F.col("received_at"), export))
    of_folder = F.when(F.col("received_at") == FOLDER, F.regexp_extract("file", r"([^/]+)/[^/]*\z", 1))
    return read.withColumns(
        {
            **fields,
            "received_at": F.coalesce(of_folder, epoch, "received_at"),
            "is_unsigned": F.col("jws_string").isNotNull() & (F.col("signed").isNull() | (F.size(parts) != 3)),
            "is_development": F.coalesce(F.col("header")["kid"].rlike(DEVELOPMENT), F.lit(False)),
        }
    ).drop("signed", "header")


def _members(encoded: Column) -> Column:
    """The members of a JSON object that is encoded as base64url; null where it is none."""
    # An object begins with e, whose next bits are those of {; other texts may be no UTF-8, which ends a query on Sail.
    plain = F.translate(F.when(encoded.rlike(ENCODED_OBJECT), F.rtrim(encoded, F.lit("="))), "-_", "+/")
    padded = F.concat(plain, F.repeat(F.lit("="), (4 - F.length(plain) % 4) % 4))
    text = F.try_to_binary(padded, F.lit("base64")).cast("string")
    return F.from_json(text, "map<string,string>")


def _received_at(export: Export) -> Column:
    """The moment, UTC where nothing says otherwise; a day is its start."""
    day = F.when(~is_moment("received_at"), date_field("received_at", export)).cast("timestamp")
    return F.coalesce(timestamp_field("received_at", export, zone_when_missing="Z"), day)


def _flag(name: str) -> Column:
    word = F.lower(F.trim(name))
    return F.when(word.isin(*TRUE), F.lit(True)).when(word.isin(*FALSE), F.lit(False))


ADAPTER = Adapter(
    table=BRONZE_SKAN_POSTBACKS,
    columns=tuple(NAMES),
    required=(),
    parse=parse,
    names={field: tuple(name for name in names if name != field) for field, names in NAMES.items()},
)
