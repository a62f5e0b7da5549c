"""The pages: the published figures in a browser."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dashboard.serve.context import Shop
from jobs.audit import journey_window, secret_of
from jobs.ending import exit_code_of
from jobs.options import Config, job_main
from jobs.settings import Settings, load_settings
from published.publication import read_published
from warehouse.errors import InputError
from warehouse.messages import say_line

Host = Annotated[str | None, typer.Option(help="Address to answer on; default: serve.host.")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to answer on; default: serve.port.")]


def serve(config: Config = None, host: Host = None, port: Port = None) -> None:
    """Show the published figures in a browser. Starts no JVM and writes to no table that is published.

    Example: distributary serve --config conf/demo.yaml
    """

    def action() -> None:
        # A second of imports that no other job needs.
        import uvicorn  # noqa: PLC0415

        from dashboard.serve.app import create_app  # noqa: PLC0415

        settings = load_settings(config)
        shop = shop_of(settings)
        knobs = shop.knobs
        try:
            say_line(f"figures to {read_published(shop.lake).as_of}")
        except InputError as error:
            say_line(f"nothing to show yet: {error}")
        address = host or knobs.host, port or knobs.port
        say_line(f"http://{address[0]}:{address[1]}/ (Ctrl-C ends it)")
        uvicorn.run(create_app(shop), host=address[0], port=address[1], log_level="warning", server_header=False)

    raise typer.Exit(exit_code_of(action))


def shop_of(settings: Settings) -> Shop:
    """What the pages know of a shop from its settings."""
    return Shop(
        lake=settings.lake,
        title=None,
        timezone=settings.report.timezone,
        landing_root=settings.landing.root,
        lookback_days=settings.attribution.lookback_days,
        targets=settings.report.targets,
        language=settings.report.language,
        knobs=settings.serve,
        window=journey_window(settings),
        secret=secret_of(settings),
    )


main = job_main(serve)

if __name__ == "__main__":
    sys.exit(main())
