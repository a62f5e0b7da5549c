"""The options of attribute-paths."""

from __future__ import annotations

from typing import Annotated

import typer

from attribution.path_models import ALL_MODELS, DEFAULT_MODELS
from attribution.path_rules import path_rule_knobs
from attribution.path_transforms import FORMS
from attribution.paths_file import SEPARATOR

KNOBS = path_rule_knobs()
ENDS = KNOBS.position_based


def _models_to_go_on_with(incomplete: str) -> list[str]:
    """The list so far with each model that it lacks and that begins as its last name does."""
    listed, comma, begin = incomplete.rpartition(",")
    return [f"{listed}{comma}{name}" for name in ALL_MODELS if name.startswith(begin) and name not in listed.split(",")]


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
        help="Order of markov: a state is the last K touches (default 1); auto: that of 1 to 3 that predicts --newer "
        "best.",
    ),
]
Collapse = Annotated[
    bool,
    typer.Option(
        "--collapse",
        help="markov of order 2 and more: equal neighbours are one touch, as always at order 1: A > A > B is A > B.",
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
        autocompletion=_models_to_go_on_with,
        help=f"Models (default {', '.join(DEFAULT_MODELS)}; also "
        f"{', '.join(model for model in ALL_MODELS if model not in DEFAULT_MODELS)}).",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        show_default=False,
        metavar="C",
        help="What stands between the columns of a CSV: a character, comma, semicolon, tab or bar (default: as found).",
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(show_default=False, metavar=".|,", help="Decimal sign of the numbers in a CSV (default: as found)."),
]
Encoding = Annotated[
    str | None,
    typer.Option(show_default=False, metavar="NAME", help="Encoding of a CSV, as cp949 or utf-16 (default utf-8)."),
]
EscapeFormulas = Annotated[
    bool,
    typer.Option(
        "--escape-formulas",
        help="Write ' before names that a spreadsheet would run as formulas (=, +, -, @), in CSV output.",
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
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and credit the paths, write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the credit as JSON on stdout, too.")]
