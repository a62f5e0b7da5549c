"""Files of one SQL statement each: the comment that such a file begins with, and the names in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# What is no name, then a name with what it may be qualified by, and a parameter (not the second half of a cast).
TOKEN = re.compile(
    r"(?P<other>--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|::)"
    r"|(?P<place>[A-Za-z_]\w*\s*\.\s*`[^`]*`)"
    r"|(?P<quoted>`[^`]*`)"
    r"|(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)?)"
    r"|:(?P<parameter>[A-Za-z_]\w*)"
    r"|(?P<mark>[(),])",
    re.DOTALL,
)


class Token(NamedTuple):
    """A part of an SQL text that is a name, a parameter, a path behind a format, or one of ( ) and the comma."""

    kind: str
    text: str
    start: int
    end: int


def split_head(text: str) -> tuple[str, str]:
    """The comment that a SQL file begins with, without its dashes, and the statement after it."""
    lines = text.splitlines()
    end = next((position for position, line in enumerate(lines) if not line.startswith("--")), len(lines))
    head = "\n".join(line.removeprefix("--").removeprefix(" ") for line in lines[:end])
    return head, "\n".join(lines[end:]).strip()


def tokens(sql: str) -> Iterator[Token]:
    """The names and marks of a statement in order; what stands in its texts and comments is none of them.

    A qualified name is one token, in lower case and without blanks: gold.path_summary.
    """
    for found in TOKEN.finditer(sql):
        kind = found.lastgroup or "other"
        if kind not in ("other", "quoted"):
            text = "".join(found[kind].split()) if kind != "place" else found[kind]
            yield Token(kind, text.lower(), found.start(), found.end())


def with_values(sql: str, literals: Mapping[str, str]) -> str:
    """The statement with a literal for each parameter."""
    for found in reversed(list(tokens(sql))):
        if found.kind == "parameter":
            sql = f"{sql[: found.start]}{literals[found.text]}{sql[found.end :]}"
    return sql
