"""The door for machines and browsers: one FastAPI application, its health, and what routes may ask of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from bot.foundation import api_page
from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.slack_door import Edge, SlackDoor, foreign
from bot.foundation.slack_door.edge import MAX_BODY, Turned, read
from bot.foundation.slack_door.foreign import Foreign, Told
from bot.foundation.watch import Health, Signs
from bot.foundation.work import Actor

T = TypeVar("T")


class BodyTooLargeError(Exception):
    """A request body is larger than the route allows."""


@dataclass
class Doors:
    """What the routes need: the store, the alert sources' secrets, and Slack once we know who we are there.

    Attributes:
        health: Says what does not work.
        patience_seconds: Within which time a body must have arrived.
        foreign: Counts requests that are not for us.
        is_stopping: The process finishes what is running and takes nothing new.
    """

    store: Store
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    health: Health | None = None
    edge: Edge | None = None
    slack: SlackDoor | None = None
    patience_seconds: float = 10.0
    foreign: Foreign = field(default_factory=Foreign)
    is_stopping: bool = False
    _kept: dict[Callable[["Doors"], Any], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.health = self.health or Health(self.store, Signs(self.store.clock))

    def once(self, make: Callable[["Doors"], T]) -> T:
        """Return what `make` makes of these doors: made when it is first asked for, and kept."""
        if make not in self._kept:
            self._kept[make] = make(self)
        kept: T = self._kept[make]
        return kept

    async def record_foreign(self, told: Told | None) -> None:
        """Record requests that were not for us, if there is something to tell (StoreUnavailableError: later again)."""
        if told is None:
            return
        try:
            await self.store.submit(Actor("source", "slack", "Slack"), foreign.record, told)
        except StoreUnavailableError:
            self.foreign.give_back(told)
            raise


def doors_of(request: Request) -> Doors:
    """Return the application's Doors (a FastAPI dependency)."""
    doors = request.app.state.doors
    assert isinstance(doors, Doors)  # noqa: S101 - set by web_app
    return doors


def store_of(request: Request) -> Store:
    """Return the application's store (a FastAPI dependency)."""
    return doors_of(request).store


async def _here(request: Request) -> Doors:
    return doors_of(request)  # asked for in place: FastAPI would ask a plain function in a thread


DoorsOf = Annotated[Doors, Depends(_here)]
StoreOf = Annotated[Store, Depends(store_of)]
router = APIRouter()


class DirectRoute(APIRoute):
    """A route for what comes in by the thousand: described like any other, called without FastAPI in between.

    Its endpoint takes the request and the path's parameters as text, and returns a response; whatever it raises is a
    defect, answered with 500. Dependencies and validation are not its: they cost more than the door for alerts does.
    """


class Application(FastAPI):
    """FastAPI, except that requests for direct routes do not pass its routing."""

    def __init__(self, direct: Sequence[DirectRoute], **options: Any) -> None:
        super().__init__(**options)
        self._direct = direct

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            if scope["method"] == "POST" and self.state.doors.is_stopping:
                await _come_again("This process is stopping.")(scope, receive, send)
                return
            for route in self._direct:
                found = route.path_regex.match(scope["path"])
                if found and scope["method"] in (route.methods or ()):
                    scope["app"] = self
                    response = await route.endpoint(Request(scope, receive, send), **found.groupdict())
                    await response(scope, receive, send)
                    return
        await super().__call__(scope, receive, _guarded(send) if scope["type"] == "http" else send)

    def openapi(self) -> dict[str, Any]:
        """Describe what can be asked; FastAPI's 422 is left out, because no route of ours answers it."""
        described = super().openapi()
        described.setdefault("components", {})["securitySchemes"] = WAYS_TO_BE_KNOWN
        for methods in described["paths"].values():
            for operation in methods.values():
                operation["responses"].pop("422", None)
        return described


WAYS_TO_BE_KNOWN = {
    "secret": {"type": "http", "scheme": "bearer", "description": "The source's BACKOUT_SECRET_<SOURCE>."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Slack-Signature",
        "description": "Slack's v0 signature over X-Slack-Request-Timestamp and the body.",
    },
}
"""Who may ask, as OpenAPI says it; a route names the one that it checks."""

GUARD = {
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}
"""What every answer tells a browser unless it says otherwise (threat T22); direct routes answer no browser."""


def _guarded(send: Send) -> Send:
    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            said = {name.lower() for name, _value in own}
            message["headers"] = [*own, *((name, value) for name, value in GUARD.items() if name not in said)]
        await send(message)

    return guarded


