"""Credits aggregated paths without a warehouse: CSV or Parquet in, credit by model and channel out. No Spark."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from attribution.knobs import RuleKnobs
from attribution.markov import select_order
from attribution.path_models import (
    ALL_MODELS,
    DEFAULT_MODELS,
    CreditRow,
    EffectRow,
    TransitionRow,
    attribute,
    effect_rows,
    transition_rows,
)
from attribution.path_rules import path_rule_knobs
from attribution.path_transforms import FORMS, Transform, transform_named, transformed
from attribution.paths import Paths
from attribution.paths_file import SEPARATOR, read_paths, write_rows
from warehouse.errors import DistributaryError, UsageError

INTERRUPTED = 130
AUTO = "auto"
ORDERS = (1, 2, 3)
LARGE_BYTES = 100_000_000
PROGRAM = "distributary attribute-paths"
KNOBS = path_rule_knobs()
DEFAULT = ",".join(DEFAULT_MODELS)
ENDS = KNOBS.position_based
# The error that typer raises for a wrong command line. It has no public name; its subclass has one.
WrongCommandLine: type[typer.BadParameter] = typer.BadParameter.__bases__[0]

In = Annotated[
    str,
    typer.Option(
        "--paths", metavar="IN", help="CSV or Parquet with path, conversions and, where known, value and nulls."
    ),
]
Out = Annotated[
    str, typer.Option(show_default=False, metavar="OUT", help="CSV, Parquet (.parquet), or - for CSV on stdout.")
]
Order = Annotated[
    str,
    typer.Option(
        show_default=False,
        metavar="K",
        help="Order of markov: a state is the last K channels (default 1); auto: that of 1 to 3 that predicts --newer "
        "best.",
    ),
]
Newer = Annotated[
    str | None,
    typer.Option(
        show_default=False,
        metavar="FILE",
        help="Paths of a newer period, as IN; with --order auto, where it only chooses the order.",
    ),
]
Models = Annotated[
    str,
    typer.Option(
        show_default=False,
        metavar="a,b,…",
        help=f"Models (default {', '.join(DEFAULT_MODELS)}; also "
        f"{', '.join(model for model in ALL_MODELS if model not in DEFAULT_MODELS)}).",
    ),
]
Separator = Annotated[
    str, typer.Option(show_default=False, help=f"What joins the channels of a path (default {SEPARATOR!r}).")
]
Effects = Annotated[
    str | None,
    typer.Option(
        show_default=False, metavar="FILE", help="Write the removal effects of markov and their shares, CSV or Parquet."
    ),
]
Matrix = Annotated[
    str | None,
    typer.Option(show_default=False, metavar="FILE", help="Write the transition matrix of markov, CSV or Parquet."),
]
Transforms = Annotated[
    str, typer.Option(show_default=False, metavar="a,b,…", help=f"Path transforms, in order: {', '.join(FORMS)}.")
]
PositionShares = Annotated[
    str,
    typer.Option(
        show_default=False,
        metavar="FIRST,LAST",
        help=f"position_based: shares of the ends (default {ENDS.first},{ENDS.last}).",
    ),
]
OrderRatio = Annotated[
    float,
    typer.Option(
        show_default=False,
        metavar="R",
        help=f"time_decay_by_order: weight of a touch beside the one after it (default {KNOBS.order_ratio}).",
    ),
]
Paid = Annotated[str, typer.Option(show_default=False, metavar="a,b,…", help="Paid channels, for last_paid.")]


@dataclass(frozen=True)
class Files:
    """What is read and written: paths in, credit out; newer paths, effects and matrix where asked for."""

    paths: str
    out: str
    separator: str
    newer: str | None
    effects: str | None
    matrix: str | None


def attribute_paths(
    *,
    paths: In,
    out: Out,
    order: Order = "1",
    newer: Newer = None,
    models: Models = DEFAULT,
    separator: Separator = SEPARATOR,
    effects: Effects = None,
    matrix: Matrix = None,
    transforms: Transforms = "",
    position_shares: PositionShares = f"{ENDS.first},{ENDS.last}",
    order_ratio: OrderRatio = KNOBS.order_ratio,
    paid: Paid = "",
) -> None:
    """Credits aggregated paths to channels by rules, Markov and Shapley. Starts no Spark.

    \b
      distributary attribute-paths --paths paths.csv --out credit.csv

    \b
        paths.csv                              credit.csv
          path,conversions,value,nulls           model,channel,conversions,value,removal_effect
          Email > Search,3,90.0,10               first_touch,Email,3.0,90.0,
          Search,2,40.0,25                       ...

    Give nulls, the journeys of each path that did not convert: without them markov and shapley_rate cannot tell a
    channel that sells from one that is merely there. A channel may have any name; write a path whose channels contain
    the separator as a JSON array: ["A > B","C"]. Rows with an empty path are credited to (unattributed).

    \b
    Exit codes: 0 done; 1 sums differ; 2 wrong option; 3 input missing or with a bad row (named); 130 interrupted.

    \b
    Models with options:
      markov               --order, --newer, --effects, --matrix
      position_based       --position-shares
      time_decay_by_order  --order-ratio
      last_paid            --paid
    """

    def action() -> None:
        knobs = path_rule_knobs(
            position_based=_shares(position_shares), order_ratio=order_ratio, paid_channels=_names(paid)
        )
        files = Files(paths, out, separator, newer, effects, matrix)
        steps = [transform_named(text) for text in _names(transforms)]
        _credit(files, _names(models), order=_order(order), knobs=knobs, transforms=steps)

    raise typer.Exit(_exit_code_of(action))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code; data goes to files or stdout, messages to stderr."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"help_option_names": ["-h", "--help"]}
    app.command(options_metavar="--paths IN --out OUT [options]", context_settings=settings)(attribute_paths)
    try:
        arguments = list(sys.argv[1:] if argv is None else argv)
        return int(app(args=arguments, prog_name=PROGRAM, standalone_mode=False) or 0)
    except WrongCommandLine as error:
        _say(f"error: {error.format_message()}")
        return UsageError.exit_code


def _exit_code_of(action: Callable[[], None]) -> int:
    try:
        action()
    except DistributaryError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has closed it; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _credit(
    files: Files, models: Sequence[str], *, order: int | None, knobs: RuleKnobs, transforms: Sequence[Transform]
) -> None:
    """Reads the paths, credits them and writes the files asked for; with order None, the one that predicts best."""
    if (files.effects or files.matrix) and "markov" not in models:
        raise UsageError("--effects and --matrix are of the model markov: add it to --models")
    if (order is None) != bool(files.newer):
        raise UsageError("--order auto and --newer FILE go together: orders are compared on newer paths")
    written = [name for name in (files.out, files.effects, files.matrix) if name]
    if len(set(written)) < len(written):
        raise UsageError("--out, --effects and --matrix need different files")
    paths_file = Path(files.paths)
    if paths_file.is_file() and paths_file.stat().st_size > LARGE_BYTES:
        _say(f"note: {paths_file} has {paths_file.stat().st_size / 1e6:,.0f} MB; it is processed in memory")

    read = read_paths(files.paths, files.separator)
    paths = transformed(read.paths, transforms)
    chosen = _best_order(files, paths, transforms) if order is None else order
    result = attribute(paths, models, order=chosen, knobs=knobs, has_value=read.has_value)
    for note in (*read.notes, *result.notes):
        _say(f"note: {note}")
    if files.effects and result.markov:
        write_rows(files.effects, EffectRow, effect_rows(result.markov, has_value=read.has_value))
    if files.matrix and result.markov:
        write_rows(files.matrix, TransitionRow, transition_rows(result.markov))
    write_rows(files.out, CreditRow, result.credit)
    _say(
        f"{len(paths):,} paths, {len(paths.channels):,} channels, {paths.conversions.sum():,.0f} conversions, "
        f"{len(models)} models -> {files.out}"
    )


def _best_order(files: Files, paths: Paths, transforms: Sequence[Transform]) -> int:
    """The order of the Markov model that predicts the newer paths best."""
    newer = transformed(read_paths(str(files.newer), files.separator).paths, transforms)
    order = select_order(paths, newer, ORDERS)
    _say(f"note: order {order} of markov predicts {files.newer} best")
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


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
