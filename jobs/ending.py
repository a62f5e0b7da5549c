"""How a job's process ends: an exit code and one line, and the stack of what nobody foresaw in a file."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.signals import Stopped, signals_end_the_run, stop_requested
from warehouse.code_version import code_version
from warehouse.errors import DistributaryError, UsageError
from warehouse.faults import expected, first_line, look_at
from warehouse.java_errors import is_jvm_gone, java_stack
from warehouse.local_files import local_folder
from warehouse.messages import concealed, say_line

if TYPE_CHECKING:
    from jobs.run import Run

INTERRUPTED = 130
UNFORESEEN = 70
OWNER_ONLY = 0o600


def exit_code_of(action: Callable[[], None], runs: Sequence[Run] = ()) -> int:
    """Runs `action`; a failure becomes one line on stderr and its exit code. `runs` has the run once there is one.

    SIGTERM, SIGINT and SIGHUP end it as a failure does, with 143, 130, 129. What nobody foresaw ends with 70, and its
    stack goes to a file that only the user may read.
    """
    try:
        with signals_end_the_run(), warnings_as_notes():
            try:
                action()
            except Exception as error:
                # A signal that came while the JVM was called shows as an error of that call.
                if (stop := stop_requested()) is not None:
                    raise stop from error
                raise
    except DistributaryError as error:
        # One for each knob that is wrong, or for each input that is refused.
        for line in str(error).split("\n" if isinstance(error, UsageError) else "\nerror: "):
            say_line(f"error: {line}")
        return error.exit_code
    except Stopped as stop:
        say_line(stop)
        return int(stop.code or 0)
    except KeyboardInterrupt:
        say_line("interrupted")
        return INTERRUPTED
    except Exception as error:
        return _end_with(error, runs[0] if runs else None)
    return 0


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """What a model warns of, as of data that it does not suit, is a note on stderr: the place in the code says nothing
    to who runs a job. Warnings of other kinds are for programmers and stay."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **where: Any) -> None:
            if category is UserWarning:
                say_line(f"Note: {message}")
            else:
                shown(message, category, *place, **where)

        warnings.showwarning = show
        yield


def _end_with(error: Exception, run: Run | None) -> int:
    lake = run.lake.root if run else ""
    foreseen = expected(error, lake)
    if foreseen is not None:
        say_line(f"error: {foreseen}")
        return foreseen.exit_code
    what = f"{run.doing or run.job} failed" if run else "failed"
    found = look_at(error, lake)
    where = f" at {found.place}" if found.path else ""
    if is_jvm_gone(error):
        reason = "Spark's JVM has ended; where memory ran out, lower spark.driver.memory or give the machine more"
    else:
        reason = f"{type(error).__name__}: {first_line(error)}"
    file = _write_stack(error, run)
    stack = f"the stack is in {file}" if file else "its stack could be written nowhere"
    say_line(f"error: {what} unexpectedly{where}: {reason}; {stack}; run again, and report it if it stays")
    return UNFORESEEN


def _write_stack(error: Exception, run: Run | None) -> Path | None:
    """The file with the stack; None where no folder takes it."""
    run_id = run.lake.run_id if run else f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"
    text = "\n".join(
        (
            f"run {run_id}, {' '.join(sys.argv)}",
            f"code {code_version()}, Python {sys.version.split()[0]}",
            *traceback.format_exception(error),
            java_stack(error),
        )
    )
    for folder in _folders(run):
        file = folder / f"distributary-failure-{run_id}.txt"
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
            with open(handle, "w", encoding="utf-8", errors="backslashreplace") as opened:  # noqa: PTH123
                opened.write(concealed(text))
        except OSError:
            continue
        return file
    return None


def _folders(run: Run | None) -> Iterator[Path]:
    """Where a stack may go: the lake's folder, the working folder, that of temporary files."""
    lake = local_folder(run.lake.root) if run else None
    if lake is not None and lake.is_dir():
        yield lake.absolute()
    with suppress(OSError):  # it may have been removed
        yield Path.cwd()
    yield Path(tempfile.gettempdir())
