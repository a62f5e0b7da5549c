"""Text with each letter in one piece (Unicode's form NFC), as an expression that every engine reads.

File names of some systems, and what is copied from them, have Korean syllables and accented letters in pieces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.expressions import let

# The pieces of Korean syllables; the third is optional.
LEADS, VOWELS, TAILS = (
    "".join(map(chr, range(first, first + count))) for first, count in ((0x1100, 19), (0x1161, 21), (0x11A8, 27))
)
FIRST_SYLLABLE = 0xAC00
MARKS = "\u0300-\u036f\u3099\u309a"  # accents, and the sound marks of Japanese
CUT = "\x01"
MARKS_OF_A_LETTER = 3  # at most, as Vietnamese and ancient Greek have them


@cache
def in_pieces() -> str:
    """The inside of a class of characters: a text without any of them is in one piece already."""
    return f"{MARKS}{LEADS[0]}-{LEADS[-1]}{''.join(_replaced())}"


def composed(text: Column) -> Column:
    """`text` in form NFC. Signs of other scripts that are in pieces stay so."""
    whole = F.translate(text, "".join(_replaced()), "".join(_replaced().values()))
    whole = _each(whole, f"([{LEADS[0]}-{LEADS[-1]}][{VOWELS[0]}-{VOWELS[-1]}][{TAILS[0]}-{TAILS[-1]}]?)", _syllable)
    for _ in range(MARKS_OF_A_LETTER):
        whole = _each(whole, f"([^{MARKS}{CUT}][{MARKS}])", _letter)
    return whole


def _each(text: Column, pattern: str, replace: Callable[[Column], Column]) -> Column:
    parts = F.split(F.regexp_replace(text, pattern, f"{CUT}$1{CUT}"), CUT)
    return F.array_join(F.transform(parts, replace), "")


def _syllable(part: Column) -> Column:
    lead, vowel = (F.instr(F.lit(of), F.substring(part, place, 1)) for place, of in ((1, LEADS), (2, VOWELS)))
    tail = F.when(F.length(part) > 2, F.instr(F.lit(TAILS), F.substring(part, 3, 1))).otherwise(F.lit(0))
    is_syllable = (F.length(part) > 1) & (lead > 0) & (vowel > 0)
    code = ((lead - 1) * len(VOWELS) + vowel - 1) * (len(TAILS) + 1) + tail + FIRST_SYLLABLE
    return F.when(is_syllable, let(code, _character)).otherwise(part)


def _character(code: Column) -> Column:
    """The character of a number that takes three bytes in UTF-8."""
    high, middle = F.shiftright(code, 12) + 0xE0, F.shiftright(code, 6).bitwiseAND(63) + 0x80
    low = code.bitwiseAND(63) + 0x80
    return F.decode(F.unhex(F.hex(((high * 256 + middle) * 256 + low).cast("bigint"))), "UTF-8")


def _letter(part: Column) -> Column:
    place = F.instr(F.lit("".join(_letters())), part)
    letter = F.substring(F.lit("".join(_letters().values())), ((place + 1) / 2).cast("int"), F.lit(1))
    is_pair = (F.length(part) == 2) & (place % 2 == 1)  # at an even place begins with a mark: no letter
    return F.when(is_pair, letter).otherwise(part)


@cache
def _letters() -> dict[str, str]:
    """Letter and mark: the one character that both are."""
    pairs = {}
    for code in range(0x00A0, 0x3100):
        pieces = unicodedata.decomposition(chr(code)).split()
        if len(pieces) == 2 and not pieces[0].startswith("<") and unicodedata.is_normalized("NFC", chr(code)):
            pair = "".join(chr(int(piece, 16)) for piece in pieces)
            if unicodedata.combining(pair[1]) and not unicodedata.combining(pair[0]):
                pairs[pair] = chr(code)
    return pairs


@cache
def _replaced() -> dict[str, str]:
    """Characters that NFC has another one for: the Kelvin sign is a K."""
    codes = (code for code in range(0x00A0, 0x10000) if not 0xD800 <= code < 0xE000)
    whole = {chr(code): unicodedata.normalize("NFC", chr(code)) for code in codes}
    return {before: after for before, after in whole.items() if before != after and len(after) == 1}
