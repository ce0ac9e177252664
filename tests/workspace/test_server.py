import asyncio
import contextlib
from collections.abc import AsyncIterator
from email.utils import format_datetime

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from bot.workspace.server import create_app, serving
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import BOT_TOKEN


def page(workspace: Workspace) -> Starlette:
    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("the page")

    async def stream(_request: Request) -> StreamingResponse:
        async def lines() -> object:
            yield "data: hello\n\n"
            async for notice in workspace.subscribe():
                yield f"data: {notice['kind']}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")  # type: ignore[arg-type]

    return Starlette(routes=[Route("/", hello), Route("/stream", stream)])


async def test_serves_api_models_and_page_side_by_side(workspace: Workspace) -> None:
    models = Starlette(routes=[Route("/x", lambda _request: PlainTextResponse("a model"))])
    async with (
        serving(create_app(workspace, models=models, page=page(workspace))) as base,
        aiohttp.ClientSession() as session,
    ):
        assert workspace.base_url == base
        for path, text in (("/", "the page"), ("/models/x", "a model")):
            async with session.get(base + path) as response:
                assert await response.text() == text
        assert (await AsyncWebClient(BOT_TOKEN, base_url=f"{base}/api/").auth_test())["ok"]


async def test_every_answer_tells_the_time_of_the_workspace(workspace: Workspace) -> None:
    async with serving(create_app(workspace, page=page(workspace))) as base, aiohttp.ClientSession() as session:
        for path in ("/", "/nothing", "/api/api.test"):
            async with session.get(base + path) as response:
                assert response.headers.getall("Date") == [format_datetime(workspace.clock.now(), usegmt=True)]


async def test_stops_promptly_with_open_streams_and_sockets(workspace: Workspace) -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        async with serving(create_app(workspace, page=page(workspace))) as base:
            stream = await session.get(f"{base}/stream")
            assert await stream.content.readline() == b"data: hello\n"
            link = await session.ws_connect(workspace.sockets.open_address(base))
            await link.receive_json()
            before = loop.time()
        assert loop.time() - before < 0.4
        stream.close()
        await link.close()


async def test_before_stop_is_called_first(workspace: Workspace) -> None:
    counts: list[int] = []
    async with serving(create_app(workspace), before_stop=lambda: counts.append(len(workspace.calls))) as base:
        await AsyncWebClient(BOT_TOKEN, base_url=f"{base}/api/").auth_test()
    assert counts == [1]


async def test_a_taken_port_is_an_error(ws: Workspace, workspace: Workspace) -> None:
    with pytest.raises(OSError, match="in use"):
        async with serving(create_app(workspace), port=int(ws.base_url.rpartition(":")[2])):
            pass


async def test_an_upload_for_nobody_is_404(ws: Workspace) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{ws.base_url}/upload/F9", data=b"x") as response:
        assert response.status == 404


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff"])
async def test_a_call_with_a_broken_body_is_refused(ws: Workspace, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    address = f"{ws.base_url}/api/chat.postMessage"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(address, data=body) as response:
        assert (response.status, (await response.json())["error"]) == (200, "invalid_json")


async def test_an_application_that_refuses_to_start_is_an_error() -> None:
    @contextlib.asynccontextmanager
    async def refusing(_app: Starlette) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    with pytest.raises(RuntimeError, match="did not start"):
        async with serving(Starlette(lifespan=refusing)):
            pass
