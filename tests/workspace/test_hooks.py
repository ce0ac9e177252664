from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, VirtualClock
from tests.workspace.surfaces import CARD


async def respond(url: str, **body: Any) -> tuple[int, str]:
    answer = await AsyncWebhookClient(url).send_dict(body)
    return answer.status_code, answer.body


@pytest.fixture
async def url(ws: Workspace, app: FakeApp) -> str:
    """The response URL of a command in #ops."""
    await ws.command("U1", "/rollback", channel="C1")
    return str(app.last["response_url"])


async def test_answers_the_person_alone_unless_told_otherwise(ws: Workspace, url: str) -> None:
    assert await respond(url, text="only you") == (200, "ok")
    await respond(url, text="everybody", response_type="in_channel")
    assert [shown.text for shown in ws.ephemerals("U1", "C1")] == ["only you"]
    assert [message.text for message in ws.messages("C1")] == ["everybody"]
    assert [happening.kind for happening in ws.happenings] == ["ephemeral", "post"]


async def test_five_uses(url: str) -> None:
    statuses = [(await respond(url, text=str(number)))[0] for number in range(6)]
    assert statuses == [200, 200, 200, 200, 200, 404]
    assert "used_url" in (await respond(url, text="x"))[1]


async def test_half_an_hour(url: str, clock: VirtualClock) -> None:
    clock.advance(minutes=30)
    assert (await respond(url, text="x"))[0] == 200
    clock.advance(seconds=1)
    assert "expired_url" in (await respond(url, text="x"))[1]


async def test_needs_no_membership_but_a_living_channel(ws: Workspace, app: FakeApp) -> None:
    await ws.command("U1", "/rollback", channel="C2")
    url = app.last["response_url"]
    assert (await respond(url, text="x", response_type="in_channel"))[0] == 200
    ws.channels["C2"].is_archived = True
    assert await respond(url, text="x") == (400, '{"ok":false,"error":"is_archived"}')


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": " "}, "no_text"),
        ({"blocks": [{"type": "x"}]}, "invalid_blocks"),
        ({"text": "x", "thread_ts": "1.1"}, ""),
    ],
)
async def test_content_is_judged_like_any_message(url: str, body: dict[str, Any], error: str) -> None:
    status, text = await respond(url, **body)
    assert (status == 200) == (not error)
    assert error in text


async def test_a_click_can_replace_and_delete_its_message(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C1", text="x", blocks=CARD)
    await ws.click("U1", ws.messages("C1")[0], "Approve")
    url = app.last["response_url"]
    await respond(url, text="aside")
    assert ws.messages("C1")[0].buttons == ("Approve", "Execute")
    await respond(url, text="done", replace_original=True)
    assert [(message.text, message.blocks) for message in ws.messages("C1")] == [("done", ())]
    await respond(url, delete_original="true")
    assert ws.messages("C1") == []
    assert "message_not_found" in (await respond(url, text="x", replace_original=True))[1]


async def test_an_ephemeral_can_be_replaced_and_deleted_while_it_is_there(
    ws: Workspace, app: FakeApp, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="x", blocks=CARD)
    await ws.click("U1", ws.ephemerals("U1")[0], "Approve")
    url = app.last["response_url"]
    await respond(url, text="done", replace_original=True)
    assert [(shown.text, shown.version) for shown in ws.ephemerals("U1")] == [("done", 2)]
    await respond(url, delete_original=True)
    assert ws.ephemerals("U1") == []
    assert (await respond(url, text="done", replace_original=True))[0] == 200
    assert ws.ephemerals("U1") == []


async def test_a_persons_own_message_cannot_be_replaced(ws: Workspace, app: FakeApp) -> None:
    message = await ws.say("U1", "C1", "mine")
    await ws.shortcut("U1", "report", message)
    status, text = await respond(app.last["response_url"], text="hers", replace_original=True)
    assert (status, "cant_update_message" in text) == (400, True)
    assert ws.messages("C1") == [message]


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400)])
async def test_a_broken_body_is_refused(url: str, body: bytes, status: int) -> None:
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        assert response.status == status


async def test_an_unknown_address_is_refused(ws: Workspace) -> None:
    assert (await respond(f"{ws.base_url}/response/T1/hook-9", text="x"))[0] == 404
