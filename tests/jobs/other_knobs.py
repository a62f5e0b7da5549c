"""Another value for any knob, by its type, and the tables that it remakes by docs/settings.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from conf import CONF_ROOT
from jobs.settings import Settings

TOKENS = ("privacy.pseudonyms", "privacy.key")
PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
TEXTS = (
    "conversions",
    "nothing",
    "Asia/Tokyo",
    "EUR",
    "2026-03-05",
    "exact",
    "lifetimes",
    "ko",
    "weeks",
    "first",
    "auto",
    "fail",
    "tls",
)
ITEMS = (
    "impression",
    "exposure",
    "last_paid",
    "Email",
    "sign_up",
    "add_to_cart",
    "10.0.0.9",
    "other.example",
    {"source": "criteo"},
    {"fine": 1, "event": "purchase"},
    "acquisition_channel",
    {"name": "growth", "language": "ko", "to": [{"kind": "file", "path": "growth.md"}]},
    {"name": "Sale", "dates": [["2026-03-02", "2026-03-04"]]},
)
MAPPINGS: tuple[dict[str, Any], ...] = (
    {"sign_up": 7},
    {"Email": 2.5},
    {"account": {"currency": "EUR", "timezone": "Asia/Tokyo"}},
    {"visitors": 7},
    {"source": ["ref"]},
)
INSTEAD_OF_NULL = ("EUR", "2026-03-05", 1000, "other", "https://other.example")
# Of the knobs of a retention campaign one alone is refused.
UPLIFT = {"contact_cost": 1.0, "uplift": 0.1, "uplift_lower": 0.05, "uplift_upper": 0.4}
SIGN_IN = {"user": "shop", "password_env": "SHOP_SMTP_PASSWORD"}
EXPERIMENT = {"contacted": 900, "contacted_stayed": 300, "control": 900, "control_stayed": 200}


def with_another(settings: Settings, path: str, folder: Path) -> Settings:
    """The settings with another valid value of one knob; the files in `folder` are for knobs that name a file."""
    knobs = settings.model_dump(mode="json")
    same = Settings.model_validate(knobs)  # a date of `simulator` comes back from JSON as text
    *sections, name = path.split(".")
    if path in TOKENS:  # neither has an effect without the other
        knobs["privacy"] = {"pseudonyms": True, "key": "a key for tests that is long enough"}
        return Settings.model_validate(knobs)
    if path == "ltv.model":  # the lifetimes fitter knows one
        knobs["ltv"] |= {"fitter": "exact", "model": "mbg_nbd"}
        return Settings.model_validate(knobs)
    if path == "retention.experiment":
        knobs["retention"] |= {**dict.fromkeys(UPLIFT), "contact_cost": 1.0, "experiment": EXPERIMENT}
        return Settings.model_validate(knobs)
    if path in {f"retention.{name}" for name in UPLIFT}:
        knobs["retention"] |= UPLIFT
        return Settings.model_validate(knobs)
    if path in {f"digest.smtp.{name}" for name in SIGN_IN}:  # neither without the other
        knobs["digest"]["smtp"] |= SIGN_IN
        return Settings.model_validate(knobs)
    if path == "behaviour.churn":  # it needs features
        knobs["behaviour"]["features"] = True
        same = Settings.model_validate(knobs)
    group = knobs
    for section in sections:
        group = group[section]
    value = group[name]
    for other in _others(path, value, folder):
        group[name] = other
        try:
            changed = Settings.model_validate(knobs)
        except ValidationError:
            continue
        if changed != same:
            return changed
    raise AssertionError(f"{path}: no other value than {value!r} is valid; add one here")


def remade_by_the_page() -> dict[str, set[str]]:
    """The tables that the page names in the last column, by knob."""
    rows = re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {knob: set(re.findall(r"(?:silver|gold)\.\w+", remade)) for knob, remade in rows}


def _others(path: str, value: Any, folder: Path) -> Iterator[Any]:
    if path in ("touchpoints.channels_file", "touchpoints.sources_file"):
        yield str(_changed_copy(CONF_ROOT / value, folder))
    elif path == "touchpoints.more_sources_files":
        more = folder / "more_sources.yaml"
        more.write_text("sites: {social: [forum.example]}\n", encoding="utf-8")
        yield [str(more)]
    elif path == "marts.folder":
        yield str(folder)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1)
    elif isinstance(value, float):
        yield from (value / 2, value + 0.1)
    elif isinstance(value, str):
        yield from (f"{value}-other", *TEXTS, True)
    elif value is None:
        yield from INSTEAD_OF_NULL
    elif isinstance(value, list):
        yield from (*([value[:-1]] if value else ()), *([*value, item] for item in ITEMS))
    elif value and all(isinstance(part, float) for part in value.values()):
        yield {name: part / 2 for name, part in value.items()}
    elif value:
        yield dict(list(value.items())[:-1])
    else:
        yield from MAPPINGS


def _changed_copy(file: Path, folder: Path) -> Path:
    """A copy of a file of rules with another content: one name in it is changed."""
    text = file.read_text(encoding="utf-8")
    copy = folder / file.name
    copy.write_text(text.replace("AI Assistants", "Assistants").replace("name: gemini,", "name: gemini2,", 1))
    assert copy.read_text(encoding="utf-8") != text, f"{file} has nothing that is changed here"
    return copy
