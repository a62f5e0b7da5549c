"""The marketing parameters of a URL, utm_* and click ids, as Spark expressions.

Most pages have no query, so a cheap search for the text that it needs precedes every regular expression.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.knobs import Links
from touchpoints.names import decoded, with_names, without_codes
from touchpoints.page_query import page_query
from touchpoints.source_list import ClickId, SourceList
from warehouse.patterns import any_case

# Characters of a page or referrer that are read: browsers send no more, and Java's regular expressions go one call
# deeper with each repetition of a group, until its stack is full.
LONGEST_PAGE = 4000
UTM = ("source", "medium", "campaign", "content", "term")
START = "(?:^|&)"  # of a parameter


def with_marketing(events: DataFrame, sources: SourceList, links: Links) -> DataFrame:
    """`events` with marketing_query, click_id_type, click_id, campaign_id, is_guessed, and the UTM fields instead of
    the sender's.

    The sender's own field wins, then the URL's, field by field; names are in one form (touchpoints.names), and null
    where nothing is named. The query is that of page_url (web page, universal link or custom scheme), for an
    app_install its install referrer (touchpoints.page_query). The first of two equal parameters counts; names of
    parameters match in any case, values keep theirs. Values are URL-decoded until no code is left ('+' is a space; a %
    that encodes nothing stays as it is). campaign_id is the first of links.campaign_id_parameters that has a value. A
    paid click id sets source and medium where medium is null or organic; another only where neither is known. Of
    several click ids the first in conf/sources.yaml counts. is_guessed: source and medium are those of a click id that
    organic clicks have too. Of a page only the first LONGEST_PAGE characters are read.
    """
    longest = {"page_url": LONGEST_PAGE, "install_referrer": LONGEST_PAGE, **dict.fromkeys(UTM, LONGEST_PAGE)}
    events = events.withColumns({name: F.substring(name, 1, length) for name, length in longest.items()})
    # Columns that are not parsed are carried as one struct: each step copies it at once, not field by field.
    carried = F.struct(*(name for name in events.columns if name not in UTM)).alias("carried")
    query = page_query(parameters_of(sources, links), read_fragment=links.read_fragment)
    # In steps, each on columns of the step before: within one step Spark would repeat what conditions share.
    with_query = events.select(carried, *UTM, query.alias("marketing_query"))
    with_lower_query = with_query.withColumn("query", F.lower("marketing_query"))
    raw_utm = {f"utm_{name}": _raw(f"utm_{name}") for name in UTM}
    raw_ids = {f"raw_{name}": _raw(name) for name in links.campaign_id_parameters}
    with_click = with_lower_query.withColumns({**raw_utm, **raw_ids, "click": _click(sources.click_ids)})
    with_type = with_click.withColumn("click_id_type", _of_click(sources.click_ids, "parameter"))
    with_raw_click_id = with_type.withColumn("click_id", _raw_click(sources.click_ids))
    of_url = {f"utm_{name}": decoded(F.col(f"utm_{name}")) for name in UTM}
    ids = {name: decoded(F.col(name)) for name in raw_ids}
    with_decoded = with_raw_click_id.withColumns(
        {**of_url, **ids, **{name: without_codes(F.col(name)) for name in UTM}, "click_id": decoded(F.col("click_id"))}
    )
    named = with_names(with_decoded, [*UTM, *of_url, *ids])
    utm = {name: F.coalesce(name, f"utm_{name}") for name in UTM}
    with_utm = named.withColumns({**utm, "campaign_id": F.coalesce(*ids, F.lit(None).cast("string"))})
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
        "campaign_id",
        (F.col("takes_click") & _of_click(sources.click_ids, "weak")).alias("is_guessed"),
        *(taken.get(name, F.col(name)).alias(name) for name in UTM),
    )


def parameters_of(sources: SourceList, links: Links) -> list[str]:
    """The parameters that are read of a link, each once, in lower case."""
    click_ids = (click_id.parameter for click_id in sources.click_ids)
    utm = (f"utm_{name}" for name in UTM)
    return list(dict.fromkeys([*utm, *links.campaign_id_parameters, *click_ids]))


def _raw(parameter: str) -> Column:
    value = F.regexp_extract("marketing_query", f"{START}{any_case(parameter)}=([^&]*)", 1)
    return F.when(F.contains("query", F.lit(f"{parameter}=")), value)


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
    return is_named & F.contains(F.lower(decoded(_value_of(click_id.parameter))), F.lit(click_id.value_contains))


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
