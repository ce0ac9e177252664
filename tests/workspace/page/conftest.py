"""The workspace of the neighbouring tests with its page in front, and a browser that only knows HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.workspace.page import create_page
from bot.workspace.server import create_app, serving
from bot.workspace.workspace import Workspace
from tests.workspace.page.outline import Outline

OWN_PAGE = {"X-Workspace-Page": "1"}


@dataclass
class Elsewhere:
    """What the page talks to besides the workspace: an alert door and a model server."""

    model: dict[str, Any] = field(default_factory=lambda: {"version": "1.0", "answer": "granted"})
    status: int = 200
    address: str = ""
    alerts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def alert(self, request: Request) -> Response:
        self.alerts.append((dict(request.headers), await request.body()))
        return JSONResponse({"accepted": 1}, 202)

    async def serve_model(self, _request: Request) -> Response:
        return JSONResponse(self.model, self.status)


@dataclass
class Browser:
    """Fetches what a browser would fetch."""

    session: aiohttp.ClientSession
    base: str

    async def page(self, **query: str) -> Outline:
        async with self.session.get(f"{self.base}/", params=query) as got:
            assert got.status == 200
            return Outline(await got.text())

    async def parts(self, **query: str) -> dict[str, Any]:
        async with self.session.get(f"{self.base}/page/parts", params=query) as got:
            return dict(await got.json())

    async def part(self, name: str, **query: str) -> Outline:
        return Outline((await self.parts(only=name, **query))["parts"][name])

    async def do(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        async with self.session.post(f"{self.base}/page/do/{action}", json=asked, headers=OWN_PAGE) as got:
            return dict(await got.json())

    @asynccontextmanager
    async def live(self, person: str) -> AsyncIterator[AsyncIterator[tuple[str, dict[str, Any]]]]:
        async with self.session.get(f"{self.base}/page/live", params={"as": person}) as got:
            yield events(got)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for raw in answer.content:
        line = raw.decode().rstrip()
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    routes = [
        Route("/alerts/test", made.alert, methods=["POST"]),
        Route("/models/scoring", made.serve_model),
    ]
    app = Starlette(routes=routes)
    async with serving(app) as address:
        made.address = address
        yield made


@pytest.fixture
async def ws(workspace: Workspace, elsewhere: Elsewhere) -> AsyncIterator[Workspace]:
    """The workspace, served on loopback with its page."""
    request = {"url": f"{elsewhere.address}/alerts/test", "headers": {"X-Secret": "s"}, "body": {"status": "firing"}}
    stories: list[dict[str, Any]] = [
        {
            "title": "A model refuses",
            "situation": "Refusals rise.",
            "steps": [{"text": "Lead.", "act_as": "U2", "where": "C1"}, {"text": "Watch."}],
            "request": request,
        },
        {"title": "Only words", "situation": "Nothing to send."},
        {"title": "Nobody there", "situation": "x", "request": {"url": "http://127.0.0.1:1/", "method": "PUT"}},
    ]
    models = [{"system": "scoring", "url": f"{elsewhere.address}/models/scoring"}]
    async with serving(create_app(workspace, page=create_page(workspace, stories, models))):
        yield workspace


@pytest.fixture
async def browser(ws: Workspace) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(session, ws.base_url)
