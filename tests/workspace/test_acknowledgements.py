import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import PlainTextResponse, Response

from bot.workspace.acknowledgements import TROUBLE
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, Received
from tests.workspace.surfaces import CARD, FORM, modal, text_field


@pytest.fixture
async def form(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    """Ada has the form on her screen."""
    await ws.command("U1", "/rollback")
    await client.views_open(trigger_id=app.last["trigger_id"], view=FORM)


VALUES = {"reason": "drift"}


@pytest.mark.parametrize("answer", [None, {}, {"response_action": "clear"}])
async def test_an_empty_acknowledgement_closes(ws: Workspace, app: FakeApp, form: None, answer: Any) -> None:
    app.answer(answer)
    submitted = await ws.submit("U1", VALUES)
    assert (submitted.closed, submitted.errors, submitted.notice, ws.modal("U1")) == (True, {}, "", None)


async def test_errors_stand_under_their_fields_and_the_text_stays(ws: Workspace, app: FakeApp, form: None) -> None:
    app.answer({"response_action": "errors", "errors": {"reason": "Say more."}})
    submitted = await ws.submit("U1", VALUES)
    assert (submitted.closed, submitted.errors) == (False, {"reason": "Say more."})
    shown = ws.modal("U1")
    assert shown is not None
    assert shown.errors == {"reason": "Say more."}
    assert "Say more." in shown.visible_text
    assert ws.typed("U1", shown)["reason"]["text"]["value"] == "drift"
    assert "Say more." in ws.happenings[-1].text
    app.answer()
    assert (await ws.submit("U1")).closed


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"reason": ""}},
        {"response_action": "errors"},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "update"},
        {"response_action": "push", "view": {"type": "home", "blocks": []}},
        {"response_action": "explode"},
        {"text": "thanks"},
    ],
)
async def test_a_wrong_answer_is_trouble(ws: Workspace, app: FakeApp, form: None, answer: dict[str, Any]) -> None:
    app.answer(answer)
    submitted = await ws.submit("U1", VALUES)
    assert (submitted.closed, submitted.notice) == (False, TROUBLE)
    shown = ws.modal("U1")
    assert shown is not None
    assert TROUBLE in shown.visible_text


async def test_no_answer_is_trouble(ws: Workspace, app: FakeApp, form: None) -> None:
    app.answer(status=500)
    assert (await ws.submit("U1", VALUES)).notice == TROUBLE
    never = asyncio.Event()

    async def wait(_got: Received) -> Response:
        await never.wait()
        return Response()

    app.reply, ws.ack_deadline = wait, 0.05
    late = await ws.submit("U1", VALUES)
    never.set()
    assert (late.late, late.notice, late.closed) == (True, TROUBLE, False)


async def test_plain_text_is_trouble_too(ws: Workspace, app: FakeApp, form: None) -> None:
    async def reply(_got: Received) -> Response:
        return PlainTextResponse("ok")

    app.reply = reply
    assert (await ws.submit("U1", VALUES)).notice == TROUBLE


async def test_update_replaces_and_push_covers(ws: Workspace, app: FakeApp, form: None) -> None:
    app.answer({"response_action": "update", "view": modal("Second", text_field("a", "A"))})
    assert not (await ws.submit("U1", VALUES)).closed
    app.answer({"response_action": "push", "view": modal("Third")})
    await ws.submit("U1", {"a": "x"})
    assert [view.title for view in ws.modals("U1")] == ["Second", "Third"]
    await ws.submit("U1")
    app.answer({"response_action": "push", "view": modal("Fifth")})
    assert (await ws.submit("U1")).notice == TROUBLE
    app.answer()
    assert (await ws.submit("U1")).closed
    assert [view.title for view in ws.modals("U1")] == ["Second", "Third"]


async def test_a_modal_closed_meanwhile_stays_closed(ws: Workspace, app: FakeApp, form: None) -> None:
    async def close_then_answer(got: Received) -> Response:
        if got.payload["type"] == "view_submission":
            await ws.close_modal("U1")
        return Response()

    app.reply = close_then_answer
    assert (await ws.submit("U1", VALUES)).closed
    assert ws.modals("U1") == []


async def test_a_command_may_be_answered_in_its_acknowledgement(ws: Workspace, app: FakeApp) -> None:
    app.answer({"text": "Working on it"})
    await ws.command("U1", "/rollback", channel="C1")
    app.answer({"response_type": "in_channel", "text": "Incident", "blocks": CARD})
    await ws.command("U1", "/rollback", channel="C1")

    async def reply(_got: Received) -> Response:
        return PlainTextResponse("plainly")

    app.reply = reply
    await ws.command("U1", "/rollback", channel="C1")
    assert [shown.text for shown in ws.ephemerals("U1")] == ["Working on it", "plainly"]
    assert ws.messages("C1")[0].buttons == ("Approve", "Execute")


async def test_a_command_answered_with_wrong_blocks_fails(ws: Workspace, app: FakeApp) -> None:
    app.answer({"blocks": [{"type": "nothing"}]})
    assert (await ws.command("U1", "/rollback")).notice == '/rollback failed with the error "invalid_blocks"'
    assert ws.ephemerals("U1") == []


async def test_a_click_that_failed_is_explained(ws: Workspace, app: FakeApp) -> None:
    app.answer(status=500)
    assert (await ws.shortcut("U1", "declare")).notice == "This app responded with Status Code 500."
    ws.request_url = "http://127.0.0.1:9/"
    assert (await ws.shortcut("U1", "declare")).notice == TROUBLE
