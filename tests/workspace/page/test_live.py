"""Live updates: each window hears of what concerns its person, and of nothing else."""

import asyncio
from contextlib import aclosing

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.page.live import concerns, stream
from bot.workspace.page.serving import ServedModel, Serving
from bot.workspace.workspace import Workspace
from tests.workspace.page.conftest import Browser, Elsewhere

IN_TIME = 10


@pytest.mark.parametrize(
    ("notice", "hears"),
    [
        ({"kind": "message", "channel": "C1"}, True),
        ({"kind": "person", "user": "U2"}, True),
        ({"kind": "channel", "channel": "C1"}, True),
        ({"kind": "served"}, True),
        ({"kind": "modal", "user": "U1"}, True),
        ({"kind": "modal", "user": "U2"}, False),
        ({"kind": "home", "user": "U2"}, False),
        ({"kind": "ephemeral", "user": "U2", "channel": "C1"}, False),
    ],
)
def test_who_hears_of_what(notice: dict[str, str], hears: bool) -> None:
    assert concerns(notice, "U1") is hears


async def test_a_window_is_told_of_changes_and_not_of_other_peoples_business(
    browser: Browser, ws: Workspace, client: AsyncWebClient
) -> None:
    async with asyncio.timeout(IN_TIME), browser.live("U1") as heard:
        assert (await anext(heard))[0] == "ready"
        await client.chat_postEphemeral(channel="C1", user="U2", text="not for you")
        said = await ws.say("U2", "C1", "hello")
        assert await anext(heard) == ("change", {"kind": "message", "channel": "C1", "ts": said.ts})


async def test_a_changed_version_is_told_live(ws: Workspace, elsewhere: Elsewhere) -> None:
    model = ServedModel(system="scoring", url=f"{elsewhere.address}/models/scoring")
    serving = Serving([model], every=0.01)
    heard = stream(ws, serving, "U1")
    async with asyncio.timeout(IN_TIME), aclosing(heard):
        assert (await anext(heard))["event"] == "ready"
        told = asyncio.ensure_future(anext(heard))
        await serving.ask()
        while not told.done():
            elsewhere.model = {"version": elsewhere.model["version"] + "1", "answer": "refused"}
            await asyncio.wait([told], timeout=0.05)
        assert told.result() == {"event": "change", "data": '{"kind": "served"}'}


async def test_a_closed_window_is_forgotten(browser: Browser, ws: Workspace) -> None:
    listeners = ws._store.notices._listeners
    async with asyncio.timeout(IN_TIME):
        async with browser.live("U1") as heard:
            await anext(heard)
            assert len(listeners) == 1
        while listeners:
            await asyncio.sleep(0)
