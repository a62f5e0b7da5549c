"""The page of models: which versions made the figures, how they were judged, and whether they still hold."""

from __future__ import annotations

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.drift_panel import drift_panel
from dashboard.serve.page import Page, Part
from dashboard.serve.short import short
from dashboard.serve.unbroken import day_cell, unbroken
from dashboard.words import Words
from published.delta_files import Row
from published.model_versions import (
    Held,
    read_backtest,
    read_effects,
    read_fits,
    read_held,
    read_in_use,
)

BASELINES = ("purchase_rate", "recency")


def in_use_panel(context: Context) -> Panel:
    """The versions that made the newest figures, and how old the data of their fits are."""
    words, title = context.words, context.words("in_use.title")
    found = read_in_use(context.published)
    if not found:
        return Panel("in-use", title, words("in_use.missing"))
    oldest = max(found, key=lambda one: (one.age_days, one.model_version))
    table = PageTable(
        caption=words("in_use.caption"),
        columns=(
            Column(words("in_use.model_version"), numeric=False),
            Column(words("in_use.used_on"), numeric=False),
            Column(words("in_use.fitted_to"), numeric=False),
            Column(words("in_use.age_days")),
        ),
        rows=table_rows(
            [
                (
                    unbroken(one.model_version),
                    day_cell(one.used_on),
                    day_cell(one.fitted_to),
                    formats.count(one.age_days),
                )
                for one in found
            ]
        ),
    )
    sentence = words(
        "in_use.sentence",
        version=oldest.model_version,
        fitted=words.day(oldest.fitted_to),
        age=words.counted("day", oldest.age_days),
    )
    return Panel("in-use", title, sentence, table=table, note=words("in_use.note"))


def backtest_panel(context: Context) -> Panel:
    """What each version would have forecast at origins of the past, beside two baselines and what came."""
    words, title = context.words, context.words("backtest.title")
    rows = read_backtest(context.published)
    judged = [row for row in rows if row["model"] == "value_model"]
    if not judged:
        return Panel("backtest", title, words("backtest.missing"))
    newest = judged[0]
    points = [
        {"day": row["cutoff"].isoformat(), "error": row["total_error"], "model": _model(row, words)}
        for row in rows
        if row["model_version"] == newest["model_version"] and row["total_error"] is not None
    ]
    chart = chart_of(
        "backtest_error",
        points,
        words,
        label=words("backtest.label", origins=str(len(judged))),
        day_axis=words("backtest.day_axis"),
        error_axis=words("backtest.error_axis"),
    )
    baseline = next(
        (row for row in rows if row["model"] == "purchase_rate" and row["cutoff"] == newest["cutoff"]), None
    )
    sentence = words(
        "backtest.sentence",
        version=newest["model_version"],
        day=words.day(newest["cutoff"]),
        error=formats.change(newest["total_error"]),
        verdict=words("backtest.held" if newest["held"] else "backtest.missed"),
    )
    if baseline is not None and baseline["total_error"] is not None:
        sentence += words("backtest.beside", error=formats.change(baseline["total_error"]))
    return Panel("backtest", title, sentence, chart, _backtest(rows, words), note=words("backtest.note"))


def _backtest(rows: list[Row], words: Words) -> PageTable:
    return PageTable(
        caption=words("backtest.caption"),
        columns=(
            Column(words("backtest.cutoff"), numeric=False),
            Column(words("backtest.model"), numeric=False),
            Column(words("backtest.model_version"), numeric=False),
            Column(words("backtest.until"), numeric=False),
            Column(words("backtest.customers")),
            Column(words("backtest.predicted")),
            Column(words("backtest.actual")),
            Column(words("backtest.total_error")),
            Column(words("backtest.interval_held"), numeric=False),
            Column(words("backtest.auc"), hint=words("backtest.auc_hint")),
            Column(words("backtest.gini"), hint=words("backtest.gini_hint")),
            Column(words("backtest.brier"), hint=words("backtest.brier_hint")),
            Column(words("backtest.base_brier"), hint=words("backtest.base_brier_hint")),
            Column(words("backtest.reliability_error"), hint=words("backtest.reliability_error_hint")),
            Column(words("backtest.factor"), hint=words("backtest.factor_hint")),
        ),
        rows=table_rows(
            [
                (
                    day_cell(row["cutoff"]),
                    _model(row, words),
                    unbroken(row["model_version"]),
                    day_cell(row["until"]),
                    formats.count(row["customers"]),
                    formats.count(row["predicted"]),
                    formats.count(row["actual"]),
                    formats.change(row["total_error"]),
                    _verdict(row["held"], words),
                    *(
                        formats.count(row[name], 3)
                        for name in (
                            "buys_again_auc",
                            "normalised_gini",
                            "buys_again_brier",
                            "buys_again_base_brier",
                            "reliability_error",
                            "factor",
                        )
                    ),
                )
                for row in rows
            ]
        ),
    )


