"""What a URL says of the ad or link that led to it: utm_* parameters and click ids, as Spark expressions.

Most pages carry no query, so every regular expression stands behind a cheap look for the text it needs.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.source_list import ClickId, SourceList

UTM = ("source", "medium", "campaign", "content", "term")
NOTHING = ("", "(not set)", "not set", "undefined", "null")
UNDECODABLE = "\ufffd"  # what bytes that are no UTF-8 decode to


def with_marketing(events: DataFrame, sources: SourceList) -> DataFrame:
    """`events` with marketing_query, click_id_type, click_id and the five UTM fields in place of what the sender said.

    The sender's own field wins, then the URL's, field by field; blanks and '(not set)' are null. The query is that of
    page_url (web page, universal link or custom scheme, without its fragment), of an app_install its install referrer.
    The first of two equal parameters counts; names are read in any case, values keep theirs. Values are URL-decoded
    ('+' is a space; a % that encodes nothing stays as it is). A paid click id sets source and medium where medium is
    null or organic; another only where neither is known. Of several click ids the first in conf/sources.yaml counts.
    """
    queried = events.withColumn("marketing_query", marketing_query())
    utm = {f"utm_{name}": _utm(name) for name in UTM}
    clicked = queried.withColumns({**utm, "click": _click(sources.click_ids)})
    said = {name: F.coalesce(_something(F.col(name)), _something(F.col(f"utm_{name}"))) for name in UTM}
    named = clicked.withColumns({**said, "click_id_type": F.col("click.parameter"), "click_id": F.col("click.value")})
    medium = F.lower("medium")
    is_open = F.col("medium").isNull() | (medium == "organic")
    is_unknown = F.col("medium").isNull() & F.col("source").isNull()
    takes_click = F.when(F.col("click.paid"), is_open).otherwise(is_unknown)
    filled = named.withColumn("takes_click", F.coalesce(takes_click & F.col("click").isNotNull(), F.lit(False)))
    return filled.withColumns(
        {
            "source": F.when(F.col("takes_click"), F.col("click.source")).otherwise(F.col("source")),
            "medium": F.when(F.col("takes_click"), F.col("click.medium")).otherwise(F.col("medium")),
        }
    ).drop("click", "takes_click", *utm)


def marketing_query() -> Column:
    """The part of page_url after its first ? and before #; of an app_install its install referrer, where it has one.

    Null where there is neither. An install referrer that is URL-encoded as a whole is decoded.
    """
    page = F.substring_index("page_url", "#", 1)
    from_url = F.when(
        F.contains("page_url", F.lit("?")),
        F.nullif(F.substring(page, F.length(F.substring_index(page, "?", 1)) + 2, F.length(page)), F.lit("")),
    )
    sent = F.nullif(F.trim("install_referrer"), F.lit(""))
    is_encoded = ~F.contains(sent, F.lit("=")) & F.contains(sent, F.lit("%"))
    install = F.when(is_encoded, F.coalesce(F.try_url_decode(sent), sent)).otherwise(sent)
    return F.coalesce(F.when(F.col("event_name") == "app_install", install), from_url)


def landing_page() -> Column:
    """page_url without query and fragment."""
    return F.substring_index(F.substring_index("page_url", "#", 1), "?", 1)


def _utm(name: str) -> Column:
    query = F.col("marketing_query")
    raw = F.regexp_extract(query, f"(?i)(?:^|&)(?:amp;)?utm_{name}=([^&]*)", 1)
    return F.when(F.contains(F.lower(query), F.lit("utm_")), _decoded(raw))


def _click(click_ids: list[ClickId]) -> Column:
    """struct<parameter, value, source, medium, paid> of the first of `click_ids` that the query has, else null."""
    query = F.col("marketing_query")
    some = "|".join(dict.fromkeys(click_id.parameter for click_id in click_ids))
    found = [_click_of(click_id) for click_id in click_ids]
    return F.when(query.rlike(f"(?i)(?:^|&)(?:amp;)?(?:{some})=[^&]"), F.coalesce(*found))


def _click_of(click_id: ClickId) -> Column:
    raw = F.regexp_extract(F.col("marketing_query"), f"(?i)(?:^|&)(?:amp;)?{click_id.parameter}=([^&]+)", 1)
    value = _decoded(raw)
    counts = raw != ""
    if click_id.value_contains is not None:
        counts = counts & F.contains(F.lower(value), F.lit(click_id.value_contains))
    return F.when(
        counts,
        F.struct(
            F.lit(click_id.parameter).alias("parameter"),
            value.alias("value"),
            F.lit(click_id.source).alias("source"),
            F.lit(click_id.medium).alias("medium"),
            F.lit(click_id.paid).alias("paid"),
        ),
    )


def _decoded(raw: Column) -> Column:
    """URL-decoded, a % that encodes nothing kept; as it stands where the codes are no UTF-8."""
    plain = F.replace(raw, F.lit("+"), F.lit(" "))
    decoded = F.try_url_decode(F.regexp_replace(raw, "%(?![0-9A-Fa-f]{2})", "%25"))
    is_text = decoded.isNotNull() & ~F.contains(decoded, F.lit(UNDECODABLE))
    return F.when(~F.contains(raw, F.lit("%")), plain).when(is_text, decoded).otherwise(raw)


def _something(text: Column) -> Column:
    trimmed = F.trim(text)
    return F.when(~F.lower(trimmed).isin(*NOTHING), trimmed)
