"""A digest as a message of a Slack webhook: blocks, and a text for what shows none.

What people and logs wrote stands in plain text objects, in which Slack reads no markup; and no name can call people to
the channel: < and > are escaped, and after an @ stands a sign of no width.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.digest.content import Digest
from dashboard.digest.text import kpi_lines

LONGEST_TITLE, LONGEST_BLOCK, MOST_BLOCKS = 150, 3_000, 50  # characters, characters and blocks that Slack takes
NO_WIDTH = "\u200b"


def slack_message(digest: Digest) -> dict[str, Any]:
    """The message as JSON can hold it."""
    lines = [digest.title, digest.lead, *kpi_lines(digest), *([digest.link] if digest.link else [])]
    return {
        "text": escaped("\n".join(lines)),
        "blocks": [*_blocks(digest)][:MOST_BLOCKS],
        # What is written for people is not searched for names of people and channels.
        "link_names": False,
        "unfurl_links": False,
    }


def escaped(text: str) -> str:
    """The text for a message: neither markup of Slack nor a mention."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("@", f"@{NO_WIDTH}")


def _blocks(digest: Digest) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(_cut(escaped(digest.title), LONGEST_TITLE))}
    yield from _sections([digest.lead])
    yield from _sections([*kpi_lines(digest), *([digest.note] if digest.note else [])])
    if digest.link:  # before what may be cut off
        yield _markup(f"<{digest.link.replace('&', '&amp;')}|{escaped(digest.link_text)}>")
    for part in digest.parts:
        yield _markup(f"*{escaped(part.heading)}*")
        yield from _sections([f"• {line}" for line in part.lines])


def _sections(lines: list[str] | tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Sections with as many lines as fit into each."""
    gathered = ""
    for line in (_cut(escaped(line), LONGEST_BLOCK) for line in lines):
        if gathered and len(gathered) + 1 + len(line) > LONGEST_BLOCK:
            yield {"type": "section", "text": _plain(gathered)}
            gathered = ""
        gathered = f"{gathered}\n{line}" if gathered else line
    if gathered:
        yield {"type": "section", "text": _plain(gathered)}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _markup(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _cut(text: str, most: int) -> str:
    """At most so many characters, and no half of an escaped sign."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    start = cut.rfind("&")
    if start >= 0 and ";" not in cut[start:]:
        cut = cut[:start]
    return f"{cut}…"