def _model(row: Row, words: Words) -> str:
    names = {
        "value_model": words("backtest.value_model"),
        "recalibrated": words("backtest.recalibrated"),
        "purchase_rate": words("backtest.purchase_rate"),
        "recency": words("backtest.recency"),
    }
    return Figure(names[row["model"]], row["model"])


def _verdict(held: bool | None, words: Words) -> str:
    if held is None:
        return Figure(formats.MISSING, None)
    return Figure(words("backtest.yes" if held else "backtest.no"), str(held).lower())


def held_panel(context: Context) -> Panel:
    """How often intervals held what came: of forecasts that have come due, and of back-tests."""
    words, title = context.words, context.words("held.title")
    found = read_held(context.published)
    if not found:
        return Panel("held", title, words("held.missing"))
    due = [one for one in found if not one.is_backtest]
    shown = due or list(found)
    sentence = words(
        "held.sentence" if due else "held.none_due",
        held=formats.count(sum(one.held for one in shown)),
        compared=formats.count(sum(one.compared for one in shown)),
    )
    table = PageTable(
        caption=words("held.caption"),
        columns=(
            Column(words("held.model_version"), numeric=False),
            Column(words("held.kind"), numeric=False),
            Column(words("held.measure"), numeric=False),
            Column(words("held.compared")),
            Column(words("held.held")),
            Column(words("held.share")),
            Column(words("held.held_if_model_holds")),
        ),
        rows=table_rows([_held_row(one, words) for one in found]),
    )
    return Panel("held", title, sentence, table=table, note=words("held.note"))


def _held_row(one: Held, words: Words) -> tuple[str, ...]:
    kind = Figure(words("held.backtest" if one.is_backtest else "held.forecast"), str(one.is_backtest).lower())
    measure = Figure(words("held.value" if one.measure == "value" else "held.purchases"), one.measure)
    return (
        one.model_version,
        kind,
        measure,
        formats.count(one.compared),
        formats.count(one.held),
        formats.share(one.held / one.compared),
        formats.count(one.held_if_model_holds),
    )


def effects_panel(context: Context) -> Panel:
    """The channels' removal effects and shares in the newest fit of attribution, for the chosen conversion type."""
    words, title = context.words, context.words("effects.title")
    type_ = context.choices.type_of(context.figures.view)
    rows = read_effects(context.published, type_)
    if not rows:
        return Panel("effects", title, words("effects.missing", conversions=words.conversions(type_)))
    measures = ("markov_removal_effect", "markov_share", "shapley_removal_effect", "shapley_share")
    labels = {
        "markov_removal_effect": Column(words("effects.markov_removal_effect"), hint=words("effects.removal_hint")),
        "markov_share": Column(words("effects.markov_share"), hint=words("effects.share_hint")),
        "shapley_removal_effect": Column(words("effects.shapley_removal_effect"), hint=words("effects.touched_hint")),
        "shapley_share": Column(words("effects.shapley_share"), hint=words("effects.share_hint")),
    }
    table = PageTable(
        caption=words("effects.caption", conversions=words.conversions(type_), version=rows[0]["model_version"]),
        columns=(Column(words("effects.channel"), numeric=False), *(labels[name] for name in measures)),
        rows=table_rows(
            [
                (
                    Figure(short(row["channel"]), row["channel"]),
                    *(formats.share(row[name], 1) for name in measures),
                )
                for row in rows
            ]
        ),
    )
    first = rows[0]
    sentence = words(
        "effects.sentence",
        channel=first["channel"],
        share=formats.share(max(first["markov_share"] or 0, first["shapley_share"] or 0), 1),
        conversions=words.conversions(type_),
        version=first["model_version"],
        day=words.day(first["as_of"]),
    )
    return Panel("effects", title, sentence, table=table, note=words("effects.note"), more=(_fits(context, words),))


def _fits(context: Context, words: Words) -> PageTable:
    return PageTable(
        caption=words("effects.fits_caption"),
        columns=(
            Column(words("effects.model_version"), numeric=False),
            Column(words("effects.fitted_to"), numeric=False),
            Column(words("effects.markov_order")),
            Column(words("effects.types")),
            Column(words("effects.channels")),
        ),
        rows=table_rows(
            [
                (
                    unbroken(row["model_version"]),
                    day_cell(row["as_of"]),
                    *(formats.count(row[name]) for name in ("markov_order", "types", "channels")),
                )
                for row in read_fits(context.published)
            ]
        ),
    )


PAGE = Page(
    "models",
    (
        Part("in-use", "in_use.title", in_use_panel),
        Part("backtest", "backtest.title", backtest_panel),
        Part("held", "held.title", held_panel),
        Part("drift", "drift.title", drift_panel),
        Part("effects", "effects.title", effects_panel),
    ),
)
