"""Names that came from logs, as a page can show them: short, and without characters that change the text around."""

from __future__ import annotations

import unicodedata

MOST_CHARACTERS = 60


def short(name: str) -> str:
    """The plain text of a name, of a long one the first characters and …; the whole name is in CSV and JSON."""
    return plain(name if len(name) <= MOST_CHARACTERS else f"{name[: MOST_CHARACTERS - 1]}…")


def plain(text: str) -> str:
    """The text with � in place of control characters and of marks that turn the direction of reading."""
    return "".join("�" if _is_control(character) else character for character in text)


def _is_control(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in ("\u200d", "\u00ad")
