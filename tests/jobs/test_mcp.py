"""`distributary mcp` as a client's program starts it: one process, asked by the protocol on stdin and stdout."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.types import CallToolResult

from tests.audited_shop import SEOUL, write_audited_shop

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Conversation:
    """What one process answered, what the client could not read as protocol, and the processor time [seconds]."""

    name: str
    instructions: str
    tools: list[str]
    spend: CallToolResult
    wrong: CallToolResult
    unreadable: list[Exception]
    seconds: float


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    folder = tmp_path_factory.mktemp("mcp")
    write_audited_shop(folder)
    config = folder / "shop.yaml"
    config.write_text(f"lake: lake\nlanding: {{root: landing}}\nreport: {{timezone: {SEOUL}, currency: KRW}}\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = anyio.run(talk, config)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Conversation(**found, seconds=seconds)


async def talk(config: Path) -> dict[str, Any]:
    unreadable: list[Exception] = []

    async def heard(message: Any) -> None:
        if isinstance(message, Exception):
            unreadable.append(message)

    arguments = ["-m", "jobs.cli", "mcp", "--config", str(config)]
    environment = {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    program = StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=REPOSITORY)
    async with stdio_client(program) as (read, write), ClientSession(read, write, message_handler=heard) as client:
        started = await client.initialize()
        return {
            "name": started.serverInfo.name,
            "instructions": started.instructions,
            "tools": [tool.name for tool in (await client.list_tools()).tools],
            "spend": await client.call_tool("query_metric", {"metrics": ["spend"], "by": ["campaign"]}),
            "wrong": await client.call_tool("query_metric", {"metrics": ["spent"]}),
            "unreadable": unreadable,
        }


def test_a_client_finds_the_tools_and_the_instructions(conversation: Conversation) -> None:
    assert conversation.name == "distributary"
    assert {"query_metric", "audit_number", "what_changed"} <= set(conversation.tools)
    assert "untrusted" in conversation.instructions


def test_a_figure_of_the_configured_lake_comes_with_its_publication(conversation: Conversation) -> None:
    found = conversation.spend.structuredContent
    assert found is not None
    assert (found["run_id"], found["as_of"], found["currency"]) == ("run-1", "2026-03-31", "KRW")
    spent = {row["campaign"]: row["spend"] for row in found["rows"]}
    assert (spent["spring"], spent["spring 2026"]) == ("80", "40")


def test_an_error_is_one_line(conversation: Conversation) -> None:
    (content,) = conversation.wrong.content
    assert conversation.wrong.isError and content.type == "text"
    assert content.text.endswith("did you mean spend?") and "\n" not in content.text


def test_nothing_but_the_protocol_is_on_stdout(conversation: Conversation) -> None:
    assert conversation.unreadable == []


def test_the_whole_conversation_takes_under_two_seconds_of_processor_time(conversation: Conversation) -> None:
    assert conversation.seconds < 2
