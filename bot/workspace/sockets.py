"""Socket Mode: the app's WebSocket connections, each envelope to exactly one of them.

As documented at https://docs.slack.dev/apis/events-api/using-socket-mode/. A connection:

    ticket  --GET /link/?ticket=--> open     `apps.connections.open` gave the address; it works once
    open    --hello--> ready                 from now on it is given envelopes
    ready   --disconnect message--> gone     `disconnect` tells the app to reconnect and closes
    ready   --drop--> gone                   `drop` cuts without a word
"""

import asyncio
import json
from typing import Any
from weakref import WeakValueDictionary

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.workspace.state import Json
from bot.workspace.store import Store

MOST_CONNECTIONS = 10


class Sockets:
    """The open connections of the app."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._turn = 0
        self._waiting: WeakValueDictionary[str, asyncio.Future[Json | None]] = WeakValueDictionary()
        self._changed = asyncio.Event()

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def open_address(self, base_url: str) -> str:
        """The address for one new connection."""
        ticket = self._store.next_id("ticket-")
        self._tickets.add(ticket)
        return f"{base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self._store.team.app_id}"

    async def serve(self, websocket: WebSocket) -> None:
        """Keep one connection, from its hello to its end."""
        if websocket.query_params.get("ticket") not in self._tickets:
            await websocket.close(4001)
            return
        self._tickets.discard(websocket.query_params["ticket"])
        await websocket.accept()
        if len(self._open) >= MOST_CONNECTIONS:
            await self._say_goodbye(websocket, "too_many_websockets")
            return
        await self._keep(websocket)

    async def _keep(self, websocket: WebSocket) -> None:
        await websocket.send_json(self._hello())
        self._open.append(websocket)
        self._mark_change()
        try:
            while True:
                self._take(await websocket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            self._forget(websocket)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "connection_info": {"app_id": self._store.team.app_id},
            "debug_info": {"host": "workspace", "started": "", "build_number": 1, "approximate_connection_time": 18060},
        }

    def _take(self, text: str) -> None:
        """An acknowledgement from the app."""
        message = json.loads(text)
        waiting = self._waiting.get(message.get("envelope_id", ""))
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("payload"))

    async def send(self, kind: str, payload: Json, *, accepts_response: bool, **more: Any) -> Json | None:
        """Send an envelope to one connection and wait for its acknowledgement; answers the payload that came with it.

        Raises:
            ConnectionError: There is no connection, or it turned out to be gone.
        """
        websocket = self._next()
        envelope_id = self._store.next_id("envelope-")
        acknowledged: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = acknowledged
        envelope = {"type": kind, "envelope_id": envelope_id, "accepts_response_payload": accepts_response, **more}
        try:
            await websocket.send_json({**envelope, "payload": payload})
        except (RuntimeError, WebSocketDisconnect) as broken:
            self._forget(websocket)
            raise ConnectionError("the connection is gone") from broken
        return await acknowledged

    async def wait_for(self, count: int) -> None:
        """Wait until exactly `count` connections are open."""
        while self.count != count:
            changed = self._changed
            await changed.wait()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell the app to reconnect: `warning` leaves the oldest connection open for now, anything else closes it."""
        websocket = self._open[0]
        if reason == "warning":
            await websocket.send_json(self._goodbye(reason))
            return
        self._forget(websocket)
        await self._say_goodbye(websocket, reason)

    async def drop(self) -> None:
        """Close every connection without a word (the network broke)."""
        for websocket in list(self._open):
            self._forget(websocket)
            await websocket.close(1011)

    def _next(self) -> WebSocket:
        if not self._open:
            raise ConnectionError("no Socket Mode connection is open")
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    def _forget(self, websocket: WebSocket) -> None:
        if websocket in self._open:
            self._open.remove(websocket)
            self._mark_change()

    def _mark_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _goodbye(self, reason: str) -> Json:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "workspace"}}

    async def _say_goodbye(self, websocket: WebSocket, reason: str) -> None:
        await websocket.send_json(self._goodbye(reason))
        await websocket.close(1000)
