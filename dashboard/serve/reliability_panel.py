"""How far chances of not coming back came true: tenths of the customers of the period where the model was judged."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import formats
from dashboard.chart_svg import Chart, chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.unbroken import day_cell
from dashboard.words import Words
from published.chance import Bounds
from published.churn_reliability import Reliability, read_reliability


def reliability_panel(context: Context) -> Panel | None:
    """The reliability curve of the horizon that the list has; none where churn from behaviour is not published."""
    words = context.words
    found = read_reliability(context.published)
    if found is None:
        return None
    first = found.horizons[0]
    smallest = context.shop.knobs.smallest_count
    return Panel(
        "reliability",
        words("reliability.title"),
        _sentence(first, words),
        _chart(first, words),
        _tenths(first, smallest, words),
        note=words("reliability.note", model=found.model_version, number=str(smallest)),
        more=(_horizons(found.horizons, words),),
    )


def _sentence(found: Reliability, words: Words) -> str:
    return words(
        "reliability.sentence",
        customers=words.counted("customer", found.customers),
        day=words.day(found.cutoff),
        horizon=words(f"behaviour.horizons.{found.horizon}"),
        within=formats.count(found.within_chance),
        tenths=formats.count(len(found.tenths)),
        predicted=formats.share(found.furthest.predicted),
        actual=formats.share(found.furthest.actual),
    )


def _chart(found: Reliability, words: Words) -> Chart:
    most = max(max(one.predicted, one.bounds.upper) for one in found.tenths)
    points = [
        {"predicted": one.predicted, "actual": one.actual, "lower": one.bounds.lower, "upper": one.bounds.upper}
        for one in found.tenths
    ]
    ends = [{"end": 0.0}, {"end": most}]
    label = words("reliability.label", tenths=str(len(points)))
    axis, actual_axis = words("reliability.axis"), words("reliability.actual_axis")
    return chart_of("reliability", [*points, *ends], words, label=label, axis=axis, actual_axis=actual_axis)


def _tenths(found: Reliability, smallest: int, words: Words) -> PageTable:
    return PageTable(
        caption=words("reliability.caption", horizon=words(f"behaviour.horizons.{found.horizon}")),
        columns=(
            Column(words("reliability.tenth"), numeric=False),
            Column(words("reliability.customers")),
            Column(words("reliability.predicted")),
            Column(words("reliability.actual")),
            Column(words("reliability.interval"), numeric=False),
            Column(words("reliability.within_chance"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    Figure(f"{one.tenth}{' †' if one.customers < smallest else ''}", one.tenth),
                    formats.count(one.customers),
                    formats.share(one.predicted, 1),
                    formats.share(one.actual, 1),
                    _between(one.bounds, words),
                    words("reliability.is_within" if one.is_within_chance else "reliability.is_beyond"),
                )
                for one in found.tenths
            ]
        ),
    )


def _horizons(horizons: Sequence[Reliability], words: Words) -> PageTable:
    served = {"behaviour": words("reliability.by_behaviour"), "recency": words("reliability.by_recency")}
    return PageTable(
        caption=words("reliability.horizons_caption"),
        columns=(
            Column(words("reliability.horizon"), numeric=False),
            Column(words("reliability.served"), numeric=False),
            Column(words("reliability.cutoff"), numeric=False),
            Column(words("reliability.customers")),
            Column(words("reliability.mean_distance")),
            Column(words("reliability.largest_distance")),
            Column(words("reliability.tenths_within_chance")),
        ),
        rows=table_rows(
            [
                (
                    Figure(words(f"behaviour.horizons.{one.horizon}"), one.horizon),
                    Figure(served.get(one.served, one.served), one.served),
                    day_cell(one.cutoff),
                    formats.count(one.customers),
                    formats.share(one.mean_distance, 1),
                    formats.share(abs(one.furthest.off), 1),
                    formats.count(one.within_chance),
                )
                for one in horizons
            ]
        ),
    )


def _between(bounds: Bounds, words: Words) -> str:
    return words("forecasts.between", low=formats.share(bounds.lower, 1), high=formats.share(bounds.upper, 1))
