"""Slack in the same process: what reaches it, how long it takes, what gets lost on the way."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.foundation.slack_port import TIMEOUT_SECONDS, SlackClient
from bot.workspace.server import SILENT, carry_out
from bot.workspace.workspace import Workspace
from tests.support.simulation.loop import LoopClock
from tests.support.simulation.nodes import Life

NOWHERE = ConnectionKey("slack.test", 443, True, True, None, None, None)


class Wire:
    """What slack_sdk's client would do over HTTP: one call there and back, or what went wrong.

    Attributes:
        is_cut: Nothing reaches Slack.
    """

    is_cut = False

    def __init__(self, workspace: Workspace, token: str, rng: random.Random) -> None:
        self.workspace = workspace
        self._token = token
        self._rng = rng

    def client(self, life: Life, clock: LoopClock) -> SlackClient:
        """Return the product's own client, on this wire instead of the network."""
        client = SlackClient(self._token, "http://slack.test/api/", clock)
        client._client = _Calls(self, life)  # type: ignore[assignment]
        return client

    async def call(self, life: Life, method: str, args: Mapping[str, Any]) -> AsyncSlackResponse:
        await life.seam(f"before {method}")
        await asyncio.sleep(self._rng.uniform(0.02, 0.3))
        if self.is_cut:
            raise aiohttp.ClientConnectorError(NOWHERE, OSError("no route"))
        fault, answer = carry_out(self.workspace, method, dict(args), self._token)
        await life.seam(f"after {method}")
        if fault is not None and fault.kind in SILENT:
            if fault.kind in ("cut", "accepted_reply_lost"):
                raise aiohttp.ServerDisconnectedError
            await asyncio.sleep(TIMEOUT_SECONDS)
            raise TimeoutError
        if fault is not None and fault.kind == "html":
            raise ValueError("a page of HTML")
        response: AsyncSlackResponse = AsyncSlackResponse(
            client=None, http_verb="POST", api_url=method, req_args={}, data=answer.body,
            headers=answer.headers, status_code=answer.status,
        )  # fmt: skip
        response.validate()  # type: ignore[no-untyped-call]
        return response


class _Calls:
    """The one method of slack_sdk's client that the product uses."""

    def __init__(self, wire: Wire, life: Life) -> None:
        self._wire = wire
        self._life = life

    async def api_call(
        self, method: str, *, json: Mapping[str, Any] | None = None, params: Mapping[str, Any] | None = None
    ) -> AsyncSlackResponse:
        return await self._wire.call(self._life, method, json or params or {})
