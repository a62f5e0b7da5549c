"""The numbers to steer by, and how the net revenue of channels moved between two periods."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from published.credited import performance_source
from published.delta_files import Row
from published.metric_figures import performance_where, read_metrics
from published.metrics import metric
from published.performance import ZERO, ratio
from published.publication import Published, quoted
from published.view import View

KPIS = (
    "credited_value",
    "spend",
    "roas",
    "credited_conversions",
    "cpa",
    "new_customers",
    "new_customer_cpa",
    "unattributed_share",
)


class ChannelMove(NamedTuple):
    """The net revenue of a channel in one period and in the period before; `channel` '' = all together."""

    channel: str
    now: Decimal
    before: Decimal

    @property
    def moved(self) -> Decimal:
        """How much more it is now."""
        return self.now - self.before


def read_kpis(
    published: Published, view: View, names: Sequence[str] = KPIS, *, channels: Sequence[str] | None = None
) -> Row:
    """Metrics over gold.channel_performance in the view, under its first model, of some channels (None = all)."""
    where, source = _where(published, view, channels), performance_source(view)
    found: Row = {}
    for condition in sorted({metric(name).where for name in names}):
        alike = [name for name in names if metric(name).where == condition]
        found |= read_metrics(published, alike, where=where, source=source)[0]
    return found


def read_channel_moves(
    published: Published, view: View, before: View, *, channels: Sequence[str] | None = None
) -> tuple[ChannelMove, ...]:
    """Net revenue by channel in `view` and in `before`: what moved most first, then by name."""
    now, then = (_by_channel(published, one, channels) for one in (view, before))
    moves = [ChannelMove(channel, now.get(channel, ZERO), then.get(channel, ZERO)) for channel in {*now, *then}]
    return tuple(sorted(moves, key=lambda move: (-abs(move.moved), move.channel)))


def together(moves: Sequence[ChannelMove]) -> ChannelMove:
    """All channels in one."""
    return ChannelMove("", sum((move.now for move in moves), ZERO), sum((move.before for move in moves), ZERO))


def relative_change(value: Decimal | float | None, before: Decimal | float | None) -> float | None:
    """By which share a figure is more than before; None where one is missing, or there was nothing before."""
    if value is None or before is None:
        return None
    found = ratio(value, before)
    return None if found is None else found - 1


def _by_channel(published: Published, view: View, channels: Sequence[str] | None) -> dict[str, Decimal]:
    where, source = _where(published, view, channels), performance_source(view)
    rows = read_metrics(published, ["credited_value"], by=["channel"], where=where, source=source)
    return {row["channel"]: row["credited_value"] for row in rows}


def _where(published: Published, view: View, channels: Sequence[str] | None) -> str:
    where = performance_where(published, view)
    if channels is None:
        return where
    return f"({where}) and channel in ({', '.join(quoted(name) for name in channels) or 'null'})"
