"""`distributary mcp --port`: the SDK's own client by HTTP with a token, and who is refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from dashboard.agents.http import http_app
from dashboard.agents.server import AgentServer
from jobs.mcp import main
from tests.dashboard.test_agent_tools import shop_of
from tests.small_shop import write_shop

TOKEN = "a-token-of-agents-in-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on a port of its own."""
    lake = tmp_path_factory.mktemp("http") / "lake"
    write_shop(lake)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(http_app(AgentServer(shop_of(lake)), TOKEN), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    thread.join()


def test_a_client_with_the_token_gets_the_figures(address: str) -> None:
    async def talk() -> tuple[str, dict[str, Any] | None]:
        async with (
            httpx.AsyncClient(headers=BEARER) as http,
            streamable_http_client(address, http_client=http) as (read, write, _),
            ClientSession(read, write) as client,
        ):
            started = await client.initialize()
            answer = await client.call_tool("query_metric", {"metrics": ["spend"], "by": ["channel"]})
            return started.serverInfo.name, answer.structuredContent

    name, found = anyio.run(talk)
    assert name == "distributary"
    assert found is not None
    assert {row["channel"]: row["spend"] for row in found["rows"]} == {
        "Search": "1000",
        "Display": "500",
        "Direct": "0",
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer another"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({**BEARER, "Origin": "https://other.example"}, 403),
        ({**BEARER, "Host": "other.example"}, 421),
        (BEARER, 200),
    ],
)
def test_who_has_no_token_and_every_web_page_is_refused(address: str, headers: dict[str, str], status: int) -> None:
    question = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"accept": "application/json, text/event-stream"}
    answer = httpx.post(address, json=question, headers={**accepts, **headers})
    assert answer.status_code == status, answer.text
    assert ("query_metric" in answer.text) == (status == 200)


@pytest.mark.parametrize(
    ("text", "message"), [(None, "name its file by --token-file"), ("short", "it needs 20 or more"), ("", "has 0")]
)
def test_a_port_without_a_good_token_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    file = tmp_path / "token"
    options = ["--port", "8766"]
    if text is not None:
        file.write_text(text)
        options += ["--token-file", str(file)]
    assert main(options) == 2
    assert message in " ".join(capsys.readouterr().err.split())
