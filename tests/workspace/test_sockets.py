"""Socket Mode, against slack_sdk's own client."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import APP_TOKEN, BOT_TOKEN


class SocketApp:
    """An app behind one Socket Mode connection: acknowledges everything, with `payload` if set."""

    def __init__(self, ws: Workspace) -> None:
        web = AsyncWebClient(base_url=f"{ws.base_url}/api/")
        self.client = SocketModeClient(APP_TOKEN, web_client=web, ping_interval=60)
        self.client.socket_mode_request_listeners.append(self._take)
        self.received: list[SocketModeRequest] = []
        self.payload: dict[str, Any] | None = None
        self.silent = False

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.received.append(request)
        if not self.silent:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.payload))


@pytest.fixture
async def sockets(ws: Workspace) -> AsyncIterator[list[SocketApp]]:
    """Two connections of the app."""
    ws.manifest["settings"]["socket_mode_enabled"] = True
    apps = [SocketApp(ws), SocketApp(ws)]
    for each in apps:
        await each.client.connect()  # type: ignore[no-untyped-call]
    await ws.sockets.wait_for(2)
    yield apps
    for each in apps:
        await each.client.close()  # type: ignore[no-untyped-call]


async def test_each_envelope_goes_to_exactly_one_connection(ws: Workspace, sockets: list[SocketApp]) -> None:
    for _ in range(4):
        assert (await ws.command("U1", "/rollback", "credit-scoring drift")).acked
    assert [len(each.received) for each in sockets] == [2, 2]
    request = sockets[0].received[0]
    assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
    assert (request.payload["command"], request.payload["text"]) == ("/rollback", "credit-scoring drift")


async def test_kinds_of_envelopes(ws: Workspace, sockets: list[SocketApp]) -> None:
    await ws.shortcut("U1", "declare")
    await ws.open_home("U1")
    received = [request for each in sockets for request in each.received]
    assert sorted((request.type, request.payload["type"]) for request in received) == [
        ("events_api", "event_callback"),
        ("interactive", "shortcut"),
    ]


async def test_the_acknowledgement_may_carry_an_answer(ws: Workspace, sockets: list[SocketApp]) -> None:
    for each in sockets:
        each.payload = {"text": "on it"}
    await ws.command("U1", "/rollback", channel="ops")
    assert [shown.text for shown in ws.ephemerals("U1")] == ["on it"]


async def test_without_an_acknowledgement_it_is_late(ws: Workspace, sockets: list[SocketApp]) -> None:
    ws.ack_deadline = 0.05
    for each in sockets:
        each.silent = True
    late = await ws.command("U1", "/rollback")
    assert (late.acked, late.late, late.status) == (False, True, None)
    await ws.open_home("U1")
    for each in sockets:
        each.silent = False
    (again,) = await ws.tick()
    assert again.acked
    last = max((each.received[-1] for each in sockets), key=lambda request: request.retry_attempt or 0)
    assert (last.retry_attempt, last.retry_reason) == (1, "http_timeout")


async def test_without_a_connection_nothing_arrives(ws: Workspace) -> None:
    ws.manifest["settings"]["socket_mode_enabled"] = True
    assert (await ws.command("U1", "/rollback")).notice == '/rollback failed with the error "dispatch_failed"'


async def test_a_disconnect_message_makes_the_app_reconnect(ws: Workspace, sockets: list[SocketApp]) -> None:
    before = len(ws.calls)
    await ws.sockets.disconnect("refresh_requested")
    await ws.sockets.wait_for(2)
    assert [call.method for call in ws.calls[before:]] == ["apps.connections.open"]
    assert all([(await ws.command("U1", "/rollback")).acked for _ in range(2)])
    assert len(sockets[0].received) == 1


async def test_a_warning_leaves_the_connection_open(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await address(ws)) as link:
        hello = await link.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        await ws.sockets.disconnect("warning")
        assert (await link.receive_json())["reason"] == "warning"
        assert ws.sockets.count == 1


async def test_a_dropped_connection_is_gone_at_once(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(await address(ws)) as link:
        await link.receive_json()
        await ws.sockets.drop()
        assert ws.sockets.count == 0
        assert (await link.receive()).type is aiohttp.WSMsgType.CLOSE


async def address(ws: Workspace) -> str:
    web = AsyncWebClient(APP_TOKEN, base_url=f"{ws.base_url}/api/")
    return str((await web.apps_connections_open(app_token=APP_TOKEN))["url"])


async def test_an_address_works_once(ws: Workspace) -> None:
    url = await address(ws)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as link:
            await link.receive_json()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_an_eleventh_connection_is_turned_away(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session:
        links = [await session.ws_connect(ws.sockets.open_address(ws.base_url)) for _ in range(10)]
        await ws.sockets.wait_for(10)
        async with session.ws_connect(ws.sockets.open_address(ws.base_url)) as eleventh:
            assert (await eleventh.receive_json())["reason"] == "too_many_websockets"
        await asyncio.gather(*(link.close() for link in links))


async def test_only_an_app_token_opens_connections(ws: Workspace) -> None:
    web = AsyncWebClient(BOT_TOKEN, base_url=f"{ws.base_url}/api/")
    answer = await web.api_call("api.test")
    assert answer["ok"]
    assert ws.sockets.count == 0
