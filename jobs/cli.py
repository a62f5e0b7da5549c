"""The console command: `distributary <job>`, the same mains that spark-submit runs."""

from __future__ import annotations

from importlib import import_module

import typer

# job: module with a function of the job's name, _ for -
JOBS = (
    "simulate",
    "ingest",
    "build",
    "attribute",
    "train",
    "train-attribution",
    "score",
    "pipeline",
    "check",
    "report",
)

app = typer.Typer(
    help="Marketing attribution and customer lifetime value on Spark and Delta Lake.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command(
    "attribute-paths",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def attribute_paths(context: typer.Context) -> None:
    """Credit aggregated paths from a CSV or Parquet file, without a warehouse."""
    raise typer.Exit(import_module("jobs.attribute_paths").main(context.args))


def main() -> None:
    """Runs the job that the command line names."""
    for job in JOBS:
        name = job.replace("-", "_")
        app.command(job)(getattr(import_module(f"jobs.{name}"), name))
    app()


if __name__ == "__main__":
    main()
