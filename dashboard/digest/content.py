"""What a digest says: one object in the words of a language, which every way of sending draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

from dashboard import formats
from dashboard.changes_panel import changes_sentences
from dashboard.digest.knobs import Team
from dashboard.moved import moved_sentence
from dashboard.panels import Column, PageTable
from dashboard.serve.metric_cells import RESTS_ON, metric_label, with_chance
from dashboard.serve.short import plain, short
from dashboard.words import Words, words_in
from published.changes import read_changes
from published.choices import read_choices
from published.delta_files import Row
from published.digests import NO_NEW_DATA, Content
from published.kpis import read_channel_moves, read_kpis, relative_change
from published.metric_figures import currency_of
from published.metrics import metrics
from published.publication import Published, read_published
from published.questions import OPEN, questions_for
from published.run_warnings import DriftAlarm, FailedCheck, FailedStep, read_drift, read_failed_checks, read_failed_step
from published.view import Language, View
from warehouse.errors import InputError
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

WEEK = timedelta(days=7)
MOST_LINES = 5  # of a list; the rest is counted
LONGEST_LINE = 600  # characters
MOST_QUESTIONS = 1_000
COUNTS = ("credited_conversions", "new_customers")  # by which a ratio is judged


class KpiLine(NamedTuple):
    """A number: of the last day beside the same weekday a week before, and of seven days beside the seven before.

    `is_few`: whether one of them has its interval, for it stands on few conversions.
    """

    label: str
    day: str
    day_change: str
    week: str
    week_change: str
    is_few: bool


@dataclass(frozen=True)
class Part:
    """A heading and its lines of plain text."""

    heading: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, heading: str, *lines: str) -> Part:
        """The lines, each as one line without control characters, with LONGEST_LINE characters at most."""
        plain_lines = (plain(" ".join(line.split())) for line in lines)
        return cls(
            heading,
            tuple(line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…" for line in plain_lines),
        )


@dataclass(frozen=True)
class Digest:
    """A digest, in plain text: what is in it was written by people and by logs, and each form escapes it.

    `table` has the figures of `kpis`; both are empty where no new data came. `note` says what an interval in them is.
    `link` leads to the pages.
    """

    team: str
    language: Language
    content: Content
    title: str
    lead: str
    kpis: tuple[KpiLine, ...]
    table: PageTable | None
    note: str
    parts: tuple[Part, ...]
    link: str | None
    link_text: str


@dataclass(frozen=True)
class Reader:
    """What a digest is made for: a team, and what the shop has set.

    `timezone` is the zone of reporting days, `smallest` the number of conversions below which a ratio shows its
    interval, `since` the run whose publication the team's last digest showed (None = this is the first).
    """

    team: Team
    timezone: str
    smallest: int
    pages_url: str | None
    since: str | None


def make_digest(published: Published, reader: Reader, content: Content, *, today: date) -> Digest:
    """The digest of a publication for a team; `today` is the reporting day on which it is sent.

    The same publication, questions and arguments give the same digest. InputError where a published version cannot be
    read. A channel without a row has no figures.
    """
    words = words_in(reader.team.language)
    view = _view(reader, published.as_of)
    day = words.day(published.as_of)
    kpis: tuple[KpiLine, ...] = ()
    parts: tuple[Part, ...] = ()
    if content == NO_NEW_DATA:
        days = words.counted("day", (today - published.as_of).days)
        lead = words("digest.no_new_data", day=day, days=days)
        title = words("digest.title_no_new_data", team=reader.team.name, day=day)
    else:
        title, lead = words("digest.title", team=reader.team.name, day=day), _lead(published, reader, words)
        kpis = _kpis(published, reader, words)
        parts = _changes(published, reader, words)
    return Digest(
        team=reader.team.name,
        language=reader.team.language,
        content=content,
        title=title,
        lead=lead,
        kpis=kpis,
        table=_table(kpis, view, published, words) if kpis else None,
        note=words("digest.few", smallest=str(reader.smallest)) if any(line.is_few for line in kpis) else "",
        parts=(*parts, *_warnings(published, words)),
        link=reader.pages_url,
        link_text=words("digest.link"),
    )


def _view(reader: Reader, last: date, days: int = 7) -> View:
    return View(
        first_day=last - timedelta(days=days - 1),
        last_day=last,
        language=reader.team.language,
        timezone=reader.timezone,
    )


def _has_figures(published: Published) -> bool:
    return published.has(GOLD_CHANNEL_PERFORMANCE) and bool(read_choices(published, View()).models)


def _lead(published: Published, reader: Reader, words: Words) -> str:
    """How net revenue moved within a week, and through which channels."""
    if not _has_figures(published):
        return words("digest.no_figures")
    view, before = _view(reader, published.as_of), _view(reader, published.as_of - WEEK)
    moves = read_channel_moves(published, view, before, channels=reader.team.chosen_channels)
    if not any(move.before for move in moves):
        return words("moved.no_days_before")
    shown = [move._replace(channel=short(move.channel)) for move in moves]
    sentence = moved_sentence(shown, currency_of(published), words)
    return words("digest.week", day=words.day(published.as_of), sentence=sentence)


def _kpis(published: Published, reader: Reader, words: Words) -> tuple[KpiLine, ...]:
    if not _has_figures(published):
        return ()
    names = reader.team.chosen_metrics
    currency = currency_of(published)

    def figures(last: date, days: int) -> Row:
        wanted = tuple(dict.fromkeys((*names, *COUNTS)))
        return read_kpis(published, _view(reader, last, days), wanted, channels=reader.team.chosen_channels)

    as_of = published.as_of
    day, week = figures(as_of, 1), figures(as_of, 7)
    day_before, week_before = figures(as_of - WEEK, 1), figures(as_of - WEEK, 7)
    lines = []
    for name in names:
        one = metrics()[name]
        now = [with_chance(one, row, currency, words, smallest=reader.smallest, unit=True) for row in (day, week)]
        changes = [_change(name, *both, reader.smallest) for both in ((day, day_before), (week, week_before))]
        few = any(_is_few(name, row, reader.smallest) for row in (day, week))
        lines.append(KpiLine(metric_label(one, words), now[0], changes[0], now[1], changes[1], few))
    return tuple(lines)


def _change(name: str, now: Row, before: Row, smallest: int) -> str:
    """The change of a figure; none of a ratio that rests on too few conversions to say that it moved."""
    if _is_few(name, now, smallest) or _is_few(name, before, smallest):
        return formats.MISSING
    return formats.change(relative_change(now[name], before[name]))


def _is_few(name: str, row: Row, smallest: int) -> bool:
    rests_on = RESTS_ON.get(name)
    return rests_on is not None and float(row[rests_on.conversions] or 0) < smallest


def _table(kpis: tuple[KpiLine, ...], view: View, published: Published, words: Words) -> PageTable:
    model = words.model(read_choices(published, view).models_of(view)[0])
    return PageTable(
        caption=words("kpis.caption", model=model),
        columns=(
            Column(words("kpis.metric"), numeric=False),
            Column(words("digest.day")),
            Column(words("digest.day_change")),
            Column(words("digest.week_column")),
            Column(words("digest.week_change")),
        ),
        rows=tuple(tuple(map(str, line[:5])) for line in kpis),
    )


def _changes(published: Published, reader: Reader, words: Words) -> tuple[Part, ...]:
    """What changed since the publication of the team's last digest."""
    heading = words("digest.changes")
    if reader.since is None:
        return (Part.of(heading, words("digest.first")),)
    if reader.since == published.run_id:
        return ()
    try:
        before = read_published(published.lake, run_id=reader.since)
        found = read_changes(before, published, View(), timezone=reader.timezone)
    except InputError as error:
        return (Part.of(heading, words("digest.no_comparison", run=reader.since, reason=str(error))),)
    if found is None or not found.models:
        return ()
    chosen = reader.team.chosen_channels
    if chosen is not None:
        found = replace(found, channels=tuple(one for one in found.channels if one.channel in chosen))
    return (Part.of(heading, *changes_sentences(found, words, found.models[0], smaller="digest.smaller")),)


