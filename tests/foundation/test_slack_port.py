"""Every outcome of a call to Slack is told apart, over real HTTP on loopback; nothing is ever sent twice by itself."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from slack_sdk.models.views import View

from bot.foundation.blocks import section
from bot.foundation.slack_port import Identity, RateLimited, Refused, SlackClient, Unclear, Unreachable
from tests.support.clock import MORNING, VirtualClock

TOKEN = "xoxb-a-token"


@dataclass
class Slack:
    """Answers the Web API as a test tells it to."""

    address: str = ""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    clock: VirtualClock = field(default_factory=VirtualClock)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.path.removeprefix("/api/")
        given = await request.json() if request.content_type == "application/json" else dict(await request.post())
        self.requests.append((method, given or dict(request.query)))
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        answer = self.answers.get(method, [{}])
        chosen = answer.pop(0) if len(answer) > 1 else answer[0]
        if chosen == "drop":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if isinstance(chosen, tuple):
            status, text, headers = chosen
            return web.Response(status=status, text=text, headers=headers, content_type="application/json")
        return web.json_response({"ok": "error" not in chosen, **chosen})

    def client(self) -> SlackClient:
        return SlackClient(TOKEN, f"{self.address}/api/", self.clock)


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    found = Slack()
    application = web.Application()
    application.router.add_route("*", "/api/{method}", found.handle)
    server = TestServer(application)
    await server.start_server()
    found.address = f"http://127.0.0.1:{server.port}"
    yield found
    await server.close()


async def post(slack: Slack, **more: Any) -> str:
    blocks = [section("x").to_dict()]
    return await slack.client().post("C1", "hello", blocks, row="out_1", **more)


# --- calls ------------------------------------------------------------------------------------------------------------


async def test_whose_token_this_is(slack: Slack) -> None:
    slack.answers = {
        "auth.test": [{"team_id": "T1", "user_id": "U1", "bot_id": "B1"}],
        "bots.info": [{"bot": {"app_id": "A1"}}],
    }
    assert await slack.client().who_am_i() == Identity("T1", "U1", "B1", "A1")


@pytest.mark.parametrize(
    ("date", "said_at"),
    [
        ("Sat, 21 Nov 2026 09:00:00 GMT", MORNING),
        ("Sat, 21 Nov 2026 10:00:00 +0100", MORNING),
        ("yesterday", None),
        ("Sat, 21 Nov 99999 09:00:00 GMT", None),
        ("", None),
    ],
)
async def test_when_slack_says_that_it_is(slack: Slack, date: str, said_at: datetime | None) -> None:
    """T26."""
    slack.answers = {
        "auth.test": [{"team_id": "T1", "user_id": "U1", "bot_id": "B1"}],
        "bots.info": [(200, '{"ok": true, "bot": {"app_id": "A1"}}', {"Date": date})],
    }
    assert (await slack.client().who_am_i()).said_at == said_at


async def test_a_post_is_marked_with_its_row_and_unfurls_nothing(slack: Slack) -> None:
    slack.answers["chat.postMessage"] = [{"ts": "1.2"}]
    assert await post(slack) == "1.2"
    ((method, given),) = slack.requests
    assert method == "chat.postMessage"
    assert given["metadata"] == {"event_type": "backout_message", "event_payload": {"outbox_id": "out_1"}}
    assert (given["unfurl_links"], given["unfurl_media"], given["text"]) == (False, False, "hello")
    assert "thread_ts" not in given
    await post(slack, thread="1.0")
    assert slack.requests[1][1]["thread_ts"] == "1.0"


async def test_an_update_without_blocks_says_so_and_removes_them(slack: Slack) -> None:
    await slack.client().update("C1", "1.2", "hello", [])
    assert slack.requests == [("chat.update", {"channel": "C1", "ts": "1.2", "text": "hello", "blocks": []})]


async def test_the_other_calls_say_what_they_mean(slack: Slack) -> None:
    client, view = slack.client(), View(type="home", blocks=[section("x")])
    slack.answers["conversations.open"] = [{"channel": {"id": "D1"}}]
    await client.whisper("C1", "U1", "psst", [])
    await client.publish_home("U1", view)
    await client.open_view("t", view)
    await client.open_view("t", view, on_top=True)
    await client.replace_view("V1", view)
    await client.join("C1")
    assert await client.direct_channel("U1") == "D1"
    assert [method for method, _given in slack.requests] == [
        "chat.postEphemeral", "views.publish", "views.open", "views.push", "views.update", "conversations.join",
        "conversations.open",
    ]  # fmt: skip
    assert slack.requests[0][1] == {"channel": "C1", "user": "U1", "text": "psst", "blocks": []}


async def test_an_account_that_is_not_there_is_none(slack: Slack) -> None:
    slack.answers["users.info"] = [{"user": {"id": "U1"}}, {"error": "user_not_found"}, {"error": "ratelimited"}]
    assert await slack.client().account("U1") == {"id": "U1"}
    assert await slack.client().account("U2") is None
    with pytest.raises(RateLimited):
        await slack.client().account("U3")


# --- looking a message up ---------------------------------------------------------------------------------------------


def marked(row: str, ts: str) -> dict[str, Any]:
    return {"ts": ts, "metadata": {"event_type": "backout_message", "event_payload": {"outbox_id": row}}}


async def test_a_message_is_found_by_its_mark_on_any_page(slack: Slack) -> None:
    slack.answers["conversations.history"] = [
        {"messages": [{"ts": "9.9"}, marked("out_2", "8.8")], "response_metadata": {"next_cursor": "more"}},
        {"messages": [marked("out_1", "1.2")]},
    ]
    assert await slack.client().find("C1", "out_1", MORNING) == "1.2"
    first, second = (given for _method, given in slack.requests)
    assert first["include_all_metadata"] == "true"
    assert float(first["oldest"]) == (MORNING - timedelta(minutes=1)).timestamp()
    assert second["cursor"] == "more"


async def test_in_a_thread_the_replies_are_searched(slack: Slack) -> None:
    slack.answers["conversations.replies"] = [{"messages": [marked("out_1", "1.2")]}]
    assert await slack.client().find("C1", "out_1", MORNING, thread="1.0") == "1.2"
    assert slack.requests[0][1]["ts"] == "1.0"


async def test_what_is_not_there_is_not_found(slack: Slack) -> None:
    slack.answers["conversations.history"] = [{"messages": [marked("out_2", "1.2"), {"ts": "1", "metadata": None}]}]
    assert await slack.client().find("C1", "out_1", MORNING) is None


# --- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": "is_archived"}, Refused),
        ({"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] no more than 50 items"]}}, Refused),
        ({"error": "internal_error"}, Unclear),
        ({"error": "fatal_error"}, Unclear),
        ({"error": "request_timeout"}, Unclear),
        ({"error": "ratelimited"}, RateLimited),
        ((429, "{}", {"Retry-After": "17"}), RateLimited),
        ((429, "slow down", {}), RateLimited),
        ((429, "", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), RateLimited),
        ((500, "{}", {}), Unclear),
        ((503, "<html>", {}), Unclear),
        ((200, "<html>", {}), Unclear),
        ((200, "[]", {}), Unclear),
        ((404, '{"ok": false, "error": "unknown_method"}', {}), Refused),
        ("drop", Unclear),
    ],
)
async def test_each_outcome_is_told_apart_and_sent_once(slack: Slack, answer: Any, error: type[Exception]) -> None:
    """A default client posts a second time after a lost reply."""
    slack.answers["chat.postMessage"] = [answer]
    with pytest.raises(error):
        await post(slack)
    assert len(slack.requests) == 1


async def test_a_429_carries_its_seconds(slack: Slack) -> None:
    slack.answers["chat.postMessage"] = [(429, "{}", {"Retry-After": "17"})]
    with pytest.raises(RateLimited) as caught:
        await post(slack)
    assert caught.value.retry_after == 17


async def test_a_refusal_carries_slacks_code_and_words_and_never_the_token(slack: Slack) -> None:
    slack.answers["chat.postMessage"] = [
        {"error": "invalid_blocks", "response_metadata": {"messages": ["no more than 50 items"]}}
    ]
    with pytest.raises(Refused) as caught:
        await post(slack)
    assert caught.value.code == "invalid_blocks"
    assert "no more than 50 items" in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("seconds", [1, 60])
async def test_what_has_to_wait_is_not_called_before_its_time(slack: Slack, seconds: int) -> None:
    """F4, P5: a post waits in its channel, and other channels go on."""
    slack.answers["chat.postMessage"] = [(429, "{}", {"Retry-After": str(seconds)}), {"ts": "1.2"}]
    client = slack.client()
    with pytest.raises(RateLimited):
        await client.post("C1", "hello", [], row="out_1")
    slack.clock.pass_time(seconds=seconds - 0.5)
    with pytest.raises(RateLimited) as caught:
        await client.post("C1", "hello", [], row="out_1")
    assert caught.value.retry_after == 0.5
    assert await client.post("C2", "hello", [], row="out_2") == "1.2"
    assert len(slack.requests) == 2
    slack.clock.pass_time(seconds=0.5)
    assert await client.post("C1", "hello", [], row="out_1") == "1.2"


async def test_updates_wait_everywhere_because_slack_counts_them_by_workspace(slack: Slack) -> None:
    slack.answers = {"chat.update": [(429, "{}", {"Retry-After": "9"}), {}], "chat.postMessage": [{"ts": "1.2"}]}
    client = slack.client()
    for channel in ("C1", "C2"):
        with pytest.raises(RateLimited):
            await client.update(channel, "1.2", "hello", [])
    assert len(slack.requests) == 1
    assert await client.post("C1", "hello", [], row="out_1")


async def test_nobody_there_means_nothing_was_sent() -> None:
    client = SlackClient(TOKEN, f"http://127.0.0.1:{unused_port()}/api/", VirtualClock())
    with pytest.raises(Unreachable):
        await client.post("C1", "hello", [], row="out_1")


def test_the_errors_read_well() -> None:
    assert str(RateLimited(2.5)) == "Slack asked to wait 2.5 s"
    assert str(Refused("is_archived")) == "Slack refused: is_archived"
    assert json.dumps(str(Refused("x", "why"))) == '"Slack refused: x (why)"'
