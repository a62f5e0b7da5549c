"""An audited conversion as lines for people, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.cells import cell_len

from published.conversion_audit import AuditedConversion, ModelCredit
from published.landed_lines import LandedLine
from published.landed_records import LandedRecord
from warehouse.local_files import shown
from warehouse.tables.gold_unattributed_conversions import GOLD_UNATTRIBUTED_CONVERSIONS
from warehouse.terms import UNATTRIBUTED

Lines = Mapping[LandedRecord, LandedLine]
PERSONAL = ("person_id", "order_id", "touchpoint_id", "record_id")
NOT_FOUND = "the landed event is not found"


def in_words(conversion: AuditedConversion, lines: Lines, *, personal: bool) -> list[str]:
    """The conversion, its path as a table, the credit of each model as a table, and the landed rows."""
    path = [("#", "touched at (UTC)", "channel", "by rule", "source / medium / campaign", "landed")]
    path += [
        (
            str(touch.position),
            f"{touch.touched_at:%Y-%m-%d %H:%M:%S}",
            touch.channel,
            touch.channel_trace or touch.channel_rule,
            " / ".join(text or "-" for text in (touch.source, touch.medium, touch.campaign)),
            _place(touch.landed, lines),
        )
        for touch in conversion.touches
    ]
    landed = [("table", "what", "at (UTC)", "counts", "landed")]
    landed += [
        (one.table, one.what, f"{one.at:%Y-%m-%d %H:%M:%S}", "yes" if one.counts else "no", _place(one, lines))
        for one in conversion.landed
    ]
    return [
        *_head(conversion, personal=personal),
        "",
        *(in_columns(path) if conversion.touches else ["no touch in its window"]),
        "",
        *(in_columns(_credits(conversion)) if conversion.models else ["its type or day gets no credit"]),
        "",
        *in_columns(landed),
        *(["", *_texts(conversion, lines)] if personal else []),
    ]


def in_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their cells below each other; Hangul and the like are two columns wide."""
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def as_data(conversion: AuditedConversion, lines: Lines, *, personal: bool) -> dict[str, Any]:
    """The conversion as plain data, each landed row with its line; without what names a person unless `personal`."""
    data = asdict(conversion)
    for touch, audited in zip(data["touches"], conversion.touches, strict=True):
        touch["landed"] = _line_data(audited.landed, lines)
    data["landed"] = [_line_data(record, lines) for record in conversion.landed]
    data["adds_up"] = {model: conversion.adds_up(model) for model in conversion.models}
    kept: dict[str, Any] = data if personal else _without(data, PERSONAL)
    return kept


def _head(conversion: AuditedConversion, *, personal: bool) -> list[str]:
    money = f"{conversion.report_value:,.2f} {conversion.report_currency}"
    lines = [
        ("conversion", conversion.conversion_id),
        ("type", conversion.conversion_type + (", first purchase" if conversion.is_first_purchase else "")),
        ("at", f"{conversion.converted_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("net value", money),
        ("as landed", f"{conversion.value:,.2f} {conversion.currency}, refunded {conversion.refunded_value:,.2f}"),
        *([("person", conversion.person_id), ("order", conversion.order_id or "-")] if personal else []),
    ]
    if conversion.is_unattributed:
        cause = conversion.cause or "not known"
        lines.append(("unattributed", f"{cause} (see {GOLD_UNATTRIBUTED_CONVERSIONS.full_name})"))
    return [f"{label:14}{text}" for label, text in lines]


def _credits(conversion: AuditedConversion) -> list[tuple[str, ...]]:
    """One row per touch, one column per model; below them its version, and the sum of credit and net value."""
    models = conversion.models
    rows = [
        (f"#{touch.position}", *(_share(touch.credit_of(model)) for model in models)) for touch in conversion.touches
    ]
    if conversion.is_unattributed:
        rows.append((UNATTRIBUTED, *(_share(conversion.unattributed[model]) for model in models)))
    totals = {model: conversion.credited(model) for model in models}
    wrong = {model: "" if conversion.adds_up(model) else " (not all of it)" for model in models}
    return [
        ("credit", *models),
        *rows,
        ("sum", *(_share(total) for total in totals.values())),
        ("net value", *(f"{total.value:,.2f}{wrong[model]}" for model, total in totals.items())),
        ("version", *models.values()),
    ]


def _share(credit: ModelCredit) -> str:
    return f"{credit.credit:.1%}"


def _place(record: LandedRecord | None, lines: Lines) -> str:
    if record is None:
        return NOT_FOUND
    found = lines.get(record)
    number = found.line if found and found.line is not None else record.line
    place = f"{shown(record.file)}:{number}" if number is not None else shown(record.file)
    return f"{place} ({found.problem})" if found and found.problem else place


def _texts(conversion: AuditedConversion, lines: Lines) -> list[str]:
    found = [lines[record] for record in conversion.records if record in lines]
    return [f"{_place(line.record, lines)}  {line.text}" for line in found if line.text is not None]


def _line_data(record: LandedRecord | None, lines: Lines) -> dict[str, Any] | None:
    if record is None:
        return None
    found = lines.get(record)
    if found is None:
        return asdict(record)
    fields = {**asdict(record), "line": found.line, "fields": found.fields, "left_out": list(found.left_out)}
    return {**fields, "text": found.text, "problem": found.problem}


def _without(data: Any, names: Sequence[str]) -> Any:
    if isinstance(data, dict):
        return {name: _without(value, names) for name, value in data.items() if name not in names}
    return [_without(value, names) for value in data] if isinstance(data, list | tuple) else data
