r"""The query of a page as people make links: a second question mark, none at all, escaped ampersands, a fragment.

A page of none of these is found by cheap searches, and costs no regular expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.patterns import any_case, one_of

# What stands before a parameter. Mails and scripts escape ampersands: &amp;utm_medium=, \u0026utm_medium=.
ESCAPED = "(?:amp;|#?0*38;)*"
BEFORE = rf"(?:^|[?&;]|\\u0026){ESCAPED}"
# A value that is an address of its own: whatever is asked of that address is not asked of this page.
AN_ADDRESS = (
    r"(?:(?:(?:[a-zA-Z][a-zA-Z0-9+._-]*(?::|%(?:25)*3[Aa]))?(?:/|%(?:25)*2[Ff]){2}|"
    rf"{any_case('www')}[.])[^&]*)"
)
ADDRESS = f"((?:=|%(?:25)*3[Dd]){AN_ADDRESS})"
NAME = "(?:[~$]|%7[Ee]|%24)?[a-zA-Z0-9_.-]+"
REST = r"[^\x00]*"  # of a text, over line breaks too
INSTALLS = ("app_install", "first_open")  # the names that installs have
# Signs without width that are copied into links, as they are and in code.
HIDDEN_SIGNS = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "%E2%80%8", "%E2%81%A0", "%EF%BB%BF")
HIDDEN = "[\\x{200B}-\\x{200D}\\x{2060}\\x{FEFF}]|%E2%80%8[BCDbcd]|%E2%81%A0|%EF%BB%BF"
DEEPEST = 3  # codes of codes are looked at so many times: %3F, %253F, %25253F


def may_have_query(page: Column) -> Column:
    """Whether a page can have parameters: a cheap search that few pages pass without having some."""
    return reduce(Column.__or__, (F.contains(page, F.lit(sign)) for sign in ("?", "#", "=", "3D", "3d", "abr.ge/@")))


def shown_page() -> Column:
    """page_url without the signs of no width that hide the name of a parameter from a search."""
    page = F.col("page_url")
    has_query = F.contains(page, F.lit("?")) | F.contains(page, F.lit("#"))
    has_some = reduce(Column.__or__, (F.contains(page, F.lit(sign)) for sign in HIDDEN_SIGNS))
    return F.when(has_query & has_some, F.regexp_replace(page, HIDDEN, "")).otherwise(page)


def page_query(names: Sequence[str], *, read_fragment: bool) -> Column:
    """The parameters of page_url, with & between them; null where there are none.

    The parameters called `names` (lower case) are found also after a second question mark, without any, after ; and
    &amp;, and where they are URL-encoded with their question mark, ampersand and equal sign, unless they are in the
    address that another parameter's value is (https://.., //..). `read_fragment`: what follows the # counts too, after
    the query.
    """
    return _query_of(_page(read_fragment=read_fragment), names)


def with_install_query(query: Column, names: Sequence[str]) -> Column:
    """`query` (of the page), or the install referrer: of an install that has one, and of another event whose page has
    none of `names`. A referrer that is URL-encoded as a whole is decoded."""
    sent = F.nullif(F.trim("install_referrer"), F.lit(""))
    is_encoded = ~F.contains(sent, F.lit("=")) & F.contains(sent, F.lit("%"))
    install = F.when(is_encoded, F.coalesce(F.try_url_decode(sent), sent)).otherwise(sent)
    odd = _from_first(_mended(F.concat(F.lit("?"), install), names))
    mended = F.when(_has_odd_mark(install), odd).otherwise(install)
    names_some = F.rlike(F.lower(query), F.lit(f"(?:^|&){one_of(names, letter=str)}="))
    counts = F.col("event_name").isin(*INSTALLS) | ~F.coalesce(names_some, F.lit(False))
    return F.when(sent.isNotNull() & counts, mended).otherwise(query)


def page_path(names: Sequence[str]) -> Column:
    """page_url without its parameters and fragment."""
    path = _before(_before(F.col("page_url"), "#"), "?")
    first = f"(?:{BEFORE}|{_encoded_before('(?:25)*')}){_one_of(names)}(?:=|%(?:25)*3[Dd]){REST}"
    return F.when(_may_name_one(path), F.regexp_replace(path, first, "")).otherwise(path)


def _page(*, read_fragment: bool) -> Column:
    """page_url with what counts of its fragment, as one more parameter."""
    if not read_fragment:
        return _before(F.col("page_url"), "#")
    has_fragment = F.contains("page_url", F.lit("#"))
    return F.when(has_fragment, F.replace("page_url", F.lit("#"), F.lit("&"))).otherwise(F.col("page_url"))


def _query_of(page: Column, names: Sequence[str]) -> Column:
    """What follows the first question mark of a page; of an odd one, its parameters from the first that is found."""
    plain = F.when(F.contains(page, F.lit("?")), F.substring(page, F.instr(page, "?") + 1, F.length(page)))
    is_odd = _may_name_one(_before(page, "?")) | F.coalesce(_has_odd_mark(plain), F.lit(False))
    return F.nullif(F.when(is_odd, _from_first(_mended(page, names))).otherwise(plain), F.lit(""))


def _has_odd_mark(query: Column) -> Column:
    return reduce(Column.__or__, (F.contains(query, F.lit(mark)) for mark in ("%", ";", "?", "\\")))


def _from_first(mended: Column) -> Column:
    """What follows the first ampersand; '' where there is none."""
    return F.regexp_replace(mended, "^[^&]*&?", "")


def _before(text: Column, mark: str) -> Column:
    """`text` up to the first `mark`. Of what Spark's substring_index gives, Sail reads no parts."""
    return F.when(F.contains(text, F.lit(mark)), F.substring(text, F.lit(1), F.instr(text, mark) - 1)).otherwise(text)


def _may_name_one(text: Column) -> Column:
    """Whether an equal sign stands in it, as it is or in code."""
    return reduce(Column.__or__, (F.contains(text, F.lit(sign)) for sign in ("=", "3D", "3d")))


def _mended(page: Column, names: Sequence[str]) -> Column:
    """`page` with &name= before the value of each of its parameters; addresses in values stay as they are."""
    named = _one_of(names)

    def without_codes(depths: int) -> Column:
        patterns = (_encoded(named, "25" * depth) for depth in range(depths))
        return reduce(lambda text, pattern: F.regexp_replace(text, pattern, "$1&$2$3=$4&"), patterns, page)

    decoded = F.when(F.contains(page, F.lit("%25")), without_codes(DEEPEST)).otherwise(without_codes(1))
    plain = f"{ADDRESS}|(?:{BEFORE}{named}|[?]({NAME}))=({AN_ADDRESS})?"
    return F.regexp_replace(decoded, plain, "$1&$2$3=$4")


def _encoded(named: str, again: str) -> str:
    """A pattern of a parameter whose marks are codes, encoded once more for each 25 of `again`, with its value."""
    equals, before, end = f"%{again}3[Dd]", _encoded_before(again), f"%{again}26"
    others = "|".join(f"{end[:place]}[^&%{end[place]}]" for place in range(1, len(end)))
    return f"{ADDRESS}|(?:{BEFORE}{named}{equals}|{before}{named}(?:=|{equals}))((?:[^&%]+|{others})*)"


def _encoded_before(again: str) -> str:
    return f"%{again}(?:3[Ff]|26|3[Bb])(?:amp(?:;|%{again}3[Bb]))*"


def _one_of(names: Sequence[str]) -> str:
    return f"({one_of(names)})"
