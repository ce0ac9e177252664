"""Processes of Backout that die at any seam, are started again, and whose clocks jump.

A seam is every place where something leaves or enters the process: before and after each commit, each look at the
database, each call to Slack and to a target. Whoever has died never comes back from a seam.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import aiohttp

from bot import app
from bot.foundation.appending import AppendJob, Row, table_of
from bot.foundation.config import Config
from bot.foundation.db import Store
from bot.foundation.environment import Environment
from bot.foundation.ids import Ids
from bot.foundation.jobs import WorkJob
from bot.foundation.process import Process
from bot.foundation.slack_port import SlackClient
from bot.foundation.trail import keyring
from bot.rollback.targets import TargetFactory
from tests.support.asgi import Asked, Heard
from tests.support.simulation.database import Database
from tests.support.simulation.loop import LoopClock
from tests.support.stores import TRAIL_KEY

A_MOMENT = 0.5
"""What is committed within so many seconds is looked at together: a thousand rounds less in a day."""
METRONOME = 1.0
"""A node notices within so many seconds what another one committed (`bot/foundation/worker_loop.py`)."""


@dataclass
class Life:
    """How long a node lives: until its `dies_at`-th seam, if it is to die by itself."""

    rng: random.Random
    dies_at: int | None = None
    seams: int = 0
    died_at: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def seam(self, where: str) -> None:
        """Let others have their turn; never return once this life is over."""
        self.seams += 1
        if self.dies_at is not None and self.seams >= self.dies_at and not self.over.is_set():
            self.died_at = where
            self.over.set()
        if self.over.is_set():
            await asyncio.get_running_loop().create_future()
        if self.rng.random() < 0.5:
            await asyncio.sleep(self.rng.choice((0.0, 0.001, 0.004)))


class InlineStore(Store):
    """A store that runs each job where it is asked to, in one thread: everything else is the real one."""

    life: Life

    async def submit(self, actor: Any, verb: Any, /, *args: Any, **kwargs: Any) -> Any:
        await self.life.seam("before a commit")
        try:
            return self.submit_now(actor, verb, *args, **kwargs)
        finally:
            await self.life.seam("after a commit")

    async def append(self, model: Any, row: Mapping[str, Any]) -> None:
        await self.life.seam("before an alert is stored")
        loop = asyncio.get_running_loop()
        waiting = Row(row, loop.create_future())
        self._commit([AppendJob(table_of(model), loop, [waiting])])
        await waiting.future
        await self.life.seam("after an alert was stored")

    async def read(self, query: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self.read_now(query, *args, **kwargs)

    def _enqueue_work(self, actor: Any, verb: Any, /, *args: Any, **kwargs: Any) -> Any:
        job = WorkJob(actor, lambda work: verb(work, *args, **kwargs))
        self._commit([job])
        return job.future


@dataclass
class Parts:
    """What every life of a node is made of."""

    database: Database
    config: Config
    environment: Environment
    ids: Ids
    slack: Callable[[Life, LoopClock], SlackClient]
    targets: Callable[[Life], TargetFactory]
    note: Callable[[str], None]
    committed: Callable[["Node"], None]
    alone: bool


class Node:
    """One process. `start` begins a life, `kill` ends it, `ask` is a request over HTTP."""

    def __init__(self, name: str, parts: Parts, clock: LoopClock, rng: random.Random) -> None:
        self.name = name
        self.clock = clock
        self._parts = parts
        self._rng = rng
        self._wake = asyncio.Event()
        self._beat: asyncio.TimerHandle | None = None
        self._requests: set[asyncio.Task[Any]] = set()
        self._running: asyncio.Task[None] | None = None
        self.process: Process | None = None
        self.life = Life(rng)

    @property
    def is_up(self) -> bool:
        return self.process is not None and not self.life.over.is_set()

    def start(self) -> None:
        self.life = Life(self._rng)
        self._running = asyncio.create_task(self._live(self.life))

    async def stop(self) -> None:
        """End this life at once, as a power cut would, and wait until nothing of it is left."""
        self.life.over.set()
        if self._running is not None:
            await self._running

    async def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> Heard:
        """Send a request; raises ConnectionError when the process is down or dies before it answers."""
        if not self.is_up or self.process is None:
            raise aiohttp.ClientConnectionError("nobody answers")
        task = asyncio.create_task(Asked(self.process.web).post(path, content=body, headers=headers))
        self._requests.add(task)
        over = asyncio.create_task(self.life.over.wait())
        try:
            await asyncio.wait({task, over}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise aiohttp.ClientConnectionError("it died before it answered")
            return task.result()
        finally:
            over.cancel()
            self._requests.discard(task)
            if not task.done():
                task.cancel()

    def notice(self, *, soon: bool) -> None:
        """Wake the worker: at once after a commit of its own, at the next beat of the metronome after another's."""
        if soon:
            self._wake.set()
        elif self._beat is None:
            self._beat = asyncio.get_running_loop().call_later(METRONOME, self._beaten)

    def _beaten(self) -> None:
        self._beat = None
        self._wake.set()

    # --- one life ---------------------------------------------------------------------------------------------------

    async def _live(self, life: Life) -> None:
        parts = self._parts
        database = parts.database
        keys = keyring(TRAIL_KEY)
        store = InlineStore(database.writer, database.reader, self.clock, parts.ids, parts.config, keys)
        store.life, store.is_shared = life, not parts.alone
        slack = parts.slack(life, self.clock)
        wiring = app.wiring(parts.config, slack, parts.targets(life))
        sweeps = tuple(map(database.tables.remembering, wiring.kinds.sweeps))
        wiring = replace(wiring, kinds=replace(wiring.kinds, sweeps=sweeps))
        process = Process(parts.environment, store, slack, wiring, steady=asyncio.get_running_loop().time)
        store.after_commit = lambda: parts.committed(self)
        self.process = process
        doing = [
            asyncio.create_task(process._keep_connecting()),
            asyncio.create_task(self._work(process, recover=parts.alone)),
        ]
        await life.over.wait()
        store.after_commit = lambda: None
        self.process = None
        await _bury([*doing, *self._requests, *process.sender._started.values()])
        await asyncio.get_running_loop().run_in_executor(None, store.close)

    async def _work(self, process: Process, *, recover: bool) -> None:
        """What the worker loop does, without a metronome of its own (see `METRONOME`)."""
        if recover:
            await process.sender.recover()
        while True:
            self._wake.clear()
            before = self._parts.database.tables.state
            due = await process.worker._tick_safely()
            if self._parts.database.tables.state == before:
                self._wake.clear()  # a beat is no news
            await asyncio.sleep(A_MOMENT)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_until(due)):
                    await self._wake.wait()

    def _seconds_until(self, due: datetime | None) -> float | None:
        return max(0.0, (due - self.clock.now()).total_seconds()) if due else None


async def _bury(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """End what a process was doing when it died: nothing of it may go on."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def in_background(doing: Coroutine[Any, Any, Any], held: set[asyncio.Task[Any]]) -> None:
    """Start something and hold on to it until it has ended."""
    task = asyncio.create_task(doing)
    held.add(task)
    task.add_done_callback(held.discard)
