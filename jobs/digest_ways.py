"""The ways by which a digest leaves: a webhook, a mail server, a file. What fails for now is tried again."""

from __future__ import annotations

import json
import os
import re
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from dashboard.digest.knobs import Smtp
from warehouse.errors import DistributaryError, UsageError
from warehouse.messages import conceal, one_line

WAITS = (2.0, 10.0)  # seconds between the tries: three in all
LONGEST_WAIT = 120.0  # seconds; a server that asks for more is given up for this time
TIMEOUT = 20.0  # seconds for each try
LONGEST_ANSWER, SHOWN = 4_000, 100  # bytes that are read of an answer, characters of it in a message
LONG_PART = 12  # characters; shorter parts of an address are words such as services
TOO_MANY, UNAVAILABLE, SERVER_ERROR = 429, 503, 500
PERMANENT = range(500, 600)  # of SMTP

Pause = Callable[[float], None]


class NotSent(DistributaryError):  # noqa: N818 (a state of the other side)
    """A destination took no digest."""

    exit_code = 3


class Later(Exception):  # noqa: N818 (caught where tries are counted)
    """A try failed in a way that may pass; `asked` = seconds that the server asks to wait."""

    def __init__(self, reason: str, asked: float = 0.0) -> None:
        """What failed."""
        super().__init__(reason)
        self.asked = asked


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is no answer of a webhook: following it would hand the message to someone else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follows none."""


def with_tries(send: Callable[[], None], *, pause: Pause, waits: Sequence[float] = WAITS) -> None:
    """Calls `send`, and after each of `waits` again while it raises Later; NotSent where it does to the end."""
    for wait in (*waits, None):
        try:
            return send()
        except Later as failed:
            if wait is None:
                raise NotSent(f"{failed}, {len(waits) + 1} times") from failed
            if failed.asked > LONGEST_WAIT:
                raise NotSent(f"{failed}, and asks to wait {failed.asked:,.0f} s; run again later") from failed
            pause(max(wait, failed.asked))
    return None


def secret_of_environment(name: str) -> str:
    """A secret, which no message shows from then on. UsageError where the variable is not set."""
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise UsageError(f"the environment variable {name} is not set")
    conceal([secret])
    return secret


def post(url: str, message: Mapping[str, Any]) -> None:
    """Posts a message as JSON. Later where the server is busy or out of reach, NotSent where it refuses."""
    if not url.startswith(("https://", "http://")):
        raise UsageError("its environment variable holds no address that begins with https://")
    _conceal_parts(url)
    data = json.dumps(message, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        request = urllib.request.Request(url, data=data, headers=headers, method="POST")
        with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT) as answer:
            answer.read(1_000)
    except urllib.error.HTTPError as error:
        reason = f"it answered {error.code}{_answer_of(error)}"
        if error.code in (TOO_MANY, UNAVAILABLE):
            raise Later(reason, _asked(dict(error.headers))) from error
        if error.code >= SERVER_ERROR:
            raise Later(reason) from error
        raise NotSent(reason) from error
    except (OSError, HTTPException) as error:  # also URLError and timeouts
        raise Later(f"it cannot be reached: {_reason(error)}") from error
    except ValueError as error:
        raise UsageError("its environment variable holds no address that can be used") from error


def _answer_of(error: urllib.error.HTTPError) -> str:
    """The beginning of what the server wrote, in brackets. It is cut after secrets are concealed, never through one."""
    text = b""
    with error, suppress(OSError, HTTPException):
        text = error.read(LONGEST_ANSWER)
    shown = one_line(text.decode("utf-8", "replace"))[:SHOWN]
    return f" ({shown})" if shown else ""


def _conceal_parts(url: str) -> None:
    """Whoever has the path of a webhook can post to it, and an answer may repeat it."""
    _, _, path = url.partition("://")[2].partition("/")
    conceal(part for part in (path, *re.split(r"[/?&=]", path)) if len(part) >= LONG_PART)


def mail(message: EmailMessage, smtp: Smtp, password: str | None) -> None:
    """Hands a message to the mail server. Later where it is busy or out of reach, NotSent where it refuses."""
    host, tls = smtp.host or "", ssl.create_default_context()
    try:
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, smtp.port, timeout=TIMEOUT, context=tls)
        else:
            server = smtplib.SMTP(host, smtp.port, timeout=TIMEOUT)
        with server:
            if smtp.security == "starttls":
                server.starttls(context=tls)
            if smtp.user is not None and password is not None:
                server.login(smtp.user, password)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = dict(error.recipients.values())
        raise _refused(max(codes), codes[max(codes)]) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
        raise NotSent(f"the mail server {host}: {_reason(error)}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Later(f"the mail server {host} cannot be reached: {_reason(error)}") from error


def write(path: Path, text: str) -> None:
    """Writes a file in one piece. NotSent where its folder takes none."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise NotSent(f"it cannot be written: {error.strerror or error}") from error


def _refused(code: int, answer: bytes | str) -> Exception:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    reason = f"the mail server answered {code} ({one_line(text)[:SHOWN]})"
    return NotSent(reason) if code in PERMANENT else Later(reason)


def _asked(headers: Mapping[str, str]) -> float:
    """The seconds of Retry-After: a number, or a moment beside the server's own Date. 0 where it says neither."""
    by_name = {name.lower(): text for name, text in headers.items()}
    asked = by_name.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    until, now = _moment(asked), _moment(by_name.get("date", ""))
    return max((until - now).total_seconds(), 0.0) if until and now else 0.0


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _reason(error: BaseException) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return one_line(getattr(inner, "strerror", None) or inner or type(error).__name__)
