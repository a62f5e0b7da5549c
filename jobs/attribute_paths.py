"""Credits aggregated paths without a warehouse: CSV or Parquet in, credit by model and channel out. No Spark."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

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
from attribution.path_rules import PathRuleKnobs
from attribution.path_transforms import FORMS, Transform, transform_named, transformed
from attribution.paths import Paths
from attribution.paths_file import SEPARATOR, read_paths, write_rows
from warehouse.errors import DistributaryError, UsageError

INTERRUPTED = 130
AUTO = "auto"
ORDERS = (1, 2, 3)
LARGE_BYTES = 100_000_000
DESCRIPTION = """\
Credits aggregated paths to channels by rules, Markov and Shapley. Starts no Spark.

  distributary attribute-paths --paths paths.csv --out credit.csv

    paths.csv                              credit.csv
      path,conversions,value,nulls           model,channel,conversions,value,removal_effect
      Email > Search,3,90.0,10               first_touch,Email,3.0,90.0,
      Search,2,40.0,25                       ...
"""
MORE = """\
Give nulls, the journeys of each path that did not convert: without them markov and shapley_rate cannot tell a channel
that sells from one that is merely there. A channel may have any name; write a path whose channels contain the
separator as a JSON array: ["A > B","C"]. Rows with an empty path are credited to (unattributed).

exit codes: 0 done; 1 sums differ; 2 wrong option; 3 input missing or with a bad row (named); 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and gives its exit code; data goes to files or stdout, messages to stderr."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:  # argparse has said what is wrong, or shown the help
        return int(stop.code or 0)
    try:
        _run(options)
    except DistributaryError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="distributary attribute-paths",
        usage="distributary attribute-paths --paths IN --out OUT [options]",
        description=DESCRIPTION,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--paths", required=True, metavar="IN", help="CSV or Parquet with path, conversions, and if known value, nulls")
    add("--out", required=True, metavar="OUT", help="CSV, Parquet (.parquet), or - for CSV on stdout")
    order = "order of markov: a state is the last K channels (default 1); auto: that of 1 to 3 foretelling --newer best"
    add("--order", type=_order, default=1, metavar="K", help=order)
    add("--newer", metavar="FILE", help="paths of a newer period, as IN; with --order auto it only chooses the order")
    others = [model for model in ALL_MODELS if model not in DEFAULT_MODELS]
    add("--models", type=_names, default=DEFAULT_MODELS, metavar="a,b,…", help=_models_help(others))
    add("--separator", default=SEPARATOR, help="what joins the channels of a path (default %(default)r)")
    add("--effects", metavar="FILE", help="write the removal effects of markov and their shares, CSV or Parquet")
    add("--matrix", metavar="FILE", help="write the transition matrix of markov, CSV or Parquet")
    add("--transforms", type=_names, default=(), metavar="a,b,…", help=f"path transforms, in order: {', '.join(FORMS)}")
    ends, ratio = (
        "position_based: shares of the ends (default 0.4,0.4)",
        "time_decay_by_order: weight of a touch beside",
    )
    add("--position-shares", type=_shares, default=(0.4, 0.4), metavar="FIRST,LAST", help=ends)
    add("--order-ratio", type=float, default=0.5, metavar="R", help=f"{ratio} the one after it (default %(default)s)")
    add("--paid", type=_names, default=(), metavar="a,b,…", help="paid channels, for last_paid")
    return parser


def _run(options: argparse.Namespace) -> None:
    if (options.effects or options.matrix) and "markov" not in options.models:
        raise UsageError("--effects and --matrix are of the model markov: add it to --models")
    if (options.order == AUTO) != bool(options.newer):
        raise UsageError("--order auto and --newer FILE go together: orders are compared on newer paths")
    files = [name for name in (options.out, options.effects, options.matrix) if name]
    if len(set(files)) < len(files):
        raise UsageError("--out, --effects and --matrix need different files")
    knobs = PathRuleKnobs(
        position_first=options.position_shares[0],
        position_last=options.position_shares[1],
        order_ratio=options.order_ratio,
        paid_channels=frozenset(options.paid),
    )
    transforms = [transform_named(text) for text in options.transforms]
    source = Path(options.paths)
    if source.is_file() and source.stat().st_size > LARGE_BYTES:
        _say(f"note: {source} has {source.stat().st_size / 1e6:,.0f} MB; it is worked on in this machine's memory")

    read = read_paths(options.paths, options.separator)
    paths = transformed(read.paths, transforms)
    order = _chosen_order(options, paths, transforms)
    done = attribute(paths, options.models, order=order, knobs=knobs, has_value=read.has_value)
    for note in (*read.notes, *done.notes):
        _say(f"note: {note}")
    if options.effects and done.markov:
        write_rows(options.effects, EffectRow, effect_rows(done.markov, has_value=read.has_value))
    if options.matrix and done.markov:
        write_rows(options.matrix, TransitionRow, transition_rows(done.markov))
    write_rows(options.out, CreditRow, done.credit)
    _say(
        f"{len(paths):,} paths, {len(paths.channels):,} channels, {paths.conversions.sum():,.0f} conversions, "
        f"{len(options.models)} models -> {options.out}"
    )


def _chosen_order(options: argparse.Namespace, paths: Paths, transforms: Sequence[Transform]) -> int:
    """The order asked for; with auto the one that foretells the newer paths best."""
    if options.order != AUTO:
        return int(options.order)
    newer = transformed(read_paths(options.newer, options.separator).paths, transforms)
    order = select_order(paths, newer, ORDERS)
    _say(f"note: order {order} of markov foretells {options.newer} best")
    return order


def _models_help(others: Sequence[str]) -> str:
    return f"models (default {','.join(DEFAULT_MODELS)}; also {', '.join(others)})"


def _order(text: str) -> int | str:
    if text == AUTO:
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number nor auto") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _shares(text: str) -> tuple[float, float]:
    try:
        first, last = text.split(",")
        return float(first), float(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers, as 0.4,0.4 is") from None


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    sys.exit(main())
