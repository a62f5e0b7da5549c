r"""Regular expressions that every engine reads alike.

Java's and Rust's differ where a pattern does not say what it means: in Rust \d, \s, \w and (?i) are Unicode, $ does not
match before a final line break, and there is no look-around. What stands here means the same in both, in Spark's sense.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

LINE_BREAKS = r"\n\r\x{85}\x{2028}\x{2029}"
# Inside of a class: [0-9], [^{SPACE}].
DIGIT, SPACE, WORD = "0-9", r" \t\n\x0B\f\r", "a-zA-Z_0-9"
# The end of the text, or before a line break that ends it.
END = rf"(?:\r\n|[{LINE_BREAKS}])?\z"
_CLASSES = {"d": DIGIT, "s": SPACE, "w": WORD}
# An escaped character, the opening of a class (where ^ and ] may follow), or one character.
_TOKEN = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)


def any_case(text: str) -> str:
    """A pattern of `text` in which ASCII letters match in either case."""
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isascii() and c.isalpha() else re.escape(c) for c in text)


def one_of(texts: Iterable[str], *, letter: Callable[[str], str] = any_case) -> str:
    """A group that matches any of `texts`, in either case, or as `letter` writes each character.

    Texts that begin alike share their beginning: of hundreds of them few are tried where none matches.

    >>> from warehouse.patterns import one_of
    >>> one_of(["ab", "ac", "a", "b"], letter=str)
    '(?:a(?:b|c|)|b)'
    """
    following: dict[str, list[str]] = {}
    for text in sorted(set(texts)):
        following.setdefault(text[:1], []).append(text[1:])
    ends = following.pop("", None)
    branches = [
        "".join(map(letter, first + rest[0])) if len(rest) == 1 else letter(first) + one_of(rest, letter=letter)
        for first, rest in following.items()
    ]
    return branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join([*branches, *([''] if ends else [])])})"


def portable(pattern: str) -> str:
    r"""The same pattern without \d, \s, \w, their opposites, `.` and $, each spelled out as Spark means it.

    >>> from warehouse.patterns import portable
    >>> portable(r"^cpc\d+[\d-]")
    '^cpc[0-9]+[0-9-]'
    """
    spelled, in_class = [], False
    for token in _TOKEN.findall(pattern):
        if token[0] == "\\" and token[1:].lower() in _CLASSES:
            members = _CLASSES[token[1:].lower()]
            is_opposite = token[1:].isupper()
            spelled.append(members if in_class and not is_opposite else f"[{'^' * is_opposite}{members}]")
        elif not in_class and token in (".", "$"):
            spelled.append(f"[^{LINE_BREAKS}]" if token == "." else END)
        else:
            spelled.append(token)
            in_class = token[0] == "[" or (in_class and token != "]")
    return "".join(spelled)
