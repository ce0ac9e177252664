"""Socket Mode: an envelope is acknowledged after its Work has committed, and never otherwise."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.foundation.errors import Refusal
from bot.foundation.slack_door import Edge
from bot.foundation.slack_door.socket import Once, SocketDoor
from tests.foundation.slack_door.conftest import MAYA, Entrance
from tests.support.slack import ME

EDGE = Edge("", ME.team_id, ME.app_id)
CLICK: dict[str, Any] = {
    "type": "block_actions",
    "api_app_id": ME.app_id,
    "team": {"id": ME.team_id},
    "user": {"id": MAYA, "team_id": ME.team_id},
    "channel": {"id": "C1"},
    "actions": [{"type": "button", "action_id": "act", "block_id": "b", "value": "{}"}],
}
COMMAND = {
    "command": "/do", "text": "", "team_id": ME.team_id, "api_app_id": ME.app_id, "user_id": MAYA, "channel_id": "C1",
}  # fmt: skip


class Client(SocketModeClient):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[SocketModeResponse] = []

    async def send_socket_mode_response(self, response: Any) -> None:
        self.sent.append(response)


async def receive(entrance: Entrance, payload: dict[str, Any], envelope: str = "e1") -> list[SocketModeResponse]:
    door = SocketDoor(entrance.door, EDGE, "xapp-1", "http://127.0.0.1:9/api/")
    client = Client()
    await door._on_request(client, SocketModeRequest(type="interactive", envelope_id=envelope, payload=payload))
    await door._client.aiohttp_client_session.close()
    return client.sent


async def test_an_envelope_is_acknowledged_when_its_work_has_committed(entrance: Entrance) -> None:
    (sent,) = await receive(entrance, CLICK)
    assert (sent.envelope_id, sent.payload) == ("e1", None)
    assert [action for action, _actor, _why in entrance.actions()] == ["thing.done"]


async def test_an_answer_travels_in_the_acknowledgement(entrance: Entrance) -> None:
    entrance.answers["/do"] = Refusal("There is no INC-9.")
    (sent,) = await receive(entrance, COMMAND)
    assert sent.payload == {"text": "There is no INC-9.", "response_type": "ephemeral"}


async def test_the_same_envelope_twice_has_one_effect_and_two_acknowledgements(entrance: Entrance) -> None:
    assert len(await receive(entrance, CLICK) + await receive(entrance, CLICK)) == 2
    assert len(entrance.seen) == 1


async def test_what_failed_is_not_acknowledged(entrance: Entrance) -> None:
    entrance.answers["act"] = ZeroDivisionError()
    assert await receive(entrance, CLICK) == []
    assert entrance.actions() == []


@pytest.mark.parametrize(
    "foreign", [{"team": {"id": "T0OTHER"}}, {"api_app_id": "A0OTHER"}, {"team": None}, {"team": "x"}]
)
async def test_an_envelope_for_somebody_else_is_not_even_acknowledged(
    entrance: Entrance, foreign: dict[str, Any]
) -> None:
    """T3."""
    assert await receive(entrance, {**CLICK, **foreign}) == []
    assert entrance.seen == []


async def test_an_unsound_envelope_is_not_acknowledged(entrance: Entrance) -> None:
    assert await receive(entrance, {**CLICK, "actions": []}) == []


# --- over a real websocket --------------------------------------------------------------------------------------------


@dataclass
class Slack:
    """The far end of a socket."""

    address: str = ""
    acknowledged: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    connected: asyncio.Queue[web.WebSocketResponse] = field(default_factory=asyncio.Queue)

    async def open(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": self.address.replace("http", "ws") + "/link"})

    async def link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello"})
        await self.connected.put(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await self.acknowledged.put(json.loads(message.data))
        return socket


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    found = Slack()
    application = web.Application()
    application.router.add_post("/api/apps.connections.open", found.open)
    application.router.add_get("/link", found.link)
    server = TestServer(application)
    await server.start_server()
    found.address = f"http://127.0.0.1:{server.port}"
    yield found
    await server.close()


async def test_gestures_come_over_a_socket_that_we_open(entrance: Entrance, slack: Slack) -> None:
    door = SocketDoor(entrance.door, EDGE, "xapp-1", f"{slack.address}/api/")
    async with asyncio.timeout(20):
        await door.connect()
        socket = await slack.connected.get()
        assert await door.is_connected()
        await socket.send_json({"type": "interactive", "envelope_id": "e7", "payload": CLICK})
        assert await slack.acknowledged.get() == {"envelope_id": "e7"}
        assert len(entrance.seen) == 1
        await door.close()
    assert not await door.is_connected()


async def test_when_slack_closes_the_connection_another_is_opened_and_gestures_go_on(
    entrance: Entrance, slack: Slack
) -> None:
    """P17: slack_sdk opens it; the session has another name, by which we know that something may have been lost."""
    door = SocketDoor(entrance.door, EDGE, "xapp-1", f"{slack.address}/api/")
    async with asyncio.timeout(20):
        await door.connect()
        first, before = await slack.connected.get(), await door.session()
        await first.send_json({"type": "disconnect", "reason": "refresh_requested"})
        second = await slack.connected.get()
        await second.send_json({"type": "interactive", "envelope_id": "e8", "payload": CLICK})
        assert await slack.acknowledged.get() == {"envelope_id": "e8"}
        assert len(entrance.seen) == 1
        assert await door.session() != before
        await door.close()


def test_a_connection_that_cannot_be_opened_is_said_once_and_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tests.socket")
    log.addFilter(Once())
    for error in ("refused", "refused", "not found", "refused"):
        try:
            raise ConnectionError(error)
        except ConnectionError as raised:
            log.exception(f"Failed to connect (error: {raised}); Retrying...")
    assert [record.getMessage()[26:33] for record in caplog.records] == ["refused", "not fou", "refused"]
    assert all(record.exc_info is None for record in caplog.records)
