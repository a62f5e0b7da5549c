"""How conversions flow through their last touches: from channel to channel, up to the last one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from published.journeys import journeys_of
from published.publication import Published
from published.view import View

STEPS = 4  # touches before the conversion that are drawn
MOST_CHANNELS = 8  # that have a name; the others are one
BEGINS = ""  # in place of a channel: the path begins at the next touch
OTHERS = "*"


class Link(NamedTuple):
    """`conversions` whose touch `step` (1 is the first of STEPS) is of `source` and the next one of `target`.

    A source may be BEGINS and both may be OTHERS.
    """

    step: int
    source: str
    target: str
    conversions: int


@dataclass(frozen=True)
class PathFlow:
    """The last STEPS touches of conversions of one type. Channels with most touches among them have a name, in this
    order; every step's links add up to `conversions` less those that begin later still."""

    conversion_type: str
    conversions: int
    channels: tuple[str, ...]
    links: tuple[Link, ...]


def read_flow(published: Published, view: View) -> PathFlow | None:
    """The flow of the conversions of the view; None without a touch, or without the table."""
    journeys = journeys_of(published, view)
    if journeys is None:
        return None
    names = [f"step_{step}" for step in range(1, STEPS + 1)]
    places = ", ".join(
        f"coalesce(path[{step - STEPS - 1}]['channel'], '{BEGINS}') as {name}" for step, name in enumerate(names, 1)
    )
    pairs = [f"({first}, {second})" for first, second in pairwise(names)]
    rows = journeys.rows(
        f"""
        , last_touches as (select {places} from converted where touches > 0)
        select {", ".join(names)}, count(*) as conversions from last_touches group by grouping sets ({", ".join(pairs)})
        """
    )
    found = [
        Link(step, row[first], row[second], row["conversions"])
        for row in rows
        for step, (first, second) in enumerate(pairwise(names), 1)
        if row[first] is not None and row[second] is not None
    ]
    if not found:
        return None
    touches: Counter[str] = Counter()
    for link in found:
        touches[link.target] += link.conversions
        if link.step == 1:
            touches[link.source] += link.conversions
    ranked = sorted((name for name in touches if name != BEGINS), key=lambda name: (-touches[name], name))
    named = ranked if len(ranked) <= MOST_CHANNELS else ranked[: MOST_CHANNELS - 1]
    return PathFlow(
        journeys.conversion_type,
        conversions=sum(link.conversions for link in found if link.step == STEPS - 1),
        channels=(*named, *([OTHERS] if len(ranked) > len(named) else [])),
        links=_together(found, {*named, BEGINS}),
    )


def _together(links: list[Link], named: set[str]) -> tuple[Link, ...]:
    """The links between named channels and OTHERS, without those before a path begins; by step, most first."""
    sums: Counter[tuple[int, str, str]] = Counter()
    for link in links:
        if link.target != BEGINS:
            source, target = (name if name in named else OTHERS for name in (link.source, link.target))
            sums[link.step, source, target] += link.conversions
    every = [Link(*key, conversions) for key, conversions in sums.items()]
    return tuple(sorted(every, key=lambda link: (link.step, -link.conversions, link.source, link.target)))
