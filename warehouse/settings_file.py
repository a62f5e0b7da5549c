"""Reads configuration files: a base file first, then what the user's file changes; errors name file and line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from warehouse.errors import UsageError, did_you_mean
from warehouse.knobs import Part

# libyaml, where PyYAML was built with it, reads the list of sources in a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_knobs(
    model: type[Part],
    base: Traversable,
    config: Path | None = None,
    *,
    located: Callable[[Part], Part] = lambda knobs: knobs,
) -> Part:
    """The knobs of the file `base`, changed by those of `config`; `located` turns paths in them into those that count.

    Mappings are merged knob by knob, lists and values replace. Raises UsageError, naming file, line and knob, one line
    for each, for an unreadable file, unknown knobs and values that do not fit, by themselves or beside the others.
    """
    knobs = read_yaml(base)
    if config is not None:
        knobs = _merged(knobs, read_yaml(config))
    try:
        read = located(model.model_validate(knobs))
    except ValidationError as error:
        raise UsageError(_explain(error, model, config or base)) from error
    if misfits := [_misfit_in(config or base, *misfit) for misfit in read.misfits()]:
        raise UsageError(_in_order(misfits))
    return read


def knobs_of(model: type[Part], values: Mapping[str, Any], options: Mapping[str, str] | None = None) -> Part:
    """The knobs of a mapping; UsageError, naming the knob, for a value that does not fit.

    `options` are the options of a command line that set a knob, to name beside it.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        option = (options or {}).get(str(first["loc"][0]))
        knob = ".".join(map(str, first["loc"])) + (f" ({option})" if option else "")
        raise UsageError(f"{knob}: {first['msg'].removeprefix('Value error, ')} (got {first['input']!r})") from error


def read_yaml(path: Traversable) -> dict[str, Any]:
    """A YAML file's top-level mapping (empty for an empty file); UsageError where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
        loaded = yaml.load(text, Loader=LOADER)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such configuration file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UsageError(f"{path}: must hold knobs as `name: value`, not a {type(loaded).__name__}")
    _refuse_duplicates(yaml.compose(text, Loader=LOADER), path)
    return loaded


def _refuse_duplicates(node: yaml.Node | None, path: Traversable) -> None:
    """UsageError for a key given twice in one mapping: YAML would use the last and ignore the first."""
    lines: dict[str, int] = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        line = key.start_mark.line + 1
        if key.value in lines:
            raise UsageError(f"{path}:{line}: knob {key.value} is given twice, first on line {lines[key.value]}")
        lines[key.value] = line
        _refuse_duplicates(value, path)
    for value in node.value if isinstance(node, yaml.SequenceNode) else ():
        _refuse_duplicates(value, path)


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in change.items():
        both_mappings = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both_mappings else value
    return merged


def _explain(error: ValidationError, model: type[BaseModel], config: Traversable) -> str:
    """One line for each wrong value. A value that could be of several types is wrong for each of them: the first. A
    mapping that lacks a knob and has an unknown one is wrong once."""
    lines: dict[tuple[Any, ...], tuple[int, str]] = {}
    lacking = {tuple(wrong["loc"])[:-1] for wrong in error.errors() if wrong["type"] == "missing"}
    for wrong in error.errors():
        place = tuple(wrong["loc"])
        if wrong["type"] == "extra_forbidden" and place[:-1] in lacking:
            continue
        knob = ".".join(map(str, place))
        line, found = _found_in(config, place)
        is_other_type = wrong["type"] not in ("extra_forbidden", "missing")
        known_by = found if is_other_type and line else place
        lines.setdefault(known_by, (line or 0, _wrong_in(config, model, wrong, line, knob)))
    return _in_order(lines.values())


def _wrong_in(config: Traversable, model: type[BaseModel], wrong: Any, line: int | None, knob: str) -> str:
    where, place = f"{config}:{line}" if line else str(config), tuple(wrong["loc"])
    if wrong["type"] == "extra_forbidden":
        near = did_you_mean(str(place[-1]), _known_knobs(model, place[:-1]))
        return f"{where}: unknown knob {knob}{near or '; see conf/base.yaml'}"
    if wrong["type"] == "missing":
        return f"{where}: knob {knob} is missing"
    return f"{where}: {knob}: {wrong['msg']} (got {wrong['input']!r})"


def _in_order(lines: Iterable[tuple[int, str]]) -> str:
    """Texts in the order of their lines in the file."""
    return "\n".join(text for _, text in sorted(lines, key=lambda each: each[0]))


def _misfit_in(config: Traversable, place: tuple[Any, ...], message: str) -> tuple[int, str]:
    line, _ = _found_in(config, place)
    where = f"{config}:{line}" if line else str(config)
    return line or 0, f"{where}: {'.'.join(map(str, place))}: {message}"


def _known_knobs(settings: type[BaseModel], place: tuple[Any, ...]) -> list[str]:
    model: Any = settings
    for part in place:
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
        field = model.model_fields.get(str(part))
        model = field.annotation if field else None
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _found_in(config: Traversable, place: tuple[Any, ...]) -> tuple[int | None, tuple[Any, ...]]:
    """The line of a knob in a YAML file, from 1, and how much of its place the file names; None where nothing."""
    node = yaml.compose(config.read_text(encoding="utf-8"), Loader=LOADER)
    line = None
    for depth, part in enumerate(place):
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line, place[:depth]
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line, place[:depth]
    return line, place
