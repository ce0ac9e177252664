"""What people do in the browser reaches the app, and what came of it reaches the person."""

import asyncio
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import Response

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, Received
from tests.workspace.page.conftest import Browser
from tests.workspace.page.test_routes import BLOCKS

HERE = {"as": "U1", "in": "C1"}


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


MODAL = {
    "type": "modal",
    "title": plain("Report"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "v", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "when",
            "label": plain("When"),
            "optional": True,
            "element": {"type": "datetimepicker", "action_id": "v"},
        },
    ],
}


async def opened(app: FakeApp, ws: Workspace, client: AsyncWebClient) -> None:
    await ws.command("U1", "/rollback", channel="C1")
    await client.views_open(trigger_id=app.last["trigger_id"], view=MODAL)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("hello", "hello"),
        ("1 < 2 & <b>", "1 &lt; 2 &amp; &lt;b&gt;"),
        ("ask @ada, or @ben.", "ask <@U1>, or <@U2>."),
        ("in #ops: mail a@ada.org", "in <#C1>: mail a@ada.org"),
        ("@nobody here", "@nobody here"),
    ],
)
async def test_saying_sends_what_slack_would_send(
    typed: str, sent: str, browser: Browser, app: FakeApp, ws: Workspace
) -> None:
    assert (await browser.do("say", HERE | {"text": typed}))["ok"]
    assert [message.text for message in ws.messages("C1")] == [sent]


async def test_replying_goes_into_the_thread(browser: Browser, app: FakeApp, ws: Workspace) -> None:
    root = await ws.say("U2", "C1", "look")
    await browser.do("say", HERE | {"text": "seen", "thread": root.ts})
    assert [reply.text for reply in ws.replies(root)] == ["seen"]


async def test_a_command_goes_to_the_app(browser: Browser, app: FakeApp) -> None:
    assert await browser.do("say", HERE | {"text": "/rollback scoring  too many refusals"}) == {
        "ok": True, "refused": False, "notice": "", "errors": {},
    }  # fmt: skip
    assert (app.last["command"], app.last["text"]) == ("/rollback", "scoring  too many refusals")


@pytest.mark.parametrize(
    ("asked", "notice"),
    [
        (HERE | {"text": "/fly away"}, "/fly is not a command here. Type / to see those that are."),
        (HERE | {"text": "hi", "in": "C3"}, "#old is archived."),
        (HERE | {"text": "hi", "as": "U4"}, "Gone is deactivated."),
    ],
)
async def test_what_cannot_be_sent_comes_back_with_the_reason(
    asked: dict[str, str], notice: str, browser: Browser, app: FakeApp
) -> None:
    assert await browser.do("say", asked) == {"ok": False, "refused": True, "notice": notice, "errors": {}}
    assert app.received == []


