"""Which channels stand at the start, in the middle and at the end of paths."""

from __future__ import annotations

from math import sqrt

from dashboard import formats
from dashboard.chart_svg import Chart, chart_of
from dashboard.formats import Figure
from dashboard.panels import PageTable, Panel, columns, table_rows
from dashboard.serve.context import Context
from dashboard.serve.short import short
from dashboard.words import Words
from published.chance import is_beyond_chance
from published.path_positions import STAGES, ChannelPositions, PathPositions, read_positions
from published.performance import ratio
from warehouse.tables import SILVER_JOURNEYS

MOST_DRAWN = 8
COMPARED = ("early", "middle", "late")


def positions_panel(context: Context) -> Panel:
    """Touches of each channel by the third of the path they stand in."""
    words, title = context.words, context.words("positions.title")
    if not context.published.has(SILVER_JOURNEYS):
        return Panel("positions", title, words("journeys.missing"))
    found = read_positions(context.published, context.figures.view)
    if found is None:
        return Panel("positions", title, words("journeys.nothing"))
    chart, table = _chart(found, words), _table(found, words)
    note = words("positions.note")
    return Panel("positions", title, _sentence(found, words), chart, table, folded=True, note=note)


def _table(found: PathPositions, words: Words) -> PageTable:
    shares = {stage: _shares(found, stage) for stage in COMPARED}
    rows = [
        [
            Figure(short(each.channel), each.channel),
            *(formats.count(getattr(each, stage)) for stage in STAGES),
            *(formats.share(shares[stage][each.channel], 1) for stage in COMPARED),
        ]
        for each in found.channels
    ]
    return PageTable(
        caption=words("positions.caption", conversions=words.conversions(found.conversion_type)),
        columns=columns(
            words("positions.channel"),
            words("positions.alone"),
            words("positions.early"),
            words("positions.middle"),
            words("positions.late"),
            words("positions.early_share"),
            words("positions.middle_share"),
            words("positions.late_share"),
        ),
        rows=table_rows(rows),
        foot=(words("page.all_channels"), *(formats.count(found.of_stage(stage)) for stage in STAGES), "", "", ""),
    )


def _chart(found: PathPositions, words: Words) -> Chart | None:
    named = {"early": words("positions.early"), "middle": words("positions.middle"), "late": words("positions.late")}
    bars = [
        {"name": short(each.channel), "position": place, "series": named[stage], "value": share}
        for stage in COMPARED
        for place, each in enumerate(found.channels[:MOST_DRAWN])
        if (share := _shares(found, stage)[each.channel]) is not None
    ]
    if not bars:
        return None
    label = words("positions.label", channels=words.counted("channel", min(len(found.channels), MOST_DRAWN)))
    return chart_of(
        "grouped_bars", bars, words, label=label, key="positions", axis=words("positions.axis"), format=".0%"
    )


def _shares(found: PathPositions, stage: str) -> dict[str, float | None]:
    whole = found.of_stage(stage)
    return {each.channel: ratio(getattr(each, stage), whole) for each in found.channels}


def _sentence(found: PathPositions, words: Words) -> str:
    """Which channel leans most to the start, and which to the end; those alone that chance does not explain."""
    early, late = found.of_stage("early"), found.of_stage("late")
    if not early or not late:
        return words("positions.single")

    def lean(each: ChannelPositions) -> float:
        return each.early / early - each.late / late

    apart = [each for each in found.channels if _is_apart(each, early, late, compared=len(found.channels))]
    starts = max((each for each in apart if lean(each) > 0), key=lean, default=None)
    ends = min((each for each in apart if lean(each) < 0), key=lean, default=None)
    if starts is None and ends is None:
        return words("positions.even")
    texts = [
        words(
            key,
            channel=short(each.channel),
            early=formats.share(each.early / early, 1),
            late=formats.share(each.late / late, 1),
        )
        for key, each in (("positions.starts", starts), ("positions.ends", ends))
        if each is not None
    ]
    return " ".join(texts)


def _is_apart(each: ChannelPositions, early: int, late: int, *, compared: int) -> bool:
    pooled = (each.early + each.late) / (early + late)
    error = sqrt(pooled * (1 - pooled) * (1 / early + 1 / late))
    return is_beyond_chance(each.early / early - each.late / late, error, compared=compared)
