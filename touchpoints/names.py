"""Names of sources, media and campaigns in one form, so that those of links and those of ad platforms meet."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.composed import composed, in_pieces
from warehouse.expressions import let
from warehouse.patterns import any_case

LONGEST_NAME = 500  # characters; see LONGEST_PAGE of touchpoints.marketing_params
NOTHING = ("", "(not set)", "not set", "undefined", "null")
UNDECODABLE = "\ufffd"  # the decoded form of bytes that are not UTF-8
BLANKS = r"\t\n\x0B\f\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
# Signs without width: soft hyphen, joiners, marks of direction, byte order mark.
NO_WIDTH = r"\x{AD}\x{61C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}"
# What links have in place of a name before a platform fills it in. Some signs prove it by themselves ..
_SIGNS = (
    "[$#]?[{][^{}]*[}]|[{][{][^{}]*[}][}]",  # {campaignid}, {{campaign.name}}, ${campaign}
    "__[A-Z0-9]+(?:_[A-Z0-9]+)*__",  # __CAMPAIGN_NAME__
    "%%[^%]+%%|%[a-z]{1,6}!",  # %%CAMPAIGN%%, %ecid!
    "[*][|][^|]*[|][*]|<%[^%>]*%>",  # *|CAMPAIGN_UID|*, <%= campaign %>
)
# .. others are in real names too, and prove it around one of these words.
_WORDS = (
    "campaign", "adset", "ad_set", "ad-set", "adgroup", "ad_group", "ad-group", "creative", "keyword", "placement",
    "publisher", "network", "source", "medium", "utm", "click_id", "clickid", "ad_id", "adid", "ad_name", "site_id",
)  # fmt: skip
_WORD = f"(?:{'|'.join(map(any_case, _WORDS))})"
_WITH_WORD = f"[a-zA-Z0-9_.-]*{_WORD}[a-zA-Z0-9_.-]*"
_AROUND_WORDS = (r"\[\[?", r"\]\]?"), ("<<?", ">>?"), ("[$]", "[$]?"), ("%", "%"), ("#", "#"), ("@", "@")
_BETWEEN_UNDERSCORES = f"__(?:[a-zA-Z0-9]+_)*{_WORD}(?:_[a-zA-Z0-9]+)*__"
_PLACEHOLDER = "|".join(
    [*_SIGNS, _BETWEEN_UNDERSCORES, *(f"{before}{_WITH_WORD}{after}" for before, after in _AROUND_WORDS)]
)
PLACEHOLDERS = rf"^(?:(?:{_PLACEHOLDER})[ _|,.:/+-]*)+\z"  # one or several, and nothing beside them
BETWEEN = "\x1f"
OPENING = "[{\\[$#%<*@_]"


def with_names(frame: DataFrame, names: Sequence[str]) -> DataFrame:
    """`frame` with the columns `names` in one form; null where nothing is named.

    Letters are in one piece (NFC), every blank is a plain one, alone and not at an end, and signs without width are
    gone. Nothing is named by a blank text, by '(not set)' and its like, and by a placeholder that nobody filled:
    {{campaign.name}}, __CAMPAIGN_NAME__, [CAMPAIGN]. Case stays: names are compared in lower case. A name has at most
    LONGEST_NAME characters, the rest is cut.
    """
    frame = frame.withColumns({name: F.substring(name, 1, LONGEST_NAME) for name in names})
    # Few names need any of it: one search finds the rows that have some, and one expression serves all columns.
    any_odd = F.rlike(F.concat_ws(BETWEEN, *names), F.lit(_odd()))
    one_form = F.when(any_odd, F.transform(F.array(*names), _shown).cast("array<string>"))
    shown = frame.withColumn("shown_names", one_form).withColumns(
        {
            name: F.when(F.col("shown_names").isNotNull(), F.get("shown_names", F.lit(place))).otherwise(F.col(name))
            for place, name in enumerate(names)
        }
    )
    is_something = {name: ~F.lower(name).isin(*NOTHING) for name in names}
    named = {name: F.when(is_something[name], F.col(name)) for name in names}
    return shown.drop("shown_names").withColumns(named)


def _odd() -> str:
    """A pattern of names, with BETWEEN between them, of which one is not in that form or may be a placeholder."""
    signs = f"[{NO_WIDTH}{BLANKS.replace(' ', '')}{in_pieces()}]"
    return f"{signs}|  |(?:^|{BETWEEN}) |(?:^|{BETWEEN}){OPENING}| (?:{BETWEEN}|\\z)"


def decoded(raw: Column) -> Column:
    """`raw` of a URL decoded until no code is left ('+' is a space), a % that encodes nothing kept; all codes stay
    where they are not UTF-8."""
    plain = F.replace(raw, F.lit("+"), F.lit(" "))
    return F.when(F.contains(raw, F.lit("%")), F.coalesce(_without_codes(raw), plain)).otherwise(plain)


def without_codes(text: Column) -> Column:
    """`text` of no URL, in which a plus is a plus, without the codes that a copied URL left in it."""
    kept = F.replace(text, F.lit("+"), F.lit("%2B"))
    return F.when(F.contains(text, F.lit("%")), F.coalesce(_without_codes(kept), text)).otherwise(text)


def _without_codes(raw: Column) -> Column:
    """Null where the codes are no text. Codes of codes (%2520) are one code, unless that makes no text."""
    is_coded_again = F.contains(raw, F.lit("%25"))
    coded_once = F.regexp_replace(raw, "%(?:25)+([0-9A-Fa-f]{2})", "%$1")
    return F.coalesce(F.when(is_coded_again, _text_of(coded_once)), _text_of(raw))


def _text_of(raw: Column) -> Column:
    # Every % is encoded, and those that began a code are brought back.
    encoded = F.regexp_replace(F.replace(raw, F.lit("%"), F.lit("%25")), "%25([0-9A-Fa-f]{2})", "%$1")
    text = F.try_url_decode(encoded)
    return F.when(~F.contains(text, F.lit(UNDECODABLE)), text)


def _shown(text: Column) -> Column:
    spaced = F.trim(F.regexp_replace(F.regexp_replace(text, f"[{NO_WIDTH}]", ""), f"[{BLANKS}]+", " "))
    return let(spaced, lambda it: F.when(~F.rlike(it, F.lit(PLACEHOLDERS)), composed(it)))
