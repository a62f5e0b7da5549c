"""Known sources, click ids and referrers that are no source: conf/sources.yaml as frozen models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conf import CONF_ROOT
from warehouse.errors import UsageError
from warehouse.settings_file import read_yaml

Category = Literal["search", "social", "video", "shopping", "ai", "email"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Entry):
    """A known source: its name, what it is, the hosts its referrals come from, and other names in utm_source."""

    name: str
    category: Category
    hosts: list[str] = []
    aliases: list[str] = []

    def names(self) -> set[str]:
        """Everything, in lower case, that utm_source may say for it."""
        return {text.lower() for text in (self.name, *self.aliases, *self.hosts)}


class ClickId(_Entry):
    """A URL parameter that an ad network or mailer adds: what it proves, and for whom.

    `value_contains`: the parameter counts only where its value, lower-cased and URL-decoded, holds this text.
    """

    parameter: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    source: str
    medium: str
    paid: bool
    value_contains: str | None = None


class SourceList(_Entry):
    """All of conf/sources.yaml. Of two sources with one host or name the earlier in the file counts."""

    sources: list[Source]
    click_ids: list[ClickId]
    ignored_referrers: list[str]

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
        """Parameters that prove a paid click."""
        return [click_id.parameter for click_id in self.click_ids if click_id.paid]


def conf_file(name: str) -> Path:
    """A file of settings: as the path says, or of that name in the packaged conf/."""
    path = Path(name)
    return path if path.exists() or path.is_absolute() else CONF_ROOT / name


def load_sources(name: str) -> SourceList:
    """The source list; UsageError, naming the file and the entry, where it does not fit."""
    path = conf_file(name)
    try:
        return SourceList.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
