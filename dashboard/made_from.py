"""What a page on disk was made from, as the page itself records it."""

from __future__ import annotations

import re
from pathlib import Path

BEGINNING = 2_000  # characters, in which the record stands
RECORD = re.compile(r'<meta name="made-from" content="([^"]*)">')


def made_from(page: Path | str) -> str | None:
    """The digest that `write_report` was given for the page; None where there is no page, or one without."""
    try:
        with Path(page).open(encoding="utf-8") as file:
            found = RECORD.search(file.read(BEGINNING))
    except (OSError, UnicodeDecodeError):
        return None
    return found.group(1) if found else None
