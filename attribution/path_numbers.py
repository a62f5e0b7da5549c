"""Reads the numbers of aggregated paths: with a decimal point or a decimal comma, whichever the file uses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.paths import Flags, Floats
from attribution.paths_csv import RawPaths

POINT, COMMA = ".", ","
OTHER = {POINT: COMMA, COMMA: POINT}
# Between groups of three digits stands the other sign, a blank (also a narrow one that does not break) or '.
GROUPED_BY = r" '\x{a0}\x{202f}\x{2019}"


def _pattern(decimal: str) -> str:
    """Numbers with this decimal sign, as RE2 writes them: groups of three are complete, and none starts with 0."""
    groups = rf"[1-9][0-9]{{0,2}}(?:[{OTHER[decimal]}{GROUPED_BY}][0-9]{{3}})+"
    sign = rf"[{decimal}]"
    return rf"^[+-]?(?:(?:[0-9]+|{groups})(?:{sign}[0-9]*)?|{sign}[0-9]+)(?:[eE][+-]?[0-9]+)?$"


NUMBER = {POINT: _pattern(POINT), COMMA: _pattern(COMMA)}
# What is a number both ways, and not the same one: 1.234 and 1,234.
AMBIGUOUS = r"^[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}$"


class Cells(NamedTuple):
    """A column of texts without outer blanks, and which of them are numbers with each decimal sign."""

    texts: pa.ChunkedArray
    is_number: dict[str, Flags]
    is_ambiguous: Flags


def decimal_sign(raw: RawPaths, names: list[str], given: str | None) -> str:
    """The decimal sign of the file: the one that is given, otherwise that of the first number that has one.

    1.234 and 1,234 do not decide: an InputError asks for --decimal where nothing does. In a file with commas between
    columns 1.234 is what it was written as.
    """
    columns = {name: _cells(raw.columns[name]) for name in names if _is_text(raw.columns[name])}
    if given or not columns:
        return given or POINT
    first: dict[str, int] = {}
    for cells in columns.values():
        for sign in (POINT, COMMA):
            decides = cells.is_number[sign] & ~cells.is_number[OTHER[sign]]
            if decides.any():
                first[sign] = min(int(np.argmax(decides)), first.get(sign, len(decides)))
    if first:
        return min(first, key=lambda sign: first[sign])
    for name, cells in columns.items():
        unclear = cells.is_ambiguous if raw.delimiter != "," else cells.is_ambiguous & _match(cells.texts, ",")
        raw.refuse(unclear, lambda row, name=name, texts=cells.texts: _either(name, texts[row].as_py()))  # type: ignore[misc]
    return POINT


def numbers(raw: RawPaths, name: str, decimal: str) -> Floats:
    """Finite numbers from 0 up, whole ones for counts. InputError with the first row that has another content."""
    column = raw.columns[name]
    values = _of_texts(column, decimal) if _is_text(column) else _of_numbers(column)
    good = np.isfinite(values) & (values >= 0)
    if name != "value":
        good &= values == np.floor(values)
    kind = "a number from 0 up" if name == "value" else "a whole number from 0 up"

    def complaint(row: int) -> str:
        found = column[row].as_py()
        return f"{name} must be {kind}, not {found!r}{_with_other_sign(found, decimal)}"

    raw.refuse(~good, complaint)
    return np.asarray(values, np.float64)


def _of_texts(column: pa.ChunkedArray, decimal: str) -> Floats:
    cells = _cells(column)
    is_number = cells.is_number[decimal]
    plain = pc.replace_substring_regex(cells.texts, rf"[{OTHER[decimal]}{GROUPED_BY}]", "")
    if decimal == COMMA:
        plain = pc.replace_substring(plain, COMMA, POINT)
    known = pc.if_else(pa.chunked_array([pa.array(is_number)]), plain, pa.scalar("nan", plain.type))
    values = [float(text) for text in known.to_pylist()] if _has_bare_point(known) else known.cast(pa.float64())
    return np.asarray(values, np.float64)


def _of_numbers(column: pa.ChunkedArray) -> Floats:
    try:
        return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan)


def _has_bare_point(column: pa.ChunkedArray) -> bool:
    """Whether a number starts or ends with its point or has a plus, which Arrow does not read."""
    return bool(pc.any(pc.match_substring_regex(column, r"^[+]|^-?[.]|[.]$|[.][eE]")).as_py())


def _cells(column: pa.ChunkedArray) -> Cells:
    texts = pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.large_string()), ""))
    is_number = {sign: _match(texts, pattern) for sign, pattern in NUMBER.items()}
    return Cells(texts, is_number, _match(texts, AMBIGUOUS))


def _match(texts: pa.ChunkedArray, pattern: str) -> Flags:
    return np.asarray(pc.match_substring_regex(texts, pattern).to_numpy())


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _either(name: str, text: str) -> str:
    joined, parted = (text.replace(",", "").replace(".", ""), text.replace(",", "."))
    return f"{name} {text!r} may be {joined} or {parted}: say which by --decimal . or --decimal ,"


def _with_other_sign(found: object, decimal: str) -> str:
    """The way out for a number that is one with the other decimal sign."""
    text = pa.chunked_array([[found if isinstance(found, str) else ""]])
    is_other = _cells(text).is_number[OTHER[decimal]][0]
    return f"; it is a number with --decimal {OTHER[decimal]}" if is_other else ""
