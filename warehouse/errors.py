"""Errors that end a job, each with the exit code that schedulers act on."""

from __future__ import annotations


class DistributaryError(Exception):
    """A failure with one clear line for the user; never shown as a traceback."""

    exit_code = 1


class CheckFailed(DistributaryError):  # noqa: N818 (it is a verdict on the data, named as such in the docs)
    """A data check failed: nothing was published."""

    exit_code = 1


class UsageError(DistributaryError):
    """Wrong command line or configuration: unknown knob, bad value, missing file of settings."""

    exit_code = 2


class InputError(DistributaryError):
    """Input missing, unreadable, changed after landing, or stale."""

    exit_code = 3


class LakeInUse(DistributaryError):  # noqa: N818 (it is what is the matter, not a mistake)
    """Another run writes to the lake: nothing was done, and the same run later will do."""

    exit_code = 3


class ConvergenceError(DistributaryError):
    """A model did not converge; the message says why and what to look at."""

    exit_code = 4
