"""The panels about paths: how many touches come before a conversion, and which ways are walked most."""

from __future__ import annotations

from markupsafe import Markup

from dashboard import formats
from dashboard.chart_svg import draw_chart
from dashboard.panels import Chart, PageTable, Panel, columns, table_rows
from dashboard.paths import MOST_TOUCHES, PathFigures, PathSummary
from dashboard.performance import ratio

SHOWN_STEPS = 8


def path_panels(paths: PathSummary | None) -> tuple[Panel, ...]:
    """Both panels about paths, or one that says why there is none."""
    if paths is None:
        return (Panel("paths", "Top paths", "No paths are published yet: `distributary pipeline` makes them."),)
    if not paths.top:
        said = f"None of {formats.plural(paths.untouched, 'conversion')} had a touch in its window: there is no path."
        return (Panel("paths", "Top paths", said),)
    return (_touches(paths), _top_paths(paths))


def _touches(paths: PathSummary) -> Panel:
    noun = formats.plain(paths.conversion_type)
    several = sum(conversions for touches, conversions in paths.by_touches.items() if touches > 1)
    counted = [
        (f"{touches} or more" if touches == MOST_TOUCHES else str(touches), conversions, conversions / paths.touched)
        for touches, conversions in sorted(paths.by_touches.items())
    ]
    drawn = [{"touches": touches, "conversions": found, "share": share} for touches, found, share in counted]
    rows = [[touches, formats.count(found), formats.share(share, 1)] for touches, found, share in counted]
    sentence = (
        f"{formats.share(several / paths.touched)} of {formats.plural(paths.touched, noun)} with a known journey came "
        "after more than one touch, and only those can change hands between models."
    )
    table = PageTable(
        caption=f"{formats.title(paths.conversion_type)}s by touches before them",
        columns=columns("Touches", "Conversions", "Share"),
        rows=table_rows(rows),
    )
    label = f"Bar chart of {noun}s by the number of touches before them."
    chart = Chart(draw_chart("touches", drawn), label)
    note = ""
    if paths.untouched:
        note = (
            f"{formats.plural(paths.untouched, noun)} had no touch in the window "
            "(older than the first visits on record, or made without one) and are left out here."
        )
    return Panel("touches", f"Touches before a {noun}", sentence, chart, table, folded=True, note=note)


def _top_paths(paths: PathSummary) -> Panel:
    noun = formats.plain(paths.conversion_type)
    first = paths.top[0]
    listed = sum(path.conversions for path in paths.top)
    part, rest = formats.share(ratio(listed, paths.touched)), paths.distinct_paths - len(paths.top)
    sentence = (
        f"The most frequent way to a {noun} is {_in_words(first)} ({formats.plural(first.conversions, noun)}); the "
        f"{formats.plural(len(paths.top), 'path')} listed first stand for {part} of all {noun}s with a known journey"
        + (f", the rest spreads over {formats.count(rest)} more." if rest else ".")
    )
    more = (
        (_path_table(paths.top_mixed, f"Paths of more than one channel with the most {noun}s", paths.currency),)
        if paths.top_mixed
        else ()
    )
    table = _path_table(paths.top, f"Paths with the most {noun}s", paths.currency)
    note = (
        "×n stands for n touches of a channel in a row. Days to convert is the mean time from the first touch to the "
        "conversion; the conversion rate counts every journey of that path, also those that ended without one."
    )
    return Panel("paths", "Top paths", sentence, table=table, note=note, more=more)


def _path_table(listed: tuple[PathFigures, ...], caption: str, currency: str) -> PageTable:
    rows = [
        [
            chips(path),
            formats.count(path.conversions),
            formats.amount(path.value, currency),
            formats.count(path.days_to_convert, 1),
            formats.share(path.conversion_rate, 1),
        ]
        for path in listed
    ]
    return PageTable(
        caption=f"{caption}; value is net, in {currency}",
        columns=columns("Path, first touch to last", "Conversions", "Net value", "Days to convert", "Conversion rate"),
        rows=table_rows(rows),
    )


def chips(path: PathFigures) -> Markup:
    """The path as channel chips; repeats in a row as ×n, the middle of a long path as a count of touches."""
    steps = list(path.steps)
    shown: list[Markup] = [_chip(channel, times) for channel, times in steps]
    if len(steps) > SHOWN_STEPS:
        head, tail = SHOWN_STEPS // 2, SHOWN_STEPS - SHOWN_STEPS // 2
        left_out = sum(times for _, times in steps[head:-tail])
        shown = [*shown[:head], Markup('<span class="more">… {} more …</span>').format(left_out), *shown[-tail:]]
    return Markup('<span class="path">{}</span>').format(Markup(' <span class="arrow">→</span> ').join(shown))


def _chip(channel: str, times: int) -> Markup:
    repeated = Markup(" <b>×{}</b>").format(times) if times > 1 else Markup("")
    return Markup('<span class="chip">{}{}</span>').format(channel, repeated)


def _in_words(path: PathFigures) -> str:
    steps = [channel if times == 1 else f"{channel} ×{times}" for channel, times in path.steps]
    return f"{steps[0]} alone" if len(path.path) == 1 else " → ".join(steps)
