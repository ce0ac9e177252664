"""Guided situations: what happens, whom to play next, and the request that sets it off.

Stories are plain data handed to `create_page`; the page never knows what the app does with an alert. The request is
performed by the server, because the browser may only talk to its own page.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field

LONGEST_ANSWER = 4_000
PATIENCE = aiohttp.ClientTimeout(total=15)


class StoryRequest(BaseModel):
    """An HTTP request. `body` is text sent as it is, or data sent as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    method: str = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None

    def content(self) -> bytes:
        """The bytes to send."""
        if self.body is None:
            return b""
        return (self.body if isinstance(self.body, str) else json.dumps(self.body, indent=2)).encode()

    def all_headers(self) -> dict[str, str]:
        """The headers to send, with a content type for JSON."""
        given = {name.lower() for name in self.headers}
        needed = self.body is not None and "content-type" not in given
        return self.headers | ({"Content-Type": "application/json"} if needed else {})

    def curl(self) -> str:
        """The same request as a command line."""
        parts = ["curl", "-i", "-X", self.method, self.url]
        for name, value in self.all_headers().items():
            parts += ["-H", f"{name}: {value}"]
        if self.body is not None:
            compact = self.body if isinstance(self.body, str) else json.dumps(self.body)
            parts += ["--data-raw", compact]
        return shlex.join(parts)


class Step(BaseModel):
    """One thing to do next: in whose place (a user id), in which channel (an id or `home`), and what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    act_as: str = ""
    where: str = ""


class Story(BaseModel):
    """A situation somebody can play through."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    situation: str
    steps: list[Step] = Field(default_factory=list)
    request: StoryRequest | None = None


class Answer(BaseModel):
    """What came back: the HTTP status (0 when nothing did) and the body, or the reason in words."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether the alert was taken."""
        return 200 <= self.status < 300


async def send(request: StoryRequest) -> Answer:
    """Perform a story's request. A refused or silent server is an answer too, in words."""
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.request(request.method, request.url, headers=request.all_headers(), data=request.content()) as got,
        ):
            text = (await got.content.read(LONGEST_ANSWER)).decode("utf-8", "replace")
            return Answer(status=got.status, text=text)
    except TimeoutError:
        return Answer(status=0, text=f"No answer from {request.url} within {PATIENCE.total:.0f} seconds.")
    except aiohttp.ClientError as error:
        return Answer(status=0, text=f"Could not reach {request.url}: {error}")
