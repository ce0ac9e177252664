"""Live updates: a stream of small notices per acting person, so that the browser fetches again only what changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from bot.workspace.page.serving import Served, Serving
from bot.workspace.workspace import Subscription, Workspace

PERSONAL = frozenset({"ephemeral", "modal", "home"})

Notice = Mapping[str, Any]


def concerns(notice: Notice, person: str) -> bool:
    """Whether somebody may hear of a notice: what only one person sees is nobody else's business."""
    return notice.get("kind") not in PERSONAL or notice.get("user") == person


async def stream(workspace: Workspace, serving: Serving, person: str) -> AsyncGenerator[dict[str, str]]:
    """Events for one browser window: `ready` once listening, then one `change` per notice that concerns the person."""
    heard: asyncio.Queue[Notice | None] = asyncio.Queue()
    subscription = workspace.subscribe()
    listeners = [
        asyncio.create_task(_listen(subscription, heard)),
        asyncio.create_task(_watch(serving, heard)),
    ]
    try:
        yield {"event": "ready", "data": "{}"}
        while (notice := await heard.get()) is not None:
            if concerns(notice, person):
                yield {"event": "change", "data": json.dumps(notice)}
    finally:
        subscription.close()
        for listener in listeners:
            listener.cancel()


async def _listen(subscription: Subscription, heard: asyncio.Queue[Notice | None]) -> None:
    async for notice in subscription:
        heard.put_nowait(notice)
    heard.put_nowait(None)


async def _watch(serving: Serving, heard: asyncio.Queue[Notice | None]) -> None:
    """Tell when a system serves something else than a moment ago."""
    before: list[Served] | None = None
    while serving.models:
        now = await serving.ask()
        if before is not None and now != before:
            heard.put_nowait({"kind": "served"})
        before = now
        await asyncio.sleep(serving.every)
