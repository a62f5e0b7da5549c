"""The steps of a page of docs/how-to: what is to be done with which file, and following them on a copy of the code."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
STEP = re.compile(r"^(Write|Add to|Change in) `([^`]+)`:\n\n```\w+\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """`Write` a file, `Add to` its end, or `Change in` it what a diff says."""

    what: str
    file: str
    block: str


def page(name: str) -> str:
    return (REPOSITORY / "docs" / "how-to" / name).read_text(encoding="utf-8")


def steps(text: str) -> list[Step]:
    return [Step(*found.groups()) for found in STEP.finditer(text)]


def follow(todo: Iterable[Step], root: Path) -> None:
    """Does the steps with the files below `root`."""
    for step in todo:
        file = root / step.file
        if step.what == "Write":
            file.write_text(step.block, encoding="utf-8")
        else:
            text = file.read_text(encoding="utf-8")
            blank = "\n\n" if file.suffix == ".py" else "\n"
            after = f"{text}{blank}{step.block}" if step.what == "Add to" else changed(text, step.block)
            file.write_text(after, encoding="utf-8")


def module_of(file: str, text: str) -> ModuleType:
    """The text as the module that it is in that file. Put it into sys.modules where others import it."""
    module = ModuleType(file.removesuffix(".py").replace("/", "."))
    exec(compile(text, file, "exec"), module.__dict__)
    return module


def changed(text: str, diff: str) -> str:
    """The text with a block of a diff applied: lines with + are new, lines with - go, the others are there."""
    lines = diff.splitlines()
    before = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
    after = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
    assert text.count(before) == 1, f"not found once:\n{before}"
    return text.replace(before, after)


def run(root: Path, *arguments: str) -> str:
    """What Python prints below `root`; fails with its output."""
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def table_after(text: str, *header: str) -> list[list[list[str]]]:
    """Every Markdown table with these columns: its rows of cells."""
    head = f"| {' | '.join(header)} |\n"
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in part.split("\n\n")[0].splitlines()[1:]]
        for part in text.split(head)[1:]
    ]
