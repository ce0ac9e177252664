"""What people can do, what Slack's client refuses them, and what the app is sent."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.state import Message, NotPossibleError, View
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, VirtualClock
from tests.workspace.surfaces import CARD, FORM, button, modal, text_field


@pytest.fixture
async def card(client: AsyncWebClient, ws: Workspace) -> Message:
    await client.chat_postMessage(channel="C1", text="Roll back?", blocks=CARD)
    return ws.messages("C1")[0]


async def opened(ws: Workspace, app: FakeApp, client: AsyncWebClient, user: str, view: Any) -> View:
    await ws.command(user, "/rollback")
    await client.views_open(trigger_id=app.last["trigger_id"], view=view)
    shown = ws.modal(user)
    assert shown is not None
    return shown


async def test_a_command_carries_its_documented_fields(ws: Workspace, app: FakeApp) -> None:
    await ws.command("U1", "/rollback", "credit-scoring <drift> & more @ben", channel="ops")
    sent = app.last
    assert {key: sent[key] for key in ("command", "text", "user_id", "user_name", "channel_id", "channel_name")} == {
        "command": "/rollback",
        "text": "credit-scoring <drift> & more @ben",
        "user_id": "U1",
        "user_name": "ada",
        "channel_id": "C1",
        "channel_name": "ops",
    }
    assert (sent["team_id"], sent["team_domain"], sent["api_app_id"]) == (ws.team.id, "example", ws.team.app_id)
    assert sent["response_url"].startswith(ws.base_url)
    await ws.command("U1", "/page", "@ben in #ops & @nobody <now>")
    assert app.last["text"] == "<@U2|ben> in <#C1|ops> &amp; @nobody &lt;now&gt;"
    assert app.last["channel_name"] == "directmessage"


@pytest.mark.parametrize(
    ("user", "command", "channel", "why"),
    [
        ("U4", "/rollback", "C1", "deactivated"),
        ("U9", "/rollback", "C1", "no person"),
        ("U3", "/rollback", "C1", "not in #ops"),
        ("U2", "/rollback", "C4", "not in #secret"),
        ("U1", "/rollback", "C3", "archived"),
        ("U1", "/rollback", "C9", "no channel"),
        ("U1", "/unknown", "C1", "not a command"),
    ],
)
async def test_who_may_not_use_a_command(ws: Workspace, user: str, command: str, channel: str, why: str) -> None:
    with pytest.raises(NotPossibleError, match=why):
        await ws.command(user, command, channel=channel)
    assert ws.deliveries == []


async def test_a_click_on_a_message_carries_it_all(ws: Workspace, app: FakeApp, card: Message) -> None:
    await ws.click("U2", card, "approve")
    sent = app.last
    assert (sent["type"], sent["team"]["id"], sent["api_app_id"]) == ("block_actions", ws.team.id, ws.team.app_id)
    assert sent["user"] == {"id": "U2", "username": "ben", "name": "ben", "team_id": ws.team.id}
    assert sent["container"] == {
        "type": "message",
        "message_ts": card.ts,
        "channel_id": "C1",
        "is_ephemeral": False,
    }
    assert sent["channel"] == {"id": "C1", "name": "ops"}
    assert (sent["message"]["ts"], sent["message"]["blocks"][1]["block_id"]) == (card.ts, "decide")
    (action,) = sent["actions"]
    assert action.pop("action_ts")
    assert action == {
        "type": "button",
        "action_id": "approve",
        "block_id": "decide",
        "text": {"type": "plain_text", "text": "Approve", "emoji": True},
        "value": "INC-1",
        "style": "primary",
    }
    assert sent["state"]["values"]["details"]["lead"] == {"type": "users_select", "selected_user": "U2"}
    assert sent["response_url"]
    assert sent["trigger_id"]


async def test_a_click_in_a_thread_names_the_thread(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C1", text="x")
    await client.chat_postMessage(channel="C1", text="y", blocks=CARD, thread_ts=parent["ts"])
    await ws.click("U1", ws.replies(ws.messages("C1")[0])[0], "approve")
    assert app.last["container"]["thread_ts"] == parent["ts"]


async def test_a_confirm_dialog_can_be_declined(ws: Workspace, app: FakeApp, card: Message) -> None:
    assert not (await ws.click("U1", card, "Execute", confirm=False)).sent
    assert app.received == []
    assert (await ws.click("U1", card, "Execute")).acked


@pytest.mark.parametrize(("user", "why"), [("U3", "does not see"), ("U4", "deactivated"), ("U5", "does not see")])
async def test_who_does_not_see_it_cannot_click(
    ws: Workspace, app: FakeApp, card: Message, user: str, why: str
) -> None:
    with pytest.raises(NotPossibleError, match=why):
        await ws.click(user, card, "approve")
    ws.channels["C1"].members = {"U3", "U5"}
    if user != "U4":
        assert (await ws.click(user, card, "approve")).acked


async def test_a_strangers_click_names_their_own_team(ws: Workspace, app: FakeApp, card: Message) -> None:
    ws.channels["C1"].members = {"U5"}
    await ws.click("U5", card, "approve")
    assert (app.last["user"]["team_id"], app.last["team"]["id"]) == ("TOTHER", ws.team.id)


async def test_what_is_not_there_cannot_be_clicked(ws: Workspace, app: FakeApp, card: Message) -> None:
    with pytest.raises(NotPossibleError, match=r"'Reject' is not there; there are: 'Approve' \(approve\)"):
        await ws.click("U1", card, "Reject")
    with pytest.raises(NotPossibleError, match="choose something"):
        await ws.click("U1", card, "severity")


async def test_buttons_alike_are_told_apart(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    rows = [
        {"type": "actions", "block_id": f"row{number}", "elements": [button("Open", "open", value=f"INC-{number}")]}
        for number in (1, 2)
    ]
    await client.chat_postMessage(channel="C1", text="x", blocks=rows)
    (message,) = ws.messages("C1")
    with pytest.raises(NotPossibleError, match="more than once"):
        await ws.click("U1", message, "Open")
    await ws.click("U1", message, "Open", block_id="row2")
    assert app.last["actions"][0]["value"] == "INC-2"
    await ws.click("U1", message, "Open", value="INC-1")
    assert app.last["actions"][0]["block_id"] == "row1"


async def test_a_stale_click_takes_the_button_from_the_old_version(
    ws: Workspace, app: FakeApp, client: AsyncWebClient, card: Message
) -> None:
    await client.chat_update(channel="C1", ts=card.ts, text="Decided")
    with pytest.raises(NotPossibleError, match="is not there"):
        await ws.click("U1", card, "approve")
    await ws.click("U1", card, "approve", stale=card)
    assert (app.last["actions"][0]["value"], app.last["message"]["text"]) == ("INC-1", "Decided")
    await client.chat_delete(channel="C1", ts=card.ts)
    with pytest.raises(NotPossibleError, match="any more"):
        await ws.click("U1", card, "approve")
    await ws.click("U1", card, "approve", stale=card)
    assert app.last["container"]["message_ts"] == card.ts


async def test_again_sends_the_same_bytes(ws: Workspace, app: FakeApp, card: Message) -> None:
    with pytest.raises(NotPossibleError, match="no such click"):
        await ws.click("U1", card, "approve", again=True)
    await ws.click("U1", card, "approve")
    replay = await ws.click("U1", card, "approve", again=True)
    assert replay.acked
    first, second = app.received
    assert (first.body, first.headers["x-slack-signature"]) == (second.body, second.headers["x-slack-signature"])


@pytest.mark.parametrize(
    ("action_id", "value", "key", "expected"),
    [
        ("severity", "1", "selected_option", "1"),
        ("severity", "SEV2", "selected_option", "2"),
        ("more", "Snooze", "selected_option", "snooze"),
        ("lead", "ada", "selected_user", "U1"),
        ("day", "2026-12-01", "selected_date", "2026-12-01"),
        ("systems", ["b"], "selected_options", ["b"]),
    ],
)
async def test_a_choice_is_sent_and_kept(
    ws: Workspace, app: FakeApp, card: Message, action_id: str, value: Any, key: str, expected: Any
) -> None:
    assert (await ws.choose("U1", card, action_id, value)).acked
    held = app.last["actions"][0][key]
    assert plain_value(held) == expected
    if action_id != "more":
        await ws.click("U1", card, "approve")
        assert plain_value(app.last["state"]["values"]["details"][action_id][key]) == expected
        await ws.click("U2", card, "approve")
        assert app.last["state"]["values"]["details"] != ws.typed("U1", card)["details"]


def plain_value(held: Any) -> Any:
    """An option as its value."""
    if isinstance(held, list):
        return [plain_value(each) for each in held]
    return held["value"] if isinstance(held, dict) else held


async def test_an_ephemeral_click_brings_no_message(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="x", blocks=CARD)
    (shown,) = ws.ephemerals("U1")
    await ws.click("U1", shown, "Approve")
    assert "message" not in app.last
    assert app.last["container"]["is_ephemeral"] is True
    with pytest.raises(NotPossibleError, match="does not see that message"):
        await ws.click("U2", shown, "Approve")
    ws.dismiss(shown)
    with pytest.raises(NotPossibleError, match="does not see that message"):
        await ws.click("U1", shown, "Approve")


async def test_a_click_in_home_and_modal_brings_the_view(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await client.views_publish(user_id="U1", view={"type": "home", "blocks": CARD})
    home = ws.home("U1")
    assert home is not None
    await ws.click("U1", home, "Approve")
    assert (app.last["container"], app.last["view"]["type"]) == ({"type": "view", "view_id": home.id}, "home")
    assert "response_url" not in app.last
    with pytest.raises(NotPossibleError, match="does not have that home"):
        await ws.click("U2", home, "Approve")
    shown = await opened(ws, app, client, "U1", {**FORM, "blocks": [*FORM["blocks"], CARD[1]]})
    await ws.click("U1", shown, "Approve")
    assert app.last["view"]["root_view_id"] == shown.id
    assert app.last["view"]["state"]["values"]["severity"]["pick"]["selected_option"]["value"] == "2"
    with pytest.raises(NotPossibleError, match="does not have that modal"):
        await ws.click("U2", shown, "Approve")


async def test_only_the_top_modal_can_be_used(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    below = await opened(ws, app, client, "U1", modal("Below", CARD[1]))
    await ws.click("U1", below, "Approve")
    await client.views_push(trigger_id=app.last["trigger_id"], view=modal("Above"))
    with pytest.raises(NotPossibleError, match="on top"):
        await ws.click("U1", below, "Approve")
    await ws.close_modal("U1")
    assert (await ws.click("U1", below, "Approve")).acked


async def test_typing_into_a_field_is_silent_unless_it_dispatches(
    ws: Workspace, app: FakeApp, client: AsyncWebClient
) -> None:
    loud = {**text_field("loud", "Loud"), "dispatch_action": True}
    shown = await opened(ws, app, client, "U1", modal("Two", text_field("quiet", "Quiet"), loud))
    assert not (await ws.choose("U1", shown, "text", "hush", block_id="quiet")).sent
    assert (await ws.choose("U1", shown, "text", "hey", block_id="loud")).acked
    assert app.last["actions"][0]["value"] == "hey"
    assert app.last["view"]["state"]["values"]["quiet"]["text"]["value"] == "hush"


async def test_what_was_typed_survives_an_update_of_the_same_field(
    ws: Workspace, app: FakeApp, client: AsyncWebClient
) -> None:
    shown = await opened(ws, app, client, "U1", modal("One", text_field("a", "A")))
    await ws.choose("U1", shown, "text", "kept")
    await client.views_update(view_id=shown.id, view=modal("One", text_field("a", "A"), text_field("b", "B")))
    await ws.submit("U1", {"b": "new"})
    values = app.last["view"]["state"]["values"]
    assert (values["a"]["text"]["value"], values["b"]["text"]["value"]) == ("kept", "new")


async def test_submit_sends_the_view_and_its_values(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await opened(ws, app, client, "U1", FORM)
    await ws.submit("U1", {"Reason": "drift", ("who", "people"): ["ada", "U2"]})
    sent = app.last
    assert (sent["type"], sent["view"]["callback_id"], sent["view"]["private_metadata"]) == (
        "view_submission",
        "declare",
        "INC-1",
    )
    values = sent["view"]["state"]["values"]
    assert values["reason"]["text"] == {"type": "plain_text_input", "value": "drift"}
    assert values["severity"]["pick"]["selected_option"]["value"] == "2"
    assert values["who"]["people"]["selected_users"] == ["U1", "U2"]
    with pytest.raises(NotPossibleError, match="no modal open"):
        await ws.submit("U1")


async def test_a_modal_without_submit_cannot_be_submitted(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    view = modal("Look")
    del view["submit"]
    await opened(ws, app, client, "U1", view)
    with pytest.raises(NotPossibleError, match="no submit button"):
        await ws.submit("U1")


async def test_closing_is_told_when_asked_for(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await opened(ws, app, client, "U1", modal("Quiet"))
    quiet = await ws.close_modal("U1")
    assert (quiet.sent, quiet.closed, ws.modal("U1")) == (False, True, None)
    await opened(ws, app, client, "U1", modal("Loud", notify_on_close=True))
    assert (await ws.close_modal("U1")).acked
    assert (app.last["type"], app.last["is_cleared"]) == ("view_closed", False)
    await opened(ws, app, client, "U1", modal("Bottom", CARD[1], notify_on_close=True))
    await ws.click("U1", ws.modals("U1")[0], "Approve")
    top = modal("Top", clear_on_close=True, notify_on_close=True)
    await client.views_push(trigger_id=app.last["trigger_id"], view=top)
    await ws.close_modal("U1")
    assert [got.payload["view"]["title"]["text"] for got in app.received[-2:]] == ["Top", "Bottom"]
    assert app.last["is_cleared"] is True
    assert ws.modals("U1") == []


async def test_shortcuts_are_those_of_the_manifest(ws: Workspace, app: FakeApp, card: Message) -> None:
    await ws.shortcut("U1", "declare")
    assert (app.last["type"], app.last["callback_id"], "channel" in app.last) == ("shortcut", "declare", False)
    await ws.shortcut("U1", "report", card)
    assert (app.last["type"], app.last["message_ts"], app.last["channel"]["id"]) == ("message_action", card.ts, "C1")
    assert app.last["response_url"]
    for callback_id, message in (("report", None), ("declare", card), ("other", None)):
        with pytest.raises(NotPossibleError, match="there is no"):
            await ws.shortcut("U1", callback_id, message)
    with pytest.raises(NotPossibleError, match="does not see"):
        await ws.shortcut("U3", "report", card)


async def test_people_write_only_where_they_are(ws: Workspace, app: FakeApp) -> None:
    parent = await ws.say("U1", "ops", "The scores look wrong")
    await ws.say("U2", "C1", "Yes", thread_ts=parent.ts)
    assert [message.text for message in ws.replies(parent)] == ["Yes"]
    for user, channel in (("U3", "C1"), ("U1", "C3"), ("U4", "C1")):
        with pytest.raises(NotPossibleError):
            await ws.say(user, channel, "x")
    assert ws.happenings == []


async def test_a_reaction_of_a_person_counts_once(ws: Workspace, app: FakeApp, card: Message) -> None:
    await ws.react("U1", card, "eyes")
    await ws.react("U1", card, "eyes")
    assert (await ws.react("U2", card, "eyes")).reactions == (("eyes", ("U1", "U2")),)
    with pytest.raises(NotPossibleError):
        await ws.react("U3", card, "eyes")


async def test_redelivering_an_old_click_is_old(
    ws: Workspace, app: FakeApp, card: Message, clock: VirtualClock
) -> None:
    first = await ws.click("U1", card, "approve")
    clock.advance(minutes=10)
    await ws.redeliver(first)
    assert app.received[0].headers["x-slack-request-timestamp"] == app.received[1].headers["x-slack-request-timestamp"]


async def test_a_person_can_be_changed(ws: Workspace, app: FakeApp) -> None:
    await ws.change_person("U2", deleted=True)
    assert (app.last["event"]["type"], app.last["event"]["user"]["deleted"]) == ("user_change", True)
    with pytest.raises(NotPossibleError, match="has no 'rank'"):
        await ws.change_person("U2", rank=1)
