"""The marketing parameters of a URL, utm_* and click ids, as Spark expressions.

Most events have nothing to read: their page has no parameters, and their sender names no source. A few cheap searches
find them. Of the others one struct holds what is read, step by step, and rows without it cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.app_links import app_link_steps, of_meta
from touchpoints.click_ids import START, click_steps, of_click, shown_id
from touchpoints.knobs import Links
from touchpoints.korean_codes import in_korean
from touchpoints.names import decoded, in_one_form, named, without_codes
from touchpoints.page_query import may_have_query, page_query, shown_page, with_install_query
from touchpoints.source_list import ClickId, SourceList
from warehouse.expressions import Step, with_steps
from warehouse.patterns import any_case

# Characters of a page or referrer that are read: browsers send no more, and Java's regular expressions go one call
# deeper with each repetition of a group, until its stack is full.
LONGEST_PAGE = 4000
UTM = ("source", "medium", "campaign", "content", "term")
# Parameters that say more of a campaign, kept as they are.
LINK_TAGS = ("utm_id", "utm_source_platform", "utm_creative_format", "utm_marketing_tactic", "gad_campaignid")
# What senders and links write for a visit from nowhere.
DIRECT, NO_MEDIUM = ("(direct)", "direct"), ("(none)", "none")
LINK = "link"  # the medium of an app link that says nothing of where it stood
Mask = Callable[[Column], Column]


def with_marketing(events: DataFrame, sources: SourceList, links: Links, *, masks: Sequence[Mask] = ()) -> DataFrame:
    """`events` with click_id_type, click_id, click_kind, campaign_id, link_tags, is_guessed, and the UTM fields instead
    of the sender's.

    The sender's own field wins, then the URL's, field by field; names are in one form (touchpoints.names), and null
    where nothing is named. A sender's (direct) / (none) names nothing where the URL has a source, medium or click id.
    The query is that of page_url (web page, universal link or custom scheme) or an install referrer
    (touchpoints.page_query), with what an app link says otherwise (touchpoints.app_links) and, after them, the
    parameters that `links` let count like utm_*. The first of two equal parameters counts; names of parameters match in
    any case, values keep theirs. Values are URL-decoded until no code is left ('+' is a space; a % that encodes nothing
    stays as it is); codes that are not UTF-8 are read as Korean. campaign_id is the first of
    links.campaign_id_parameters that has a value; link_tags are LINK_TAGS, null without any.

    Of several click ids the first in conf/sources.yaml counts. A paid one sets source and medium where the medium is
    null, organic or (none); a weak one only where neither is known; another the medium where there is none, and the
    source where neither is known. is_guessed: source and medium are those of a weak one. Of a page only the first
    LONGEST_PAGE characters are read. `masks` are applied to each text in the end.
    """
    longest = {"page_url": LONGEST_PAGE, "install_referrer": LONGEST_PAGE, **dict.fromkeys(UTM, LONGEST_PAGE)}
    cut = events.withColumns({name: F.substring(name, 1, length) for name, length in longest.items()})
    has_something = (
        may_have_query(F.col("page_url")) | F.coalesce(*UTM).isNotNull() | F.col("install_referrer").isNotNull()
    )
    read = F.struct("page_url", "event_name", "install_referrer", F.array(*UTM).alias("own"))
    # Columns that are not parsed are carried as one struct: each step copies it at once, not field by field.
    carried = F.struct(*(name for name in events.columns if name not in UTM))
    started = cut.select(carried.alias("carried"), F.when(has_something, read).alias("link"))
    parsed = with_steps(started, "link", _steps(sources, links, masks))
    found = ("click_id_type", "click_id", "click_kind", "campaign_id", "link_tags", *UTM)
    return parsed.select(
        "carried.*",
        *(F.col(f"link.{name}").alias(name) for name in found),
        F.coalesce("link.is_guessed", F.lit(False)).alias("is_guessed"),
    )


def parameters_of(sources: SourceList, links: Links) -> list[str]:
    """The parameters that are read of a link, each once, in lower case."""
    click_ids = (click_id.parameter for click_id in sources.click_ids)
    utm = (f"utm_{name}" for name in UTM)
    others = (name for names in links.other_parameters.values() for name in names)
    return list(dict.fromkeys([*utm, *LINK_TAGS, *links.campaign_id_parameters, *others, *click_ids]))


def _steps(sources: SourceList, links: Links, masks: Sequence[Mask]) -> list[Step]:
    """From page_url, event_name, install_referrer and own (the UTM fields of the sender) to all that is read."""
    names, click_ids = parameters_of(sources, links), sources.click_ids
    of_url = [*(f"utm_{name}" for name in UTM), *dict.fromkeys([*LINK_TAGS, *links.campaign_id_parameters])]
    return [
        lambda row: {"page": shown_page(row["page_url"])},
        lambda row: {"query": page_query(row["page"], names, read_fragment=links.read_fragment)},
        lambda row: {"query": with_install_query(row["query"], row["install_referrer"], row["event_name"], names)},
        *app_link_steps(),
        lambda row: {"query": _with_other_parameters(row, links)},
        lambda row: {"lower": F.lower(row["query"])},
        *click_steps(click_ids),
        lambda row: {"texts": F.array(*(_raw(row, name) for name in of_url), row["click_id"])},
        lambda row: {"own": F.transform(row["own"], without_codes), "texts": F.transform(row["texts"], decoded)},
        lambda row: {name: F.transform(row[name], in_korean) for name in ("own", "texts")},
        lambda row: {
            "own": F.transform(row["own"], in_one_form),
            "texts": F.transform(F.slice(row["texts"], 1, len(of_url)), in_one_form),
            "click_id": shown_id(F.get(row["texts"], F.lit(len(of_url)))),
        },
        lambda row: {name: F.transform(row[name], named) for name in ("own", "texts")},
        lambda row: _by_name(row, of_url),
        lambda row: {"yields": _says_direct(row["source"], row["medium"]) & _url_names_some(row)},
        _with_own_fields,
        lambda row: _asked(row, click_ids),
        lambda row: _with_click_source(row, click_ids),
        _with_link_source,
        lambda row: _given(row, links, click_ids, masks),
        _unpacked,
    ]


def _with_other_parameters(row: Column, links: Links) -> Column:
    """The query and, at its end, the parameters that `links` let count like utm_*, under that name."""
    others = {f"utm_{ours}": names for ours, names in links.other_parameters.items() if names}
    if not others:
        return row["query"]
    parts = [
        F.concat(F.lit(f"{ours}="), F.coalesce(*(_some(row, name) for name in names))) for ours, names in others.items()
    ]
    some = "|".join(any_case(name) for names in others.values() for name in names)
    has_some = F.rlike(row["query"], F.lit(f"{START}(?:{some})=[^&]"))
    return F.when(has_some, F.concat_ws("&", row["query"], *parts)).otherwise(row["query"])


def _some(row: Column, parameter: str) -> Column:
    return F.nullif(F.regexp_extract(row["query"], f"{START}{any_case(parameter)}=([^&]+)", 1), F.lit(""))


def _raw(row: Column, parameter: str) -> Column:
    value = F.regexp_extract(row["query"], f"{START}{any_case(parameter)}=([^&]*)", 1)
    return F.when(F.contains(row["lower"], F.lit(f"{parameter}=")), value)


def _by_name(row: Column, of_url: Sequence[str]) -> dict[str, Column]:
    """Each text under its name: the sender's, and the URL's."""
    own = {name: F.get(row["own"], F.lit(place)) for place, name in enumerate(UTM)}
    url = {name: F.get(row["texts"], F.lit(place)) for place, name in enumerate(of_url)}
    medium, content = of_meta(url["utm_medium"], url["utm_content"], url["utm_source"])
    found = {"click": F.when(row["click_id"].isNotNull(), row["click"])}
    return {**own, **url, "utm_medium": medium, "utm_content": content, **found}


def _url_names_some(row: Column) -> Column:
    return F.coalesce(row["utm_source"], row["utm_medium"], row["click_id"]).isNotNull()


def _with_own_fields(row: Column) -> dict[str, Column]:
    """The UTM fields of the sender, otherwise of the URL."""
    is_none = row["yields"] & F.lower(row["campaign"]).isin(*DIRECT, *NO_MEDIUM)
    own = {name: F.when(~row["yields"], row[name]) for name in ("source", "medium")}
    own["campaign"] = F.when(~is_none, row["campaign"])
    return {name: F.coalesce(own.get(name, row[name]), row[f"utm_{name}"]) for name in UTM}


def _says_direct(source: Column, medium: Column) -> Column:
    source, medium = (F.coalesce(F.lower(text), F.lit("")) for text in (source, medium))
    return (source.isin(*DIRECT) & medium.isin("", *NO_MEDIUM)) | ((source == "") & medium.isin(*NO_MEDIUM))


def _asked(row: Column, click_ids: Sequence[ClickId]) -> dict[str, Column]:
    """Whether source and medium, or the medium alone, are the click id's to give, and whether it is a weak one."""
    says_direct = _says_direct(row["source"], row["medium"])
    is_open = F.coalesce(F.lower(row["medium"]), F.lit("")).isin("", "organic", *NO_MEDIUM) | says_direct
    is_unknown = (row["source"].isNull() & row["medium"].isNull()) | says_direct
    is_weak, is_paid = (F.coalesce(of_click(row, click_ids, name), F.lit(False)) for name in ("weak", "paid"))
    has_click = row["click"].isNotNull()
    return {
        "takes": has_click & F.when(is_paid, is_open).otherwise(is_unknown),
        "takes_medium": has_click & ~is_weak & row["medium"].isNull(),
        "is_weak": is_weak,
    }


