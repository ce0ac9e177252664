"""The workspace over HTTP: the Web API, response URLs, uploads, sockets, the stand-in model servers and the web page.

POST /api/{method}               Web API, forms and JSON
POST /response/{team}/{hook}     response URLs
POST /upload/{file}              bytes of a file
WS   /link/                      Socket Mode
/models/...                      stand-in model servers, if given
/...                             the web page, if given
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Generator
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.workspace.clock import Clock
from bot.workspace.faults import Fault
from bot.workspace.methods import Answer
from bot.workspace.state import Call, Json
from bot.workspace.workspace import Workspace

CUT = "workspace.cut"
"""ASGI extension under which this server offers to cut the connection."""
GRACE = 0.5
"""Seconds that answers in progress get when the server stops."""


def create_app(workspace: Workspace, models: ASGIApp | None = None, page: ASGIApp | None = None) -> Starlette:
    """The ASGI application of a workspace.

    Args:
        workspace: The workspace to serve.
        models: Stand-in model servers, mounted at /models.
        page: The web page, mounted at / behind everything else.
    """
    door = _Door(workspace)
    routes: list[BaseRoute] = [
        Route("/api/{method}", door.call, methods=["GET", "POST"]),
        Route("/response/{team}/{hook}", door.respond, methods=["POST"]),
        Route("/upload/{file}", door.upload, methods=["POST"]),
        WebSocketRoute("/link/", door.link),
    ]
    routes += [Mount("/models", app=models)] if models is not None else []
    routes += [Mount("/", app=page)] if page is not None else []
    app = Starlette(routes=routes, middleware=[Middleware(_Dated, clock=workspace.clock)])
    app.state.workspace = workspace
    return app


class _Door:
    """What answers each address."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # -- the Web API ------------------------------------------------------------------------------------------------
    async def call(self, request: Request) -> Response:
        method, raw = request.path_params["method"], await request.body()
        try:
            args, token = _arguments(request, raw)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_json"})
        fault, answer = carry_out(self._workspace, method, args, token)
        silent = fault is not None and fault.kind in SILENT
        if silent:
            return _Silence(cut=fault is not None and fault.kind in ("cut", "accepted_reply_lost"))
        if fault is not None and fault.kind == "html":
            return HTMLResponse("<html><body>Something went wrong.</body></html>")
        return JSONResponse(answer.body, answer.status, answer.headers)

    # -- the rest ---------------------------------------------------------------------------------------------------
    async def respond(self, request: Request) -> Response:
        raw = await request.body()
        try:
            body = json.loads(raw)
        except ValueError:
            return PlainTextResponse("invalid_payload", 400)
        status, answer = self._workspace.hooks.respond(request.path_params["hook"], body)
        return PlainTextResponse(answer) if isinstance(answer, str) else JSONResponse(answer, status)

    async def upload(self, request: Request) -> Response:
        held = self._workspace.files.get(request.path_params["file"])
        if held is None:
            return PlainTextResponse("not found", 404)
        held["content"] = await request.body()
        return PlainTextResponse(f"OK - {len(held['content'])}")

    async def link(self, websocket: WebSocket) -> None:
        await self._workspace.sockets.serve(websocket)


SILENT = ("accepted_reply_lost", "accepted_then_timeout", "timeout", "cut")
"""Faults of which the caller hears nothing at all."""


def carry_out(workspace: Workspace, method: str, args: Json, token: str) -> tuple[Fault | None, Answer]:
    """Carry out one call of the Web API, unless a scripted fault keeps it from that; returns what it is answered.

    The caller of a `SILENT` fault must not be given the answer.
    """
    fault, now = workspace.faults.for_call(method, args), workspace.clock.now()
    if fault is None or fault.kind.startswith("accepted"):
        answer = workspace.api.call(method, args, token, workspace.base_url)
    else:
        answer = _faulty(fault)
    silent = fault is not None and fault.kind in SILENT
    told, status = answer.headers.get("Retry-After"), 0 if silent else answer.status
    workspace.calls.append(Call(method, args, now, answer.body, status, int(told) if told else None))
    return fault, answer


