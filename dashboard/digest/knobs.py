"""The knobs of the digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from published.kpis import KPIS
from published.metrics import metrics
from warehouse.errors import unknown_name
from warehouse.knobs import Knobs, Misfit
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

Place = tuple[str | int, ...]
# One line without control characters.
Line = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
Address = Annotated[str, Field(max_length=254, pattern=r"^[!-;=?A-~]+@[A-Za-z0-9.-]+$")]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[!#-&(-;=?-{}~]+$")]  # no quote, <, > or |


class Webhook(Knobs):
    """A webhook that takes Slack's messages. Its address is a secret: the environment variable `url_env` has it."""

    kind: Literal["webhook"]
    url_env: EnvironmentName

    @property
    def names(self) -> tuple[str, ...]:
        """Its name in messages and in ops.digests."""
        return (f"webhook {self.url_env}",)


class Email(Knobs):
    """E-mails from one address, one to each of `to`."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["email"]
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    # "from" is a word of the language.
    sender: Annotated[Address, Field(alias="from")]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its messages, as they are in ops.digests."""
        return tuple(f"email {address}" for address in self.to)


class TextFile(Knobs):
    """A file, written whole each time: .md is Markdown, .html a page, others plain text.

    {day} in its path is the day of the digest, so that each day has a file.
    """

    kind: Literal["file"]
    path: Annotated[str, Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...]:
        """Its name in messages and in ops.digests."""
        return (f"file {self.path}",)


Destination = Annotated[Webhook | Email | TextFile, Field(discriminator="kind")]


class Team(Knobs):
    """Who gets a digest, in which language, with which metrics of which channels."""

    name: Line
    language: Literal["en", "ko"]
    to: Annotated[tuple[Destination, ...], Field(min_length=1)]
    metrics: tuple[str, ...] = ()
    channels: Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)] = "all"

    @property
    def chosen_channels(self) -> tuple[str, ...] | None:
        """The channels; None = all."""
        return None if self.channels == "all" else self.channels

    @property
    def chosen_metrics(self) -> tuple[str, ...]:
        """The metrics in the team's order; without any the numbers to steer by that its channels can have."""
        if self.metrics:
            return self.metrics
        return tuple(name for name in KPIS if self.channels == "all" or "channel" in metrics()[name].grain)


class Smtp(Knobs):
    """The server that takes the e-mails. The environment variable `password_env` has the password of `user`."""

    host: str | None
    port: Annotated[int, Field(ge=1, le=65535)]
    security: Literal["none", "starttls", "tls"]
    user: str | None
    password_env: EnvironmentName | None


class DigestKnobs(Knobs):
    """Who gets a digest, how e-mails go out, and where the pages are that it leads to."""

    teams: tuple[Team, ...]
    pages_url: WebAddress | None
    smtp: Smtp

    def misfits(self) -> Iterator[Misfit]:
        """Teams and destinations that are named twice, metrics that a day has not, e-mails without a way out."""
        seen: set[str] = set()
        for position, team in enumerate(self.teams):
            if team.name in seen:
                yield Misfit(("teams", position, "name"), f"two teams are called {team.name}")
            seen.add(team.name)
            yield from _of_team(team, ("teams", position))
        if any(isinstance(one, Email) for team in self.teams for one in team.to) and self.smtp.host is None:
            yield Misfit(("smtp", "host"), "is null, and a team gets e-mails: name the server")
        if (self.smtp.user is None) != (self.smtp.password_env is None):
            yield Misfit(("smtp", "user"), "user and password_env need each other: set both or neither")
        if self.smtp.user is not None and self.smtp.security == "none":
            yield Misfit(("smtp", "security"), "none would send the password for all to read: use starttls or tls")


def _of_team(team: Team, place: Place) -> Iterator[Misfit]:
    names = [name for one in team.to for name in one.names]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Misfit((*place, "to"), f"{name} is there twice")
    known = [name for name, one in metrics().items() if one.contract == GOLD_CHANNEL_PERFORMANCE]
    for position, name in enumerate(team.metrics):
        where = (*place, "metrics", position)
        if name not in known:
            yield Misfit(where, unknown_name("metric of days", name, known))
        elif team.channels != "all" and "channel" not in metrics()[name].grain:
            yield Misfit(where, f"{name} is of all channels together: leave it out, or set channels: all")
    if len(set(team.metrics)) < len(team.metrics):
        yield Misfit((*place, "metrics"), "one is there twice")
