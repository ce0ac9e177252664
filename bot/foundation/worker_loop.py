"""The worker loop: does what is due, then sleeps until the next thing is, or something new commits.

Every deadline is a column. APScheduler is only the metronome that wakes the loop once a second where another process
may have committed something, or when the clock has reached what is due before its time (it was set, or the machine
slept); it stores nothing and may miss any number of beats without harm. One process alone, with nothing to do, rests.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.outbox import Sweep
from bot.foundation.sender import Sender
from bot.foundation.watch import Signs
from bot.foundation.watch.signs import beat
from bot.foundation.work import Actor, Reading

log = logging.getLogger(__name__)
WORKER = Actor("system", "worker", "Backout")
BEAT_EVERY = timedelta(seconds=15)
METRONOME_SECONDS = 1
SWEEPS_A_TICK = 20
"""So often a sweep may take another lot before messages have their turn; one that gives way takes one."""
RESTS_AT_MOST_SECONDS = 10.0
"""So often the loop comes round at least, to show that it can."""
REST = timedelta(milliseconds=50)
"""Between two rounds, so that what commits one after the other is looked at together."""
WAIT_FOR_LULL_SECONDS = 0.25
WAIT_IN_A_RUSH_SECONDS = 2.0
"""So long at most a sweep that gives way waits for the doors: what came in is read at last, however much comes in."""
AFTER_DEFECT = timedelta(seconds=5)
A_MOMENT = timedelta(milliseconds=100)
"""What a sweep left over (another process holds it) is not asked for again without a pause."""


Due = tuple[Sweep, datetime]


class WorkerLoop:
    """Runs sweeps and the sender. `tick` is one round, at the clock's moment; `run` is the loop.

    It shows `signs` that its sweeps, the sender and the metronome come round.
    """

    def __init__(self, store: Store, sender: Sender, sweeps: Sequence[Sweep], signs: Signs | None = None) -> None:
        self._store = store
        self._sender = sender
        self._sweeps = sweeps
        self._signs = signs or Signs(store.clock)
        self._beat_at: datetime | None = None
        self._put_off: dict[str, datetime] = {}
        self._wake = asyncio.Event()
        self._next: datetime | None = None
        self.metronome = AsyncIOScheduler(timezone="UTC")

    async def tick(self) -> datetime | None:
        """Do everything that is due now; returns when the next thing is."""
        commits, finished, left = self._store.commits, set(), list[Sweep]()
        dues = await self._next_dues()
        for sweep, due in dues:
            if due <= self._store.clock.now():
                if await self._sweep(sweep, self._patience(dues)):
                    finished.add(sweep.name)
                else:
                    left.append(sweep)
            self._signs.show("worker")  # also in between: a storm makes a round long
        self._signs.show("worker")
        next_row = await self._sender.tick()
        self._signs.show("sender")
        await self._beat()
        if self._wake.is_set():  # something has been committed meanwhile, so the next round asks in any case
            return self._soon(left)
        if self._store.commits != commits:
            dues = await self._next_dues()
        soon = self._store.clock.now() + A_MOMENT
        later = [max(due, soon) if sweep.name in finished else due for sweep, due in dues]
        return min([*later, next_row] if next_row else later, default=None)

    def _soon(self, left: Sequence[Sweep]) -> datetime:
        """Return when to look again while things come in: at once while deadlines are left over, else after a rest."""
        now = self._store.clock.now()
        return now if any(not sweep.gives_way for sweep in left) else now + REST

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if self._wake.is_set():  # what was committed before the loop clears this, it sees
                return
            with contextlib.suppress(RuntimeError):  # the event loop has ended: there is nobody left to wake
                loop.call_soon_threadsafe(self._wake.set)

        for loop_name in ("worker", "sender", "metronome"):
            self._signs.expect(loop_name)
        self._store.after_commit = wake
        self.metronome.add_job(self._on_beat, "interval", seconds=METRONOME_SECONDS, coalesce=True, max_instances=1)
        self.metronome.start()
        try:
            while not stop.is_set():
                self._wake.clear()
                self._next = await self._tick_safely()
                if self._seconds_left() > 0:  # nothing is due now
                    await _first(stop.wait(), at_most=REST.total_seconds())
                await _first(stop.wait(), self._wake.wait(), at_most=self._seconds_left())
        finally:
            self.metronome.shutdown(wait=False)
            self._store.after_commit = lambda: None

    def _on_beat(self) -> None:
        """The metronome's beat: look whether another process has committed something, or the clock has moved on."""
        self._signs.show("metronome")
        if self._store.is_shared or self._seconds_left() == 0:
            self._wake.set()

    async def _tick_safely(self) -> datetime | None:
        try:
            return await self.tick()
        except StoreUnavailableError as error:
            log.warning("the worker waits: %s", error)
        except Exception:
            log.exception("a round of the worker failed")  # a loop that died would be worse
        return self._store.clock.now() + AFTER_DEFECT

    def _seconds_left(self) -> float:
        """Return how long the loop may rest."""
        if self._next is None:
            return RESTS_AT_MOST_SECONDS
        return min(RESTS_AT_MOST_SECONDS, max(0.0, (self._next - self._store.clock.now()).total_seconds()))

    def _patience(self, dues: Sequence[Due]) -> float:
        """Return how long a sweep that gives way may wait in a rush: no deadline is to be late for it."""
        now = self._store.clock.now()
        return min([WAIT_IN_A_RUSH_SECONDS, *((due - now).total_seconds() for _sweep, due in dues if due > now)])

    async def _sweep(self, sweep: Sweep, patience: float) -> bool:
        """Run one sweep; says whether it took all it could. A defect in it stops neither the others nor the loop."""
        try:
            if sweep.gives_way:
                await self._store.lull(at_most=min(WAIT_FOR_LULL_SECONDS, patience), in_a_rush=patience)
            for _ in range(1 if sweep.gives_way else SWEEPS_A_TICK):
                if not await self._store.submit(Actor("system", sweep.name, "Backout"), sweep.run):
                    return True
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("sweep %s failed", sweep.name)
            self._put_off[sweep.name] = self._store.clock.now() + AFTER_DEFECT
        return False

    async def _next_dues(self) -> list[Due]:
        """Return when each sweep has something to do, if it has; one that met a defect waits a little."""
        try:
            return await self._store.read(self._dues, self._sweeps)
        except StoreUnavailableError:
            raise
        except Exception:  # noqa: BLE001 - one of them has a defect: ask each by itself, and say which
            return [due for sweep in self._sweeps for due in await self._due_alone(sweep)]

    async def _due_alone(self, sweep: Sweep) -> list[Due]:
        try:
            return await self._store.read(self._dues, [sweep])
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("sweep %s cannot say when it is due", sweep.name)
            return []

    def _dues(self, reading: Reading, sweeps: Sequence[Sweep]) -> list[Due]:
        asked = [(sweep, sweep.next_due(reading)) for sweep in sweeps]
        return [(sweep, max(due, self._put_off.get(sweep.name, due))) for sweep, due in asked if due is not None]

    async def _beat(self) -> None:
        """Show other processes that this loop is alive."""
        now = self._store.clock.now()
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            self._beat_at = now
            await self._store.submit(WORKER, beat, "worker")


async def _first(*waits: Coroutine[Any, Any, Any], at_most: float | None) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=at_most, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
