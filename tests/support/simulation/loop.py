"""An event loop in which no time is spent waiting: when nothing can run, time jumps to the next timer."""

import asyncio
import selectors
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any


class StalledError(Exception):
    """Nothing runs, and nothing ever will: somebody waits for what cannot come."""


class _Jumping(selectors.DefaultSelector):
    """Waits for no file: moves the loop's time on instead."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise StalledError
        self.loop.elapsed += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """One thread, no waiting, no chance: what runs when follows from what was started when.

    Attributes:
        elapsed: Virtual seconds since the loop was made.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.elapsed

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """Run it here and now: a thread would finish whenever the machine lets it."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the caller waits for it
            done.set_exception(error)
        return done


class LoopClock:
    """The true time of a simulation, and that of a node whose clock is wrong.

    Attributes:
        wrong_by: How far this clock is ahead of the true time.
    """

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start.astimezone(UTC)
        self.wrong_by = timedelta()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.elapsed) + self.wrong_by
