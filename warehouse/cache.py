"""Where files are kept that are made or fetched once on a machine."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """$DISTRIBUTARY_CACHE/<name>, by default ~/.cache/distributary/<name>; it need not exist."""
    root = os.environ.get("DISTRIBUTARY_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "distributary") / name
