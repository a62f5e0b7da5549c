"""The script that draws charts in a browser: Vega, Vega-Lite and Vega-Embed, out of the package vl_convert."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from warehouse.cache import cache_folder

# What pages call. The interpreter of expressions needs no eval, which the pages' security policy forbids.
ENTRY = "window.vegaEmbed = vegaEmbed;"


def bundle_file() -> Path:
    """Where the script is kept: one file per version of vl_convert."""
    return cache_folder("pages") / f"vega-{version('vl-convert-python')}.js"


def make_bundle() -> Path:
    """The script's file, made where it is missing.

    It is made by a process of its own: the engine that makes it would keep 100 MB of this one's memory.
    """
    if not (file := bundle_file()).exists():
        subprocess.run([sys.executable, "-m", "dashboard.serve.bundle"], check=True)
    return file


def _write() -> None:
    import vl_convert  # noqa: PLC0415

    file = bundle_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.part")
    partial.write_text(vl_convert.javascript_bundle(ENTRY, vl_version="6.4"), encoding="utf-8")
    partial.replace(file)


if __name__ == "__main__":
    _write()
