"""The tools of agents by HTTP: each request carries the token of the server."""

from __future__ import annotations

import secrets

from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.agents.server import AgentServer

PATH = "/mcp"
HOST = "127.0.0.1"
# A page of another site may have its name point here, or its script ask here: both are refused.
FROM_THIS_MACHINE = TransportSecuritySettings(
    enable_dns_rebinding_protection=True, allowed_hosts=[f"{HOST}:*", "localhost:*"], allowed_origins=[]
)
REFUSED = b'{"error": "send the token of the server: Authorization: Bearer ..."}'


def http_app(server: AgentServer, token: str) -> ASGIApp:
    """The application that answers at PATH. It keeps nothing between requests, so any number of clients may ask."""
    server.settings.stateless_http = server.settings.json_response = True
    server.settings.transport_security = FROM_THIS_MACHINE
    answers = server.streamable_http_app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _has_token(scope, token):
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED})
            return
        await answers(scope, receive, send)

    return app


def _has_token(scope: Scope, token: str) -> bool:
    given = dict(scope["headers"]).get(b"authorization", b"")
    kind, _, offered = given.partition(b" ")
    return bool(kind.lower() == b"bearer" and secrets.compare_digest(offered.strip(), token.encode()))