def _faulty(fault: Fault) -> Answer:
    """The answer of a fault that does nothing."""
    options = fault.options
    match fault.kind:
        case "rate_limited":
            headers = {"Retry-After": str(options.get("retry_after", 1))}
            return Answer({"ok": False, "error": "ratelimited"}, 429, headers)
        case "ratelimited_body":
            return Answer({"ok": False, "error": "ratelimited"})
        case "server_error":
            return Answer({"ok": False, "error": "internal_error"}, options.get("status", 503))
        case "refuse":
            return Answer({"ok": False, "error": options.get("error", "internal_error")})
        case _:
            return Answer({})


def _arguments(request: Request, raw: bytes) -> tuple[Json, str]:
    """A call's arguments (query string, form or JSON) and its token (header or argument).

    Raises:
        ValueError: The body is not what it says.
    """
    args: Json = dict(request.query_params)
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if content_type == "application/json" and raw:
        decoded: Any = json.loads(raw)
        if not isinstance(decoded, dict):
            raise ValueError("the body must be an object")
        args |= {key: value for key, value in decoded.items() if value is not None}
    elif content_type == "application/x-www-form-urlencoded":
        args |= dict(parse_qsl(raw.decode(), keep_blank_values=True))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    in_arguments = str(args.pop("token", ""))
    return args, token if scheme == "Bearer" else in_arguments


class _Dated:
    """Tells the workspace's time with every answer: Slack's, for a program that compares its clock."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock.now(), usegmt=True)
                message["headers"] = [*message.get("headers", ()), (b"date", date.encode())]
            await send(message)

        await self._app(scope, receive, dated if scope["type"] == "http" else send)


class _Silence(Response):
    """No answer at all: the connection is cut, or held until the caller gives up."""

    def __init__(self, *, cut: bool) -> None:
        super().__init__()
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if self._cut:
            scope["extensions"][CUT]()
        while (await receive())["type"] != "http.disconnect":
            pass


class _Protocol(HttpToolsProtocol):
    """HTTP whose connection the application can cut without a byte of answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]


class _Server(uvicorn.Server):
    """uvicorn inside a running event loop: ready and stopped without polling, and signals are left alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop."""
        self.should_exit = True
        self._stop.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as refused:  # uvicorn would take the whole program down
            raise RuntimeError("the application did not start") from refused
        self.ready.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            _, unfinished = await asyncio.wait(self.server_state.tasks, timeout=GRACE)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, *, before_stop: Callable[[], Any] | None = None
) -> AsyncIterator[str]:
    """Serve an ASGI application in the running event loop, and yield its base URL (no slash at the end).

    With an application of `create_app` the workspace learns its own address, and at the end its sockets and
    subscriptions are closed first, so that nothing keeps the server from stopping. Port 0 takes a free one.

    Raises:
        OSError: The port is taken.
        RuntimeError: The application refused to start.
    """
    listening = socket.create_server((host, port))
    base_url = f"http://{host}:{listening.getsockname()[1]}"
    workspace = app.state.workspace if isinstance(app, Starlette) and hasattr(app.state, "workspace") else None
    if workspace is not None:
        workspace.base_url = base_url
    server = _Server(_config(app))
    with listening:
        running = asyncio.create_task(server.serve([listening]))
        try:
            await _ready_or_failed(server, running)
            yield base_url
        finally:
            if before_stop is not None:
                before_stop()
            if workspace is not None:
                await workspace.close()
            server.stop()
            await running


async def _ready_or_failed(server: _Server, running: "asyncio.Task[None]") -> None:
    """Wait until the server listens; raises what kept it from that."""
    ready = asyncio.create_task(server.ready.wait())
    await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    if running.done():
        running.result()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="websockets-sansio",
        lifespan="auto",
        log_config=None,
        log_level="warning",
        access_log=False,
        date_header=False,  # the application tells its own time
    )
