"""The published figures as tools of agents, by the Model Context Protocol on stdin and stdout."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from dashboard.agents.shop import AgentShop
from jobs.audit import journey_window, secret_of
from jobs.ending import exit_code_of
from jobs.options import Config, job_main
from jobs.settings import Settings, load_settings


def mcp(config: Config = None) -> None:
    """Give agents the published figures as tools that only read (Model Context Protocol on stdin and stdout).

    Example: distributary mcp --config conf/demo.yaml

    Starts no JVM. An agent's program starts this command by itself: docs/mcp.md.
    """

    def action() -> None:
        # Half a second of imports that no other job needs.
        import anyio  # noqa: PLC0415

        from dashboard.agents.server import AgentServer  # noqa: PLC0415

        anyio.run(AgentServer(shop_of(load_settings(config))).serve_stdio)

    raise typer.Exit(exit_code_of(action))


def shop_of(settings: Settings) -> AgentShop:
    """What the tools know of a shop from its settings."""
    return AgentShop(
        lake=settings.lake,
        timezone=settings.report.timezone,
        currency=settings.report.currency,
        landing_root=settings.landing.root,
        targets=settings.report.targets,
        smallest_count=settings.serve.smallest_count,
        window=journey_window(settings),
        secret=secret_of(settings),
    )


main = job_main(mcp)

if __name__ == "__main__":
    # The folder of a script comes first in the path: there this file would be found in place of the package mcp.
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]
    sys.exit(main())
