"""The published figures as tools of agents, by the Model Context Protocol: on stdin and stdout, or by HTTP."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dashboard.agents.shop import AgentShop
from jobs.audit import journey_window, secret_of
from jobs.ending import exit_code_of
from jobs.options import Config, job_main
from jobs.settings import Settings, load_settings
from warehouse.errors import UsageError
from warehouse.messages import conceal, say_line

if TYPE_CHECKING:
    from dashboard.agents.server import AgentServer


Port = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Answer by HTTP on this port of 127.0.0.1, at /mcp, with a token.")
]
TokenFile = Annotated[
    Path | None, typer.Option(help="File with the token that requests by HTTP carry; default: serve.token_file.")
]


def mcp(config: Config = None, *, port: Port = None, token_file: TokenFile = None) -> None:
    """Give agents the published figures as tools that only read (Model Context Protocol on stdin and stdout).

    Example: distributary mcp --config conf/demo.yaml

    Starts no JVM. An agent's program starts this command by itself; with --port it answers by HTTP: docs/mcp.md.
    """

    def action() -> None:
        # Half a second of imports that no other job needs.
        import anyio  # noqa: PLC0415

        from dashboard.agents.server import AgentServer  # noqa: PLC0415

        settings = load_settings(config)
        server = AgentServer(shop_of(settings))
        if port is None:
            anyio.run(server.serve_stdio)
        else:
            _serve_http(server, port, _token(settings, token_file))

    raise typer.Exit(exit_code_of(action))


def _token(settings: Settings, file: Path | None) -> str:
    from dashboard.serve.sign_in import read_token  # noqa: PLC0415

    if file:
        return read_token(file, "--token-file")
    if not settings.serve.token_file:
        raise UsageError(
            "--port: other users of this machine reach the port, so requests carry a token: name its file by "
            "--token-file or serve.token_file"
        )
    return read_token(settings.serve.token_file, "serve.token_file")


def _serve_http(server: AgentServer, port: int, token: str) -> None:
    """Answers until a signal ends the process."""
    import uvicorn  # noqa: PLC0415

    from dashboard.agents.http import HOST, PATH, http_app  # noqa: PLC0415

    conceal((token,))
    say_line(f"http://{HOST}:{port}{PATH} (Ctrl-C ends it)")
    uvicorn.run(http_app(server, token), host=HOST, port=port, log_level="warning", server_header=False)


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
