"""The marketing parameters of a URL, utm_* and click ids, as Spark expressions.

Most pages have no query, so a cheap search for the text that it needs precedes every regular expression.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.source_list import ClickId, SourceList
from warehouse.patterns import any_case

UTM = ("source", "medium", "campaign", "content", "term")
NOTHING = ("", "(not set)", "not set", "undefined", "null")
START = f"(?:^|&)(?:{any_case('amp')};)?"  # of a parameter; mails escape ampersands
UNDECODABLE = "\ufffd"  # the decoded form of bytes that are not UTF-8


def with_marketing(events: DataFrame, sources: SourceList) -> DataFrame:
    """`events` with marketing_query, click_id_type, click_id, is_guessed, and the UTM fields instead of the sender's.

    The sender's own field wins, then the URL's, field by field; blanks and '(not set)' are null. The query is that of
    page_url (web page, universal link or custom scheme, without its fragment), for an app_install its install referrer.
    The first of two equal parameters counts; names match in any case, values keep theirs. Values are URL-decoded
    ('+' is a space; a % that encodes nothing stays as it is). A paid click id sets source and medium where medium is
    null or organic; another only where neither is known. Of several click ids the first in conf/sources.yaml counts.
    is_guessed: source and medium are those of a click id that organic clicks have too.
    """
    # Columns that are not parsed are carried as one struct: each step copies it at once, not field by field.
    carried = F.struct(*(name for name in events.columns if name not in UTM)).alias("carried")
    # In steps, each on columns of the step before: within one step Spark would repeat what conditions share.
    with_query = events.select(carried, *UTM, marketing_query().alias("marketing_query"))
    with_lower_query = with_query.withColumn("query", F.lower("marketing_query"))
    raw_utm = {f"utm_{name}": _raw_utm(name) for name in UTM}
    with_click = with_lower_query.withColumns({**raw_utm, "click": _click(sources.click_ids)})
    with_type = with_click.withColumn("click_id_type", _of_click(sources.click_ids, "parameter"))
    with_raw_click_id = with_type.withColumn("click_id", _raw_click(sources.click_ids))
    utm = {name: F.coalesce(_something(F.col(name)), _something(_decoded(F.col(f"utm_{name}")))) for name in UTM}
    with_utm = with_raw_click_id.withColumns({**utm, "click_id": _decoded(F.col("click_id"))})
    is_open = F.col("medium").isNull() | (F.lower("medium") == "organic")
    is_unknown = F.col("medium").isNull() & F.col("source").isNull()
    takes_click = F.when(_of_click(sources.click_ids, "paid"), is_open).otherwise(is_unknown)
    with_takes_click = with_utm.withColumn("takes_click", F.col("click").isNotNull() & takes_click)
    of_click = {name: _of_click(sources.click_ids, name) for name in ("source", "medium")}
    taken = {name: F.when(F.col("takes_click"), click).otherwise(F.col(name)) for name, click in of_click.items()}
    return with_takes_click.select(
        "carried.*",
        "marketing_query",
        "click_id_type",
        "click_id",
        (F.col("takes_click") & _of_click(sources.click_ids, "weak")).alias("is_guessed"),
        *(taken.get(name, F.col(name)).alias(name) for name in UTM),
    )


def marketing_query() -> Column:
    """The part of page_url after its first ? and before #; for an app_install its install referrer, where it has one.

    Null where there is neither. An install referrer that is URL-encoded as a whole is decoded.
    """
    page = F.substring_index("page_url", "#", 1)
    query = F.when(F.contains(page, F.lit("?")), F.substring(page, F.instr(page, "?") + 1, F.length(page)))
    from_url = F.when(F.contains("page_url", F.lit("?")), F.nullif(query, F.lit("")))
    sent = F.nullif(F.trim("install_referrer"), F.lit(""))
    is_encoded = ~F.contains(sent, F.lit("=")) & F.contains(sent, F.lit("%"))
    install = F.when(is_encoded, F.coalesce(F.try_url_decode(sent), sent)).otherwise(sent)
    return F.coalesce(F.when(F.col("event_name") == "app_install", install), from_url)


def landing_page() -> Column:
    """page_url without query and fragment."""
    return F.substring_index(F.substring_index("page_url", "#", 1), "?", 1)


def _raw_utm(name: str) -> Column:
    value = F.regexp_extract("marketing_query", f"{START}{any_case(f'utm_{name}')}=([^&]*)", 1)
    return F.when(F.contains("query", F.lit(f"utm_{name}=")), value)


def _click(click_ids: Sequence[ClickId]) -> Column:
    """Position, from 0, of the first of `click_ids` that the query has with a value; null without any."""
    some = "|".join(dict.fromkeys(click_id.parameter for click_id in click_ids))
    found = F.lit(None).cast("int")
    for position, click_id in reversed(list(enumerate(click_ids))):
        found = F.when(_has(click_id), F.lit(position)).otherwise(found)
    return F.when(F.rlike("query", F.lit(f"{START}(?:{some})=[^&]")), found) if click_ids else found


def _has(click_id: ClickId) -> Column:
    is_named = F.contains("query", F.lit(f"{click_id.parameter}=")) & F.rlike(
        "query", F.lit(f"{START}{click_id.parameter}=[^&]")
    )
    if click_id.value_contains is None:
        return is_named
    return is_named & F.contains(F.lower(_decoded(_value_of(click_id.parameter))), F.lit(click_id.value_contains))


def _raw_click(click_ids: Sequence[ClickId]) -> Column:
    value = F.lit(None).cast("string")
    for parameter in reversed(dict.fromkeys(click_id.parameter for click_id in click_ids)):
        value = F.when(F.col("click_id_type") == parameter, _value_of(parameter)).otherwise(value)
    return F.when(F.col("click_id_type").isNotNull(), value)


def _value_of(parameter: str) -> Column:
    return F.regexp_extract("marketing_query", f"{START}{any_case(parameter)}=([^&]+)", 1)


def _of_click(click_ids: Sequence[ClickId], field: str) -> Column:
    """The value of `field` in the list for the click id found; null without one."""
    type_ = "boolean" if field in ("paid", "weak") else "string"
    values = F.array(*(F.lit(getattr(click_id, field)) for click_id in click_ids)).cast(f"array<{type_}>")
    return F.when(F.col("click").isNotNull(), F.get(values, F.col("click")))


def _decoded(raw: Column) -> Column:
    """`raw` URL-decoded, a % that encodes nothing kept; unchanged where the codes are not UTF-8."""
    plain = F.replace(raw, F.lit("+"), F.lit(" "))
    # Every % is encoded, and those that began a code are brought back.
    encoded = F.regexp_replace(F.replace(raw, F.lit("%"), F.lit("%25")), "%25([0-9A-Fa-f]{2})", "%$1")
    decoded = F.try_url_decode(encoded)
    is_text = decoded.isNotNull() & ~F.contains(decoded, F.lit(UNDECODABLE))
    return F.when(~F.contains(raw, F.lit("%")), plain).when(is_text, decoded).otherwise(raw)


def _something(text: Column) -> Column:
    trimmed = F.trim(text)
    return F.when(~F.lower(trimmed).isin(*NOTHING), trimmed)
