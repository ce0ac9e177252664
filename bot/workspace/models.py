"""Stand-in model servers: one small server per system, which answers with the version that a flag file selects.

A rollback in the demo changes a flagd file (https://flagd.dev/reference/flag-definitions/) and these servers follow it,
so that the rollback can be seen and proved like a real one:

    {"flags": {"credit-scoring": {"state": "ENABLED", "variants": {"v7": "7", "v8": "8"}, "defaultVariant": "v8"}}}

`GET /models/credit-scoring` then says `{"system": "credit-scoring", "version": "8", "instance": "credit-scoring-1",
"answer": "..."}`. What an instance serves:

    old --the file changes--> new          at once, or `lag` after the server first saw the change
    old --the file is unreadable--> old    like flagd, the last good version stays
    any --stick--> same for good           until `unstick`, whatever the file says
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.workspace.clock import Clock, SystemClock


@dataclass
class _Server:
    """The instances of one system."""

    instances: int
    version: str | None = None
    coming: str | None = None
    seen: datetime | None = None
    """When the change to `coming` was first seen."""
    lag: timedelta = timedelta()
    stuck: dict[int, str | None] = field(default_factory=dict)
    is_down: bool = False
    delay: float = 0.0
    turn: int = 0


class ModelServers:
    """The model servers of some systems, following one flag file.

    Args:
        flags: The flagd file. It is read again whenever it has changed.
        answers: What each version of each system predicts: {system: {version: text}}. Its keys are the systems.
        instances: How many instances each system runs; requests go round.
        clock: What time it is, for `lag`.
    """

    def __init__(
        self, flags: Path, answers: Mapping[str, Mapping[str, str]], *, instances: int = 1, clock: Clock | None = None
    ) -> None:
        self._flags = flags
        self._answers = answers
        self._clock = clock or SystemClock()
        self._servers = {system: _Server(instances) for system in answers}
        self._read: tuple[int, int, int] | None = None
        self._selected: dict[str, str] = {}

    def app(self) -> Starlette:
        """The ASGI application, for `create_app(models=...)`."""
        return Starlette(routes=[Route("/", self._list), Route("/{system}", self._predict)])

    # -- knobs ------------------------------------------------------------------------------------------------------
    def lag(self, system: str, lag: timedelta) -> None:
        """From now on a change takes effect only `lag` after it was first seen."""
        self._servers[system].lag = lag

    def stick(self, system: str, count: int) -> None:
        """The first `count` instances keep the version they serve now: a rollback becomes partial."""
        server = self._settled(system)
        server.stuck = dict.fromkeys(range(count), server.version)

    def unstick(self, system: str) -> None:
        """Every instance follows the file again."""
        self._servers[system].stuck.clear()

    def down(self, system: str, *, is_down: bool = True) -> None:
        """The system answers 503 (or answers again)."""
        self._servers[system].is_down = is_down

    def slow(self, system: str, seconds: float) -> None:
        """Every answer takes that many real seconds."""
        self._servers[system].delay = seconds

    def versions(self, system: str) -> list[str | None]:
        """The version each instance serves now, in order."""
        server = self._settled(system)
        return [server.stuck.get(instance, server.version) for instance in range(server.instances)]

    # -- answering --------------------------------------------------------------------------------------------------
    async def _list(self, _request: Request) -> Response:
        return JSONResponse({"systems": [{"system": name, "versions": self.versions(name)} for name in self._servers]})

    async def _predict(self, request: Request) -> Response:
        system = request.path_params["system"]
        if system not in self._servers:
            return JSONResponse({"error": f"no model server runs {system}"}, 404)
        if self._servers[system].delay:
            await asyncio.sleep(self._servers[system].delay)
        instance, version = self._next(system)
        if self._servers[system].is_down or version is None:
            return JSONResponse({"error": f"{system} is not available"}, 503)
        answer = self._answers[system].get(version, f"(version {version} has no answer prepared)")
        name = f"{system}-{instance + 1}"
        return JSONResponse({"system": system, "version": version, "instance": name, "answer": answer})

    def _next(self, system: str) -> tuple[int, str | None]:
        versions, server = self.versions(system), self._servers[system]
        instance = server.turn % server.instances
        server.turn += 1
        return instance, versions[instance]

    # -- following the file -----------------------------------------------------------------------------------------
    def _settled(self, system: str) -> _Server:
        """The server, after it followed the file as far as its lag lets it."""
        self._read_again_if_changed()
        server, selected, now = self._servers[system], self._selected.get(system), self._clock.now()
        if server.version is None:
            server.version = server.coming = selected
        elif selected is not None and selected != server.coming:
            server.coming, server.seen = selected, now
        if server.seen is not None and now - server.seen >= server.lag:
            server.version, server.seen = server.coming, None
        return server

    def _read_again_if_changed(self) -> None:
        try:
            found = self._flags.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._read:
                return
            decoded = json.loads(self._flags.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return  # like flagd: what cannot be read changes nothing
        flags = decoded.get("flags") if isinstance(decoded, dict) else None
        if isinstance(flags, dict):
            self._read = stamp
            self._selected = {name: version for name, flag in flags.items() if (version := _selected(flag)) is not None}


def _selected(flag: object) -> str | None:
    """The value of a flag's default variant; None when the flag is disabled or names no such variant."""
    if not isinstance(flag, dict):
        return None
    variants = flag.get("variants")
    if flag.get("state") != "ENABLED" or not isinstance(variants, dict) or flag.get("defaultVariant") not in variants:
        return None
    return str(variants[flag["defaultVariant"]])
