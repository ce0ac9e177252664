"""Signs of life: a loop shows one whenever it has come round; a loop that has not for too long is silent."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.foundation import metrics
from bot.foundation.clock import Clock
from bot.foundation.models import Beat
from bot.foundation.work import Work

SILENT_AFTER = 30.0
"""Seconds. With a look every ten, whatever stops is known within a minute."""


class Signs:
    """What the loops of this process have shown. Any thread may show, and any thread may ask.

    Measured on a clock that never jumps; told in the wall clock's time, which people can compare with a log.
    """

    def __init__(self, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._shown: dict[str, tuple[float, datetime]] = {}

    def expect(self, loop: str) -> None:
        """From now on a loop must show a sign at least every SILENT_AFTER seconds."""
        self._shown[loop] = self._now()
        metrics.loop_silent_seconds.labels(loop=loop).set_function(lambda: self.seconds(loop))

    def show(self, loop: str) -> None:
        """Note that a loop has just come round, if anybody expects it to."""
        if loop in self._shown:
            self._shown[loop] = self._now()

    def seconds(self, loop: str) -> float:
        """Return how long ago a loop showed its last sign; 0 for one that nobody expects."""
        return max(0.0, self._steady() - self._shown[loop][0]) if loop in self._shown else 0.0

    def silent(self) -> dict[str, str]:
        """Return the loops that are silent, with the moment since when and for how long."""
        found = {}
        for loop, (_when, at) in list(self._shown.items()):
            seconds = self.seconds(loop)
            if seconds > SILENT_AFTER:
                found[loop] = f"silent {since(at, seconds)}"
        return found

    def _now(self) -> tuple[float, datetime]:
        return self._steady(), self._clock.now()


def since(moment: datetime, seconds: float) -> str:
    """Say since when something is wrong: `since 2026-11-21T09:00:00Z (75 s)`."""
    return f"since {moment:%Y-%m-%dT%H:%M:%SZ} ({seconds:.0f} s)"


def beat(work: Work, name: str) -> None:
    """Show other processes that something is alive at this moment, whoever else shows it as well."""
    if not work.change(Beat, Beat.name == name, at=work.now):  # type: ignore[arg-type]
        work.add_once(Beat(name=name, at=work.now))


def ago(now: datetime, moment: datetime) -> float:
    """Return how many seconds ago a moment was."""
    return (now - moment) / timedelta(seconds=1)
