"""A workspace on loopback, a virtual clock, and a small app that answers what it is told to."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.workspace.server import create_app, serving
from bot.workspace.workspace import Workspace

SECRET, BOT_TOKEN, APP_TOKEN = "signing-secret", "xoxb-bot", "xapp-app"

SCOPES = [
    "app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write", "commands", "files:write",
    "groups:read", "im:history", "im:write", "reactions:write", "usergroups:read", "users:read",
]  # fmt: skip


def manifest() -> dict[str, Any]:
    return {
        "features": {
            "app_home": {"home_tab_enabled": True},
            "slash_commands": [
                {"command": "/rollback", "description": "Roll back", "usage_hint": "[system] [reason]"},
                {"command": "/page", "description": "Page", "usage_hint": "@who", "should_escape": True},
            ],
            "shortcuts": [
                {"name": "Report", "type": "message", "callback_id": "report", "description": "Report"},
                {"name": "Declare", "type": "global", "callback_id": "declare", "description": "Declare"},
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {
                "bot_events": ["app_home_opened", "app_mention", "message.channels", "user_change"]
            },
            "socket_mode_enabled": False,
        },
    }


class VirtualClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


Reply = Callable[["Received"], Awaitable[Response]]


@dataclass
class Received:
    """One delivery as the app saw it."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> dict[str, Any]:
        if self.headers["content-type"] == "application/json":
            return dict(json.loads(self.body))
        form = {key: values[0] for key, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}
        return dict(json.loads(form["payload"])) if "payload" in form else form


@dataclass
class FakeApp:
    """Keeps what it receives; answers 200 unless `reply` says otherwise."""

    received: list[Received] = field(default_factory=list)
    reply: Reply | None = None

    async def take(self, request: Request) -> Response:
        got = Received(dict(request.headers), await request.body())
        self.received.append(got)
        return await self.reply(got) if self.reply else Response()

    @property
    def last(self) -> dict[str, Any]:
        return self.received[-1].payload

    def answer(self, body: dict[str, Any] | None = None, status: int = 200, **headers: str) -> None:
        """Answer every delivery like this from now on."""

        async def reply(_got: Received) -> Response:
            return (
                Response(status_code=status, headers=headers) if body is None else JSONResponse(body, status, headers)
            )

        self.reply = reply


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def workspace(clock: VirtualClock) -> Workspace:
    return Workspace(
        people=[
            {"id": "U1", "name": "ada", "real_name": "Ada Byron", "tz": "Europe/London", "title": "SRE"},
            {"id": "U2", "name": "ben", "real_name": "Ben Okri", "email": "ben@example.org"},
            {"id": "U3", "name": "guest", "is_restricted": True},
            {"id": "U4", "name": "gone", "deleted": True},
            {"id": "U5", "name": "zoe", "is_stranger": True, "team_id": "TOTHER"},
        ],
        channels=[
            {"id": "C1", "name": "ops"},
            {"id": "C2", "name": "elsewhere", "bot_is_member": False},
            {"id": "C3", "name": "old", "is_archived": True},
            {"id": "C4", "name": "secret", "is_private": True, "members": ["U1"]},
            {"id": "C5", "name": "hidden", "is_private": True, "members": ["U1"], "bot_is_member": False},
        ],
        groups=[{"id": "S1", "handle": "oncall", "users": ["U1", "U2"]}],
        manifest=manifest(),
        signing_secret=SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        clock=clock,
    )


@pytest.fixture
async def ws(workspace: Workspace) -> AsyncIterator[Workspace]:
    """The workspace, served on loopback."""
    async with serving(create_app(workspace)):
        yield workspace


@pytest.fixture
async def app(ws: Workspace) -> AsyncIterator[FakeApp]:
    """The app behind the workspace's deliveries."""
    fake = FakeApp()
    async with serving(Starlette(routes=[Route("/slack/events", fake.take, methods=["POST"])])) as address:
        ws.request_url = f"{address}/slack/events"
        yield fake


@pytest.fixture
def client(ws: Workspace) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=f"{ws.base_url}/api/", retry_handlers=[])
