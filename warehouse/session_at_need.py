"""A session that is started where it is first needed: a run that finds nothing to do needs none."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession

Session = SparkSession | Callable[[], SparkSession]  # a session, or what gives it


def started(session: Session) -> SparkSession:
    """The session itself."""
    return session() if callable(session) else session


class SessionAtNeed:
    """Starts a session at the first call, and gives the same one at every later call."""

    def __init__(self, start: Session) -> None:
        """`start` starts a session, or is one that runs already."""
        self._start = start
        self._session = None if callable(start) else start
        self._then: list[Callable[[SparkSession], None]] = []

    def __call__(self) -> SparkSession:
        """The session."""
        if self._session is None:
            self._session = started(self._start)
            for act in self._then:
                act(self._session)
        return self._session

    def start_no_more(self) -> None:
        """From now on a call fails where no session runs yet."""
        if self._session is None:
            self._start = _refuse

    def once_started(self, act: Callable[[SparkSession], None]) -> None:
        """Calls `act` with the session: now where it runs already, otherwise as soon as it does."""
        if self._session is None:
            self._then.append(act)
        else:
            act(self._session)


def _refuse() -> SparkSession:
    raise RuntimeError("the run is ending: no session is started any more")
