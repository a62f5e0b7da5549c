"""Known sources, click ids and referrers that are no source: conf/sources.yaml as frozen models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conf import CONF_ROOT
from touchpoints.hosts import ANY_SUFFIX, Host
from warehouse.errors import UsageError
from warehouse.settings_file import read_yaml

Category = Literal["search", "social", "video", "shopping", "ai", "email", "display"]
Kind = Literal["search", "shopping", "social", "video", "display", "cross_network", "affiliate", "email"]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Entry):
    """A known source: its name, its category, the hosts its referrals come from, and other names in utm_source.

    A host covers its subdomains unless `subdomains` is false (portals, whose other services are no search).
    `google.*` stands for google under a country's suffix, .com, .net and .org. `pages` are the source of referrals from
    a part of a host, which is otherwise another's: bing.com/chat. `medium` is that of its referrals; without one it is
    organic for search engines and referral for others.
    """

    name: Annotated[str, Field(min_length=1)]
    category: Category
    hosts: list[Host] = []
    pages: list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.[a-z]+/[a-z0-9/_-]+$")]] = []
    aliases: list[str] = []
    subdomains: bool = True
    medium: Annotated[str, Field(min_length=1)] | None = None

    @property
    def referral_medium(self) -> str:
        """The medium of its referrals."""
        return self.medium or ("organic" if self.category == "search" else "referral")

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


class MoreSources(_Entry):
    """A file of entries of one's own, in the form of conf/sources.yaml, each part of it if wanted: they count before
    those of the list."""

    listed_on: dict[str, date] = {}
    sources: list[Source] = []
    sites: dict[Category, list[Host]] = {}
    names: dict[Category, list[str]] = {}
    click_ids: list[ClickId] = []
    ignored_referrers: list[Host] = []
    ignored_labels: list[str] = []
    shared_domains: list[Host] = []


class SourceList(MoreSources):
    """All of conf/sources.yaml. Of two sources with one host or name the earlier in the file counts.

    `listed_on`: when each list was last gone through. `sites` and `names` are sources in short: hosts that are their
    own names, and names without a host. `ignored_labels`: a host is ignored too if it has one of these words in its
    first label, before its domain. `shared_domains`: domains below which others have their sites.
    """

    sources: Annotated[list[Source], Field(min_length=1)]
    click_ids: list[ClickId]
    ignored_referrers: list[Host]

    def entries(self) -> Iterator[Source]:
        """All sources, in the order in which they count."""
        return iter(_spelled_out(self))

    def categories(self) -> dict[str, Category]:
        """The category of each name in utm_source, in lower case."""
        claimed: dict[str, Category] = {}
        for source in self.entries():
            for name in source.names():
                claimed.setdefault(name, source.category)
        return claimed

    def names_of(self, category: Category) -> list[str]:
        """Names of a category in lower case, sorted; each name belongs to one category only."""
        return sorted(name for name, owner in self.categories().items() if owner == category)

    def by_host(self) -> dict[str, Source]:
        """Source of each host."""
        hosts: dict[str, Source] = {}
        for source in self.entries():
            for host in source.hosts:
                hosts.setdefault(host.lower(), source)
        return hosts

    def by_page(self) -> dict[tuple[str, str], Source]:
        """Source of each part of a host: (host, path)."""
        pages: dict[tuple[str, str], Source] = {}
        for source in self.entries():
            for page in source.pages:
                host, path = page.split("/", 1)
                pages.setdefault((host, f"/{path}"), source)
        return pages

    @property
    def paid_click_ids(self) -> list[str]:
        """Parameters that prove a paid click, each once."""
        return list(dict.fromkeys(click_id.parameter for click_id in self.click_ids if click_id.paid))

    def with_more(self, more: MoreSources) -> SourceList:
        """The list with more entries before its own; a host that they name as a source is no longer ignored."""
        entries = _spelled_out(more)
        named = {host for source in entries for host in source.hosts}
        ignored = [host for host in self.ignored_referrers if host not in named]
        return self.model_copy(
            update={
                "listed_on": {**self.listed_on, **more.listed_on},
                "sources": [*entries, *self.sources],
                "click_ids": [*more.click_ids, *self.click_ids],
                "ignored_referrers": [*more.ignored_referrers, *ignored],
                "ignored_labels": [*self.ignored_labels, *more.ignored_labels],
                "shared_domains": [*self.shared_domains, *more.shared_domains],
            }
        )


def _spelled_out(more: MoreSources) -> list[Source]:
    """All sources of a file; the hosts of `sites` have been read as hosts already."""
    short = [(category, host, [host]) for category, hosts in more.sites.items() for host in hosts]
    short += [(category, name, []) for category, names in more.names.items() for name in names]
    spelled = [Source.model_construct(name=name, category=category, hosts=hosts) for category, name, hosts in short]
    return [*more.sources, *spelled]


Form = TypeVar("Form", bound=MoreSources)


def conf_file(name: str) -> Traversable:
    """A file of settings: the file at that path, otherwise the one of that name in the packaged conf/."""
    path = Path(name)
    return path if path.exists() or path.is_absolute() else CONF_ROOT / name


def load_sources(name: str, more: Sequence[str] = ()) -> SourceList:
    """The source list, with the entries of the files `more`, the first of them first; UsageError, naming the file and
    the entry, where one does not fit."""
    sources = _read(name, SourceList)
    for file in reversed(more):
        sources = sources.with_more(_read(file, MoreSources))
    return sources


def _read(name: str, form: type[Form]) -> Form:
    path = conf_file(name)
    found = path.stat() if isinstance(path, Path) and path.is_file() else None
    read: Form = _read_once(name, form, (found.st_mtime_ns, found.st_size) if found else None)
    return read


@lru_cache(maxsize=8)
def _read_once(name: str, form: type[MoreSources], state: tuple[int, int] | None) -> Any:
    """The file in its `state`. A run asks for the lists once for each table that depends on them."""
    path = conf_file(name)
    knobs = read_yaml(path)
    try:
        return form.model_validate(knobs)
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
