"""Ask a web application without a network, byte for byte: also what no decent client would send."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Heard:
    """What the application answered."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Asked:
    """An application to ask."""

    app: ASGIApp

    async def get(self, path: str) -> Heard:
        return await self._ask("GET", path, b"", {})

    async def post(
        self, path: str, *, content: bytes | AsyncIterator[bytes], headers: Mapping[str, str | bytes] | None = None
    ) -> Heard:
        """Post a body in one piece, or in pieces as they come."""
        return await self._ask("POST", path, content, headers or {})

    async def _ask(
        self, method: str, path: str, content: bytes | AsyncIterator[bytes], headers: Mapping[str, str | bytes]
    ) -> Heard:
        answered: list[Message] = []
        chunks = aiter(_whole(content) if isinstance(content, bytes) else content)

        async def receive() -> Message:
            chunk = await anext(chunks, None)
            return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

        async def send(message: Message) -> None:
            answered.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [
                (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
                for name, value in headers.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await self.app(scope, receive, send)
        start, *rest = answered
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Heard(start["status"], found, b"".join(message.get("body", b"") for message in rest))


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
