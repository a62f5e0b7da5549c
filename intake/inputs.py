"""The inputs that the settings name: which adapter reads which files, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import unquote

from intake.adapter import Adapter
from intake.adapters import ADAPTERS, adapter_named, no_adapter
from intake.first_look import is_known_encoding
from intake.knobs import Export, InputFiles
from warehouse.errors import UsageError, did_you_mean
from warehouse.knobs import Misfit, part_of
from warehouse.local_files import above


@dataclass(frozen=True)
class Input:
    """One kind of landed file: name, adapter, files (a glob below the landing folder) and the adapter's lookups.

    `export` says how the files are written; `may_lag`: tables are published even where its new files are refused.
    """

    name: str
    adapter: Adapter
    files: str
    required: bool
    lookup_files: Mapping[str, str]
    export: Export = field(default_factory=Export)
    may_lag: bool = False


def misfits_of(chosen: InputFiles) -> Iterator[Misfit]:
    """What of an input can never match: an unknown adapter, field or encoding. Places are those below the input."""
    if chosen.adapter not in ADAPTERS:
        yield Misfit(("adapter",), no_adapter(chosen.adapter))
        return
    adapter = ADAPTERS[chosen.adapter]
    fields = {"columns": adapter.columns, "constants": (*adapter.columns, *adapter.table.column_names)}
    for knob, named in (("columns", chosen.columns), ("constants", chosen.constants)):
        for unknown in sorted(set(named) - set(fields[knob])):
            yield Misfit(
                (knob, unknown),
                f"the adapter {chosen.adapter} has no field {unknown}; it has {', '.join(adapter.columns)}"
                f"{did_you_mean(unknown, adapter.columns)}",
            )
    for unknown in sorted(set(chosen.options) - set(adapter.lookups)):
        yield Misfit(
            ("options", unknown),
            f"the adapter {chosen.adapter} has no option {unknown}; it has {', '.join(adapter.lookups) or 'none'}"
            f"{did_you_mean(unknown, adapter.lookups)}",
        )
    if chosen.encoding is not None and not is_known_encoding(chosen.encoding):
        yield Misfit(
            ("encoding",),
            f"no encoding is called {chosen.encoding!r}; names are those of Python, such as utf-8, cp949, cp1252, "
            "shift_jis, utf-16",
        )


def input_of(chosen: InputFiles) -> Input:
    """An input of the settings with its adapter; UsageError for an unknown adapter, field or encoding."""
    adapter = adapter_named(chosen.adapter)
    for (knob, *field_), wrong in misfits_of(chosen):
        raise UsageError(f"landing.inputs: {chosen.name}: {f'{knob}: ' if field_ else ''}{wrong}")
    return Input(
        name=chosen.name,
        adapter=adapter,
        files=chosen.files,
        required=chosen.required,
        lookup_files=dict(chosen.options),
        export=part_of(chosen, Export),
        may_lag=chosen.may_lag,
    )


def input_named(name: str, adapter: str, files: str, *, required: bool, options: Mapping[str, str]) -> Input:
    """An input with its adapter, written as the adapter expects; UsageError for an unknown adapter."""
    return input_of(InputFiles(name=name, adapter=adapter, files=files, required=required, options=dict(options)))


def is_of_another(file: str, input_: Input, others: Sequence[Input]) -> bool:
    """Whether a landed file is a lookup, or lies in a subfolder that is another input's."""
    name = unquote(file)
    if name in input_.lookup_files.values():
        return True
    depth = name.count("/")
    if depth <= _depth(input_.files):
        return False
    return any(
        other is not input_ and (name in other.lookup_files.values() or _is_nearer(name, other.files, input_.files))
        for other in others
    )


def one_folder_up(pattern: str) -> str | None:
    """The files beside the folders of a pattern: meta/*.csv for meta/*/*.csv; None where its folder has one name.

    Those in the landing folder itself are left alone: there may be anything.
    """
    *parents, folder, name = ("", *pattern.split("/"))
    return "/".join([*parents[1:], name]) if len(parents) > 1 and folder == "*" else None


def _is_nearer(name: str, pattern: str, own: str) -> bool:
    """Whether a file lies below the folder of `pattern`, and that lies deeper than the one of `own`."""
    folder = above(pattern).strip("/")
    deeper = _depth(pattern) > _depth(own) and fnmatchcase("/".join(name.split("/")[: _depth(pattern)]), folder)
    return deeper or (_depth(pattern) == name.count("/") and fnmatchcase(name, pattern))


def _depth(pattern: str) -> int:
    """How many folders a pattern names."""
    return above(pattern).strip("/").count("/") + 1 if above(pattern).strip("/") else 0
