"""The panels about the run: row counts, checks, duration of the steps, published versions."""

from __future__ import annotations

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.run_facts import CheckFigures, RunFacts


def rows_panel(figures: Figures, words: Words) -> Panel:
    """The row counts of every input: read, kept, duplicate, quarantined."""
    facts = figures.facts
    table = PageTable(
        caption=words("rows.caption"),
        columns=columns(
            words("rows.input"),
            words("rows.files"),
            words("rows.read"),
            words("rows.kept"),
            words("rows.duplicate"),
            words("rows.set_aside"),
            words("rows.adds_up_heading"),
        ),
        rows=table_rows(
            [
                [
                    counts.source,
                    formats.count(counts.files),
                    formats.count(counts.read),
                    formats.count(counts.kept),
                    formats.count(counts.duplicate),
                    formats.count(counts.quarantined),
                    words("rows.yes") if counts.adds_up else words("rows.no"),
                ]
                for counts in facts.inputs
            ]
        ),
    )
    reasons = PageTable(
        caption=words("rows.reasons_caption"),
        columns=(
            Column(words("rows.input"), numeric=False),
            Column(words("rows.reason"), numeric=False),
            Column(words("rows.rows")),
        ),
        rows=table_rows([[reason.source, reason.reason, formats.count(reason.rows)] for reason in facts.reasons]),
    )
    return Panel(
        "rows",
        words("rows.title"),
        rows_sentence(facts, words),
        table=table if facts.inputs else None,
        more=(reasons,) if facts.reasons else (),
    )


def rows_sentence(facts: RunFacts, words: Words) -> str:
    """The row counts over all inputs, and whether they add up."""
    if not facts.inputs:
        return words("rows.missing")
    adds_up = all(counts.adds_up for counts in facts.inputs)
    return words(
        "rows.sentence",
        read=words.counted("row", sum(counts.read for counts in facts.inputs)),
        kept=formats.count(sum(counts.kept for counts in facts.inputs)),
        duplicate=formats.count(sum(counts.duplicate for counts in facts.inputs)),
        quarantined=formats.count(sum(counts.quarantined for counts in facts.inputs)),
        verdict=words("rows.adds_up") if adds_up else words("rows.does_not_add_up"),
    )


def checks_panel(figures: Figures, words: Words) -> Panel:
    """The checks of the published versions; the table is open if a check failed."""
    facts = figures.facts
    table = PageTable(
        caption=words("checks.caption"),
        columns=(
            Column(words("checks.check"), numeric=False),
            Column(words("checks.result"), numeric=False),
            Column(words("checks.expected")),
            Column(words("checks.found")),
            Column(words("checks.detail"), numeric=False),
        ),
        rows=table_rows([_check_row(check, words) for check in facts.checks]),
    )
    return Panel(
        "checks",
        words("checks.title"),
        checks_sentence(facts, words),
        table=table if facts.checks else None,
        folded=not facts.failed,
    )


def checks_sentence(facts: RunFacts, words: Words) -> str:
    """How many checks held, or how many failed."""
    if not facts.checks:
        return words("checks.missing")
    checks = words.counted("check", len(facts.checks))
    if not facts.failed:
        return words("checks.all_held", checks=checks)
    return words("checks.some_failed", failed=str(len(facts.failed)), checks=checks)


def _check_row(check: CheckFigures, words: Words) -> list[str]:
    verdict = Figure(words("checks.held"), "held") if check.passed else Figure(words("checks.failed"), "failed")
    return [check.name, verdict, formats.figure(check.expected), formats.figure(check.actual), check.detail]


def steps_panel(figures: Figures, words: Words) -> Panel:
    """The duration of every step of the run."""
    steps = figures.facts.steps
    if not steps:
        return Panel("steps", words("steps.title"), words("steps.missing"))
    total = sum(step.seconds for step in steps)
    longest = max(steps, key=lambda step: (step.seconds, step.name))
    table = PageTable(
        caption=words("steps.caption"),
        columns=(
            Column(words("steps.step"), numeric=False),
            Column(words("steps.time")),
            Column(words("steps.share")),
            Column(words("steps.status"), numeric=False),
            Column(words("steps.message"), numeric=False),
        ),
        rows=table_rows(
            [
                [
                    step.name,
                    words.seconds(step.seconds),
                    formats.share(step.seconds / total if total else None),
                    words.status(step.status),
                    step.message,
                ]
                for step in steps
            ]
        ),
        foot=(words("steps.all"), words.seconds(total), "", "", ""),
    )
    sentence = words(
        "steps.sentence", total=words.seconds(total), step=longest.name, longest=words.seconds(longest.seconds)
    )
    return Panel("steps", words("steps.title"), sentence, table=table)


def versions_panel(figures: Figures, words: Words) -> Panel:
    """The table versions that the report was made from."""
    facts = figures.facts
    table = PageTable(
        caption=words("versions.caption"),
        columns=columns(words("versions.table"), words("versions.version")),
        rows=table_rows([[name, str(version)] for name, version in sorted(facts.versions.items())]),
    )
    sentence = words(
        "versions.sentence",
        run=facts.run_id,
        tables=words.counted("table", len(facts.versions)),
        moment=formats.moment(facts.published_at),
        day=words.day(facts.as_of),
    )
    return Panel("versions", words("versions.title"), sentence, table=table, folded=True)
