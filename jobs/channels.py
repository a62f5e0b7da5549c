"""Why a landing has its channel, and what other rules or lists would change."""

from __future__ import annotations

import json as json_format
import sys
from typing import Annotated

import typer

from jobs.ending import exit_code_of
from jobs.options import Config, Json, job_main
from jobs.settings import load_settings

Url = Annotated[str, typer.Argument(help="The page: a web address, a universal link or a custom scheme.")]
Referrer = Annotated[str | None, typer.Argument(help="Where the visitor came from, as the browser sent it.")]
UserAgent = Annotated[str | None, typer.Option(help="The browser or app: robots give no touch.")]
Sender = Annotated[str | None, typer.Option(help="The field of the event; it wins over the link.")]
InstallReferrer = Annotated[str | None, typer.Option(help="The install referrer of an app_install.")]
Old = Annotated[str, typer.Argument(help="What counts now: channel rules, a source list, or a configuration file.")]
New = Annotated[str, typer.Argument(help="What would count: a file of the same kinds.")]
Rows = Annotated[int, typer.Option(min=0, help="How many rows of touches to show, the largest first.")]

COMMANDS = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@COMMANDS.callback()
def channels() -> None:
    """Explain the channel of a landing, or compare two versions of rules and lists.

    Example: distributary channels explain "https://shop.example/?utm_source=google&utm_medium=cpc"
    """


@COMMANDS.command()
def explain(
    url: Url,
    referrer: Referrer = None,
    *,
    user_agent: UserAgent = None,
    source: Sender = None,
    medium: Sender = None,
    campaign: Sender = None,
    install_referrer: InstallReferrer = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say which channel a landing has, and which rule decided by which fields. Starts no JVM.

    Example: distributary channels explain "https://shop.example/?utm_source=google&utm_medium=pmax&gclid=a"
    """

    def action() -> None:
        # Loads pyspark, which takes longer than an answer about the options.
        from jobs.channel_explanation import explained, in_words  # noqa: PLC0415

        event = {
            "page_url": url,
            "referrer": referrer,
            "user_agent": user_agent,
            "source": source,
            "medium": medium,
            "campaign": campaign,
            **({"event_name": "app_install", "install_referrer": install_referrer} if install_referrer else {}),
        }
        hit = explained(event, load_settings(config))
        if json:
            sys.stdout.write(json_format.dumps(hit, indent=2, default=str, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write("\n".join(in_words(event, hit)) + "\n")

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command()
def diff(old: Old, new: New, config: Config = None, rows: Rows = 30, json: Json = False) -> None:
    """Show which touches of a lake another version of rules or lists would move, and the credited value with them.

    Example: distributary channels diff conf/channels.yaml my_channels.yaml --config shop.yaml
    """

    def action() -> None:
        from jobs.channel_diff import compared, in_words  # noqa: PLC0415

        found = compared(old, new, config=config)
        if json:
            sys.stdout.write(json_format.dumps(found.as_data(), indent=2, default=str, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write("\n".join(in_words(found, rows)) + "\n")

    raise typer.Exit(exit_code_of(action))


main = job_main(COMMANDS)

if __name__ == "__main__":
    sys.exit(main())
