"""The whole at work: slack_sdk's client over loopback, people on the other side."""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp

BUTTONS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Roll back *credit-scoring*, <@U1>?"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            {"type": "button", "action_id": "yes", "text": {"type": "plain_text", "text": "Approve"}, "value": "INC-1"},
            {"type": "button", "action_id": "no", "text": {"type": "plain_text", "text": "Reject"}, "value": "INC-1"},
        ],
    },
]
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "declare",
    "title": {"type": "plain_text", "text": "Declare"},
    "submit": {"type": "plain_text", "text": "Open"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


async def test_a_card_is_posted_clicked_and_updated(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C1", text="Roll back?", blocks=BUTTONS)
    (message,) = ws.messages("ops")
    assert (message.ts, message.visible_text) == (posted["ts"], "Roll back credit-scoring, @Ada Byron?")
    assert message.buttons == ("Approve", "Reject")
    clicked = await ws.click("U2", message, "Approve")
    assert clicked.acked
    assert app.last["actions"][0]["value"] == "INC-1"
    await client.chat_update(channel="C1", ts=posted["ts"], text="Approved")
    assert ws.messages("C1")[0].visible_text == "Approved"
    assert ws.messages("C1")[0].buttons == ()
    assert [happening.kind for happening in ws.happenings] == ["post", "update"]


async def test_a_command_opens_a_modal_which_is_submitted(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    delivery = await ws.command("U1", "/rollback", channel="ops")
    assert delivery.acked
    await client.views_open(trigger_id=app.last["trigger_id"], view=MODAL)
    modal = ws.modal("U1")
    assert modal is not None
    assert modal.visible_text == "Declare\nReason"
    assert ws.modal("U2") is None
    refused = await ws.submit("U1")
    assert not refused.sent
    assert list(refused.errors) == ["reason"]
    submitted = await ws.submit("U1", {"Reason": "wrong scores"})
    assert submitted.closed
    assert ws.modal("U1") is None
    assert app.last["view"]["state"]["values"]["reason"]["text"]["value"] == "wrong scores"
