"""Credits aggregated paths without a warehouse: CSV or Parquet in, credit by model and channel out. No Spark."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import typer

from attribution.credit_file import is_formula, write_rows
from attribution.csv_form import CsvForm
from attribution.knobs import RuleKnobs
from attribution.markov import select_order
from attribution.path_models import (
    DEFAULT_MODELS,
    CreditRow,
    EffectRow,
    TransitionRow,
    attribute,
    effect_rows,
    transition_rows,
)
from attribution.path_rules import path_rule_knobs
from attribution.path_transforms import Transform, transform_named, transformed
from attribution.paths import Paths
from attribution.paths_file import SEPARATOR, read_paths
from jobs.command_help import HELP_NAMES
from jobs.ending import exit_code_of
from jobs.paths_options import (
    ENDS,
    KNOBS,
    Collapse,
    Decimal,
    Delimiter,
    DryRun,
    Effects,
    Encoding,
    EscapeFormulas,
    In,
    Json,
    Matrix,
    Models,
    Newer,
    Order,
    OrderRatio,
    Out,
    Paid,
    PositionShares,
    Separator,
    Transforms,
)
from warehouse.errors import UsageError
from warehouse.messages import say_line

AUTO = "auto"
STDOUT = "-"
ORDERS = (1, 2, 3)
LARGE_BYTES = 100_000_000
PROGRAM = "distributary attribute-paths"
DEFAULT = ",".join(DEFAULT_MODELS)
# The error that typer raises for a wrong command line. It has no public name; its subclass has one.
WrongCommandLine: type[typer.BadParameter] = typer.BadParameter.__bases__[0]


@dataclass(frozen=True)
class Files:
    """What is read and written, and how: paths in, credit out; newer paths, effects and matrix where asked for."""

    paths: str
    out: str
    separator: str
    form: CsvForm
    escape_formulas: bool
    newer: str | None
    effects: str | None
    matrix: str | None
    dry_run: bool = False
    as_json: bool = False


class States(NamedTuple):
    """What makes a state of markov: the order, None for the one that predicts best, and whether to collapse."""

    order: int | None
    collapse: bool


def attribute_paths(
    *,
    paths: In,
    out: Out,
    order: Order = "1",
    collapse: Collapse = False,
    newer: Newer = None,
    models: Models = DEFAULT,
    separator: Separator = SEPARATOR,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    escape_formulas: EscapeFormulas = False,
    effects: Effects = None,
    matrix: Matrix = None,
    transforms: Transforms = "",
    position_shares: PositionShares = f"{ENDS.first},{ENDS.last}",
    order_ratio: OrderRatio = KNOBS.order_ratio,
    paid: Paid = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Credits aggregated paths to channels by rules, Markov and Shapley. Starts no Spark.

    \b
    Example:
      distributary attribute-paths --paths paths.csv --out credit.csv

    \b
        paths.csv                              credit.csv
          path,conversions,value,nulls           model,channel,conversions,value,removal_effect
          Email > Search,3,90.0,10               first_touch,Email,3.0,90.0,
          Search,2,40.0,25                       ...

    A CSV from a spreadsheet of another language is read as it is: the delimiter, the decimal sign and compression are
    found, or given. Text is UTF-8, or --encoding.

    Give nulls, the journeys of each path that did not convert: without them markov and shapley_rate cannot tell a
    channel that sells from one that is merely there. A channel may have any name; write a path whose channels contain
    the separator as a JSON array: ["A > B","C"]. Rows with an empty path are credited to (unattributed).

    \b
    Exit codes: 0 done; 1 sums differ; 2 wrong option; 3 input missing or with a bad row (named); 70 unforeseen, with
    the stack in a file; 130 interrupted; 143 stopped.

    \b
    Models with options:
      markov               --order, --collapse, --newer, --effects, --matrix
      position_based       --position-shares
      time_decay_by_order  --order-ratio
      last_paid            --paid
    """

    def action() -> None:
        knobs = path_rule_knobs(
            position_based=_shares(position_shares), order_ratio=order_ratio, paid_channels=_names(paid)
        )
        form = CsvForm(delimiter, decimal, encoding)
        files = Files(paths, out, separator, form, escape_formulas, newer, effects, matrix, dry_run, json)
        steps = [transform_named(text) for text in _names(transforms)]
        states = States(_order(order), collapse)
        _credit(files, _names(models), states=states, knobs=knobs, transforms=steps)

    raise typer.Exit(exit_code_of(partial(_to_the_end_of_the_pipe, action)))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code; data goes to files or stdout, messages to stderr."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(options_metavar="--paths IN --out OUT [options]", context_settings=HELP_NAMES)(attribute_paths)
    try:
        arguments = list(sys.argv[1:] if argv is None else argv)
        return int(app(args=arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except WrongCommandLine as error:
        say_line(f"error: {error.format_message()}")
        return UsageError.exit_code


def _to_the_end_of_the_pipe(action: Callable[[], None]) -> None:
    try:
        action()
    except BrokenPipeError:
        # The reader of stdout has closed it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _credit(
    files: Files, models: Sequence[str], *, states: States, knobs: RuleKnobs, transforms: Sequence[Transform]
) -> None:
    """Reads the paths, credits them and writes the files asked for."""
    if (files.effects or files.matrix) and "markov" not in models:
        raise UsageError("--effects and --matrix are of the model markov: add it to --models")
    if (states.order is None) != bool(files.newer):
        raise UsageError("--order auto and --newer FILE go together: orders are compared on newer paths")
    if files.as_json and files.out == STDOUT:
        raise UsageError("--json and --out - would both write to stdout; name a file for --out")
    written = [name for name in (files.out, files.effects, files.matrix) if name]
    if len(set(written)) < len(written):
        raise UsageError("--out, --effects and --matrix need different files")
    paths_file = Path(files.paths)
    if paths_file.is_file() and paths_file.stat().st_size > LARGE_BYTES:
        say_line(f"note: {paths_file} has {paths_file.stat().st_size / 1e6:,.0f} MB; it is processed in memory")

    read = read_paths(files.paths, files.separator, files.form)
    paths = transformed(read.paths, transforms)
    order = _best_order(files, paths, transforms) if states.order is None else states.order
    result = attribute(paths, models, order=order, collapse=states.collapse, knobs=knobs, has_value=read.has_value)
    for note in (*read.notes, *result.notes, *_formulas(files, paths)):
        say_line(f"note: {note}")
    write = _not_written if files.dry_run else partial(write_rows, escape_formulas=files.escape_formulas)
    if files.effects and result.markov:
        write(files.effects, EffectRow, effect_rows(result.markov, has_value=read.has_value))
    if files.matrix and result.markov:
        write(files.matrix, TransitionRow, transition_rows(result.markov))
    write(files.out, CreditRow, result.credit)
    say_line(
        f"{len(paths):,} paths, {len(paths.channels):,} channels, {paths.conversions.sum():,.0f} conversions, "
        f"{len(models)} models -> {files.out}{' (not written)' if files.dry_run else ''}"
    )
    if files.as_json:
        rows = [row._asdict() for row in result.credit]
        sys.stdout.write(
            json_format.dumps({"written": [] if files.dry_run else written, "credit": rows}, indent=2) + "\n"
        )


def _not_written(target: str, row_type: type[NamedTuple], rows: Sequence[tuple[Any, ...]]) -> None:
    """What a dry run does with rows."""


def _formulas(files: Files, paths: Paths) -> list[str]:
    """A note where a spreadsheet would run the names of channels."""
    found = [] if files.escape_formulas else [channel for channel in paths.channels if is_formula(channel)]
    if not found:
        return []
    return [f"a spreadsheet would run the channel {found[0]!r} as a formula: --escape-formulas writes ' before it"]


def _best_order(files: Files, paths: Paths, transforms: Sequence[Transform]) -> int:
    """The order of the Markov model that predicts the newer paths best."""
    newer = transformed(read_paths(str(files.newer), files.separator, files.form).paths, transforms)
    order = select_order(paths, newer, ORDERS)
    say_line(f"note: order {order} of markov predicts {files.newer} best")
    return order


def _order(text: str) -> int | None:
    try:
        return None if text == AUTO else int(text)
    except ValueError:
        raise UsageError(f"--order: {text!r} is neither a whole number nor auto") from None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _shares(text: str) -> dict[str, float]:
    try:
        first, last = text.split(",")
        return {"first": float(first), "last": float(last)}
    except ValueError:
        raise UsageError(f"--position-shares: {text!r} is not two numbers, as 0.4,0.4 is") from None


if __name__ == "__main__":
    sys.exit(main())