def _with_click_source(row: Column, click_ids: Sequence[ClickId]) -> dict[str, Column]:
    source, medium = (of_click(row, click_ids, name) for name in ("source", "medium"))
    return {
        "source": F.when(row["takes"], source).otherwise(row["source"]),
        "medium": F.when(row["takes"] | row["takes_medium"], medium).otherwise(row["medium"]),
        "is_guessed": row["takes"] & row["is_weak"],
    }


def _with_link_source(row: Column) -> dict[str, Column]:
    """Of an app link that says nothing of its source: its service and LINK."""
    is_link = row["link_service"].isNotNull() & F.coalesce(row["source"], row["medium"]).isNull()
    return {
        "source": F.when(is_link, row["link_service"]).otherwise(row["source"]),
        "medium": F.when(is_link, F.lit(LINK)).otherwise(row["medium"]),
    }


def _given(row: Column, links: Links, click_ids: Sequence[ClickId], masks: Sequence[Mask]) -> dict[str, Column]:
    """What leaves this module; its texts as one array, which is masked."""
    ids = [row[name] for name in links.campaign_id_parameters]
    campaign_id = F.coalesce(*ids, F.lit(None).cast("string"))
    texts = F.array(*(row[name] for name in (*UTM, *LINK_TAGS)), campaign_id, row["click_id"])
    return {
        "texts": F.transform(texts, lambda text: reduce(lambda it, mask: mask(it), masks, text)) if masks else texts,
        "click_id_type": F.when(row["click"].isNotNull(), row["click_id_type"]),
        "click_kind": of_click(row, click_ids, "kind"),
    }


def _unpacked(row: Column) -> dict[str, Column]:
    names = (*UTM, *LINK_TAGS, "campaign_id", "click_id")
    text = {name: F.get(row["texts"], F.lit(place)) for place, name in enumerate(names)}
    has_tags = F.coalesce(*(text[name] for name in LINK_TAGS)).isNotNull()
    tags = F.struct(*(text[name].alias(name) for name in LINK_TAGS))
    return {**{name: text[name] for name in (*UTM, "campaign_id", "click_id")}, "link_tags": F.when(has_tags, tags)}
