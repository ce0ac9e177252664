from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock

DIVIDER: list[dict[str, Any]] = [{"type": "divider"}]
SECTION: list[dict[str, Any]] = [{"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "hello"}}]


async def refusal(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as refused:
        await call
    return dict(refused.value.response.data)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C9", "text": "x"}, "channel_not_found"),
        ({"channel": "C5", "text": "x"}, "channel_not_found"),
        ({"channel": "U4", "text": "x"}, "channel_not_found"),
        ({"channel": "C2", "text": "x"}, "not_in_channel"),
        ({"channel": "C3", "text": "x"}, "is_archived"),
        ({"channel": "C1", "text": "  "}, "no_text"),
        ({"channel": "C1", "text": "", "blocks": []}, "no_text"),
        ({"channel": "C1", "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "C1", "text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "C1", "text": "x", "blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ({"channel": "C1", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C1", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"channel": "C1", "text": "x", "metadata": "{"}, "invalid_metadata_format"),
        (
            {"channel": "C1", "text": "x", "metadata": {"event_type": "x", "event_payload": {"a": "x" * 8000}}},
            "metadata_too_large",
        ),
        ({"channel": "C1", "markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"channel": "C1", "markdown_text": "x", "text": "y"}, "markdown_text_conflict"),
        ({"channel": "C1", "text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"channel": "C1", "text": "x", "attachments": [{"colour": "red"}]}, "invalid_attachments"),
        ({"channel": "C1", "text": "x", "attachments": [{"blocks": [{"type": "nothing"}]}]}, "invalid_blocks"),
    ],
)
async def test_post_message_refuses(client: AsyncWebClient, arguments: dict[str, Any], error: str) -> None:
    assert (await refusal(client.api_call("chat.postMessage", json=arguments)))["error"] == error


async def test_post_message_says_what_is_wrong_with_blocks(client: AsyncWebClient, ws: Workspace) -> None:
    wrong = [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]
    answer = await refusal(client.chat_postMessage(channel="C1", text="x", blocks=wrong))
    assert answer["errors"] == ["unsupported type of text here: mrkdwn [json-pointer:/blocks/0/text/type]"]
    assert answer["response_metadata"]["messages"] == ["[ERROR] " + answer["errors"][0]]
    assert ws.happenings == []


async def test_a_message_of_too_many_visible_characters_is_refused(client: AsyncWebClient) -> None:
    long = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2640}}] * 5
    assert (await client.chat_postMessage(channel="C1", text="x", blocks=long))["ok"]
    over = [*long, {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
    assert (await refusal(client.chat_postMessage(channel="C1", text="x", blocks=over)))[
        "error"
    ] == "msg_blocks_too_long"


async def test_post_message_by_form_and_by_query_is_the_same(client: AsyncWebClient, ws: Workspace) -> None:
    await client.api_call("chat.postMessage", data={"channel": "C1", "text": "form"})
    await client.api_call("chat.postMessage", params={"channel": "C1", "text": "query", "blocks": "[]"})
    assert [message.text for message in ws.messages("ops")] == ["form", "query"]


async def test_a_persons_id_means_the_direct_conversation(client: AsyncWebClient, ws: Workspace) -> None:
    posted = await client.chat_postMessage(channel="U1", text="psst")
    assert posted["channel"] == ws.dm("U1").id
    assert [message.text for message in ws.messages(ws.dm("U1").id)] == ["psst"]


async def test_slack_fills_in_ids_and_text_defaults(client: AsyncWebClient) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
    posted = await client.chat_postMessage(channel="C1", text="x", blocks=[{"type": "actions", "elements": [button]}])
    (block,) = posted["message"]["blocks"]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert block["elements"][0]["text"]["emoji"] is True


async def test_long_text_is_cut_at_40000(client: AsyncWebClient, ws: Workspace) -> None:
    await client.chat_postMessage(channel="C1", text="x" * 40_001)
    assert len(ws.messages("C1")[0].text) == 40_000


async def test_replies_stand_in_the_thread_unless_broadcast(
    client: AsyncWebClient, ws: Workspace, clock: VirtualClock
) -> None:
    parent = await client.chat_postMessage(channel="C1", text="parent")
    quiet = await client.chat_postMessage(channel="C1", text="quiet", thread_ts=parent["ts"])
    await client.chat_postMessage(channel="C1", text="loud", thread_ts=parent["ts"], reply_broadcast=True)
    assert [message.text for message in ws.messages("C1")] == ["parent", "loud"]
    assert [message.text for message in ws.replies(ws.messages("C1")[0])] == ["quiet", "loud"]
    clock.advance(seconds=1)
    below = client.chat_postMessage(channel="C1", text="x", thread_ts=quiet["ts"])
    assert (await refusal(below))["error"] == "cannot_reply_to_message"


async def test_unfurl_flags_are_kept(client: AsyncWebClient, ws: Workspace) -> None:
    await client.chat_postMessage(channel="C1", text="x", unfurl_links=False, unfurl_media=False)
    assert (ws.messages("C1")[0].unfurl_links, ws.messages("C1")[0].unfurl_media) == (False, False)


async def test_update_without_blocks_removes_them_and_keeps_metadata(client: AsyncWebClient, ws: Workspace) -> None:
    metadata = {"event_type": "outbox", "event_payload": {"id": 7}}
    posted = await client.chat_postMessage(channel="C1", text="x", blocks=SECTION, metadata=metadata)
    await client.chat_update(channel="C1", ts=posted["ts"], text="plain")
    (message,) = ws.messages("C1")
    assert (message.blocks, message.text, message.metadata, message.version) == ((), "plain", metadata, 2)
    assert message.edited_ts is not None
    await client.chat_update(channel="C1", ts=posted["ts"], text="plain", metadata={})
    assert ws.messages("C1")[0].metadata is None


async def test_update_and_delete_refuse(client: AsyncWebClient, ws: Workspace) -> None:
    posted = await client.chat_postMessage(channel="C1", text="x")
    theirs = await ws.say("U1", "C1", "mine")
    table: list[tuple[str, dict[str, Any], str]] = [
        ("chat.update", {"channel": "C1", "ts": "1.1", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": "C1", "ts": theirs.ts, "text": "x"}, "cant_update_message"),
        ("chat.update", {"channel": "C1", "ts": posted["ts"], "text": "x" * 4001}, "msg_too_long"),
        ("chat.update", {"channel": "C1", "ts": posted["ts"]}, "no_text"),
        ("chat.update", {"channel": "C9", "ts": posted["ts"], "text": "x"}, "channel_not_found"),
        ("chat.delete", {"channel": "C1", "ts": theirs.ts}, "cant_delete_message"),
        ("chat.delete", {"channel": "C1", "ts": "1.1"}, "message_not_found"),
        ("chat.delete", {"channel": "C1"}, "invalid_arguments"),
    ]
    for method, arguments, error in table:
        assert (await refusal(client.api_call(method, json=arguments)))["error"] == error, (method, arguments)
    ws.channels["C1"].bot_is_member = False
    assert (await refusal(client.chat_update(channel="C1", ts=posted["ts"], text="y")))["error"] == "not_in_channel"
    ws.channels["C1"].is_archived = True
    assert (await refusal(client.chat_update(channel="C1", ts=posted["ts"], text="y")))["error"] == "is_inactive"


async def test_delete_removes_the_message(client: AsyncWebClient, ws: Workspace) -> None:
    posted = await client.chat_postMessage(channel="C1", text="x")
    await client.chat_delete(channel="C1", ts=posted["ts"])
    assert ws.messages("C1") == []
    assert [happening.kind for happening in ws.happenings] == ["post", "delete"]


async def test_ephemeral_is_seen_by_its_addressee_only(client: AsyncWebClient, ws: Workspace) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="only you", blocks=SECTION)
    assert [shown.visible_text for shown in ws.ephemerals("U1")] == ["hello"]
    assert ws.ephemerals("U2") == []
    assert ws.messages("C1") == []
    assert ws.ephemerals("U1", "elsewhere") == []


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [
        ("C1", "U9", "user_not_in_channel"),
        ("C1", "U3", "user_not_in_channel"),
        ("C1", "U4", "user_not_in_channel"),
        ("C4", "U2", "user_not_in_channel"),
        ("C2", "U1", "not_in_channel"),
        ("C3", "U1", "is_archived"),
    ],
)
async def test_ephemeral_refuses(client: AsyncWebClient, channel: str, user: str, error: str) -> None:
    assert (await refusal(client.chat_postEphemeral(channel=channel, user=user, text="x")))["error"] == error


async def test_permalink_names_message_and_thread(client: AsyncWebClient, clock: VirtualClock) -> None:
    parent = await client.chat_postMessage(channel="C1", text="x")
    clock.advance(seconds=1)
    reply = await client.chat_postMessage(channel="C1", text="y", thread_ts=parent["ts"])
    link = (await client.chat_getPermalink(channel="C1", message_ts=reply["ts"]))["permalink"]
    at = reply["ts"].replace(".", "")
    assert link == f"https://example.slack.com/archives/C1/p{at}?thread_ts={parent['ts']}&cid=C1"


async def test_a_reaction_is_added_once(client: AsyncWebClient, ws: Workspace) -> None:
    posted = await client.chat_postMessage(channel="C1", text="x")
    await client.reactions_add(channel="C1", timestamp=posted["ts"], name="eyes")
    assert ws.messages("C1")[0].reactions == (("eyes", (ws.team.bot_user,)),)
    again = client.reactions_add(channel="C1", timestamp=posted["ts"], name="eyes")
    assert (await refusal(again))["error"] == "already_reacted"
    archived = client.reactions_add(channel="C3", timestamp=posted["ts"], name="eyes")
    assert (await refusal(archived))["error"] == "is_archived"
