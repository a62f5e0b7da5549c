"""Errors that end a job, each with the exit code that schedulers act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DistributaryError(Exception):
    """A failure with one clear line for the user; never shown as a traceback."""

    exit_code = 1


class CheckFailed(DistributaryError):  # noqa: N818 (it is a verdict on the data, named as such in the docs)
    """A data check failed: nothing was published."""

    exit_code = 1


class UsageError(DistributaryError):
    """Wrong command line or configuration: unknown knob, bad value, missing file of settings."""

    exit_code = 2


class NotInstalled(UsageError):  # noqa: N818 (a state of the machine)
    """A package or program that the settings need is not installed."""


class InputError(DistributaryError):
    """Input missing, unreadable, changed after landing, or stale."""

    exit_code = 3


class DamagedTable(InputError):  # noqa: N818 (a state of the lake, not a mistake)
    """A table's log or one of its files is missing, cut or damaged."""


class NotWritable(DistributaryError):  # noqa: N818 (a state of the disk, not a mistake)
    """A place that the run writes to takes nothing: the disk is full, read-only, or the user may not write there."""

    exit_code = 3


class LakeInUse(DistributaryError):  # noqa: N818 (a state of the lake, not a mistake)
    """Another run writes to the lake: nothing was done, and the same run will succeed later."""

    exit_code = 3


class ConvergenceError(DistributaryError):
    """A model did not converge; the message gives the reason and what to look at."""

    exit_code = 4


class ClusterNotReady(DistributaryError):  # noqa: N818 (a state of the cluster, not a mistake)
    """Workers lack the project, its packages, its Python or its folders: nothing was done."""

    exit_code = 5


class ModelDrifted(DistributaryError):  # noqa: N818 (a state of the model, not a mistake)
    """The champion does not fit what customers do now: everything was done and published, with it."""

    exit_code = 6


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """One line for an unknown name: the known names, and the nearest of them."""
    names = list(known)
    return f"no {what} is called {name!r}; there are {', '.join(names)}{did_you_mean(name, names)}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """'; did you mean X?' where a known name is near, otherwise ''."""
    by_lower_case = {one.lower(): one for one in known}
    near = difflib.get_close_matches(name.lower(), list(by_lower_case), n=1)
    return f"; did you mean {by_lower_case[near[0]]}?" if near else ""
