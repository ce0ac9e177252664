from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock
from tests.workspace.methods.test_chat import refusal

METADATA: dict[str, Any] = {"event_type": "outbox", "event_payload": {"id": 7}}


async def test_info_describes_a_channel_and_a_direct_conversation(client: AsyncWebClient, ws: Workspace) -> None:
    channel = (await client.conversations_info(channel="C1"))["channel"]
    assert (channel["name"], channel["is_member"], channel["is_archived"]) == ("ops", True, False)
    direct = (await client.conversations_open(users="U1"))["channel"]["id"]
    assert direct == ws.dm("U1").id
    ws.manifest["oauth_config"]["scopes"]["bot"].append("im:read")
    assert (await client.conversations_info(channel=direct))["channel"]["user"] == "U1"


async def test_list_shows_public_channels_and_private_ones_the_app_is_in(client: AsyncWebClient) -> None:
    everything = await client.conversations_list(types="public_channel,private_channel")
    assert [channel["id"] for channel in everything["channels"]] == ["C1", "C2", "C3", "C4"]
    fewer = await client.conversations_list(exclude_archived=True)
    assert [channel["id"] for channel in fewer["channels"]] == ["C1", "C2"]


async def test_list_is_paged(client: AsyncWebClient) -> None:
    pages = [page["channels"] async for page in await client.conversations_list(limit=2)]
    assert [[channel["id"] for channel in page] for page in pages] == [["C1", "C2"], ["C3"]]
    assert (await refusal(client.conversations_list(cursor="nonsense")))["error"] == "invalid_cursor"
    assert (await refusal(client.conversations_list(limit="many")))["error"] == "invalid_arguments"  # type: ignore[arg-type]


async def test_join_makes_the_app_a_member(client: AsyncWebClient, ws: Workspace) -> None:
    assert (await refusal(client.chat_postMessage(channel="C2", text="x")))["error"] == "not_in_channel"
    await client.conversations_join(channel="C2")
    assert (await client.chat_postMessage(channel="C2", text="x"))["ok"]
    assert ws.channels["C2"].bot_is_member
    assert (await client.conversations_join(channel="C2"))["warning"] == "already_in_channel"
    assert (await refusal(client.conversations_join(channel="C3")))["error"] == "is_archived"
    wrong = await refusal(client.conversations_join(channel="C4"))
    assert wrong["error"] == "method_not_supported_for_channel_type"


async def test_members_are_people_and_the_app(client: AsyncWebClient, ws: Workspace) -> None:
    assert (await client.conversations_members(channel="C1"))["members"] == ["U1", "U2", ws.team.bot_user]
    assert (await client.conversations_members(channel="C2"))["members"] == ["U1", "U2"]


@pytest.mark.parametrize(
    ("users", "error"), [("U9", "user_not_found"), ("U4", "user_disabled"), ("U1,U2", "invalid_user_combination")]
)
async def test_open_refuses(client: AsyncWebClient, users: str, error: str) -> None:
    assert (await refusal(client.conversations_open(users=users)))["error"] == error


async def test_opening_again_changes_nothing(client: AsyncWebClient) -> None:
    first, second = await client.conversations_open(users="U1"), await client.conversations_open(users="U1")
    assert first["channel"] == second["channel"]
    assert second["already_open"] is True


async def test_history_is_newest_first_and_gives_metadata_when_asked(
    client: AsyncWebClient, clock: VirtualClock
) -> None:
    first = await client.chat_postMessage(channel="C1", text="one", metadata=METADATA)
    clock.advance(seconds=10)
    second = await client.chat_postMessage(channel="C1", text="two")
    await client.chat_postMessage(channel="C1", text="reply", thread_ts=first["ts"])
    history = (await client.conversations_history(channel="C1"))["messages"]
    assert [message["text"] for message in history] == ["two", "one"]
    assert history[1]["metadata"] == {"event_type": "outbox"}
    assert (history[1]["reply_count"], history[1]["thread_ts"]) == (1, first["ts"])
    whole = (await client.conversations_history(channel="C1", include_all_metadata=True))["messages"]
    assert whole[1]["metadata"] == METADATA
    newer = await client.conversations_history(channel="C1", oldest=first["ts"])
    assert [message["text"] for message in newer["messages"]] == ["two"]
    both = await client.conversations_history(channel="C1", oldest=first["ts"], latest=second["ts"], inclusive=True)
    assert [message["text"] for message in both["messages"]] == ["two", "one"]
    page = await client.conversations_history(channel="C1", limit=1)
    assert (len(page["messages"]), page["has_more"]) == (1, True)


async def test_history_needs_membership(client: AsyncWebClient) -> None:
    assert (await refusal(client.conversations_history(channel="C2")))["error"] == "not_in_channel"
    assert (await refusal(client.conversations_history(channel="C9")))["error"] == "channel_not_found"


async def test_replies_start_with_the_parent(client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel="C1", text="parent")
    reply = await client.chat_postMessage(channel="C1", text="reply", thread_ts=parent["ts"], metadata=METADATA)
    for ts in (parent["ts"], reply["ts"]):
        thread = (await client.conversations_replies(channel="C1", ts=ts, include_all_metadata=True))["messages"]
        assert [message["text"] for message in thread] == ["parent", "reply"]
        assert thread[1]["metadata"] == METADATA
        assert thread[1]["parent_user_id"] == parent["message"]["user"]
    assert (await refusal(client.conversations_replies(channel="C1", ts="1.1")))["error"] == "thread_not_found"
