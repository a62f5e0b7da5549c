"""What a shell offers to go on with: configuration files, and versions of registered models."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

OFFERED_AT_MOST = 50
PATTERNS = ("*.yaml", "*.yml", "*/*.yaml")


def config_files(incomplete: str) -> list[str]:
    """The YAML files that begin so, here and one folder below; without one the shell offers all files."""
    folder, _, begin = incomplete.rpartition("/")
    root = Path(f"{folder}/" if incomplete.startswith("/") or folder else ".")
    found: set[Path] = set()
    with suppress(OSError):
        for pattern in PATTERNS:
            found.update(root.glob(f"{_literal(begin)}{pattern}"))
    return sorted(map(str, found))[:OFFERED_AT_MOST]


def model_versions(ctx: Any, incomplete: str) -> list[str]:
    """Versions of the registered models, the newest first; none where the configuration or the registry is not read."""
    from jobs.models import registered_versions  # noqa: PLC0415 (it imports this module)

    try:
        versions = registered_versions(ctx.params.get("config"))
    except Exception:  # a shell has no place for an error
        return []
    return [version for version in versions if version.startswith(incomplete)][:OFFERED_AT_MOST]


def _literal(text: str) -> str:
    """The text for a glob: without a meaning of *, ? and brackets."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)
