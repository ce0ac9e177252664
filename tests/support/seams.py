"""One seam for each kind of boundary between a process and the world, before and after whatever passes it.

    seams = Seams(life.visit)
    seams.on_store(store)               every statement, every commit
    slack = seams.on_slack(slack)       every call to Slack
    targets = seams.on_targets(targets) every call to a target, and every touch of its disk
    web = seams.on_web(process.web)     every request taken, every answer given

`visit` is told of each passing and may raise: what raises before a commit or a call keeps it from happening; what
raises after it keeps anybody from learning that it happened. The seams sit in the product's own ports (SlackPort,
TargetFactory, Disk, ASGI) and in the driver's connections; nothing is patched.
"""

import contextlib
import dataclasses
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import psycopg
from sqlalchemy import Engine, event
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.rollback.targets import FlagFile, TargetFactory
from bot.workspace.server import CUT


class Boundary(StrEnum):
    """What is passed?"""

    READ = "read"
    STATEMENT = "statement"
    COMMIT = "commit"
    SLACK = "slack"
    TARGET = "target"
    DISK = "disk"
    DOOR = "door"


Moment = Literal["before", "after"]
Visit = Callable[[Boundary, Moment, str], None]
EFFECTS = frozenset({Boundary.COMMIT, Boundary.SLACK, Boundary.TARGET, Boundary.DISK, Boundary.DOOR})
"""Where anything outside the process can change or be learned. Between two of them statements leave nothing behind."""
EVERYTHING = EFFECTS | {Boundary.STATEMENT}


class Crash(StoreUnavailableError):  # noqa: N818 - not an error: the end
    """The process is dead: whatever it still tries comes to nothing."""


@dataclass
class Life:
    """Counts boundaries, and dies in one of them: from then on everything fails.

    Attributes:
        ends_at: The number of the boundary in which it ends, the first is 1; None for a life without end.
        counted: The kinds of boundaries that count. The others are passed while it lives.
        passed: Every boundary that was counted, for people.
    """

    ends_at: int | None = None
    counted: Collection[Boundary] = EFFECTS
    passed: list[str] = field(default_factory=list)
    is_over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visit(self, boundary: Boundary, moment: Moment, what: str) -> None:
        """Pass a boundary, or die in it (Crash)."""
        with self._lock:
            self.breathe()
            if boundary in self.counted:
                self.passed.append(f"{moment} {boundary} {what}")
                self.is_over = len(self.passed) == self.ends_at
                self.breathe()

    def begin_again(self, ends_at: int | None) -> None:
        """Count from here on."""
        with self._lock:
            self.passed, self.ends_at = [], ends_at

    def breathe(self) -> None:
        """Raise Crash if this life is over."""
        if self.is_over:
            raise Crash


@dataclass(frozen=True)
class Seams:
    """Puts seams into the ports of one process."""

    visit: Visit

    @contextlib.contextmanager
    def passing(self, boundary: Boundary, what: str) -> Iterator[None]:
        """Pass a boundary on the way out, and again on the way back."""
        self.visit(boundary, "before", what)
        yield
        self.visit(boundary, "after", what)

    def on_store(self, store: Store) -> None:
        """Visit every statement and commit. Call it before the store has opened a connection."""
        self._on_engine(store.writer, Boundary.STATEMENT)
        self._on_engine(store.reader, Boundary.READ)
        event.listen(store.writer, "do_connect", self._connect)

    def on_slack(self, slack: object) -> Any:
        """Return a SlackPort that visits every call."""
        return _Calls(slack, self, Boundary.SLACK)

    def on_targets(self, make: TargetFactory) -> TargetFactory:
        """Return a factory of targets that visit every call, and every touch of their disk."""

        def made(target: Any) -> Any:
            real = make(target)
            if isinstance(real, FlagFile):
                disk: Any = _Touches(real.disk, self)
                real = dataclasses.replace(real, disk=disk)
            return _Calls(real, self, Boundary.TARGET)

        return made

    def on_web(self, app: ASGIApp) -> ASGIApp:
        """Return an application that visits every request and every answer; a dead one cuts the connection."""

        async def mortal(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            try:
                answer = await self._answer(app, scope, receive)
            except Crash:
                await _cut(scope, receive)
                return
            for message in answer:
                await send(message)
            with contextlib.suppress(Crash):
                self.visit(Boundary.DOOR, "after", f"answering {scope['path']}")

        return mortal

    async def _answer(self, app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        self.visit(Boundary.DOOR, "before", f"taking {scope['path']}")
        try:
            await app(scope, receive, keep)
        finally:
            self.visit(Boundary.DOOR, "before", f"answering {scope['path']}")
        return answer

    def _on_engine(self, engine: Engine, boundary: Boundary) -> None:
        def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            self.visit(boundary, "before", statement[:60])

        def after(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            self.visit(boundary, "after", statement[:60])

        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)

    def _connect(self, dialect: Any, _record: Any, positional: list[Any], named: dict[str, Any]) -> Any:
        """Let the driver make connections whose commits are visited."""
        seams = self
        if dialect.name == "sqlite":

            class Mortal(sqlite3.Connection):
                def commit(self) -> None:
                    with seams.passing(Boundary.COMMIT, ""):
                        super().commit()

            return sqlite3.connect(*positional, **named, factory=Mortal)

        class MortalPostgres(psycopg.Connection[Any]):
            def commit(self) -> None:
                with seams.passing(Boundary.COMMIT, ""):
                    super().commit()

        return MortalPostgres.connect(*positional, **named)


@dataclass(frozen=True)
class _Calls:
    """A port whose every coroutine is visited; anything else of it is as it is."""

    _port: Any
    _seams: Seams
    _boundary: Boundary

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        call: Callable[..., Awaitable[Any]] = found

        async def visited(*args: Any, **kwargs: Any) -> Any:
            with self._seams.passing(self._boundary, name):
                return await call(*args, **kwargs)

        return visited


@dataclass(frozen=True)
class _Touches:
    """A Disk whose every touch is visited."""

    _disk: Any
    _seams: Seams

    def __getattr__(self, name: str) -> Any:
        touch: Callable[..., Any] = getattr(self._disk, name)

        def visited(*args: Any, **kwargs: Any) -> Any:
            with self._seams.passing(Boundary.DISK, name):
                return touch(*args, **kwargs)

        return visited


async def _cut(scope: Scope, receive: Receive) -> None:
    """Answer nothing, as a dead process would."""
    scope["extensions"][CUT]()
    while (await receive())["type"] != "http.disconnect":
        pass
