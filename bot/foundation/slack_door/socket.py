"""Socket Mode: the same gestures over a websocket that we open, for networks that nobody can call into."""

import json
import logging

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.foundation.slack_door.door import SlackDoor
from bot.foundation.slack_door.edge import Edge

log = logging.getLogger(__name__)


class SocketDoor:
    """Holds the connection and acknowledges an envelope only after its Work has committed."""

    def __init__(self, door: SlackDoor, edge: Edge, app_token: str, base_url: str) -> None:
        self._door = door
        self._edge = edge
        self._client = SocketModeClient(
            app_token=app_token, web_client=AsyncWebClient(base_url=base_url, retry_handlers=[]), logger=_calm_log()
        )
        self._client.socket_mode_request_listeners.append(self._on_request)

    async def connect(self) -> None:
        """Open the connection; slack_sdk keeps it open and opens another before Slack closes it."""
        await self._client.connect()  # type: ignore[no-untyped-call]

    async def is_connected(self) -> bool:
        """Say whether a gesture would reach us now."""
        return bool(await self._client.is_connected())

    async def session(self) -> str:
        """Name the present connection: another name means another connection, and what came in between may be lost."""
        return str(await self._client.session_id())

    async def close(self) -> None:
        """Close the connection; unacknowledged envelopes are Slack's to deliver again."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def _on_request(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if not self._edge.is_ours(request.payload):
            log.warning("an envelope for another app or workspace was turned away")
            return
        response = await self._door.dispatch(request.payload, f"envelope:{request.envelope_id}", {})
        payload = response.body if response.body else None
        if response.status == 200:
            await client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload=_json(payload))
            )


class Once(logging.Filter):
    """Lets slack_sdk say what is wrong once, in one line; it says so every five seconds, with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is news."""
        record.exc_info, said = None, record.getMessage()
        is_news = record.levelno < logging.WARNING or said != self._said
        self._said = said if record.levelno >= logging.WARNING else self._said
        return is_news


def _calm_log() -> logging.Logger:
    found = logging.getLogger(f"{__name__}.slack_sdk")
    if not found.filters:
        found.addFilter(Once())
    return found


def _json(body: str | None) -> dict[str, object] | None:
    return json.loads(body) if body else None
