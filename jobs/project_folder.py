"""The files of a new project: a commented configuration of what a landing folder holds, and the next commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from intake.adapters import ADAPTERS
from intake.recognise import Recognised
from intake.samples import sample
from jobs.found_inputs import Findings, FoundInput
from jobs.settings import BASE_FILE
from warehouse.errors import UsageError
from warehouse.local_files import shown
from warehouse.messages import one_line
from warehouse.settings_file import read_yaml

NAMES_AT_MOST = 3
COLUMNS_AT_MOST = 8
RATES = {"name": "exchange_rates", "adapter": "exchange_rates", "files": "exchange_rates/*", "required": False}
IGNORED = """# What runs write, and what they read: neither belongs in a repository.
/lake/
/mlartifacts/
/mlflow.db
/report.html
{landing}"""
README = """# {name}

Made by `distributary init`. [shop.yaml](shop.yaml) says which exports are read and how; every knob that it leaves out
has its default, and each line says what was found. In this folder:

```sh
distributary doctor --config shop.yaml                # is everything there that a run needs?
distributary pipeline --config shop.yaml --dry-run    # reads headers, writes nothing
distributary pipeline --config shop.yaml              # from exports to published tables and report.html
```

Then, once there are some hundred customers, `distributary train --config shop.yaml`, and the pipeline again.
"""


def project_files(folder: Path, landing: Path, found: Findings) -> dict[Path, str]:
    """The files of the project with their text; nothing is written."""
    root = _relative(landing, folder)
    is_inside = not root.startswith(("/", ".."))
    return {
        folder / "shop.yaml": configuration(root, found),
        folder / ".gitignore": IGNORED.format(landing=f"/{root}/\n" if is_inside else ""),
        folder / "README.md": README.format(name=folder.absolute().name),
    }


def write_new(files: Mapping[Path, str]) -> None:
    """Writes the files. UsageError, with nothing written, where one of them is there, or the folder cannot be made."""
    if there := [str(path) for path in files if path.exists()]:
        raise UsageError(f"{', '.join(there)}: already there, and init overwrites nothing; name another folder")
    written: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise UsageError(f"{error.filename or folder_of(files)}: cannot be written ({error.strerror})") from error


def folder_of(files: Mapping[Path, str]) -> Path:
    """The folder of the project."""
    return next(iter(files)).parent


def configuration(root: str, found: Findings) -> str:
    """The text of shop.yaml. Knobs with the value of base.yaml are comments: what was found, but nothing to change."""
    base = read_yaml(BASE_FILE)
    report = [
        _knob("timezone", found.timezone, base["report"]["timezone"], found.timezone_evidence),
        _knob("currency", found.currency, base["report"]["currency"], found.currency_evidence),
    ]
    lines = [
        "# Only what differs from the defaults of conf/base.yaml; docs/settings.md says what each knob remakes.",
        "# Relative paths start in this folder.",
        "",
        "landing:",
        *_indented(_knob("root", root, base["landing"]["root"], "the folder that was looked at")),
        "  inputs:",
        *(f"    {line}" for one in found.inputs for line in _input(one)),
        *(f"    {line}" for line in _rates(found)),
        *(f"    {line}" for line in _unknown(found)),
        "",
        "report:" if any(not line.startswith("#") for knob in report for line in knob) else "# report:",
        *(line for knob in report for line in _indented(knob)),
        "",
        "conversions:",
        f"  # For sales whose file names no currency. Found: {found.currency_evidence}.",
        f"  default_currency: {found.currency}",
        "",
    ]
    return "\n".join(lines)


def _knob(name: str, value: str, default: str, evidence: str) -> list[str]:
    text = yaml.safe_dump({name: value}, allow_unicode=True).strip()
    if value == default:
        return [f"# {text} is the default. Found: {evidence}."]
    return [f"# Found: {evidence}.", text]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _input(one: FoundInput) -> list[str]:
    """The comment and the line of an input."""
    names = [printable(name) for name in one.files[:NAMES_AT_MOST]]
    more = f" and {len(one.files) - NAMES_AT_MOST:,} more" if len(one.files) > NAMES_AT_MOST else ""
    entry: dict[str, Any] = {"name": one.name, "adapter": one.adapter, "files": one.pattern, "required": True}
    return [
        f"# {', '.join(names)}{more}",
        *(f"# {printable(reason)}." for reason in one.why),
        f"- {_flow({**entry, **one.options})}",
    ]


def _rates(found: Findings) -> list[str]:
    """Exchange rates, where there is more than one currency."""
    if not found.other_currencies or any(one.adapter == RATES["adapter"] for one in found.inputs):
        return []
    codes = ", ".join(found.other_currencies)
    return [
        f"# Amounts in {codes} too, which become {found.currency} at the day's rate. Land a CSV with the columns date,",
        "# currency, report_currency, rate in exchange_rates/: without rates such a run ends.",
        f"- {_flow(RATES)}",
    ]


def _unknown(found: Findings) -> list[str]:
    return [f"# not read: {line}" for line in map(unknown_in_words, found.unknown)]


def unknown_in_words(file: Recognised) -> str:
    """One line for a file that no adapter takes: the nearest format, and the columns that it lacks."""
    name = printable(shown(file.file))
    if file.why_not:
        return f"{name} {printable(file.why_not)}"
    if file.nearest is None or not file.nearest.found:
        has = ", ".join(file.columns[:COLUMNS_AT_MOST])
        return f"{name} is like no known format{f'; it has {printable(has)}' if has else ''}; see docs/input.md"
    lacking = ", ".join(file.nearest.missing)
    return (
        f"{name} is nearest to {file.nearest.adapter}, but lacks {lacking}; it has "
        f"{printable(', '.join(file.columns[:COLUMNS_AT_MOST]))}; where another column is meant, name it in columns: "
        f"{{{file.nearest.missing[0]}: <column of the file>}}"
    )


def as_data(found: Findings) -> dict[str, Any]:
    """What was found as plain data."""
    return {
        "inputs": [
            {"name": one.name, "adapter": one.adapter, "makes": ADAPTERS[one.adapter].table.full_name,
             "files": one.pattern, "found": list(one.files), **one.options, "why": list(one.why)}
            for one in found.inputs
        ],
        "currency": found.currency,
        "currency_evidence": found.currency_evidence,
        "timezone": found.timezone,
        "timezone_evidence": found.timezone_evidence,
        "other_currencies": list(found.other_currencies),
        "unknown": [
            {"file": file.file, "why": unknown_in_words(file),
             "nearest": file.nearest.adapter if file.nearest else None,
             "lacks": list(file.nearest.missing) if file.nearest else []}
            for file in found.unknown
        ],
    }  # fmt: skip


def printable(text: str) -> str:
    """A text of a landed file as part of a line, and of a comment: nothing ends the line."""
    return sample(one_line(text))


def _flow(content: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(content), default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.strip()


def _relative(landing: Path, folder: Path) -> str:
    """The landing folder as the project names it: relative where it is near, otherwise in full."""
    near = os.path.relpath(landing, folder)
    return near if not near.startswith(os.path.join("..", "..")) else str(landing.absolute())  # noqa: PTH118
