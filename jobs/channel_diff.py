"""Which touches of a lake another version of channel rules or lists would move, and the credited value with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.run import Run, open_run
from jobs.settings import load_settings
from touchpoints.channel_moves import NAMED, Reading, moved_touches, moved_value, moves_of, named_touches
from touchpoints.ids import identified
from touchpoints.knobs import HitKnobs, RuleFiles, Touchpoints
from touchpoints.source_list import conf_file
from touchpoints.usable import tokenised
from warehouse.errors import InputError
from warehouse.knobs import part_of
from warehouse.settings_file import read_yaml
from warehouse.tables import BRONZE_EVENTS, GOLD_ATTRIBUTION_CREDITS, SILVER_TOUCHPOINTS

STORED = "stored"  # the channels that the lake's touches have
SOURCES_FILE = {"sources", "click_ids", "ignored_referrers"}
MORE_SOURCES_FILE = {*SOURCES_FILE, "sites", "names", "ignored_labels", "shared_domains"}


@dataclass(frozen=True)
class Moves:
    """What would move: touches in all, rows of `moves_of` and of `moved_value`, the largest first."""

    touches: int
    moves: list[dict[str, Any]]
    values: list[dict[str, Any]]

    @property
    def moved(self) -> int:
        """How many touches would have another channel."""
        return sum(row["touches"] for row in self.moves)

    def as_data(self) -> dict[str, Any]:
        """Plain data, for --json."""
        return {"touches": self.touches, "moved": self.moved, "moves": self.moves, "values": self.values}


def compared(old: str, new: str, *, config: Path | None, run: Run | None = None) -> Moves:
    """What moves from `old` to `new`: each a file of channel rules, of sources, of more sources, or a configuration;
    or the word stored, for what the lake's touches have. Nothing is written."""
    run = run or open_run("channels", config=config, dry_run=True)
    lake = run.lake
    if not lake.exists(SILVER_TOUCHPOINTS):
        raise InputError(f"the lake {lake.root} has no touches yet: run `distributary build`")
    touches = lake.read(SILVER_TOUCHPOINTS)
    secret = run.settings.privacy.secret()
    events = tokenised(identified(lake.read(BRONZE_EVENTS)), ("event_id",), secret)
    of_touches = events.join(
        touches.select("touchpoint_id"), events["event_id"] == touches["touchpoint_id"], "left_semi"
    ).persist()

    def named(version: str) -> Any:
        if version == STORED:
            return touches.select("touchpoint_id", *NAMED)
        return named_touches(of_touches, reading_of(version, run.settings.touchpoints))

    moved = moved_touches(named(old), named(new)).persist()
    moves = [row.asDict() for row in moves_of(moved).collect()]
    credits = lake.read(GOLD_ATTRIBUTION_CREDITS) if lake.exists(GOLD_ATTRIBUTION_CREDITS) else None
    values = [] if credits is None else [row.asDict() for row in moved_value(moved, credits).collect()]
    return Moves(
        touches.count(),
        sorted(moves, key=lambda row: (-row["touches"], str(row))),
        sorted(values, key=lambda row: (row["model"], -abs(row["credited_value"]), str(row))),
    )


def reading_of(file: str, now: Touchpoints) -> Reading:
    """The rules, lists and knobs that count with `file` in place of those of `now`."""
    knobs = _with(file, now)
    files = part_of(knobs, RuleFiles)
    return Reading(files.channel_rules(), files.sources(), part_of(knobs, HitKnobs))


def _with(file: str, now: Touchpoints) -> Touchpoints:
    keys = set(read_yaml(conf_file(file)))
    if "rules" in keys:
        return now.model_copy(update={"channels_file": file})
    if keys >= SOURCES_FILE:
        return now.model_copy(update={"sources_file": file})
    if keys & MORE_SOURCES_FILE:
        return now.model_copy(update={"more_sources_files": [file, *now.more_sources_files]})
    return load_settings(Path(file)).touchpoints


def in_words(found: Moves, rows: int) -> list[str]:
    """Lines for people: how many touches, which, and the value by model."""
    share = found.moved / found.touches if found.touches else 0
    lines = [f"{found.moved:,} of {found.touches:,} touches ({share:.1%}) would have another channel"]
    if found.moves and rows:
        shown = [("touches", "channel", "source / medium", "rule"), *map(_move, found.moves[:rows])]
        lines += ["", *_columns(shown)]
        left = found.moves[rows:]
        lines += [f"and {sum(row['touches'] for row in left):,} touches of {len(left):,} more kinds"] if left else []
    if found.values:
        values = [("model", "channel", "conversions", "credited value"), *map(_value, found.values)]
        lines += ["", *_columns(values)]
    return lines


def _move(row: Mapping[str, Any]) -> tuple[str, ...]:
    old, new = (f"{row[f'{when}_source'] or '-'} / {row[f'{when}_medium'] or '-'}" for when in ("old", "new"))
    return (
        f"{row['touches']:,}",
        f"{row['old_channel']} -> {row['new_channel']}",
        old if old == new else f"{old} -> {new}",
        f"{row['old_channel_rule']} -> {row['new_channel_rule']}",
    )


def _value(row: Mapping[str, Any]) -> tuple[str, ...]:
    moved = f"{row['old_channel']} -> {row['new_channel']}"
    return row["model"], moved, f"{row['conversions']:,.1f}", f"{row['credited_value']:,.2f} {row['currency']}"


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
