"""Writes what follows from the code into docs/input.md: the table of reasons, and the words for states of an order.

`python -m intake.reasons_page` (part of `make docs`) writes both; a test compares them.
"""

from __future__ import annotations

import re
from pathlib import Path

from intake.parse import NOT_DATA, STATUS_WORDS
from intake.reasons import REASONS

PAGE = Path(__file__).parents[1] / "docs" / "input.md"
REASON_BLOCK = re.compile(r"(?<=<!-- reasons: `make docs` writes this table -->\n).*?(?=<!-- end of the table)", re.S)
STATE_BLOCK = re.compile(r"(?<=<!-- states: `make docs` writes this table -->\n).*?(?=<!-- end of the table)", re.S)
COUNTED_AS = {
    "paid": "counts",
    "pending": "does not count until a later version is paid, even where it has a purchase event",
    "refunded": "counts, with refunded_value taken off; without one it is refunded in full",
    "cancelled": "does not count",
}


def reasons() -> str:
    """The Markdown table of reasons, one row each."""
    rows = ["| reason | what it means | way out |", "|---|---|---|"]
    for reason in REASONS:
        mark = " *" if reason.text in NOT_DATA else ""
        rows.append(f"| {_shown(reason.text)}{mark} | {reason.meaning} | {reason.way_out} |")
    return "\n".join(rows) + "\n"


def states() -> str:
    """The Markdown table of states of an order, with the words of shops for each."""
    rows = ["| state | words | an order of this state |", "|---|---|---|"]
    rows += [f"| {state} | {', '.join(words)} | {COUNTED_AS[state]} |" for state, words in STATUS_WORDS.items()]
    return "\n".join(rows) + "\n"


def page(text: str) -> str:
    """The page with both tables between their markers."""
    with_reasons = REASON_BLOCK.sub(lambda _: reasons(), text, count=1)
    return STATE_BLOCK.sub(lambda _: states(), with_reasons, count=1)


def _shown(text: str) -> str:
    """The reason with its placeholders as Markdown shows them."""
    return re.sub("<([a-z]+)>", r"*\1*", text)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
