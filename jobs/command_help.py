"""What the help of every command has in common: -h beside --help, and the exit codes at its end."""

from __future__ import annotations

import re
from typing import Any

HELP_NAMES = {"help_option_names": ["-h", "--help"]}
# \b: click leaves the lines as they are.
EXIT_CODES = """\b
Exit codes:
    0  done
    1  a data check failed, or an input has too many bad rows; nothing was published
    2  usage or configuration; a package is not installed
    3  input, table, model registry or disk missing, damaged or full; lake in use
    4  a model did not converge, or lost with --require-promotion
    5  a cluster's workers lack something
    6  the champion is stale, where drift.exit is fail
   70  unforeseen; the line names the file with the stack
  129, 130, 143  stopped by SIGHUP, SIGINT (Ctrl-C), SIGTERM"""
# An example of a docstring, which would be broken into lines as other text is.
EXAMPLE = re.compile(r"^Example: (.+)$", re.MULTILINE)


def with_common_help(command: Any) -> Any:
    """The command, or group of commands, with what every help has; one that says its own exit codes keeps them."""
    command.context_settings = {**HELP_NAMES, **command.context_settings}
    command.help = EXAMPLE.sub(r"\b\nExample:\n    \1", command.help or "")
    if "Exit codes:" not in command.help:
        command.epilog = EXIT_CODES
    for member in getattr(command, "commands", {}).values():
        with_common_help(member)
    return command
