"""Who may call what: tokens, scopes, unknown methods."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.limits import RULES
from bot.workspace.methods import METHODS
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import APP_TOKEN, BOT_TOKEN, VirtualClock
from tests.workspace.methods.test_chat import refusal


def speaker(ws: Workspace, token: str | None) -> AsyncWebClient:
    return AsyncWebClient(token, base_url=f"{ws.base_url}/api/", retry_handlers=[])


def test_every_method_has_a_rule() -> None:
    assert set(RULES) == {*METHODS, "apps.connections.open"}


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        (None, "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (BOT_TOKEN, "chat.postMesage", "unknown_method"),
    ],
)
async def test_refuses_the_wrong_token_and_the_unknown(
    ws: Workspace, token: str | None, method: str, error: str
) -> None:
    assert (await refusal(speaker(ws, token).api_call(method)))["error"] == error


async def test_a_token_can_be_taken_away(ws: Workspace, client: AsyncWebClient) -> None:
    ws.tokens.revoked = True
    assert (await refusal(client.auth_test()))["error"] == "token_revoked"
    ws.tokens.revoked, ws.tokens.inactive = False, True
    assert (await refusal(client.auth_test()))["error"] == "account_inactive"
    ws.tokens.inactive = False
    assert (await client.auth_test())["ok"]


async def test_a_token_may_also_stand_among_the_arguments(ws: Workspace) -> None:
    address = f"{ws.base_url}/api/auth.test"
    async with aiohttp.ClientSession() as session, session.post(address, data={"token": BOT_TOKEN}) as response:
        assert (await response.json())["ok"]


@pytest.mark.parametrize(
    ("method", "arguments", "needed"),
    [
        ("chat.postMessage", {"channel": "C1", "text": "x"}, "chat:write"),
        ("conversations.history", {"channel": "C1"}, "channels:history"),
        ("conversations.history", {"channel": "C4"}, "groups:history"),
        ("conversations.info", {"channel": "C1"}, "channels:read"),
        ("users.info", {"user": "U1"}, "users:read"),
        ("usergroups.users.list", {"usergroup": "S1"}, "usergroups:read"),
        ("reactions.add", {"channel": "C1", "timestamp": "1.1", "name": "x"}, "reactions:write"),
    ],
)
async def test_a_missing_scope_is_named(
    ws: Workspace, client: AsyncWebClient, method: str, arguments: dict[str, Any], needed: str
) -> None:
    ws.manifest["oauth_config"]["scopes"]["bot"] = ["commands"]
    answer = await refusal(client.api_call(method, params=arguments))
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", needed, "commands")


async def test_with_chat_write_public_the_app_may_post_where_it_is_not(ws: Workspace, client: AsyncWebClient) -> None:
    ws.manifest["oauth_config"]["scopes"]["bot"].append("chat:write.public")
    assert (await client.chat_postMessage(channel="C2", text="x"))["ok"]
    assert (await refusal(client.chat_postEphemeral(channel="C2", user="U1", text="x")))["error"] == "not_in_channel"


async def test_past_the_limit_429_says_how_long_to_wait(
    ws: Workspace, client: AsyncWebClient, clock: VirtualClock
) -> None:
    for _ in range(3):
        await client.chat_postMessage(channel="C1", text="x")
    address, headers = f"{ws.base_url}/api/chat.postMessage", {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(address, json={"channel": "C1", "text": "x"}) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (429, "1")
        assert await response.json() == {"ok": False, "error": "ratelimited"}
    assert (await client.chat_postMessage(channel="U1", text="elsewhere"))["ok"]
    clock.advance(seconds=1)
    assert (await client.chat_postMessage(channel="C1", text="x"))["ok"]


async def test_every_call_is_kept(ws: Workspace, client: AsyncWebClient) -> None:
    await client.auth_test()
    await refusal(client.chat_postMessage(channel="C9", text="x"))
    assert [(call.method, call.result["ok"], call.at) for call in ws.calls] == [
        ("auth.test", True, ws.clock.now()),
        ("chat.postMessage", False, ws.clock.now()),
    ]
    assert ws.calls[1].args["text"] == "x"
