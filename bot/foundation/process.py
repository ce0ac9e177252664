"""A running Backout: starts the doors and the worker, keeps asking Slack who we are, and stops within ten seconds.

    starting ──▶ taking alerts ──▶ connected to Slack (auth.test) ──▶ serving all ──▶ SIGTERM: finishing ──▶ gone

Alerts are taken from the first moment, whether Slack answers or not.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import uvicorn
from fastapi import APIRouter, FastAPI
from sqlmodel import Session

from bot.foundation import line, policies, trail
from bot.foundation.clock import Clock
from bot.foundation.config import Config
from bot.foundation.db import Store, open_engine, open_store, sqlite_file
from bot.foundation.environment import Environment, SettingError, logged_in, trail_key
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.ids import Ids
from bot.foundation.migrations import require_newest
from bot.foundation.outbox import Kinds
from bot.foundation.router import Router
from bot.foundation.sender import Sender
from bot.foundation.slack_door import Edge, SlackDoor
from bot.foundation.slack_door.door import Identify
from bot.foundation.slack_door.socket import SocketDoor
from bot.foundation.slack_port import Identity, SlackError, SlackPort, WrongClock
from bot.foundation.watch import Auditor, Health, Heartbeat, Signs, skew
from bot.foundation.web_door import Doors, web_app
from bot.foundation.work import Actor, Lane, Reading, Work
from bot.foundation.worker_loop import WorkerLoop

P = ParamSpec("P")
log = logging.getLogger(__name__)
ASK_AGAIN_SECONDS = 5
SIGN_SECONDS = 5
PROCESS = Actor("system", "process", "Backout")
BACKLOG = 2_048
"""Connections that wait while we are busy; as many as uvicorn's own default."""
SWITCH_SECONDS = 0.001
"""So long at most the writer's thread waits for its turn while the event loop is busy; Python's own 5 ms add up."""
FINISH_SECONDS = 4
"""For the web and then for the sender: together with the database's last commit within ten seconds."""


@dataclass(frozen=True)
class Wiring:
    """What the capabilities bring, as `app.py` lists it."""

    routers: Sequence[Router]
    web: Sequence[APIRouter]
    kinds: Kinds
    identify: Identify
    fallback_channel: str
    readiness: Mapping[str, Callable[[Reading], str]] = field(default_factory=dict)


