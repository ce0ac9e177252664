"""slack_bolt's own reading of what is delivered: the shapes are Slack's if Bolt finds its way in them."""

import json
from typing import Any

from slack_bolt.request import BoltRequest
from slack_bolt.request.payload_utils import (
    is_block_actions,
    is_event,
    is_global_shortcut,
    is_message_shortcut,
    is_slash_command,
    is_view_closed,
    is_view_submission,
)

from bot.workspace import payloads
from bot.workspace.inputs import find
from bot.workspace.state import Message
from bot.workspace.store import Store
from bot.workspace.workspace import Workspace
from tests.workspace.surfaces import CARD, FORM


def context(payload: dict[str, Any]) -> tuple[Any, ...]:
    held = BoltRequest(body=json.dumps(payload), headers={"content-type": ["application/json"]}).context
    return held.team_id, held.user_id, held.channel_id, held.response_url


def card(store: Store) -> Message:
    return store.post("C1", store.team.bot_user, "x", by_bot=True, blocks=tuple(CARD))


def test_bolt_recognises_every_kind(workspace: Workspace) -> None:
    store, ada = workspace.api.store, workspace.people["U1"]
    message, view = card(store), workspace.api.modals.open("U1", FORM)
    pressed = {"action_id": "approve", "block_id": "decide", "type": "button"}
    team = store.team.id
    table = [
        (
            is_slash_command,
            payloads.command(store, ada, store.channels["C1"], "/rollback", "", "t", "url"),
            "C1",
            "url",
        ),
        (is_block_actions, payloads.block_actions(store, ada, message, pressed, {}, "t", "url"), "C1", "url"),
        (is_block_actions, payloads.block_actions(store, ada, view, pressed, {}, "t", ""), None, None),
        (is_view_submission, payloads.view_submission(store, ada, view, {}, "t"), None, None),
        (is_view_closed, payloads.view_closed(store, ada, view, {}, cleared=False), None, None),
        (is_message_shortcut, payloads.message_action(store, ada, "report", message, "t", "url"), "C1", "url"),
        (is_global_shortcut, payloads.shortcut(store, ada, "declare", "t"), None, None),
    ]
    for recognises, payload, channel, url in table:
        assert recognises(payload), payload
        assert context(payload) == (team, "U1", channel, url)


def test_bolt_recognises_an_event(workspace: Workspace) -> None:
    payload = payloads.event(workspace.api.store, {"type": "app_home_opened", "user": "U1", "channel": "D1"})
    assert is_event(payload)
    assert context(payload) == (workspace.team.id, "U1", "D1", None)
    assert payload["event"]["event_ts"]


def test_a_payload_is_a_picture_of_its_moment(workspace: Workspace) -> None:
    """A later change of the message must not reach into what was sent."""
    store = workspace.api.store
    message = card(store)
    payload = payloads.block_actions(store, workspace.people["U1"], message, {}, {}, "t", "url")
    payload["message"]["blocks"][0]["text"]["text"] = "changed"
    assert message.visible_text.startswith("Roll back")
    assert find(message, "approve").label == "Approve"
