"""Retargeting: ads for people who were here before, known by words in campaigns and by the shop's own rules.

It says nothing of the channel, and the channel nothing of it: Display, Paid Social and e-mail all have some.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.knobs import Retargeting
from warehouse.patterns import any_case, one_of, portable
from warehouse.terms import NOT_SET

LATIN = "a-zA-Z\u00c0-\u024f"
# What takes a word back: non-retargeting, exclude_rtg, rtg excluded, 비리타겟팅, 리타겟팅 제외; 프리마케팅 is another.
NOT_BEFORE = ("no", "non", "not", "without", "ex", "excl", "exclude", "excludes", "excluding")
NOT_AFTER = ("excl", "excluded", "exclusion")
NOT_BEFORE_UNSPACED, NOT_AFTER_UNSPACED = ("비", "논", "프"), ("제외",)
APART = r"[ _.:+-]*"


def is_retargeting(knobs: Retargeting, *, text: Sequence[str]) -> Column:
    """Whether a row is retargeting, never null: one of `knobs.words` is in one of the columns `text`, or one of
    `knobs.rules` fits its source, medium and campaign.

    A word of Latin letters is a whole word: no letter is beside it, digits and signs may be. Words of scripts that
    write without blanks (Korean, Japanese, Chinese) count anywhere. Neither counts where it is taken back (NOT_BEFORE,
    ..).
    """
    pattern, taken_back = _patterns(knobs.words)
    found = [F.regexp_replace(name, taken_back, " ").rlike(pattern) for name in text if pattern]
    fitting = [
        reduce(Column.__and__, (_fits(name, wanted) for name, wanted in rule.fields.items())) for rule in knobs.rules
    ]
    return reduce(Column.__or__, (F.coalesce(one, F.lit(False)) for one in (*found, *fitting)), F.lit(False))


def _fits(name: str, wanted: str) -> Column:
    pattern = ".*".join(any_case(part) for part in wanted.split("*"))
    return (F.col(name) != NOT_SET) & F.lower(name).rlike(portable(f"^{pattern}$"))


def _patterns(words: Sequence[str]) -> tuple[str, str]:
    """What finds one of `words` in a text, and what of the text is left out before; empty without words."""
    latin = [word for word in words if re.fullmatch(rf"[{LATIN}0-9 _.-]+", word)]
    unspaced = [word for word in words if word not in latin]
    found, taken_back = [], []
    if latin:
        word, start, end = one_of(latin), rf"(?:^|[^{LATIN}])", rf"(?:[^{LATIN}]|$)"
        found.append(f"{start}{word}{end}")
        taken_back += [
            f"{start}{one_of(NOT_BEFORE)}[ _.:+-]+{word}{end}",
            f"{start}{word}[ _.:+-]+{one_of(NOT_AFTER)}{end}",
            f"{start}{word}{APART}{one_of(NOT_AFTER_UNSPACED)}",
            f"{one_of(NOT_BEFORE_UNSPACED)}{APART}{word}{end}",
        ]
    if unspaced:
        word = one_of(unspaced)
        found.append(word)
        taken_back += [
            f"{one_of(NOT_BEFORE_UNSPACED)}{APART}{word}",
            f"{word}{APART}{one_of(NOT_AFTER_UNSPACED)}",
        ]
    return portable("|".join(found)), portable("|".join(taken_back))
