"""The marketing parameters of a URL, utm_* and click ids, as Spark expressions.

Most events have nothing to read: their page has no parameters and their sender names no source. A few cheap searches
find them, and they take another way than those that are parsed.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.app_links import with_app_links, with_meta_referrers
from touchpoints.click_ids import START, of_click, shown_id, with_click
from touchpoints.knobs import Links, PersonalData
from touchpoints.korean_codes import with_korean
from touchpoints.names import decoded, with_names, without_codes
from touchpoints.page_query import may_have_query, page_query, shown_page, with_install_query
from touchpoints.personal_data import without_personal_data
from touchpoints.source_list import SourceList
from warehouse.patterns import any_case

# Characters of a page or referrer that are read: browsers send no more, and Java's regular expressions go one call
# deeper with each repetition of a group, until its stack is full.
LONGEST_PAGE = 4000
UTM = ("source", "medium", "campaign", "content", "term")
# Parameters that say more of a campaign, kept as they are.
LINK_TAGS = ("utm_id", "utm_source_platform", "utm_creative_format", "utm_marketing_tactic", "gad_campaignid")
FOUND = ("click_id_type", "click_id", "click_kind", "campaign_id", *LINK_TAGS, *UTM)
# What senders and links write for a visit from nowhere.
DIRECT, NO_MEDIUM = ("(direct)", "direct"), ("(none)", "none")
LINK = "link"  # the medium of an app link that says nothing of where it stood


def with_marketing(
    events: DataFrame, sources: SourceList, links: Links, *, personal: PersonalData | None = None
) -> DataFrame:
    """`events` with click_id_type, click_id, click_kind, campaign_id, LINK_TAGS, is_guessed, and the
    UTM fields instead of the sender's.

    The sender's own field wins, then the URL's, field by field; names are in one form (touchpoints.names), and null
    where nothing is named. A sender's (direct) / (none) names nothing where the URL has a source, medium or click id.
    The query is that of page_url (web page, universal link or custom scheme) or an install referrer
    (touchpoints.page_query), with what an app link says otherwise (touchpoints.app_links) and, after them, the
    parameters that `links` let count like utm_*. The first of two equal parameters counts; names of parameters match in
    any case, values keep theirs. Values are URL-decoded until no code is left ('+' is a space; a % that encodes nothing
    stays as it is); codes that are not UTF-8 are read as Korean. campaign_id is the first of
    links.campaign_id_parameters that has a value.

    Of several click ids the first in conf/sources.yaml counts. A paid one sets source and medium where the medium is
    null, organic or (none); a weak one only where neither is known; another the medium where there is none, and the
    source where neither is known. is_guessed: source and medium are those of a weak one. Of a page only the first
    LONGEST_PAGE characters are read. What is found is without the personal data that `personal` asks to leave out.
    """
    longest = {"page_url": LONGEST_PAGE, "install_referrer": LONGEST_PAGE, **dict.fromkeys(UTM, LONGEST_PAGE)}
    cut = events.withColumns({name: F.substring(name, 1, length) for name, length in longest.items()})
    has_sent = F.coalesce(*UTM, "install_referrer").isNotNull()
    has_something = F.coalesce(may_have_query(F.col("page_url")), F.lit(False)) | has_sent
    parsed = _parsed(cut.where(has_something), sources, links)
    if personal is not None:
        parsed = without_personal_data(parsed, [*UTM, *LINK_TAGS, "campaign_id", "click_id"], personal)
    # Two ways through the rows, since a parse has thirty steps and Spark copies a row in each. That `events` are read
    # twice costs far less.
    nothing = {name: F.lit(None).cast(of).alias(name) for name, of in parsed.dtypes if name in FOUND}
    others = cut.where(~has_something).drop(*UTM).select("*", *nothing.values())
    return parsed.unionByName(others.withColumn("is_guessed", F.lit(False)))


def _parsed(events: DataFrame, sources: SourceList, links: Links) -> DataFrame:
    """What `with_marketing` makes of events that may have something to read."""
    names = parameters_of(sources, links)
    events = events.withColumn("page_url", shown_page())
    # Columns that are not parsed are carried as one struct: each step copies it at once, not field by field.
    carried = F.struct(*(name for name in events.columns if name not in UTM)).alias("carried")
    query = page_query(names, read_fragment=links.read_fragment)
    # In steps, each on columns of the step before: within one step Spark would repeat what conditions share.
    with_page_query = events.select(
        carried, *UTM, "page_url", "event_name", "install_referrer", query.alias("marketing_query")
    )
    with_query = with_page_query.withColumn(
        "marketing_query", with_install_query(F.col("marketing_query"), names)
    ).drop("event_name", "install_referrer")
    with_others = _with_other_parameters(with_app_links(with_query), links)
    with_lower_query = with_others.withColumn("query", F.lower("marketing_query"))
    tags = list(dict.fromkeys([*LINK_TAGS, *links.campaign_id_parameters]))
    of_url = [f"utm_{name}" for name in UTM]
    raw = {**{name: _raw(name) for name in of_url}, **{f"tag_{name}": _raw(name) for name in tags}}
    with_raw = with_click(with_lower_query.withColumns(raw), sources.click_ids)
    read = [*raw, "click_id"]
    with_decoded = with_raw.withColumns(
        {**{name: decoded(F.col(name)) for name in read}, **{name: without_codes(F.col(name)) for name in UTM}}
    )
    may_have_codes = F.contains("marketing_query", F.lit("%")) | F.coalesce(*UTM).isNotNull()
    in_korean = with_meta_referrers(with_korean(with_decoded, [*UTM, *read], where=may_have_codes))
    in_one_form = with_names(in_korean, [*UTM, *raw]).withColumn("click_id", shown_id(F.col("click_id")))
    named = _with_own_fields(in_one_form)
    ids = [f"tag_{name}" for name in links.campaign_id_parameters]
    with_ids = named.withColumns(
        {
            "campaign_id": F.coalesce(*ids, F.lit(None).cast("string")),
            "click": F.when(F.col("click_id").isNotNull(), F.col("click")),
        }
    )
    return _with_click_source(with_ids, sources).select(
        "carried.*",
        F.when(F.col("click").isNotNull(), F.col("click_id_type")).alias("click_id_type"),
        "click_id",
        of_click(sources.click_ids, "kind").alias("click_kind"),
        "campaign_id",
        *(F.col(f"tag_{name}").alias(name) for name in LINK_TAGS),
        "is_guessed",
        *UTM,
    )


def parameters_of(sources: SourceList, links: Links) -> list[str]:
    """The parameters that are read of a link, each once, in lower case."""
    click_ids = (click_id.parameter for click_id in sources.click_ids)
    utm = (f"utm_{name}" for name in UTM)
    others = (name for names in links.other_parameters.values() for name in names)
    return list(dict.fromkeys([*utm, *LINK_TAGS, *links.campaign_id_parameters, *others, *click_ids]))


def _with_other_parameters(frame: DataFrame, links: Links) -> DataFrame:
    """`frame` with the parameters that `links` let count like utm_*, under that name, at the end of marketing_query."""
    others = {f"utm_{ours}": names for ours, names in links.other_parameters.items() if names}
    if not others:
        return frame
    query = F.col("marketing_query")
    parts = [F.concat(F.lit(f"{ours}="), F.coalesce(*map(_some, names))) for ours, names in others.items()]
    some = "|".join(any_case(name) for names in others.values() for name in names)
    has_some = F.rlike(query, F.lit(f"{START}(?:{some})=[^&]"))
    return frame.withColumn("marketing_query", F.when(has_some, F.concat_ws("&", query, *parts)).otherwise(query))


def _some(parameter: str) -> Column:
    value = F.regexp_extract("marketing_query", f"{START}{any_case(parameter)}=([^&]+)", 1)
    return F.nullif(value, F.lit(""))


def _raw(parameter: str) -> Column:
    value = F.regexp_extract("marketing_query", f"{START}{any_case(parameter)}=([^&]*)", 1)
    return F.when(F.contains("query", F.lit(f"{parameter}=")), value)


def _with_own_fields(frame: DataFrame) -> DataFrame:
    """`frame` with the UTM fields of the sender, otherwise of the URL."""
    url_names = F.coalesce("utm_source", "utm_medium", "click_id").isNotNull()
    yields = frame.withColumn("yields", _says_direct() & url_names)
    own = {name: F.when(~F.col("yields"), F.col(name)) for name in ("source", "medium")}
    own["campaign"] = F.when(~(F.col("yields") & F.lower("campaign").isin(*DIRECT, *NO_MEDIUM)), F.col("campaign"))
    kept = yields.withColumns({name: F.coalesce(own.get(name, F.col(name)), f"utm_{name}") for name in UTM})
    return kept.drop("yields")


def _says_direct() -> Column:
    source, medium = (F.coalesce(F.lower(name), F.lit("")) for name in ("source", "medium"))
    is_direct = source.isin(*DIRECT) & medium.isin("", *NO_MEDIUM)
    return is_direct | ((source == "") & medium.isin(*NO_MEDIUM))


def _with_click_source(frame: DataFrame, sources: SourceList) -> DataFrame:
    """`frame` with source and medium of the click id where they are its to give; is_guessed where a weak one did."""
    medium = F.coalesce(F.lower("medium"), F.lit(""))
    is_open = medium.isin("", "organic", *NO_MEDIUM) | _says_direct()
    is_unknown = (F.col("source").isNull() & F.col("medium").isNull()) | _says_direct()
    is_weak = F.coalesce(of_click(sources.click_ids, "weak"), F.lit(False))
    is_paid = F.coalesce(of_click(sources.click_ids, "paid"), F.lit(False))
    is_link = F.col("link_service").isNotNull() & F.coalesce("source", "medium").isNull()
    asked = frame.withColumns({"is_open": is_open, "is_unknown": is_unknown, "is_weak": is_weak, "is_paid": is_paid})
    takes = F.col("click").isNotNull() & F.when(F.col("is_paid"), F.col("is_open")).otherwise(F.col("is_unknown"))
    takes_medium = F.col("click").isNotNull() & ~F.col("is_weak") & F.col("medium").isNull()
    taken = asked.withColumns({"takes": takes, "takes_medium": takes | takes_medium})
    of_id = {name: of_click(sources.click_ids, name) for name in ("source", "medium")}
    return taken.withColumns(
        {
            "source": F.when(F.col("takes"), of_id["source"]).otherwise(F.col("source")),
            "medium": F.when(F.col("takes_medium"), of_id["medium"]).otherwise(F.col("medium")),
            "is_guessed": F.col("takes") & F.col("is_weak"),
        }
    ).withColumns(
        {
            "source": F.when(is_link, F.col("link_service")).otherwise(F.col("source")),
            "medium": F.when(is_link, F.lit(LINK)).otherwise(F.col("medium")),
        }
    )
