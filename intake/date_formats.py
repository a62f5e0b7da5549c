"""Named formats of days and moments (`export.date_format`) as patterns: plain text, read by knobs and adapters.

A format is written in the letters of Java and Excel: yyyy or yy, M or MM (a number), MMM or MMMM (an English name), d
or dd, H or HH, h or hh with a, m or mm, s or ss. Other characters stand for themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from warehouse.patterns import portable

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PATTERNS = {
    "yyyy": ("year", r"\d{4}"),
    "yy": ("short_year", r"\d{2}"),
    # Names are numbers by the time the pattern is used.
    "MMMM": ("month", r"\d{2}"),
    "MMM": ("month", r"\d{2}"),
    "MM": ("month", r"\d{2}"),
    "M": ("month", r"\d{1,2}"),
    "dd": ("day", r"\d{2}"),
    "d": ("day", r"\d{1,2}"),
    "HH": ("hour", r"\d{2}"),
    "H": ("hour", r"\d{1,2}"),
    "hh": ("hour", r"\d{2}"),
    "h": ("hour", r"\d{1,2}"),
    "mm": ("minute", r"\d{2}"),
    "m": ("minute", r"\d{1,2}"),
    "ss": ("second", r"\d{2}"),
    "s": ("second", r"\d{1,2}"),
    "a": ("half", "[AaPp][.]?[Mm][.]?"),
}
_TOKEN = re.compile(r"([A-Za-z])\1*|.", re.DOTALL)
# What may follow a day in a format that names no hour: 2026-03-01 00:00:00.
_TIME = r"(?:[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.]\d{1,9})?)?(?: ?([AaPp][.]?[Mm][.]?))?)?"


@dataclass(frozen=True)
class DateFormat:
    """A format as a pattern of the whole text, in which months are numbers, and what to put for the text.

    `day` puts it as yyyy-m-d, `moment` as yyyy-m-d h:m:s and AM or PM.
    """

    pattern: str
    day: str
    moment: str
    has_month_name: bool


def date_format_of(written: str) -> DateFormat:
    """The pattern of a format; ValueError, naming what is wrong, for one that has no day or an unknown letter.

    >>> from intake.date_formats import date_format_of
    >>> date_format_of("dd.MM.yyyy HH:mm").moment
    '$3-$2-$1 $4:$5: '
    """
    pattern, groups = "", dict[str, int]()
    for token in (found.group(0) for found in _TOKEN.finditer(written)):
        if token in _PATTERNS:
            part, spelled = _PATTERNS[token]
            if part in groups:
                raise ValueError(f"date_format: {written!r} has the {part.replace('_', ' ')} twice")
            groups[part] = len(groups) + 1
            pattern += f"({spelled})"
        elif token.isascii() and token.isalpha() and token != "T":
            raise ValueError(
                f"date_format: {written!r} has {token!r}; known are {', '.join(_PATTERNS)}, e.g. dd.MM.yyyy HH:mm"
            )
        else:
            pattern += " ?" if token == " " else re.escape(token)
    if not (groups.keys() & {"year", "short_year"} and {"month", "day"} <= groups.keys()):
        raise ValueError(f"date_format: {written!r} needs a year, a month and a day, e.g. dd.MM.yyyy")
    if "hour" not in groups:
        pattern += _TIME
        last = len(groups)
        groups |= {part: last + number for number, part in enumerate(("hour", "minute", "second", "half"), start=1)}
    group = {part: f"${number}" for part, number in groups.items()}
    day = f"{group.get('year') or '20' + group['short_year']}-{group['month']}-{group['day']}"
    time = ":".join(group.get(part, "") for part in ("hour", "minute", "second"))
    return DateFormat(
        portable(rf"^{pattern}\z"), day, f"{day} {time} {group.get('half', '')}", has_month_name="MMM" in written
    )
