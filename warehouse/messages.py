"""Text for people: on the terminal, in the log of runs, and in files that are passed on.

A message can hold text of any origin: a header of a file, an address with a password, an error of a library.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

CONCEALED = "***"
# Below this a text is found in too many places that have nothing to do with it.
SHORTEST_SECRET = 4
# What a terminal acts on, or what lets a text be read in another order: all but a line break.
NOT_SHOWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
PASSWORD_IN_URI = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://[^\s:/?#@'\"]*):[^\s/'\"]*@")
SECRET_NAME = r"[\w.-]*(?:password|passwd|pwd|secret|token|access[_.-]?key|account[_.-]?key|credential)[\w.-]*"
SECRET_IN_QUERY = re.compile(rf"([?&;]{SECRET_NAME}=)[^&;\s'\"]+", re.IGNORECASE)
NAMES_A_SECRET = re.compile(SECRET_NAME, re.IGNORECASE)
OF_ENVIRONMENT = (
    "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "DATABRICKS_TOKEN", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCESS_KEY", "PGPASSWORD", "MYSQL_PWD", "DISTRIBUTARY_PSEUDONYM_KEY",
)  # fmt: skip

_secrets: set[str] = set()


def conceal(secrets: Iterable[str]) -> None:
    """From now on these texts are not shown, as they are and as they are read from a URI."""
    _secrets.update(text for secret in secrets for text in (secret, unquote(secret)) if len(text) >= SHORTEST_SECRET)


def secrets_in(uri: str) -> list[str]:
    """The password in a URI."""
    _, separator, rest = uri.partition("://")
    user, has_user, _ = rest.rpartition("@")
    _, has_password, password = user.partition(":")
    return [password] if separator and has_user and has_password else []


def secrets_of_environment() -> list[str]:
    """The values of environment variables by which MLflow and stores get their passwords."""
    return [os.environ[name] for name in OF_ENVIRONMENT if name in os.environ]


def secrets_among(settings: Mapping[str, str]) -> list[str]:
    """The values of settings whose names show that they are secret."""
    return [value for name, value in settings.items() if NAMES_A_SECRET.fullmatch(name)]


def concealed(text: str) -> str:
    """The text with *** for passwords and other secrets."""
    text = PASSWORD_IN_URI.sub(rf"\1:{CONCEALED}@", text)
    text = SECRET_IN_QUERY.sub(rf"\1{CONCEALED}", text)
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, CONCEALED)
    return text


def printable(text: str) -> str:
    """The text as a terminal may get it: control characters as \\x1b and the like, line breaks as they are."""
    return NOT_SHOWN.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), text)


def one_line(text: object) -> str:
    """A message as one line that a terminal and a log may get."""
    lines = (line.strip() for line in str(text).splitlines())
    return printable(concealed(" ".join(filter(None, lines))))


def say_line(text: object) -> None:
    """Prints a message on stderr."""
    sys.stderr.write(f"{one_line(text)}\n")
    sys.stderr.flush()
