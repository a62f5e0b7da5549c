"""The panels about paths: the number of touches before a conversion, and the most frequent paths."""

from __future__ import annotations

from markupsafe import Markup

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.panels import Marked, PageTable, Panel, columns, table_rows
from dashboard.unattributed_panel import causes_listed
from dashboard.words import Words, capital
from published.figures import Figures
from published.paths import MOST_TOUCHES, PathFigures, PathSummary
from published.performance import ratio
from published.unattributed import Unattributed

SHOWN_STEPS = 8


def touches_panel(figures: Figures, words: Words) -> Panel | None:
    """Conversions by the number of touches before them; None without a path."""
    return touches_of(figures.paths, figures.unattributed, words)


def touches_of(paths: PathSummary | None, unattributed: Unattributed | None, words: Words) -> Panel | None:
    """As `touches_panel`, of these paths; `unattributed` says why other conversions have none."""
    if paths is None or not paths.top:
        return None
    kind = paths.conversion_type
    several = sum(conversions for touches, conversions in paths.by_touches.items() if touches > 1)
    counted = [
        (
            words("touches.or_more", touches=str(touches)) if touches == MOST_TOUCHES else str(touches),
            conversions,
            conversions / paths.touched,
        )
        for touches, conversions in sorted(paths.by_touches.items())
    ]
    bars = [{"touches": touches, "conversions": count, "share": share} for touches, count, share in counted]
    rows = [[touches, formats.count(count), formats.share(share, 1)] for touches, count, share in counted]
    sentence = words(
        "touches.sentence",
        part=formats.share(several / paths.touched),
        conversions=words.counted_conversions(kind, paths.touched),
    )
    table = PageTable(
        caption=capital(words("touches.caption", conversions=words.conversions(kind))),
        columns=columns(words("touches.touches"), words("touches.conversions"), words("touches.share")),
        rows=table_rows(rows),
    )
    label = words("touches.label", conversions=words.conversions(kind))
    chart = chart_of("touches", bars, words, axis=words("touches.axis"), label=label)
    note = ""
    if paths.untouched:
        note = words(
            "touches.note",
            conversions=words.counted_conversions(kind, paths.untouched),
            causes=causes_listed(unattributed, words),
        )
    title = words("touches.title", conversion=words.conversion(kind))
    return Panel("touches", title, sentence, chart, table, folded=True, note=note)


def top_paths_panel(figures: Figures, words: Words) -> Panel:
    """The paths with the most conversions, or why there are none."""
    return top_paths_of(figures.paths, words)


def top_paths_of(paths: PathSummary | None, words: Words) -> Panel:
    """The paths with the most conversions, or why there are none."""
    title = words("top_paths.title")
    if paths is None:
        return Panel("paths", title, words("top_paths.missing"))
    if not paths.top:
        untouched = words.counted("untyped_conversion", paths.untouched)
        return Panel("paths", title, words("top_paths.untouched", conversions=untouched))
    named = {"conversions": words.conversions(paths.conversion_type), "currency": words.currency(paths.currency)}
    table = _path_table(paths.top, words("top_paths.caption", **named), paths.currency, words)
    more: tuple[PageTable, ...] = ()
    if paths.top_mixed:
        more = (_path_table(paths.top_mixed, words("top_paths.mixed_caption", **named), paths.currency, words),)
    sentence, note = _top_sentence(paths, words), words("top_paths.note")
    return Panel("paths", title, sentence, table=table, note=note, more=more)


def _top_sentence(paths: PathSummary, words: Words) -> str:
    first, kind = paths.top[0], paths.conversion_type
    listed = sum(path.conversions for path in paths.top)
    rest = paths.distinct_paths - len(paths.top)
    return words(
        "top_paths.sentence",
        conversion=words.conversion(kind),
        path=_in_words(first, words),
        counted=words.counted_conversions(kind, first.conversions),
        paths=words.counted("path", len(paths.top)),
        part=formats.share(ratio(listed, paths.touched)),
        conversions=words.conversions(kind),
        rest=words("top_paths.rest", number=formats.count(rest)) if rest else "",
    )


def _path_table(listed: tuple[PathFigures, ...], caption: str, currency: str, words: Words) -> PageTable:
    rows = [
        [
            chips(path, words),
            formats.count(path.conversions),
            formats.count(path.non_conversions),
            formats.amount(path.value, currency),
            formats.count(path.days_to_convert, 1),
            formats.share(path.conversion_rate, 1),
        ]
        for path in listed
    ]
    return PageTable(
        caption=caption,
        columns=columns(
            words("top_paths.path"),
            words("top_paths.conversions"),
            words("top_paths.non_conversions"),
            words("top_paths.net_value"),
            words("top_paths.days"),
            words("top_paths.rate"),
        ),
        rows=table_rows(rows),
    )


def chips(path: PathFigures, words: Words) -> Marked:
    """The path as channel chips: repeats in a row as ×n, the middle of a long path as a number of touches."""
    steps = list(path.steps)
    shown: list[Markup] = [_chip(channel, times) for channel, times in steps]
    if len(steps) > SHOWN_STEPS:
        head, tail = SHOWN_STEPS // 2, SHOWN_STEPS - SHOWN_STEPS // 2
        left_out = words("top_paths.left_out", touches=str(sum(times for _, times in steps[head:-tail])))
        shown = [*shown[:head], Markup('<span class="more">{}</span>').format(left_out), *shown[-tail:]]
    drawn = Markup('<span class="path">{}</span>').format(Markup(' <span class="arrow">→</span> ').join(shown))
    return Marked(drawn, " > ".join(path.path))


def _chip(channel: str, times: int) -> Markup:
    repeated = Markup(" <b>×{}</b>").format(times) if times > 1 else Markup("")
    return Markup('<span class="chip">{}{}</span>').format(channel, repeated)


def _in_words(path: PathFigures, words: Words) -> str:
    steps = [channel if times == 1 else f"{channel} ×{times}" for channel, times in path.steps]
    return words("top_paths.alone", channel=steps[0]) if len(path.path) == 1 else " → ".join(steps)
