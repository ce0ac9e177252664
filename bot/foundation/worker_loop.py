"""The worker loop: does what is due, then sleeps until the next thing is, or something new commits.

Every deadline is a column. APScheduler is only the metronome that wakes the loop once a second, in case another
process committed something; it stores nothing and may miss any number of beats without harm.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import Beat
from bot.foundation.outbox import Sweep
from bot.foundation.sender import Sender
from bot.foundation.work import Actor, Reading, Work

log = logging.getLogger(__name__)
WORKER = Actor("system", "worker", "Backout")
BEAT_EVERY = timedelta(seconds=15)
METRONOME_SECONDS = 1


class WorkerLoop:
    """Runs sweeps and the sender. `tick` is one round, at the clock's moment; `run` is the loop."""

    def __init__(self, store: Store, sender: Sender, sweeps: Sequence[Sweep]) -> None:
        self._store = store
        self._sender = sender
        self._sweeps = sweeps
        self._beat_at: datetime | None = None
        self._wake = asyncio.Event()

    async def tick(self) -> datetime | None:
        """Do everything that is due now; returns when the next thing is."""
        dues = await self._store.read(self._next_dues)
        for sweep, due in zip(self._sweeps, dues, strict=True):
            if due is not None and due <= self._store.clock.now():
                await self._sweep(sweep)
        next_row = await self._sender.tick()
        await self._beat()
        later = [due for due in await self._store.read(self._next_dues) if due is not None]
        return min([*later, next_row] if next_row else later, default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake.set)

        self._store.after_commit = wake
        metronome = AsyncIOScheduler(timezone="UTC")
        metronome.add_job(self._wake.set, "interval", seconds=METRONOME_SECONDS, coalesce=True, max_instances=1)
        metronome.start()
        try:
            while not stop.is_set():
                self._wake.clear()
                next_due = await self._tick_safely()
                await _first(stop.wait(), self._wake.wait(), at_most=self._seconds_until(next_due))
        finally:
            metronome.shutdown(wait=False)
            self._store.after_commit = lambda: None

    async def _tick_safely(self) -> datetime | None:
        try:
            return await self.tick()
        except StoreUnavailableError as error:
            log.warning("the worker waits: %s", error)
            return None

    def _seconds_until(self, moment: datetime | None) -> float | None:
        return max(0.0, (moment - self._store.clock.now()).total_seconds()) if moment else None

    async def _sweep(self, sweep: Sweep) -> None:
        """Run one sweep; a defect in it must not stop the others."""
        try:
            while await self._store.submit(Actor("system", sweep.name, "Backout"), sweep.run):
                pass
        except Exception:
            log.exception("sweep %s failed", sweep.name)

    def _next_dues(self, reading: Reading) -> list[datetime | None]:
        return [sweep.next_due(reading) for sweep in self._sweeps]

    async def _beat(self) -> None:
        """Show other processes that this loop is alive."""
        now = self._store.clock.now()
        if self._beat_at is None or now - self._beat_at >= BEAT_EVERY:
            self._beat_at = now
            await self._store.submit(WORKER, _beat)


def _beat(work: Work) -> None:
    work.session.merge(Beat(name="worker", at=work.now))


async def _first(*waits: Coroutine[Any, Any, Any], at_most: float | None) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=at_most, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
