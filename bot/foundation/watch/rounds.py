"""A thread that does one thing again and again, whatever that raises."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)
LETS_GO = 2.0
"""Seconds that a thread gets to come to its end; one that hangs must not hold up the end of the process."""


class Rounds:
    """Does something every so many seconds, from `start` to `stop`, in a thread of its own."""

    def __init__(self, name: str, do: Callable[[], object], every: float) -> None:
        self._do = do
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first round comes after the first pause."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no other round, and wait a little for the one that runs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(LETS_GO)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self._do()
            except Exception:
                log.exception("a round of the %s failed", self._thread.name)
