"""Texts of landed files for lines that people read: in one line, not too long, and without addresses of persons."""

from __future__ import annotations

import re

CHARACTERS_AT_MOST = 300
ADDRESSES = re.compile(r"[^\s,;\"'<>|]+@[^\s,;\"'<>|]+|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


def sample(text: str) -> str:
    """The text with nothing that a terminal would obey, and … for e-mail and IP addresses and for what is left out."""
    printable = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text.replace("\ufeff", ""))
    shown = ADDRESSES.sub("…", printable)
    return shown if len(shown) <= CHARACTERS_AT_MOST else f"{shown[:CHARACTERS_AT_MOST]}…"
