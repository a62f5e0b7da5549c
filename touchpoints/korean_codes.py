"""Korean text in the codes of old pages (EUC-KR, CP949), as an expression that every engine reads.

%B3%D7%C0%CC%B9%F6 is 네이버 in them. Links of shops that were never moved to UTF-8 still have such codes, in search
words above all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.names import BETWEEN, UNDECODABLE
from warehouse.expressions import let

CUT = "\x01"
# A code of no ASCII character with the one after it, which may be a plain letter, or an ASCII character.
CODES = "(%[89A-Fa-f][0-9A-Fa-f](?:%[4-9A-Fa-f][0-9A-Fa-f]|[A-Za-z])?|%[0-7][0-9A-Fa-f])"
HIGH = "%(?:25)*[89A-Fa-f][0-9A-Fa-f]"
DIGITS = "0123456789ABCDEF"
FIRST_LEAD, LAST_LEAD = 0x81, 0xC8  # of syllables; later ones are of Chinese characters
FIRST_TRAIL, LAST_TRAIL = 0x41, 0xFE
TRAILS = LAST_TRAIL - FIRST_TRAIL + 1


def with_korean(frame: DataFrame, names: Sequence[str], *, where: Column) -> DataFrame:
    """`frame` with the columns `names` decoded where their codes, which are not UTF-8, are Korean syllables and signs.

    A text with any other code stays as it is: it is of another language. Only rows for which `where` holds are read.
    """
    has_any = F.rlike(F.concat_ws(BETWEEN, *names), F.lit(HIGH))
    texts = F.when(where & has_any, F.transform(F.array(*names), _korean).cast("array<string>"))
    return (
        frame.withColumn("korean", texts)
        .withColumns(
            {
                name: F.when(F.col("korean").isNotNull(), F.get("korean", F.lit(place))).otherwise(F.col(name))
                for place, name in enumerate(names)
            }
        )
        .drop("korean")
    )


def _korean(text: Column) -> Column:
    once = F.regexp_replace(text, "%(?:25)+([0-9A-Fa-f]{2})", "%$1")
    parts = F.split(F.regexp_replace(once, CODES, f"{CUT}$1{CUT}"), CUT)
    read = F.array_join(F.transform(parts, _character), "")
    if_known = let(read, lambda it: F.when(~F.contains(it, F.lit(UNDECODABLE)), it).otherwise(text))
    return F.when(F.rlike(text, F.lit(HIGH)), if_known).otherwise(text)


def _character(part: Column) -> Column:
    lead = _digit(part, 2) * 16 + _digit(part, 3) - FIRST_LEAD
    coded = _digit(part, 5) * 16 + _digit(part, 6)
    trail = F.when(F.length(part) == 6, coded).otherwise(F.ascii(F.substring(part, 4, 1))) - FIRST_TRAIL
    is_known = (lead >= 0) & (lead <= LAST_LEAD - FIRST_LEAD) & (trail >= 0) & (trail < TRAILS)
    place = (lead * TRAILS + trail + 1).cast("int")
    pair = F.when(is_known, F.substring(F.lit(_table()), place, F.lit(1))).otherwise(F.lit(UNDECODABLE))
    is_code = F.rlike(part, F.lit("^%[0-9A-Fa-f]{2}"))
    of_one = F.when(F.rlike(part, F.lit("^%[0-7]")), F.try_url_decode(part)).otherwise(F.lit(UNDECODABLE))
    return F.when(is_code & (F.length(part) == 3), of_one).when(is_code & (F.length(part) < 7), pair).otherwise(part)


def _digit(part: Column, place: int) -> Column:
    return F.instr(F.lit(DIGITS), F.upper(F.substring(part, place, 1))) - 1


@cache
def _table() -> str:
    """The character of each lead and trail; UNDECODABLE for what is no syllable and no sign."""
    pairs = (
        bytes((lead, trail)).decode("cp949", errors="replace")
        for lead in range(FIRST_LEAD, LAST_LEAD + 1)
        for trail in range(FIRST_TRAIL, LAST_TRAIL + 1)
    )
    leads = [lead for lead in range(FIRST_LEAD, LAST_LEAD + 1) for _ in range(TRAILS)]
    return "".join(
        pair if len(pair) == 1 and ("가" <= pair <= "힣" or lead in (0xA1, 0xA3) or pair == "ㆍ") else UNDECODABLE
        for lead, pair in zip(leads, pairs, strict=True)
    )
