"""Known sources, click ids and referrers that are no source: conf/sources.yaml as frozen models."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conf import CONF_ROOT
from touchpoints.hosts import ANY_SUFFIX, Host
from warehouse.errors import UsageError
from warehouse.settings_file import read_yaml

Category = Literal["search", "social", "video", "shopping", "ai", "email"]
Kind = Literal["search", "shopping", "social", "video", "display", "cross_network", "affiliate", "email"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Entry):
    """A known source: its name, its category, the hosts its referrals come from, and other names in utm_source.

    A host covers its subdomains unless `subdomains` is false (portals, whose other services are no search).
    `google.*` stands for google under any public suffix.
    """

    name: Annotated[str, Field(min_length=1)]
    category: Category
    hosts: list[Host] = []
    aliases: list[str] = []
    subdomains: bool = True

    def names(self) -> set[str]:
        """All names in utm_source that mean it, in lower case."""
        hosts = (host.removesuffix(ANY_SUFFIX) for host in self.hosts)
        return {text.lower() for text in (self.name, *self.aliases, *hosts)}


class ClickId(_Entry):
    """A URL parameter that an ad network or mailer adds, with the source and medium that it stands for.

    `parameter` is in lower case and matches in any case. `value_contains`, `value_part`: the parameter counts only
    where its value, lower-cased and URL-decoded, contains this text, or is it between two | or ends (tr=sa, which
    tr=sab is not). `weak`: organic clicks have it too, so it gives the source only where the referrer names no other
    one. `kind`: the kind of campaign that it proves, for sources whose category does not say it.
    """

    parameter: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    source: str
    medium: str
    paid: bool
    value_contains: str | None = None
    value_part: str | None = None
    weak: bool = False
    kind: Kind | None = None


class SourceList(_Entry):
    """All of conf/sources.yaml. Of two sources with one host or name the earlier in the file counts.

    `ignored_labels`: a host is ignored too if it has one of these words in its first label, before its domain.
    """

    sources: Annotated[list[Source], Field(min_length=1)]
    click_ids: list[ClickId]
    ignored_referrers: list[Host]
    ignored_labels: list[str] = []

    def names_of(self, category: Category) -> list[str]:
        """Names of a category in lower case, sorted; each name belongs to one category only."""
        claimed: dict[str, Category] = {}
        for source in self.sources:
            for name in source.names():
                claimed.setdefault(name, source.category)
        return sorted(name for name, owner in claimed.items() if owner == category)

    def by_host(self) -> dict[str, Source]:
        """Source of each host."""
        hosts: dict[str, Source] = {}
        for source in self.sources:
            for host in source.hosts:
                hosts.setdefault(host.lower(), source)
        return hosts

    @property
    def paid_click_ids(self) -> list[str]:
        """Parameters that prove a paid click, each once."""
        return list(dict.fromkeys(click_id.parameter for click_id in self.click_ids if click_id.paid))


def conf_file(name: str) -> Traversable:
    """A file of settings: the file at that path, otherwise the one of that name in the packaged conf/."""
    path = Path(name)
    return path if path.exists() or path.is_absolute() else CONF_ROOT / name


def load_sources(name: str) -> SourceList:
    """The source list; UsageError, naming the file and the entry, where it does not fit."""
    path = conf_file(name)
    knobs = read_yaml(path)
    try:
        return SourceList.model_validate(knobs)
    except ValidationError as error:
        raise misfit(path, knobs, error) from error


def misfit(path: Traversable, knobs: dict[str, Any], error: ValidationError) -> UsageError:
    """The first thing that does not fit, in one line: file, place, the entry by its name, and what is wrong."""
    first = error.errors()[0]
    place = first["loc"]
    entry: Any = knobs
    for part in place[:2]:
        is_there = part in entry if isinstance(entry, dict) else isinstance(entry, list) and part in range(len(entry))
        entry = entry[part] if is_there else None
    named = entry.get("name", entry.get("parameter")) if isinstance(entry, dict) else None
    where = [".".join(map(str, place)) + (f" ({named})" if named else "")] if place else []
    return UsageError(": ".join([str(path), *where, first["msg"].removeprefix("Value error, ")]))
