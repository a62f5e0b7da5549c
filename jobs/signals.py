"""SIGTERM, SIGINT and SIGHUP end a run as a failure does: staged files removed, log written, lock free.

Python calls a handler between two of its own instructions, and also while it waits for the JVM. There the handler must
not raise: the answer that comes later would be taken for that to the next call. So Spark's jobs are cancelled, and the
signal is sent again until the JVM has answered. A JVM that does not answer in PATIENCE_SECONDS is ended.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE_SECONDS = 5.0  # of the ten that a container gets
AGAIN_SECONDS = 0.02
STDERR = 2
MAIN_THREAD = threading.main_thread().ident or 0
CODE_OF_SIGNAL = 128  # plus its number, as shells have it


class Stopped(SystemExit):
    """The process got a signal that ends it."""

    def __init__(self, number: int) -> None:
        """The signal's number."""
        super().__init__(CODE_OF_SIGNAL + number)
        self.number = number

    def __str__(self) -> str:
        """What stopped the run."""
        return f"stopped by {signal.Signals(self.number).name}"


class Stop:
    """Whether this process was asked to end; it raises Stopped in the main thread, once."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.number: int | None = None
        self._is_raised = False
        self._repeats: threading.Thread | None = None

    def listen(self) -> None:
        """Handles the signals from now on, in place of a handler that another library has set."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                is_for_others = number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN  # nohup
                if not is_for_others:
                    signal.signal(number, self._handle)

    def end(self) -> None:
        """Waits until no signal is sent again."""
        self._is_raised = True
        if self._repeats is not None:
            self._repeats.join()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._is_raised:
            return
        if self.number is None:
            self.number = number
            # Not by a stream, in which this thread may be writing just now.
            os.write(STDERR, f"{signal.Signals(number).name}: stopping\n".encode())
        if not _is_in_jvm_call(frame):
            self._is_raised = True
            raise Stopped(self.number)
        if self._repeats is None:
            self._repeats = threading.Thread(target=self._repeat, args=(number,), daemon=True)
            self._repeats.start()

    def _repeat(self, number: int) -> None:
        from warehouse.jvm.session import cancel_jobs, end_jvm  # noqa: PLC0415  (programs without Spark stop, too)

        # By a connection of its own to the JVM, which may not answer either.
        threading.Thread(target=cancel_jobs, daemon=True).start()
        until = time.monotonic() + PATIENCE_SECONDS
        has_ended = False
        while not self._is_raised:
            time.sleep(AGAIN_SECONDS)
            if not self._is_raised:
                signal.pthread_kill(MAIN_THREAD, number)
            if time.monotonic() > until and not has_ended:
                end_jvm()
                has_ended = True


def _is_in_jvm_call(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("py4j."):
            return True
        frame = frame.f_back
    return False


_current: Stop | None = None


def stop_requested() -> Stopped | None:
    """What stopped this process, where a signal did."""
    if _current is None or _current.number is None:
        return None
    return Stopped(_current.number)


def stopping() -> bool:
    """Whether a signal ends this process. From then on none interrupts it: what is left is cleaned up."""
    if _current is None or _current.number is None:
        return False
    _current.end()
    return True


def listen_again() -> None:
    """Handles signals again: Spark sets a handler of its own for SIGINT."""
    if _current is not None:
        _current.listen()


@contextmanager
def signals_end_the_run() -> Iterator[None]:
    """While the block runs, SIGNALS raise Stopped in it."""
    global _current  # noqa: PLW0603  (signals are the process's, too)
    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    outer, _current = _current, Stop()
    _current.listen()
    try:
        yield
    finally:
        _current.end()
        _current = outer
        with suppress(ValueError):  # not the main thread, which alone has handlers
            for number, handler in before.items():
                signal.signal(number, handler)
