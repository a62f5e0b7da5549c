"""The sentence on which channels moved net revenue from one period to another."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import formats
from dashboard.words import Words
from published.kpis import ChannelMove, relative_change, together


def moved_sentence(moves: Sequence[ChannelMove], currency: str, words: Words) -> str:
    """How net revenue moved, the channel that did most of it, and one that went the other way.

    `moves` as `read_channel_moves` gives them.
    """
    total = together(moves)
    if not any(move.moved for move in moves):
        return words("moved.same")
    most = next((move for move in moves if move.moved * total.moved > 0), moves[0])
    opposite = next((move for move in moves if move.moved * total.moved < 0), None)
    against = ""
    if opposite is not None:
        money = words.money(abs(opposite.moved), currency)
        against = words("moved.against", channel=opposite.channel, money=money)
    return words(
        "moved.rose" if total.moved >= 0 else "moved.fell",
        money=words.money(abs(total.moved), currency),
        part=formats.change(relative_change(total.now, total.before)),
        channel=most.channel,
        most=words.money(abs(most.moved), currency),
        against=against,
    )