def web_app(doors: Doors, routers: Sequence[APIRouter]) -> FastAPI:
    """Make the application out of the capabilities' routes and our own."""
    direct = [route for part in routers for route in part.routes if isinstance(route, DirectRoute)]
    summary = "Decide, carry out, prove and record rollbacks of AI systems"
    app = Application(direct, title="Backout", summary=summary, version="1", docs_url=None, redoc_url=None)
    app.state.doors = doors
    for part in (router, *routers):
        app.include_router(part)
    app.add_exception_handler(StoreUnavailableError, _unavailable)
    return app


def headers_of(request: Request) -> dict[bytes, bytes]:
    """Return a request's headers as they came, by their names in lower case; of one that came twice, the last."""
    return dict(request.scope["headers"])


async def read_body(request: Request, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """Read a body without ever holding more than the limit (BodyTooLargeError; ClientDisconnect if it never ends)."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise BodyTooLargeError
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLargeError
        more = message.get("more_body", False)
    return bytes(body)


@router.post(
    "/slack/events",
    tags=["Slack"],
    summary="Slack's commands, clicks, forms and events",
    openapi_extra={
        "security": [{"signature": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object"}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            },
        },
    },
    responses={
        200: {
            "description": "It was taken. A person who may not do this is told so in Slack, not here.",
            "content": {"application/json": {}, "text/plain": {}},
        },
        400: {"description": "It cannot be read."},
        401: {"description": "Slack did not sign it, or not within five minutes."},
        403: {"description": "It is another workspace's or another app's."},
        404: {"description": "Nothing here answers it."},
        408: {"description": "It did not arrive in time."},
        413: {"description": "It is too large."},
        503: {"description": "Not connected to Slack yet, or the database cannot take it: send it again."},
    },
)
async def slack_events(request: Request) -> Response:
    """Take one request from Slack: verified over its raw bytes, pinned to our workspace and app, taken once."""
    doors = doors_of(request)  # not as a dependency: FastAPI would ask a thread for it, for every stranger's request
    if doors.edge is None or doors.slack is None:
        return Response(status_code=503, headers={"Retry-After": "5"})
    try:
        async with asyncio.timeout(doors.patience_seconds):
            body = await read_body(request, headers_of(request), MAX_BODY)
        nonce = doors.edge.verify(request.headers, body, doors.store.clock.now())
        payload = read(request.headers.get("content-type", ""), body)
    except BodyTooLargeError:
        return Response(status_code=413)
    except TimeoutError:
        return Response(status_code=408)
    except ClientDisconnect:
        return Response(status_code=400)
    except Turned as turned:
        return Response(status_code=turned.status)
    if payload.get("type") == "url_verification":
        return JSONResponse({"challenge": str(payload.get("challenge", ""))})
    if not doors.edge.is_ours(payload):
        await doors.record_foreign(doors.foreign.note(payload, doors.store.clock.now()))
        return Response(status_code=403)
    response = await doors.slack.dispatch(payload, nonce, dict(request.headers))
    headers = {"Retry-After": "5"} if response.status == 503 else None
    return Response(response.body, response.status, headers, _media_type(response.body))


@router.get("/healthz", tags=["Health"], summary="Is the process alive?")
async def healthz() -> dict[str, str]:
    """Answer as long as the process can answer at all."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    tags=["Health"],
    summary="Does everything work, and is nothing overdue?",
    responses={503: {"description": "A part does not work."}},
)
async def readyz(doors: DoorsOf) -> Response:
    """Answer 200 when every part works, otherwise 503 and which does not, since when."""
    assert doors.health is not None  # noqa: S101 - made with the doors
    parts = await doors.health.ask() | ({"process": "is stopping"} if doors.is_stopping else {})
    bad = {name: why for name, why in parts.items() if why}
    shown = {name: why or "ok" for name, why in {**parts, "clock": doors.health.clock}.items()}
    content = {"ready": not bad, **shown}  # a clock that is odd is said, and can be worked with
    return JSONResponse(content, status_code=503 if bad else 200)


@router.get("/metrics", tags=["Health"], summary="Figures for Prometheus", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Return the process's counters in Prometheus' text format."""
    return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Show people what can be asked."""
    headers = {"content-security-policy": api_page.POLICY}
    return HTMLResponse(api_page.page(request.app.openapi()), headers=headers)


async def _unavailable(_request: Request, _error: Exception) -> Response:
    return _come_again("The database cannot take this right now.")


def _come_again(why: str) -> Response:
    content = {"error": f"{why} Nothing was changed; please try again."}
    return JSONResponse(content, status_code=503, headers={"Retry-After": "5"})


def _media_type(body: str) -> str:
    return "application/json" if body.startswith(("{", "[")) else "text/plain"
