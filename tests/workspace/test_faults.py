import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.faults import Faults
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import BOT_TOKEN, FakeApp


async def post(ws: Workspace, **arguments: Any) -> tuple[int, str, str | None]:
    headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(0.2)) as session:
        body = {"channel": "C1", "text": "x", **arguments}
        async with session.post(f"{ws.base_url}/api/chat.postMessage", json=body) as response:
            return response.status, await response.text(), response.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("fault", "status", "says", "retry_after"),
    [
        ({"kind": "rate_limited", "retry_after": 7}, 429, "ratelimited", "7"),
        ({"kind": "ratelimited_body"}, 200, "ratelimited", None),
        ({"kind": "server_error"}, 503, "internal_error", None),
        ({"kind": "server_error", "status": 500}, 500, "internal_error", None),
        ({"kind": "html"}, 200, "<html>", None),
        ({"kind": "refuse", "error": "token_revoked"}, 200, "token_revoked", None),
    ],
)
async def test_an_answered_fault_does_nothing_and_passes(
    ws: Workspace, fault: dict[str, Any], status: int, says: str, retry_after: str | None
) -> None:
    ws.faults.add(method="chat.postMessage", **fault)
    got = await post(ws)
    assert (got[0], says in got[1], got[2]) == (status, True, retry_after)
    assert ws.messages("C1") == []
    assert (await post(ws))[0] == 200
    assert len(ws.messages("C1")) == 1


@pytest.mark.parametrize(
    ("kind", "error", "posted"),
    [
        ("accepted_reply_lost", aiohttp.ServerDisconnectedError, 1),
        ("cut", aiohttp.ServerDisconnectedError, 0),
        ("accepted_then_timeout", TimeoutError, 1),
        ("timeout", TimeoutError, 0),
    ],
)
async def test_a_silent_fault_leaves_the_caller_in_doubt(
    ws: Workspace, kind: Any, error: type[Exception], posted: int
) -> None:
    ws.faults.add(method="chat.postMessage", kind=kind)
    with pytest.raises((error, ConnectionResetError)):
        await post(ws)
    assert len(ws.messages("C1")) == posted
    assert ws.calls[-1].status == 0
    assert (await post(ws))[0] == 200


async def test_the_default_client_posts_twice_when_the_answer_is_lost(ws: Workspace) -> None:
    """Known of slack_sdk: why write calls are made with `retry_handlers=[]`."""
    ws.faults.add(method="chat.postMessage", kind="accepted_reply_lost")
    await AsyncWebClient(BOT_TOKEN, base_url=f"{ws.base_url}/api/").chat_postMessage(channel="C1", text="x")
    assert len(ws.messages("C1")) == 2


async def test_match_times_and_removal(ws: Workspace) -> None:
    ws.faults.add(method="*", kind="refuse", error="fatal_error", times=2, match=lambda args: args["text"] == "bad")
    answers = [(await post(ws, text=text))[1] for text in ("good", "bad", "bad", "bad")]
    assert ["fatal_error" in answer for answer in answers] == [False, True, True, False]
    always = ws.faults.add(method="chat.postMessage", kind="refuse", error="fatal_error", times=None)
    assert ["fatal_error" in (await post(ws))[1] for _ in range(3)] == [True] * 3
    assert always.struck == 3
    ws.faults.remove(always)
    assert "fatal_error" not in (await post(ws))[1]


async def test_an_outage_stops_calls_and_deliveries(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    ws.faults.outage = True
    with pytest.raises(SlackApiError):
        await client.auth_test()
    lost = await ws.command("U1", "/rollback")
    assert (lost.acked, lost.notice, app.received) == (False, '/rollback failed with the error "dispatch_failed"', [])
    ws.faults.clear()
    assert (await client.auth_test())["ok"]
    assert (await ws.command("U1", "/rollback")).acked


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "late", "method": "*"},
        {"kind": "html", "delivery": "*"},
        {"kind": "html"},
        {"kind": "html", "method": "*", "delivery": "*"},
    ],
)
def test_a_fault_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fault|either"):
        Faults().add(**wrong)


async def test_a_held_caller_does_not_keep_others_waiting(ws: Workspace) -> None:
    ws.faults.add(method="chat.postMessage", kind="timeout")
    held = asyncio.create_task(post(ws))
    while not ws.calls:
        await asyncio.sleep(0)
    assert (await post(ws))[0] == 200
    with pytest.raises(TimeoutError):
        await held
