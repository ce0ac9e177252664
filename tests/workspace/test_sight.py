import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.state import NotPossibleError
from bot.workspace.workspace import Workspace


async def test_channels_go_by_id_name_or_hash(ws: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C1", text="x")
    assert ws.messages("C1") == ws.messages("ops") == ws.messages("#ops")
    with pytest.raises(NotPossibleError, match="no channel 'nowhere'"):
        ws.messages("nowhere")


async def test_a_message_held_is_a_snapshot(ws: Workspace, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C1", text="old")
    (before,) = ws.messages("C1")
    await client.chat_update(channel="C1", ts=posted["ts"], text="new")
    after = ws.current(before)
    assert after is not None
    assert (before.text, after.text) == ("old", "new")
    assert ws.message("ops", before.ts) == after
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert ws.current(before) is None


async def test_unexpected_is_what_nobody_looked_for(ws: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C1", text="wanted")
    await client.chat_postMessage(channel="C1", text="surprise")
    ws.happenings[0].expected = True
    assert [happening.text for happening in ws.unexpected] == ["surprise"]


def test_everybody_sees_their_own_channels(workspace: Workspace) -> None:
    workspace.dm("U2")
    assert [channel.name for channel in workspace.visible_channels("U2")] == ["elsewhere", "old", "ops"]
    assert workspace.visible_channels("U3") == []
    assert workspace.sees("U1", "secret")
    assert not workspace.sees("U2", "secret")


def test_commands_and_shortcuts_are_the_manifests(workspace: Workspace) -> None:
    assert workspace.commands()[0]["usage_hint"] == "[system] [reason]"
    assert [each["callback_id"] for each in workspace.shortcuts("message")] == ["report"]
    assert [each["callback_id"] for each in workspace.shortcuts("global")] == ["declare"]


def test_markup_reads_with_this_workspaces_names(workspace: Workspace) -> None:
    assert workspace.as_read("<@U1> in <#C1>, <!subteam^S1>") == "@Ada Byron in #ops, @oncall"
    assert (workspace.name_of("U2"), workspace.name_of("U9")) == ("Ben Okri", "U9")


async def test_changes_are_told(ws: Workspace, client: AsyncWebClient) -> None:
    listener = ws.subscribe()
    posted = await client.chat_postMessage(channel="C1", text="x")
    await client.chat_postEphemeral(channel="C1", user="U1", text="x")
    await client.views_publish(user_id="U1", view={"type": "home", "blocks": []})
    assert await anext(listener) == {"kind": "message", "channel": "C1", "ts": posted["ts"]}
    second, third = await anext(listener), await anext(listener)
    assert (second["kind"], second["user"], third) == ("ephemeral", "U1", {"kind": "home", "user": "U1"})
