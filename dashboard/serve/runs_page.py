"""The page of runs: what ran, how long it took, and what it published."""

from __future__ import annotations

from dashboard import formats
from dashboard.chart_svg import chart_of
from dashboard.formats import Figure
from dashboard.panels import Column, PageTable, Panel, linked, table_rows
from dashboard.run_panels import steps_panel, versions_panel
from dashboard.serve.context import Context
from dashboard.serve.page import Page, Part, of
from dashboard.serve.unbroken import day_cell, moment_cell, unbroken
from published.publication import publications
from published.run_history import MOST_JOBS, read_jobs, read_quarantined, read_step_times

MOST_PUBLICATIONS = 100
LONGEST_MESSAGE = 240  # characters; the whole message is in CSV and JSON


def jobs_panel(context: Context) -> Panel:
    """The newest jobs of all runs, newest first, also of runs that published nothing."""
    words, title = context.words, context.words("jobs.title")
    jobs = read_jobs(context.published)
    if not jobs:
        return Panel("jobs", title, words("jobs.missing"))
    newest = [job for job in jobs if job.run_id == jobs[0].run_id]
    failed = [job for job in newest if job.status == "failed"]
    sentence = words(
        "jobs.failed" if failed else "jobs.done",
        run=jobs[0].run_id,
        moment=formats.moment(jobs[0].started_at),
        job=failed[0].job if failed else jobs[0].job,
    )
    table = PageTable(
        caption=words("jobs.caption", number=formats.count(min(len(jobs), MOST_JOBS))),
        columns=(
            Column(words("jobs.job"), numeric=False),
            Column(words("jobs.status"), numeric=False),
            Column(words("jobs.started"), numeric=False),
            Column(words("jobs.seconds")),
            Column(words("jobs.tables")),
            Column(words("jobs.message"), numeric=False),
            Column(words("jobs.run"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    unbroken(job.job),
                    Figure(words.status(job.status), job.status),
                    moment_cell(job.started_at),
                    words.seconds(job.seconds),
                    formats.count(job.tables),
                    _short_message(job.message),
                    unbroken(job.run_id),
                )
                for job in jobs
            ]
        ),
    )
    return Panel("jobs", title, sentence, table=table)


def step_times_panel(context: Context) -> Panel | None:
    """How long each step took in the newest runs; None before a second run."""
    words, title = context.words, context.words("step_times.title")
    jobs = read_step_times(context.published)
    runs = list(dict.fromkeys(job.run_id for job in jobs))
    if len(runs) < 2:
        return None
    steps = list(dict.fromkeys(job.step for job in jobs))
    started = {run: min(job.started_at for job in jobs if job.run_id == run) for run in runs}
    took = {(job.run_id, job.step): job.seconds for job in jobs}
    total = {run: sum(seconds for (of_run, _), seconds in took.items() if of_run == run) for run in runs}
    chart = chart_of(
        "step_times",
        [
            {"run": place, "moment": started[run].isoformat(), "step": step, "minutes": took[run, step] / 60}
            for place, run in enumerate(runs)
            for step in steps
            if (run, step) in took
        ],
        words,
        label=words("step_times.label", runs=str(len(runs))),
        run_axis=words("step_times.run_axis"),
        axis=words("step_times.axis"),
    )
    table = PageTable(
        caption=words("step_times.caption"),
        columns=(
            Column(words("step_times.started"), numeric=False),
            Column(words("step_times.all")),
            *(Column(step) for step in steps),
            Column(words("step_times.run"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    moment_cell(started[run]),
                    words.seconds(total[run]),
                    *(
                        words.seconds(took[run, step]) if (run, step) in took else Figure(formats.MISSING, None)
                        for step in steps
                    ),
                    unbroken(run),
                )
                for run in reversed(runs)
            ]
        ),
    )
    sentence = words(
        "step_times.sentence",
        last=words.seconds(total[runs[-1]]),
        runs=words.counted("run", len(runs)),
        least=words.seconds(min(total.values())),
        most=words.seconds(max(total.values())),
    )
    return Panel("step-times", title, sentence, chart, table, folded=True)


def publications_panel(context: Context) -> Panel:
    """Every publication, newest first; each leads to the pages as they were."""
    words = context.words
    found = publications(context.published.lake)
    table = PageTable(
        caption=words(
            "publications.caption",
            shown=formats.count(min(len(found), MOST_PUBLICATIONS)),
            all=formats.count(len(found)),
        ),
        columns=(
            Column(words("publications.published_at"), numeric=False),
            Column(words("publications.as_of"), numeric=False),
            Column(words("publications.tables")),
            Column(words("publications.run"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    linked(
                        formats.moment(each.published_at),
                        context.address("/", run=each.run_id if place else None),
                    ),
                    day_cell(each.as_of),
                    formats.count(len(each.versions)),
                    unbroken(each.run_id),
                )
                for place, each in enumerate(found[:MOST_PUBLICATIONS])
            ]
        ),
    )
    sentence = words(
        "publications.sentence",
        publications=words.counted("publication", len(found)),
        moment=formats.moment(found[0].published_at),
        day=words.day(found[0].as_of),
    )
    return Panel("publications", words("publications.title"), sentence, table=table, note=words("publications.note"))


def quarantined_panel(context: Context) -> Panel:
    """What each run read and quarantined."""
    words, title = context.words, context.words("quarantined.title")
    runs = read_quarantined(context.published)
    if not runs:
        return Panel("quarantined", title, words("quarantined.missing"))
    newest = runs[0]
    table = PageTable(
        caption=words("quarantined.caption"),
        columns=(
            Column(words("quarantined.started"), numeric=False),
            Column(words("quarantined.read")),
            Column(words("quarantined.set_aside")),
            Column(words("quarantined.share")),
            Column(words("quarantined.run"), numeric=False),
        ),
        rows=table_rows(
            [
                (
                    moment_cell(run.started_at),
                    formats.count(run.read),
                    formats.count(run.quarantined),
                    formats.share(run.share, 2),
                    unbroken(run.run_id),
                )
                for run in runs
            ]
        ),
    )
    sentence = words(
        "quarantined.sentence",
        quarantined=formats.count(newest.quarantined),
        read=words.counted("row", newest.read),
        part=formats.share(newest.share, 2),
    )
    return Panel("quarantined", title, sentence, table=table, note=words("quarantined.note"))


def _short_message(message: str) -> str:
    shown = message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"
    return Figure(shown, message)


PAGE = Page(
    "runs",
    (
        Part("jobs", "jobs.title", jobs_panel),
        Part("steps", "steps.title", of(steps_panel)),
        Part("step-times", "step_times.title", step_times_panel),
        Part("publications", "publications.title", publications_panel),
        Part("quarantined", "quarantined.title", quarantined_panel),
        Part("versions", "versions.title", of(versions_panel)),
    ),
    is_live=True,
    has_filters=False,
)
