"""The panel about drift: what the newest run found when it tested the champions, and what the runs before found."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, table_rows
from dashboard.serve.context import Context
from dashboard.serve.unbroken import day_cell, unbroken
from dashboard.words import Words
from published.delta_files import Row
from published.model_versions import read_drift, read_drift_history

SMALL = 0.0005  # a p_value below is shown as "< 0.001"


def drift_panel(context: Context) -> Panel:
    """Alarms first; one row per check and what it looks at. The sentences of the checks are as the run wrote them."""
    words, title = context.words, context.words("drift.title")
    rows = read_drift(context.published)
    if not rows:
        return Panel("drift", title, words("drift.missing"))
    alarms = sum(row["is_alarm"] for row in rows)
    sentence = words(
        "drift.alarms" if alarms else "drift.quiet",
        alarms=formats.count(alarms),
        checks=words.counted("check", len(rows)),
        versions=words.listed(sorted({row["model_version"] for row in rows}, reverse=True)),
        day=words.day(rows[0]["as_of"]),
    )
    return Panel(
        "drift",
        title,
        sentence,
        table=_newest(rows, words),
        note=words("drift.note"),
        more=(_history(read_drift_history(context.published), words),),
    )


def _newest(rows: list[Row], words: Words) -> PageTable:
    checks = {
        "purchases": words("drift.purchases"),
        "score": words("drift.score"),
        "calibration": words("drift.calibration"),
        "inputs": words("drift.inputs"),
        "churn_share": words("drift.churn_share"),
        "churn_brier": words("drift.churn_brier"),
        "churn_inputs": words("drift.churn_inputs"),
        "early_total": words("drift.early_total"),
    }
    return PageTable(
        caption=words("drift.caption", run=rows[0]["run_id"]),
        columns=(
            Column(words("drift.model_version"), numeric=False),
            Column(words("drift.check"), numeric=False),
            Column(words("drift.subject"), numeric=False),
            Column(words("drift.result"), numeric=False),
            Column(words("drift.statistic")),
            Column(words("drift.p_value")),
            Column(words("drift.p_limit")),
            Column(words("drift.change")),
            Column(words("drift.detail"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    unbroken(row["model_version"]),
                    Figure(checks[row["check_name"]], row["check_name"]),
                    row["subject"],
                    Figure(words("drift.alarm" if row["is_alarm"] else "drift.none"), str(row["is_alarm"]).lower()),
                    formats.count(row["statistic"], 2),
                    _probability(row["p_value"]),
                    _probability(row["p_limit"]),
                    formats.change(row["change"]),
                    row["detail"],
                )
                for row in rows
            ]
        ),
    )


def _history(rows: list[Row], words: Words) -> PageTable:
    return PageTable(
        caption=words("drift.history_caption"),
        columns=(
            Column(words("drift.day"), numeric=False),
            Column(words("drift.model_version"), numeric=False),
            Column(words("drift.checks")),
            Column(words("drift.of_them_alarms")),
            Column(words("drift.smallest_p_value")),
            Column(words("drift.run"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    day_cell(row["as_of"]),
                    unbroken(row["model_version"]),
                    formats.count(row["checks"]),
                    formats.count(row["alarms"]),
                    _probability(row["p_value"]),
                    unbroken(row["run_id"]),
                )
                for row in rows
            ]
        ),
    )


def _probability(value: float | None) -> str:
    if value is not None and 0 <= value < SMALL:
        return Figure("< 0.001", value)
    return formats.count(value, 3)
