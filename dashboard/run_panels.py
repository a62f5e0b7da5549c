"""The panels about the run: what became of every row, which checks held, how long it took, what was published."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.run_facts import CheckFigures, RunFacts


def rows_panel(figures: Figures, words: Words) -> Panel:
    """What became of the rows of every input."""
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
                    taken.source,
                    formats.count(taken.files),
                    formats.count(taken.read),
                    formats.count(taken.kept),
                    formats.count(taken.duplicate),
                    formats.count(taken.quarantined),
                    words("rows.yes") if taken.adds_up else words("rows.no"),
                ]
                for taken in facts.inputs
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
        rows=table_rows([[why.source, why.reason, formats.count(why.rows)] for why in facts.reasons]),
    )
    return Panel(
        "rows",
        words("rows.title"),
        rows_sentence(facts, words),
        table=table if facts.inputs else None,
        more=(reasons,) if facts.reasons else (),
    )


def rows_sentence(facts: RunFacts, words: Words) -> str:
    """What became of the rows read, over all inputs."""
    if not facts.inputs:
        return words("rows.missing")
    adds_up = all(taken.adds_up for taken in facts.inputs)
    return words(
        "rows.sentence",
        read=words.counted("row", sum(taken.read for taken in facts.inputs)),
        kept=formats.count(sum(taken.kept for taken in facts.inputs)),
        duplicate=formats.count(sum(taken.duplicate for taken in facts.inputs)),
        quarantined=formats.count(sum(taken.quarantined for taken in facts.inputs)),
        verdict=words("rows.adds_up") if adds_up else words("rows.does_not_add_up"),
    )


def checks_panel(figures: Figures, words: Words) -> Panel:
    """The checks of the published versions; unfolded where one failed."""
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
    """How many checks held."""
    if not facts.checks:
        return words("checks.missing")
    checks = words.counted("check", len(facts.checks))
    if not facts.failed:
        return words("checks.all_held", checks=checks)
    return words("checks.some_failed", failed=str(len(facts.failed)), checks=checks)


def _check_row(check: CheckFigures, words: Words) -> list[str]:
    verdict = words("checks.held") if check.passed else words("checks.failed")
    return [check.name, verdict, formats.figure(check.expected), formats.figure(check.actual), check.detail]


def steps_panel(figures: Figures, words: Words) -> Panel:
    """How long every step of the run took."""
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
    """Which versions of which tables the report was read from."""
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