class Process:
    """One process of Backout. Build it, then `run` it; tests call `connect` and `worker.tick` themselves."""

    def __init__(
        self,
        environment: Environment,
        store: Store,
        slack: SlackPort,
        wiring: Wiring,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = environment
        self._slack = slack
        self._wiring = wiring
        self._socket: SocketDoor | None = None
        self._session = ""
        self.store = store
        self.sender = Sender(store, wiring.kinds, slack, wiring.fallback_channel)
        self.signs = Signs(store.clock, steady)
        readiness = {**wiring.readiness, "sending": lambda reading: self.sender.trouble or line.trouble(reading)}
        self.health = Health(store, self.signs, wiring.kinds, readiness)
        self.auditor = Auditor(store, self.health)
        url = environment.heartbeat_url
        self.heartbeat = Heartbeat(url.get_secret_value(), self.auditor, self.signs, steady) if url else None
        self.doors = Doors(store, environment.alert_secrets, self.health)
        self.web: FastAPI = web_app(self.doors, wiring.web)
        self.worker = WorkerLoop(store, self.sender, wiring.kinds.sweeps, self.signs)

    async def connect(self) -> None:
        """Ask Slack who we are, pin that, and open the door for people.

        Raises:
            SlackError: when Slack does not answer, or its clock and ours are too far apart.
        """
        who = await self._slack.who_am_i()
        self._compare_clocks(who)
        secret = self._environment.slack_signing_secret
        self.doors.edge = Edge(secret.get_secret_value() if secret else "", who.team_id, who.app_id)
        self.doors.slack = SlackDoor(self.store, self._slack, self._wiring.routers, self._wiring.identify, who)
        if self._environment.slack_app_token:
            token = self._environment.slack_app_token.get_secret_value()
            self._socket = SocketDoor(self.doors.slack, self.doors.edge, token, self._environment.slack_api_url)
            await self._socket.connect()
            self.signs.expect("Socket Mode")
        self.health.slack = ""
        log.info("connected to Slack as %s in %s", who.app_id, who.team_id)

    async def note_policy(self) -> None:
        """Say in the trail under which configuration and version this process works, if that is new."""
        if not await self.store.read(policies.is_recorded):
            await self.store.submit(Actor("system", "process", logged_in()), policies.record)

    def _compare_clocks(self, who: Identity) -> None:
        """Note a clock that is odd; refuse to go on with one that is wrong."""
        ahead = skew.difference(self.store.clock.now(), who.said_at)
        if skew.is_too_far(ahead):
            raise WrongClock(skew.note(ahead))
        self.health.clock = skew.note(ahead)
        if self.health.clock:
            log.warning("%s", self.health.clock)

    async def disconnect(self) -> None:
        """Take no more gestures."""
        if self._socket:
            await self._socket.close()

    async def run(self, *, web: bool, worker: bool, when_open: Callable[[], object] = lambda: None) -> None:
        """Serve until SIGTERM or SIGINT, then finish what is running and return (OSError: the port is taken).

        `when_open` is called once the doors are open.
        """
        stop = asyncio.Event()
        sys.setswitchinterval(SWITCH_SECONDS)
        with _stopping_on_signals(stop):
            async with contextlib.AsyncExitStack() as running:
                running.callback(self.store.close)
                await self.note_policy()
                if worker:
                    await self.sender.recover()
                    await running.enter_async_context(self._working())
                if web:
                    await running.enter_async_context(self._serving())
                running.push_async_callback(self.disconnect)
                running.push_async_callback(self.tell_foreign, at_once=True)
                await running.enter_async_context(_task(self._keep_connecting()))
                await running.enter_async_context(_task(self._show_signs()))
                running.enter_context(self._watching())
                gc.collect()
                gc.freeze()  # what start-up made stays: the collector need not look at it again
                when_open()
                await stop.wait()
                self.doors.is_stopping = True
                log.info("stopping: finishing what is running")

    async def _keep_connecting(self) -> None:
        while True:
            try:
                await self.connect()
            except SlackError as error:
                self.health.slack = f"not connected: {error}"
                log.warning("not connected to Slack, alerts are taken all the same: %s", error)
            except Exception as error:
                self.health.slack = f"not connected: {type(error).__name__}"
                log.exception("Slack's answer was not understood; it is asked again")
            else:
                return
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _show_signs(self) -> None:
        """Show that the event loop comes round, and that Slack could reach us over the socket."""
        self.signs.expect("event loop")
        while True:
            self.signs.show("event loop")
            try:
                await self.tell_foreign()
                await self._look_at_socket()
            except Exception:
                log.exception("a round of the signs failed")  # the socket is silent then; the next round comes
            await asyncio.sleep(SIGN_SECONDS)

    async def tell_foreign(self, *, at_once: bool = False) -> None:
        """Record what was counted of requests that were not for us: a minute's together, at the end all."""
        with contextlib.suppress(StoreUnavailableError):  # the next sign tries again
            await self.doors.record_foreign(self.doors.foreign.due(self.store.clock.now(), at_once=at_once))

    async def _look_at_socket(self) -> None:
        if self._socket and await self._socket.is_connected():
            self.signs.show("Socket Mode")
            await self.notice_session(await self._socket.session())

    async def notice_session(self, session: str) -> None:
        """Note over which connection gestures come; after a new one, ask for what may have been lost in between."""
        with contextlib.suppress(StoreUnavailableError):  # the next sign asks again
            if self._session and session != self._session:
                await self.store.submit(PROCESS, _recheck)
            self._session = session

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """Watch from outside the event loop, and send the heartbeat if there is somebody to take it."""
        with contextlib.ExitStack() as running:
            for watcher in (self.auditor, self.heartbeat) if self.heartbeat else (self.auditor,):
                watcher.start()
                running.callback(watcher.stop)
            yield

    @contextlib.asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait([task], timeout=FINISH_SECONDS)
            task.cancel()  # a round that hangs must not hold up the end
            await asyncio.gather(task, return_exceptions=True)
            await self.sender.stop(FINISH_SECONDS)

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        # Bound here, because uvicorn ends the whole program, with a traceback, when it cannot bind a port.
        listening = _listening(self._environment.host, self._environment.port)
        server = _Server(
            uvicorn.Config(
                self.web,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=FINISH_SECONDS,
                server_header=False,
            )
        )
        task = asyncio.create_task(server.serve([listening]))
        try:
            await asyncio.wait([task, asyncio.create_task(server.ready.wait())], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield
        finally:
            server.should_exit = True
            await task


def _recheck(work: Work) -> None:
    work.enqueue("people.recheck", "people.recheck", lane=Lane.PAGE)


def open_process_store(environment: Environment, config: Config, clock: Clock, ids: Ids) -> Store:
    """Open the store that the environment names, with the trail's key.

    Raises:
        SchemaError: for a database of another shape.
        SettingError: when the trail's key is missing, or is not the one that the trail was written with.
    """
    url = environment.database_url
    require_newest(url)
    key, made = trail_key(url, environment.trail_key, make=not _trail(url, trail.has_begun))
    if made:
        log.warning(
            "made the trail's first key in %s: keep a copy elsewhere, with whoever checks the trail. "
            "From tomorrow on the file holds only the newest key, which cannot check what was written before it",
            made,
        )
    if not _trail(url, trail.is_continued_with, key):
        raise SettingError(
            "The trail was written with another key, or an older copy of the database was put back. "
            "Set BACKOUT_TRAIL_KEY to the first key, or put the key file back that belongs to this database."
        )
    return open_store(url, clock=clock, ids=ids, config=config, trail_key=key)


def _trail(url: str, ask: Callable[Concatenate[Session, P], bool], /, *args: P.args, **kwargs: P.kwargs) -> bool:
    """Ask something of the trail before the store is open."""
    engine = open_engine(url, reading=True)
    try:
        with Session(engine) as session:
            return ask(session, *args, **kwargs)
    finally:
        engine.dispose()


@contextlib.contextmanager
def alone_with(url: str) -> Iterator[None]:
    """Make sure that no second process works on an SQLite file (SettingError); any database server may be shared."""
    path: Path | None = sqlite_file(url)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another Backout is working on {path}. Stop it first, or use PostgreSQL for several processes."
            raise SettingError(message) from None
        yield


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the process decides when to stop. `ready` once it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def _task(doing: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(doing)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
