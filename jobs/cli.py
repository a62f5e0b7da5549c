"""The console command `distributary <job>`, with the same mains that spark-submit runs. Only that job is imported."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from jobs.command_help import EXIT_CODES, HELP_NAMES, with_common_help
from warehouse.errors import NotInstalled
from warehouse.messages import say_line

# Section of the help: its jobs. A job is a module of that name (_ for -) with a function of that name; a job of several
# commands has them in COMMANDS.
SECTIONS = {
    "Set up": ("init", "doctor", "simulate"),
    "Make tables": ("pipeline", "ingest", "build", "attribute", "score", "marts", "check"),
    "Models": ("train", "train-attribution", "models"),
    "Look and ask": ("serve", "report", "changes", "audit", "questions", "sql", "sql-server", "mcp"),
    "Use": ("channels", "attribute-paths", "audiences", "retention", "digest"),
}
JOBS = tuple(job for section in SECTIONS.values() for job in section)
WIDTH = max(map(len, JOBS))
ABOUT = "Marketing attribution and customer lifetime value on Spark and Delta Lake."
HELP = f"""{ABOUT}

\b
Example:
    distributary init shop --landing ~/exports           # look at what is there, write shop/shop.yaml
    distributary doctor --config shop/shop.yaml          # is everything there that a run needs?
    distributary pipeline --config shop/shop.yaml        # from landed files to published tables and the report

`distributary COMMAND --help` begins with an example of its own."""


class Completion(NamedTuple):
    """One way to go on with a word, as shells are given it."""

    value: str
    help: str
    type: str = "plain"


class Jobs(TyperGroup):
    """The jobs as commands. Their one-line help is read from their files: importing all of them takes seconds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The jobs in the order of the flow."""
        return list(JOBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a job, imported here."""
        if cmd_name not in JOBS:
            return None
        name = cmd_name.replace("-", "_")
        module = _imported(f"jobs.{name}")
        if (group := getattr(module, "COMMANDS", None)) is not None:
            return with_common_help(typer.main.get_command(group))
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(cmd_name)(getattr(module, name))
        return with_common_help(typer.main.get_command(app))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Every job with the first line of its help, by section."""
        for section, jobs in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(f"{job:{WIDTH}}", first_line(job)) for job in jobs])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The jobs and options that begin so. To ask the commands themselves would import each of them."""
        jobs = [Completion(job, first_line(job)) for job in JOBS if job.startswith(incomplete)]
        return [*jobs, *TyperCommand.shell_complete(self, ctx, incomplete)]


def _imported(module: str) -> Any:
    """The module; one line and exit code 2 where a package that it needs is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        say_line(f"error: {module} needs the package {error.name}, which is not installed: see docs/running.md")
        raise typer.Exit(NotInstalled.exit_code) from error


def first_line(job: str) -> str:
    """The first line of a job's help, from its source."""
    name = job.replace("-", "_")
    tree = ast.parse((files("jobs") / f"{name}.py").read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return (ast.get_docstring(found) or "").split("\n")[0]


app = typer.Typer(
    cls=Jobs,
    help=HELP,
    epilog=EXIT_CODES,
    context_settings=HELP_NAMES,
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"distributary {version('distributary')}")
        raise typer.Exit


@app.callback()
def distributary(
    shown: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Marketing attribution and customer lifetime value on Spark and Delta Lake."""


def main() -> None:
    """Runs the job that the command line names."""
    app()


if __name__ == "__main__":
    main()
