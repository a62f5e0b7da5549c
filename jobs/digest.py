"""The digest: yesterday's numbers, what moved and why, and what does not hold, to the teams that want them."""

from __future__ import annotations

import json as json_format
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from dashboard.digest.content import Digest, Reader, make_digest
from dashboard.digest.knobs import Destination, Email, Team, Webhook
from dashboard.digest.mail import email_message
from dashboard.digest.slack import slack_message
from dashboard.digest.text import as_html, as_markdown, as_text
from jobs.command_line import Config, Json, job_main
from jobs.digest_ways import (
    WAITS,
    NotSent,
    Pause,
    mail,
    post,
    secret_of_environment,
    with_tries,
    write,
)
from jobs.ending import exit_code_of
from jobs.private_files import OWNER_ALONE, are_private, current_umask, umask
from jobs.settings import Settings, load_settings
from published.digests import FIGURES, Content, SentDigest, due, record_sent, sent_digests
from published.publication import Published, read_published
from warehouse.errors import DistributaryError, UsageError, unknown_name
from warehouse.messages import printable, say_line

OfTeam = Annotated[str | None, typer.Option("--team", help="Only this team of digest.teams. Default: all of them.")]
Again = Annotated[bool, typer.Option("--again", help="Send the figures also to whom they were sent before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, send nothing.")]


@dataclass(frozen=True)
class Delivery:
    """One digest for one destination; `name` is the destination's in messages and in ops.digests."""

    digest: Digest
    to: Destination
    name: str
    record: SentDigest


@dataclass(frozen=True)
class Outcome:
    """How a delivery ended: sent, would be sent, sent before or failed, and why; `text` is what would be sent."""

    team: str
    destination: str
    state: str
    reason: str = ""
    text: str = ""
    error: DistributaryError | None = None

    @property
    def plain(self) -> dict[str, str]:
        """It as plain data."""
        named = {"team": self.team, "destination": self.destination, "state": self.state, "reason": self.reason}
        return named | ({"text": self.text} if self.text else {})

    @property
    def line(self) -> str:
        """It as a line."""
        return f"{self.team}, {self.destination}: {self.state}" + (f": {self.reason}" if self.reason else "")


def digest(
    config: Config = None, team: OfTeam = None, again: Again = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Send each team of digest.teams its digest of the newest publication, once a day. Starts no JVM.

    Example: distributary digest --config shop.yaml
    """

    def action() -> None:
        settings = load_settings(config)
        with umask(OWNER_ALONE if are_private(settings) else current_umask()):
            outcomes = send_digests(settings, datetime.now(UTC), team=team, again=again, dry_run=dry_run)
        if json:
            plain = [one.plain for one in outcomes]
            sys.stdout.write(json_format.dumps(plain, indent=2, ensure_ascii=False) + "\n")
        else:
            for text in dict.fromkeys(one.text for one in outcomes if one.text):
                sys.stdout.write(printable(text) + "\n")
        failed = [one for one in outcomes if one.error is not None]
        if failed:
            wrong = failed[0].error
            kind = type(wrong) if wrong else NotSent
            raise kind("\nerror: ".join(f"digest for {one.team} to {one.destination}: {one.reason}" for one in failed))

    raise typer.Exit(exit_code_of(action))


def send_digests(
    settings: Settings,
    moment: datetime,
    *,
    team: str | None = None,
    again: bool = False,
    dry_run: bool = False,
    pause: Pause = time.sleep,
    waits: Sequence[float] = WAITS,
) -> list[Outcome]:
    """What is due at `moment`, sent, each recorded as soon as its destination has taken it.

    One destination that fails keeps no other from its digest. UsageError where no team is set or none is called `team`.
    """
    teams = settings.digest.teams
    if not teams:
        raise UsageError("digest.teams is empty: name who gets a digest (docs/digest.md)")
    if team is not None and team not in [one.name for one in teams]:
        raise UsageError(unknown_name("team of digest.teams", team, [one.name for one in teams]))
    published = read_published(settings.lake)
    outcomes = []
    for one in teams:
        if team is None or one.name == team:
            for delivery in deliveries(settings, published, one, moment, again=again):
                if isinstance(delivery, Outcome):
                    outcome = delivery
                elif dry_run:
                    text = as_text(delivery.digest)
                    outcome = Outcome(one.name, delivery.name, "would be sent", text=text)
                else:
                    outcome = _sent(settings, delivery, moment, pause, waits)
                if outcome.error is None:
                    say_line(outcome.line)
                outcomes.append(outcome)
    return outcomes


def deliveries(
    settings: Settings, published: Published, team: Team, moment: datetime, *, again: bool
) -> Iterator[Delivery | Outcome]:
    """A team's digests that are due, and an outcome for each destination that has its own already."""
    sent = sent_digests(settings.lake, team.name)
    timezone = settings.report.timezone
    today = moment.astimezone(ZoneInfo(timezone)).date()
    former = next((one for one in sent if one.content == FIGURES and one.day < published.as_of), None)
    reader = Reader(
        team=team,
        timezone=timezone,
        smallest=settings.serve.smallest_count,
        pages_url=settings.digest.pages_url,
        since=former.run_id if former else None,
    )
    made: dict[Content, Digest] = {}
    for to in team.to:
        for name in to.names:
            content = due(sent, name, as_of=published.as_of, moment=moment, timezone=timezone)
            if again:
                content = FIGURES
            if content is None:
                yield Outcome(team.name, name, "sent before", "--again sends it again")
                continue
            if content not in made:
                made[content] = make_digest(published, reader, content, today=today)
            day = published.as_of if content == FIGURES else today
            record = SentDigest(team.name, name, content, day, published.run_id, moment)
            yield Delivery(made[content], to, name, record)


def _sent(settings: Settings, delivery: Delivery, moment: datetime, pause: Pause, waits: Sequence[float]) -> Outcome:
    team, name = delivery.digest.team, delivery.name
    try:
        with_tries(lambda: _send(settings, delivery, moment), pause=pause, waits=waits)
    except DistributaryError as error:
        return Outcome(team, name, "failed", str(error), error=error)
    try:
        record_sent(settings.lake, delivery.record)
    except DistributaryError as error:
        reason = f"it was sent, and will be again, for that could not be recorded: {error}"
        return Outcome(team, name, "failed", reason, error=error)
    return Outcome(team, name, "sent")


def _send(settings: Settings, delivery: Delivery, moment: datetime) -> None:
    digest, to = delivery.digest, delivery.to
    if isinstance(to, Webhook):
        post(secret_of_environment(to.url_env), slack_message(digest))
    elif isinstance(to, Email):
        smtp = settings.digest.smtp
        password = secret_of_environment(smtp.password_env) if smtp.password_env else None
        address = delivery.name.removeprefix("email ")
        mail(email_message(digest, sender=to.sender, to=address, moment=moment), smtp, password)
    else:
        path = Path(to.path.replace("{day}", delivery.record.day.isoformat()))
        forms = {".md": as_markdown, ".html": as_html}
        write(path, forms.get(path.suffix, as_text)(digest))


main = job_main(digest)

if __name__ == "__main__":
    sys.exit(main())
