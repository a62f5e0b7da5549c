"""The errors of real logs: lines that arrive twice, late, out of order, broken or incomplete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.lines import Lines
from simulator.shop import DAY, Bools, Floats, Ints, Shop, identifiers
from simulator.times import iso_times, utc_times

OUTCOMES = ("events", "duplicates", "conflicts", "malformed", "missing_field", "wrong_case", "bad_value")


@dataclass(frozen=True)
class Sent:
    """One entry per line as the collector wrote it, in order of arrival; `outcome` is an index into OUTCOMES."""

    text: list[str]
    received: Floats  # seconds since 1970 UTC
    outcome: Ints
    late: Bools
    out_of_order: Bools
    clock_skewed: Bools
    is_bot: Bools
    name: list[str]


def send(shop: Shop, log: Lines) -> Sent:
    """One line per event with its id and times, plus the faulty lines.

    Lines that would arrive after the last day are left out. Faulty lines are extra lines: no event is lost to them.
    """
    random = shop.random("dirt")
    count = log.count
    draw = random.random(count)
    late = draw < shop.late_share
    slow = ~late & (draw < shop.late_share + shop.out_of_order_share)
    delay = np.minimum(random.lognormal(0.0, 0.8, count), 60.0)
    delay = np.where(
        late, random.uniform(DAY, 6 * DAY, count), np.where(slow, random.uniform(120, 5 * 3600, count), delay)
    )
    received = np.round(log.seconds + delay, 3)
    arrived = np.flatnonzero((received < shop.end_seconds) & (log.seconds >= shop.start_seconds))
    received, late, slow = received[arrived], late[arrived], slow[arrived]
    ahead = log.clock_ahead[arrived]
    text = _render(shop, log, arrived, received)

    rows, extra_text, extra_received, extra_outcome = _extra_lines(shop, random, text, received)
    source = np.concatenate([np.arange(len(arrived)), rows])
    all_received = np.concatenate([received, extra_received])
    outcome = np.concatenate([np.zeros(len(arrived), dtype=np.int64), extra_outcome])
    order = np.lexsort((outcome > 0, all_received))
    all_text = text + extra_text
    source, is_original = source[order], (outcome == 0)[order]
    return Sent(
        text=[all_text[row] for row in order.tolist()],
        received=all_received[order],
        outcome=outcome[order],
        late=late[source] & is_original,
        out_of_order=slow[source] & is_original,
        clock_skewed=(ahead > received - log.seconds[arrived] + 300)[source] & is_original,
        is_bot=log.is_bot[arrived][source] & is_original,
        name=[log.name[row] for row in arrived[source].tolist()],
    )


def _render(shop: Shop, log: Lines, rows: Ints, received: Floats) -> list[str]:
    """The JSON lines of these events. Apps write local time with its offset, all other senders write UTC."""
    ids = identifiers(rows, shop.seed * 4 + 7)
    happened = log.seconds[rows] + log.clock_ahead[rows]
    in_utc, local, arrival = utc_times(happened), iso_times(shop, happened), utc_times(received)
    text = []
    for position, row in enumerate(rows.tolist()):
        body = log.body[row]
        when = local[position] if '"platform":"ios"' in body or '"platform":"android"' in body else in_utc[position]
        received_part = "" if '"platform":"server"' in body else f'"received_ts":"{arrival[position]}",'
        start = f'"event_id":"{ids[position]}","event_name":"{log.name[row]}","event_ts":"{when}",'
        text.append(f"{{{start}{received_part}{body}}}")
    return text


def _extra_lines(
    shop: Shop, random: np.random.Generator, text: list[str], received: Floats
) -> tuple[Ints, list[str], Floats, Ints]:
    """Faulty lines made from good ones: (row of the good line, text, received, outcome)."""
    shares = (
        shop.duplicate_share, shop.conflict_share, shop.malformed_share, shop.missing_field_share,
        shop.wrong_case_share, shop.bad_value_share,
    )  # fmt: skip
    makers: tuple[Callable[[str, int, str], str], ...] = (
        _duplicate, _conflict, _malform, _drop_field, _change_case, _invalid_time,
    )  # fmt: skip
    rows_of, texts, times, outcomes = [], [], [], []
    for outcome, (share, make) in enumerate(zip(shares, makers, strict=True), start=1):
        rows = np.sort(random.choice(len(text), round(len(text) * share), replace=False)) if text else np.array([], int)
        wait = random.choice([0.0, 20.0, 4000.0, 1.5 * DAY], len(rows), p=[0.3, 0.3, 0.2, 0.2])
        extra_received = np.minimum(received[rows] + wait, shop.end_seconds - 0.001)
        received_texts = utc_times(extra_received)
        new_ids = identifiers(np.arange(len(rows)) + outcome * 10**9, shop.seed * 4 + 7)
        for variant, row in enumerate(rows.tolist()):
            keeps_id = make in (_duplicate, _conflict)
            line = text[row] if keeps_id else _replace(text[row], "event_id", new_ids[variant])
            texts.append(make(line, variant, received_texts[variant]))
        rows_of.append(rows)
        times.append(extra_received)
        outcomes.append(np.full(len(rows), outcome))
    return np.concatenate(rows_of), texts, np.concatenate(times), np.concatenate(outcomes)


def _replace(line: str, field: str, value: str) -> str:
    """The line with a new value in a text field; unchanged if it does not have the field."""
    head, mark, rest = line.partition(f'"{field}":"')
    return f'{head}{mark}{value}"{rest.partition(chr(34))[2]}' if mark else line


def _duplicate(line: str, variant: int, received: str) -> str:
    """The same event sent again; every second one byte for byte the same."""
    return line if variant % 2 else _replace(line, "received_ts", received)


def _conflict(line: str, variant: int, received: str) -> str:
    """The same id with another payload."""
    line = _replace(line, "received_ts", received)
    country = ("US", "JP", "DE")[variant % 3]
    return (
        _replace(line, "country", f"{country}-{variant}")
        if '"country":"' in line
        else f'{line[:-1]},"term":"{country}"}}'
    )


def _malform(line: str, variant: int, received: str) -> str:
    """A cut line, a log message, an array or a bare value."""
    cut = line[: 20 + (variant * 37) % max(len(line) - 21, 1)]
    return (cut, f"{received} ERROR upstream timed out", f"[{line}]", cut, "null", "42")[variant % 6]


def _drop_field(line: str, variant: int, received: str) -> str:
    """A required field is missing: event_id, event_name, event_ts, or every id of the visitor."""
    field = ("event_id", "event_name", "event_ts", "anonymous_id")[variant % 4]
    line = _rename(line, "user_id", "customer") if field == "anonymous_id" else line
    return _rename(line, field, f"old_{field}")


def _rename(line: str, field: str, name: str) -> str:
    return line.replace(f'"{field}":', f'"{name}":', 1)


def _change_case(line: str, variant: int, received: str) -> str:
    """A required key is written in another case."""
    field, other = (("event_id", "Event_Id"), ("event_ts", "EVENT_TS"), ("event_name", "eventName"))[variant % 3]
    return _rename(line, field, other)


def _invalid_time(line: str, variant: int, received: str) -> str:
    """event_ts is not a time."""
    return _replace(line, "event_ts", ("yesterday", "2026-13-45T99:00:00Z", "", "NaN")[variant % 4])
