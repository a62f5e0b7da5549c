"""Who reads: everybody on this machine, who has the token, or whom a proxy has signed in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from dashboard.serve.knobs import LOCAL_USER, THIS_MACHINE, Serve
from warehouse.errors import UsageError

COOKIE = "distributary_token"
TOKEN_READER = "token"
SHORTEST_TOKEN = 20  # characters


@dataclass(frozen=True)
class SignIn:
    """The rule by which a request has a reader. `token` None = none is asked for."""

    knobs: Serve
    token: str | None

    def reader(self, request: Request) -> str | None:
        """Who asks; None = nobody who may read.

        A header of a proxy counts only where serve.user_header names it, a token where serve.token_file holds one.
        """
        if self.knobs.user_header:
            named = request.headers.get(self.knobs.user_header, "").strip()
            return named[:200] or None
        if self.token is None:
            return LOCAL_USER
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        for offered in (given, request.cookies.get(COOKIE, ""), request.query_params.get("token", "")):
            if offered and secrets.compare_digest(offered.encode(), self.token.encode()):
                return TOKEN_READER
        return None

    def knows_host(self, request: Request) -> bool:
        """Whether the request names this server: a page of another site may have its name point here."""
        host = request.headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name.strip("[]") in {*THIS_MACHINE, self.knobs.host, *self.knobs.hosts}


def sign_in(knobs: Serve) -> SignIn:
    """The rule of these knobs. UsageError when the token's file cannot be read or its token is short."""
    return SignIn(knobs, read_token(knobs.token_file, "serve.token_file") if knobs.token_file else None)


def read_token(file: str | Path, named: str) -> str:
    """The token in a file that `named`, a knob or an option, names. UsageError for one that is no good."""
    try:
        token = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{named}: {file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(token) < SHORTEST_TOKEN:
        raise UsageError(f"{named}: the token has {len(token)} characters; it needs {SHORTEST_TOKEN} or more")
    return token
