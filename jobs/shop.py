"""The simulated shop of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from jobs.settings import Settings
from simulator import Shop, write_landing
from warehouse.errors import UsageError


def shop_of(settings: Settings) -> Shop:
    """The shop that the simulator section describes; UsageError for a knob it does not have."""
    knobs: dict[str, Any] = dict(settings.simulator)
    known = {field.name for field in fields(Shop)}
    if unknown := sorted(set(knobs) - known):
        raise UsageError(f"simulator.{unknown[0]}: unknown knob; there are {', '.join(sorted(known))}")
    try:
        return Shop(**knobs)
    except (TypeError, ValueError) as error:
        raise UsageError(f"simulator: {error}") from error


def write_shop(settings: Settings, say: Callable[[str], None]) -> dict[str, int]:
    """Writes the shop to the landing folder and returns how much was written, by kind."""
    landing = Path(settings.landing.root)
    try:
        counts = write_landing(shop_of(settings), landing, progress=say)
    except FileExistsError as error:
        raise UsageError(str(error)) from error
    say(
        f"{counts['event_lines']:,} event lines, {counts['orders']:,} orders and "
        f"{counts['spend_rows']:,} spend rows in {landing}"
    )
    return counts
