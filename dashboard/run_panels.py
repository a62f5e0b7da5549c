"""The panels about the run: what became of every row, which checks held, how long it took, what was published."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, columns, table_rows
from dashboard.run_facts import CheckFigures, RunFacts


def run_panels(facts: RunFacts) -> tuple[Panel, ...]:
    """Every panel about the run."""
    return (_rows_read(facts), _checks(facts), _steps(facts), _versions(facts))


def rows_sentence(facts: RunFacts) -> str:
    """What became of the rows read, over all inputs."""
    read, kept = sum(i.read for i in facts.inputs), sum(i.kept for i in facts.inputs)
    duplicate, quarantined = sum(i.duplicate for i in facts.inputs), sum(i.quarantined for i in facts.inputs)
    if not facts.inputs:
        return "No account of the files read is on record."
    verdict = "nothing is missing" if all(i.adds_up for i in facts.inputs) else "the account does not add up"
    return (
        f"Of {formats.plural(read, 'row')} read, {formats.count(kept)} were kept, {formats.count(duplicate)} were "
        f"known already and {formats.count(quarantined)} were set aside with a reason: {verdict}."
    )


def checks_sentence(facts: RunFacts) -> str:
    """How many checks held."""
    if not facts.checks:
        return "No checks are on record for this publication."
    if not facts.failed:
        return f"All {formats.plural(len(facts.checks), 'check')} of these tables held."
    return f"{len(facts.failed)} of {formats.plural(len(facts.checks), 'check')} failed."


def _rows_read(facts: RunFacts) -> Panel:
    table = PageTable(
        caption="Rows by input, over all files taken in so far",
        columns=columns("Input", "Files", "Read", "Kept", "Duplicate", "Set aside", "Adds up"),
        rows=table_rows(
            [
                [
                    taken.source,
                    formats.count(taken.files),
                    formats.count(taken.read),
                    formats.count(taken.kept),
                    formats.count(taken.duplicate),
                    formats.count(taken.quarantined),
                    "yes" if taken.adds_up else "no",
                ]
                for taken in facts.inputs
            ]
        ),
    )
    reasons = PageTable(
        caption="Why rows were set aside (most frequent reasons)",
        columns=(Column("Input", numeric=False), Column("Reason", numeric=False), Column("Rows")),
        rows=table_rows([[why.source, why.reason, formats.count(why.rows)] for why in facts.reasons]),
    )
    return Panel(
        "rows",
        "Every row accounted for",
        rows_sentence(facts),
        table=table if facts.inputs else None,
        more=(reasons,) if facts.reasons else (),
    )


def _checks(facts: RunFacts) -> Panel:
    table = PageTable(
        caption="Checks of the published versions, failures first",
        columns=(
            Column("Check", numeric=False),
            Column("Result", numeric=False),
            Column("Expected"),
            Column("Found"),
            Column("Detail", numeric=False),
        ),
        rows=table_rows([_check_row(check) for check in facts.checks]),
    )
    return Panel(
        "checks",
        "Checks",
        checks_sentence(facts),
        table=table if facts.checks else None,
        folded=not facts.failed,
    )


def _check_row(check: CheckFigures) -> list[str]:
    verdict = "held" if check.passed else "failed"
    return [check.name, verdict, formats.figure(check.expected), formats.figure(check.actual), check.detail]


def _steps(facts: RunFacts) -> Panel:
    title = "How long it took"
    if not facts.steps:
        return Panel("steps", title, "The times of this run's steps are not on record.")
    total = sum(step.seconds for step in facts.steps)
    longest = max(facts.steps, key=lambda step: (step.seconds, step.name))
    table = PageTable(
        caption="Steps of the run",
        columns=(
            Column("Step", numeric=False),
            Column("Time"),
            Column("Share"),
            Column("Status", numeric=False),
            Column("What it did", numeric=False),
        ),
        rows=table_rows(
            [
                [
                    step.name,
                    formats.seconds(step.seconds),
                    formats.share(step.seconds / total if total else None),
                    step.status,
                    step.message,
                ]
                for step in facts.steps
            ]
        ),
        foot=("All steps", formats.seconds(total), "", "", ""),
    )
    sentence = (
        f"The run took {formats.seconds(total)}; {longest.name} took longest, {formats.seconds(longest.seconds)}."
    )
    return Panel("steps", title, sentence, table=table)


def _versions(facts: RunFacts) -> Panel:
    table = PageTable(
        caption="Delta versions that this report was read from",
        columns=columns("Table", "Version"),
        rows=table_rows([[name, str(version)] for name, version in sorted(facts.versions.items())]),
    )
    sentence = (
        f"Run {facts.run_id} published {formats.plural(len(facts.versions), 'table')} together at "
        f"{formats.moment(facts.published_at)}; customers are as of {formats.day(facts.as_of)}, "
        "all else is what has landed."
    )
    return Panel("versions", "What was published", sentence, table=table, folded=True)
