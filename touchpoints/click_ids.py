"""Click ids: parameters that an ad network, an affiliate or a mailer adds to a link, as Spark expressions.

A hundred parameters are known, and most pages have none of them. One search tells whether a query has any; only there
the names of its parameters are taken apart from their values, once, and looked up.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.names import BLANKS, NO_WIDTH, OPENING, PLACEHOLDERS, decoded
from touchpoints.source_list import ClickId
from warehouse.expressions import let
from warehouse.patterns import any_case, one_of

START = "(?:^|&)"  # of a parameter
VALUE = "\x01"  # in the place of a value, where only names of parameters are compared
CAPITALS, SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
# What scripts write where they have no id.
NO_IDS = ("undefined", "null", "nan", "none")
TRUTHS = ("paid", "weak")


def with_click(frame: DataFrame, click_ids: Sequence[ClickId]) -> DataFrame:
    """`frame` (marketing_query, and query, the same in lower case) with click, click_id_type and click_id.

    click is the position, from 0, of the first of `click_ids` that the query has with a value, and null without any;
    click_id is its value as it was sent.
    """
    asked = sorted({each.parameter for each in click_ids if each.value_contains or each.value_part})
    parameters = list(dict.fromkeys(each.parameter for each in click_ids))
    values = {f"value_of_{name}": _value_of(name) for name in asked}
    named = frame.withColumn("click_names", _names(parameters)).withColumns(values)
    with_position = named.withColumn("click", _position(click_ids))
    with_type = with_position.withColumn("click_id_type", of_click(click_ids, "parameter"))
    return with_type.withColumn("click_id", _sent()).drop("click_names", *values)


def of_click(click_ids: Sequence[ClickId], field: str) -> Column:
    """The value of `field` in the list for the click id that was found; null without one."""
    places: dict[str | bool | None, list[int]] = {}
    for place, click_id in enumerate(click_ids):
        places.setdefault(getattr(click_id, field), []).append(place)
    nothing = F.lit(None).cast("boolean" if field in TRUTHS else "string")
    value = F.when(F.col("click").isNull(), nothing)
    for found, where in places.items():
        if found is not None:
            value = value.when(F.col("click").isin(where), F.lit(found))
    return value


def shown_id(click_id: Column) -> Column:
    """A click id without blanks around it and signs of no width; null where a platform left its placeholder."""
    spaced = F.regexp_replace(F.regexp_replace(click_id, f"[{NO_WIDTH}]", ""), f"[{BLANKS}]+", " ")
    filled = let(F.nullif(F.trim(spaced), F.lit("")), lambda it: F.when(~F.rlike(it, F.lit(PLACEHOLDERS)), it))
    is_odd = F.rlike(click_id, F.lit(f"[{NO_WIDTH}{BLANKS}]|^{OPENING}"))
    return F.when(is_odd, filled).otherwise(click_id)


def _names(parameters: Sequence[str]) -> Column:
    """&name and VALUE for each parameter of the query that has a value; null where none of `parameters` is there."""
    some = f"{START}{one_of(parameters, letter=str)}=[^&]"
    nothing = f"={one_of(NO_IDS, letter=str)}(&|\\z)"
    without = F.regexp_replace(F.concat(F.lit("&"), F.col("query")), nothing, "=$1")
    return F.when(F.rlike("query", F.lit(some)), F.regexp_replace(without, "=[^&]+", VALUE))


def _position(click_ids: Sequence[ClickId]) -> Column:
    """The first of the list whose name is there."""
    # One CASE, not one in another: plans may not be as deep as this list is long.
    found = F.when(F.col("click_names").isNull(), F.lit(None).cast("int"))
    for place, click_id in enumerate(click_ids):
        found = found.when(_has(click_id), F.lit(place))
    return found


def _has(click_id: ClickId) -> Column:
    has = F.contains("click_names", F.lit(f"&{click_id.parameter}{VALUE}"))
    value = f"value_of_{click_id.parameter}"
    if click_id.value_contains is not None:
        has &= F.coalesce(F.contains(value, F.lit(click_id.value_contains)), F.lit(False))
    if click_id.value_part is not None:
        has &= F.coalesce(F.contains(value, F.lit(f"|{click_id.value_part}|")), F.lit(False))
    return has


def _value_of(parameter: str) -> Column:
    """The parameter's value, decoded and in lower case, between two |."""
    raw = F.regexp_extract("marketing_query", f"{START}{any_case(parameter)}=([^&]+)", 1)
    value = F.concat(F.lit("|"), F.lower(decoded(raw)), F.lit("|"))
    return F.when(F.contains("click_names", F.lit(f"&{parameter}{VALUE}")), value)


def _sent() -> Column:
    """The value of the parameter that was found, where it first has one."""
    # Two ampersands, so that a parameter without value can be left out together with both of its own.
    doubled = F.concat(F.lit("&"), F.replace("marketing_query", F.lit("&"), F.lit("&&")), F.lit("&"))
    nothing = f"&[^&=]*=(?:{one_of(NO_IDS)})?&"
    with_value = F.regexp_replace(doubled, nothing, "")
    named = F.concat(F.lit("&"), F.col("click_id_type"), F.lit("="))
    # Of ASCII letters alone: lower() makes two characters of some others, and the place would be another one.
    place = F.position(named, F.translate(with_value, CAPITALS, SMALL))
    rest = F.substring(with_value, place + F.length(named), F.length(with_value))
    return F.when(F.col("click").isNotNull(), F.substring(rest, F.lit(1), F.instr(rest, "&") - 1))
