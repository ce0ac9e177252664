"""The addresses of the page.

    GET  /                the page at one place: /?as=U…&in=C…&thread=…
    GET  /page/parts      some parts of it as HTML in JSON: ?only=messages,sidebar
    GET  /page/live       server-sent events for one person
    POST /page/do/{name}  what a person does (see actions.py)
    POST /page/stories/{number}  perform a story's request
    GET  /page/static/…   style and script

Everything under one content security policy: nothing from elsewhere, nothing inline. A POST must carry a header that
another site's page cannot set, so a page open in the same browser cannot act here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.workspace.page import looks
from bot.workspace.page.actions import ACTS, act
from bot.workspace.page.live import stream
from bot.workspace.page.places import Place, find_place
from bot.workspace.page.render.blocks import environment
from bot.workspace.page.serving import ServedModel, Serving
from bot.workspace.page.stories import Story, send
from bot.workspace.page.unread import Unread
from bot.workspace.workspace import Workspace

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
OWN_PAGE = "x-workspace-page"
PARTS = ("sidebar", "header", "messages", "thread", "modal", "people", "served", "stories")

Handler = Callable[[Request], Awaitable[Response]]


def create_page(
    workspace: Workspace,
    stories: Sequence[Story | Mapping[str, Any]] = (),
    models: Sequence[ServedModel | Mapping[str, Any]] = (),
) -> Starlette:
    """The page of a workspace as an app to mount at `/`.

    Args:
        workspace: what to show and to act on.
        stories: situations to play through (see `Story`), as objects or plain data.
        models: systems whose served version is watched (see `ServedModel`), as objects or plain data.

    Raises:
        pydantic.ValidationError: a story or a model is not of that form.
    """
    page = Page(
        workspace,
        [Story.model_validate(story) for story in stories],
        Serving([ServedModel.model_validate(model) for model in models]),
    )
    return Starlette(routes=page.routes(), middleware=[Middleware(SafeHeaders)])


class SafeHeaders:
    """Puts the security policy and `no-cache` (validate, then use) on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers when the answer starts."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, with_headers)


class Page:
    """The handlers, and what they share."""

    def __init__(self, workspace: Workspace, stories: Sequence[Story], serving: Serving) -> None:
        self.workspace = workspace
        self.stories = stories
        self.serving = serving
        self.unread = Unread()

    def routes(self) -> list[Route | Mount]:
        """Every address of the page."""
        return [
            Route("/", self.whole),
            Route("/page/parts", self.parts),
            Route("/page/live", self.live),
            Route("/page/do/{name}", self.do, methods=["POST"]),
            Route("/page/stories/{number:int}", self.play, methods=["POST"]),
            Mount("/page/static", StaticFiles(directory=STATIC), name="static"),
        ]

    async def whole(self, request: Request) -> Response:
        """The page at one place."""
        place = find_place(self.workspace, request.query_params)
        parts = {name: await self._part(name, place) for name in PARTS}
        facts = self._facts(place) | {"parts": parts, "commands": self.workspace.commands()}
        return HTMLResponse(environment().get_template("page.html").render(facts))

    async def parts(self, request: Request) -> Response:
        """Some parts of the page at one place, by name."""
        place = find_place(self.workspace, request.query_params)
        wanted = request.query_params.get("only", ",".join(PARTS)).split(",")
        parts = {name: await self._part(name, place) for name in PARTS if name in wanted}
        return JSONResponse({"where": place.where, "thread": place.thread, "title": self._title(place), "parts": parts})

    async def live(self, request: Request) -> Response:
        """The event stream of the acting person."""
        person = find_place(self.workspace, request.query_params).person
        return EventSourceResponse(stream(self.workspace, self.serving, person.id), ping=15)

    async def do(self, request: Request) -> Response:
        """One thing a person does; answers what to tell the person."""
        name = request.path_params["name"]
        refused = _refusal(request, known=name in ACTS)
        if refused:
            return refused
        asked = await request.json()
        if asked.get("as") not in self.workspace.people:
            return JSONResponse({"ok": False, "notice": "Nobody here has that id.", "errors": {}}, 404)
        return JSONResponse(asdict(await act(self.workspace, name, asked)))

    async def play(self, request: Request) -> Response:
        """Perform a story's request and show the answer."""
        number = request.path_params["number"]
        story = self.stories[number] if number < len(self.stories) else None
        refused = _refusal(request, known=bool(story and story.request))
        if refused or story is None or story.request is None:
            return refused or Response(status_code=404)
        answer = await send(story.request)
        return JSONResponse({"ok": answer.ok, "status": answer.status, "text": answer.text})

    async def _part(self, name: str, place: Place) -> str:
        facts = self._facts(place) | await self._details(name, place)
        return environment().get_template(f"{name}.html").render(facts)

    async def _details(self, name: str, place: Place) -> dict[str, Any]:
        if name == "served":
            return {"served": await self.serving.ask()}
        ways: dict[str, Callable[[], dict[str, Any]]] = {
            "sidebar": lambda: looks.sidebar(self.workspace, place, self.unread),
            "messages": lambda: self._messages(place),
            "thread": lambda: {"items": looks.thread_items(self.workspace, place)},
            "modal": lambda: looks.modal(self.workspace, place),
            "people": lambda: {"cast": looks.cast(self.workspace, place)},
            "stories": lambda: {"stories": self.stories},
        }
        return ways[name]() if name in ways else {}

    def _messages(self, place: Place) -> dict[str, Any]:
        if place.channel is None:
            return {"home": looks.home(self.workspace, place)}
        self.unread.mark(place.person.id, place.channel.id, self.workspace.messages(place.channel.id))
        return {"items": looks.message_items(self.workspace, place), "earlier": looks.earlier(self.workspace, place)}

    def _facts(self, place: Place) -> dict[str, Any]:
        """What every template may use."""
        return {
            "place": place,
            "team": self.workspace.team,
            "me": looks.face_of(self.workspace, place.person.id),
            "people": self.workspace.people,
            "name_of": looks.name_of,
            "hue": looks.hue,
            "face_of": lambda user: looks.face_of(self.workspace, user),
            "message_shortcuts": self.workspace.shortcuts("message"),
            "global_shortcuts": self.workspace.shortcuts("global"),
            "direct_id": self.workspace.dm(place.person.id).id,
            "title": self._title(place),
            "has_stories": bool(self.stories),
        }

    def _title(self, place: Place) -> str:
        channel = place.channel
        where = self.workspace.team.app_name if channel is None or channel.is_im else f"#{channel.name}"
        return f"{where} · {looks.name_of(place.person)} · {self.workspace.team.name}"


def _refusal(request: Request, *, known: bool) -> Response | None:
    if not known:
        return JSONResponse({"ok": False, "notice": "There is no such action.", "errors": {}}, 404)
    if request.headers.get(OWN_PAGE) != "1":
        return JSONResponse({"ok": False, "notice": "Only this page may do that.", "errors": {}}, 403)
    return None
