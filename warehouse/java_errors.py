"""Errors of Spark and its JVM, found without importing either: programs without Spark end as others do."""

from __future__ import annotations

from traceback import walk_tb


def java_stack(error: BaseException) -> str:
    """The JVM's stack of an error, with those of its causes; '' where it has none or the JVM is gone."""
    if _is_of(error, "pyspark.errors"):
        return str(getattr(error, "_stackTrace", None) or "")
    if hasattr(error, "java_exception"):
        try:
            return str(error)  # asks the JVM
        except Exception:
            return ""
    return ""


def message_of(error: BaseException) -> str:
    """The message of an error, without the JVM's stack."""
    if _is_of(error, "pyspark.errors") and getattr(error, "_desc", None):
        return str(error._desc)  # type: ignore[attr-defined]
    if hasattr(error, "java_exception"):
        # "An error occurred while calling o1.f.", then after ": " class and message of the JVM's error, then its stack.
        stack = java_stack(error).splitlines()
        return next((line.removeprefix(": ") for line in stack if line.startswith(": ")), "an error of the JVM")
    return str(error)


def is_jvm_gone(error: BaseException) -> bool:
    """Whether the JVM ended before it answered a call, or before it was called."""
    is_refused = isinstance(error, ConnectionError) and _passed_through(error, "py4j")
    return is_refused or (_is_of(error, "py4j") and not hasattr(error, "java_exception"))


def _passed_through(error: BaseException, package: str) -> bool:
    frames = (frame for frame, _ in walk_tb(error.__traceback__))
    return any(str(frame.f_globals.get("__name__", "")).startswith(f"{package}.") for frame in frames)


def _is_of(error: BaseException, package: str) -> bool:
    return type(error).__module__.startswith(package)
