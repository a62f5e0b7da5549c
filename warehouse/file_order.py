"""Which of two files is the later one by its name: one order for every rule by which the last file counts.

Names of downloads do not sort as text: `export (1).csv` comes before `export.csv`, 10 before 9, Nov before Oct.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.patterns import any_case

# Endings of data files and of their compression: no part of the name.
ENDINGS = (
    "csv", "tsv", "tab", "txt", "json", "jsonl", "ndjson", "parquet", "xlsx", "xls", "zip",
    "gz", "gzip", "bz2", "zst", "deflate", "snappy", "lz4",
)  # fmt: skip
MONTHS = (
    "jan january", "feb february", "mar march", "apr april", "may", "jun june",
    "jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december",
)  # fmt: skip
# A path has no // in it, so that its end can be found without an anchor, which engines read differently.
END = "//"
# Below every character of a name: where a name or folder begins with another, the shorter one is first.
NAME_SEPARATOR, FOLDER_SEPARATOR = "\t", "\n"
# Digits that a number is compared with: moments in nanoseconds, and ids of 64 bits.
DIGITS = 20
_SEPARATOR, _ORDINAL = "[-_ .,]", "(?:<(?:st|nd|rd|th)>)?"
# Dates with the name of a month, once months are <01> to <12>; the year goes first.
_DATES = (
    (f"<([0-9]{{2}})>{_SEPARATOR}{{0,3}}([0-9]{{1,2}}){_ORDINAL}{_SEPARATOR}{{1,3}}([0-9]{{4}})", "$3-$1-$2"),
    (f"([0-9]{{1,2}}){_ORDINAL}{_SEPARATOR}{{0,3}}<([0-9]{{2}})>{_SEPARATOR}{{0,3}}([0-9]{{4}})", "$3-$2-$1"),
    (f"<([0-9]{{2}})>{_SEPARATOR}{{0,3}}([0-9]{{4}})", "$2-$1"),
)
_MAY_NAME_A_MONTH = f"(?:^|[^A-Za-z])(?:{'|'.join(any_case(month[:3]) for month in MONTHS)})"
_ENDINGS = f"(?:[.](?:{'|'.join(map(any_case, ENDINGS))}))*{END}"


def file_order(name: str) -> Column:
    """The text by which the file names in the column `name` are compared; see `file_order_sql`."""
    return F.expr(file_order_sql(name))


def file_order_sql(name: str) -> str:
    """SQL of the text by which file names compare: other names have another one, and the later file has the greater.

    Endings do not count, so that `x.csv` is before `x (1).csv`. Numbers compare by value (their last 20 digits). A date
    with the English name of its month is as year, month and day; a month alone is its number. What is then equal
    compares as text. Numbers of one length, such as dates in ISO 8601, compare as text does. The names are those of
    landed files (`uri_path`).
    """
    # Blanks are landed as %20; a + is no blank.
    plain = f"coalesce(try_url_decode(replace({name}, '+', '%2B')), {name})"
    spelled = f"CASE WHEN contains({name}, '%') THEN {plain} ELSE {name} END"
    bare = _replaced(f"concat({spelled}, '{END}')", _ENDINGS, "")
    by_folder = f"translate({bare}, '/', '{FOLDER_SEPARATOR}')"
    dated = f"CASE WHEN {spelled} RLIKE '{_MAY_NAME_A_MONTH}' THEN {_with_dates(by_folder)} ELSE {by_folder} END"
    with_zeros = _replaced(dated, "([0-9]+)", f"{'0' * DIGITS}$1")
    numbered = _replaced(with_zeros, f"[0-9]*([0-9]{{{DIGITS}}})", "$1")
    return f"concat({numbered}, '{NAME_SEPARATOR}', {name})"


def _with_dates(text: str) -> str:
    """`text` with its dates, written with the name of a month, as numbers.

    Words are put into <> first, so that a month is a whole word.
    """
    words = _replaced(f"translate({text}, '<>', '  ')", "([A-Za-z]+)", "<$1>")
    months = (f"<(?:{'|'.join(map(any_case, month.split()))})>" for month in MONTHS)
    numbers = [(month, f"<{number:02d}>") for number, month in enumerate(months, start=1)]
    return f"translate({reduce(lambda spelled, step: _replaced(spelled, *step), [*numbers, *_DATES], words)}, '<>', '')"


def _replaced(text: str, pattern: str, by: str) -> str:
    return f"regexp_replace({text}, '{pattern}', '{by}')"