async def test_a_click_on_a_message_reaches_the_app(browser: Browser, app: FakeApp, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C1", text="card", blocks=BLOCKS)
    asked = {
        "surface": "message",
        "channel": "C1",
        "ts": posted["ts"],
        "block": "decide",
        "action": "ack",
        "kind": "button",
    }
    assert (await browser.do("click", HERE | asked))["ok"]
    assert (app.last["type"], app.last["user"]["id"]) == ("block_actions", "U1")
    assert app.last["actions"][0]["action_id"] == "ack"


async def card(client: AsyncWebClient) -> dict[str, Any]:
    """A click on the one button of a fresh card."""
    posted = await client.chat_postMessage(channel="C1", text="card", blocks=BLOCKS)
    return HERE | {"surface": "message", "channel": "C1", "ts": posted["ts"], "block": "decide", "action": "ack"}


async def test_a_failing_app_is_named_in_a_notice(browser: Browser, app: FakeApp, client: AsyncWebClient) -> None:
    app.answer(status=500)
    failed = await browser.do("click", await card(client))
    assert (failed["ok"], failed["refused"]) == (False, False)
    assert failed["notice"] == "This app responded with Status Code 500."


async def test_a_slow_app_is_named_in_a_notice(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    answered = asyncio.Event()

    async def dawdle(_got: Received) -> Response:
        await answered.wait()
        return Response()

    app.reply = dawdle
    ws._courier.ack_deadline = 0.05
    late = await browser.do("click", await card(client))
    answered.set()
    assert (late["ok"], late["refused"]) == (False, False)
    assert late["notice"].startswith("Backout did not answer within 3 seconds.")


async def test_a_click_on_what_is_gone_says_so(browser: Browser, app: FakeApp) -> None:
    gone = {"channel": "C1", "ts": "1.5", "block": "b", "action": "a"}
    deleted = await browser.do("click", HERE | {"surface": "message"} | gone)
    dismissed = await browser.do("click", HERE | {"surface": "ephemeral"} | gone)
    assert deleted["notice"] == "This message was deleted."
    assert dismissed["notice"] == "This is no longer on your screen."
    assert app.received == []


async def test_choosing_in_a_menu_reaches_the_app(browser: Browser, app: FakeApp, client: AsyncWebClient) -> None:
    options = [{"text": plain("One"), "value": "1"}, {"text": plain("Two"), "value": "2"}]
    menus = [
        {"type": "static_select", "action_id": "pick", "options": options},
        {"type": "overflow", "action_id": "more", "options": options},
    ]
    block = {"type": "actions", "block_id": "b", "elements": menus}
    posted = await client.chat_postMessage(channel="C1", text="card", blocks=[block])
    place = HERE | {"surface": "message", "channel": "C1", "ts": posted["ts"], "block": "b"}
    await browser.do("choose", place | {"action": "pick", "kind": "static_select", "value": "2"})
    assert app.last["actions"][0]["selected_option"]["value"] == "2"
    await browser.do("click", place | {"action": "more", "kind": "overflow", "value": "1"})
    assert app.last["actions"][0]["selected_option"]["value"] == "1"
    shown = await browser.part("messages", **HERE)
    assert [each.attributes["value"] for each in shown.all("option") if "selected" in each.attributes] == ["2"]


async def test_a_modal_is_shown_to_its_person_alone(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    await opened(app, ws, client)
    mine = await browser.part("modal", **HERE)
    theirs = await browser.part("modal", **{"as": "U2", "in": "C1"})
    (dialog,) = mine.all("dialog")
    assert mine.by_id(dialog.attributes["aria-labelledby"]).text == "Report"
    assert theirs.elements == []


async def test_a_refused_form_stays_with_the_error_under_its_field_and_the_text_in_it(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    await opened(app, ws, client)
    app.answer({"response_action": "errors", "errors": {"why": "Say more."}})
    values = [{"block": "why", "action": "v", "kind": "plain_text_input", "value": "it broke"}]
    outcome = await browser.do("submit", HERE | {"values": values})
    shown = await browser.part("modal", **HERE)
    (field,) = shown.all("textarea")
    assert outcome["errors"] == {"why": "Say more."}
    assert field.text.strip() == "it broke"
    assert shown.by_id(field.attributes["aria-describedby"]).text == "Say more."


async def test_a_form_is_sent_with_local_times_as_moments_and_closes(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    ws.people["U1"].tz = "Asia/Tokyo"
    await opened(app, ws, client)
    values = [
        {"block": "why", "action": "v", "kind": "plain_text_input", "value": "it broke"},
        {"block": "when", "action": "v", "kind": "datetimepicker", "value": "2026-11-21T18:00"},
    ]
    assert (await browser.do("submit", HERE | {"values": values}))["ok"]
    state = app.last["view"]["state"]["values"]
    assert state["why"]["v"]["value"] == "it broke"
    assert state["when"]["v"]["selected_date_time"] == 1795251600
    assert ws.modal("U1") is None


async def test_what_was_typed_before_a_button_in_the_form_is_known_to_the_app(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    await opened(app, ws, client)
    seen = len(app.received)
    typed = {"surface": "modal", "block": "why", "action": "v", "kind": "plain_text_input", "value": "half"}
    assert (await browser.do("choose", HERE | typed))["ok"]
    view = ws.modal("U1")
    assert view is not None
    assert ws.typed("U1", view)["why"]["v"]["value"] == "half"
    assert len(app.received) == seen


async def test_closing_a_modal(browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient) -> None:
    await opened(app, ws, client)
    assert (await browser.do("close", HERE))["ok"]
    assert ws.modal("U1") is None
    assert (await browser.do("close", HERE))["refused"]


async def test_shortcuts_reactions_home_and_dismissal(
    browser: Browser, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    said = await ws.say("U2", "C1", "odd")
    where = {"channel": "C1", "ts": said.ts}
    await browser.do("shortcut", HERE | where | {"callback": "report"})
    assert (app.last["type"], app.last["callback_id"]) == ("message_action", "report")
    await browser.do("shortcut", HERE | {"callback": "declare"})
    assert (app.last["type"], app.last["callback_id"]) == ("shortcut", "declare")
    await browser.do("react", HERE | where | {"emoji": "eyes"})
    assert [name for name, _ in ws.messages("C1")[0].reactions] == ["eyes"]
    await browser.do("home", HERE)
    assert app.last["event"]["type"] == "app_home_opened"
    await client.chat_postEphemeral(channel="C1", user="U1", text="psst")
    (note,) = ws.ephemerals("U1")
    await browser.do("dismiss", HERE | {"channel": "C1", "ts": note.ts})
    assert ws.ephemerals("U1") == []