def _warnings(published: Published, words: Words) -> tuple[Part, ...]:
    """What does not hold: a run that ended without publishing, failed checks, drift; and open questions."""
    parts = []
    if (step := read_failed_step(published)) is not None:
        parts.append(Part.of(words("digest.failed_run"), _failed_step(step, words)))
    if checks := read_failed_checks(published):
        parts.append(Part.of(words("digest.checks"), *_bounded([_check(one, words) for one in checks], words)))
    if alarms := read_drift(published):
        parts.append(Part.of(words("digest.drift"), *_bounded([_alarm(one, words) for one in alarms], words)))
    if questions := questions_for(published.lake, state=OPEN, limit=MOST_QUESTIONS):
        lines = [
            words(
                "digest.question",
                name=_metric_name(one.metric, words),
                number=short(one.number),
                day=words.day(one.asked_at),
            )
            for one in questions
        ]
        parts.append(Part.of(words("digest.questions"), *_bounded(lines, words)))
    return tuple(parts)


def _failed_step(step: FailedStep, words: Words) -> str:
    moment = formats.moment(step.started_at)
    return words("digest.failed_step", run=step.run_id, step=step.name, moment=moment, message=step.message)


def _check(one: FailedCheck, words: Words) -> str:
    values = {"check": one.name, "expected": formats.figure(one.expected), "found": formats.figure(one.actual)}
    return words("digest.check" if one.is_published else "digest.check_of_run", run=one.run_id, **values)


def _alarm(one: DriftAlarm, words: Words) -> str:
    return words("digest.alarm", version=one.model_version, check=one.check, subject=one.subject, detail=one.detail)


def _metric_name(name: str, words: Words) -> str:
    return metric_label(metrics()[name], words) if name in metrics() else short(name)


def _bounded(lines: list[str], words: Words) -> tuple[str, ...]:
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], *([words("digest.more", number=formats.count(more))] if more > 0 else ()))
