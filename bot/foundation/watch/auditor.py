"""The auditor: looks every ten seconds whether all is well, in a thread that needs none of what it watches."""

import logging
from concurrent.futures import Future
from typing import Any

from bot.foundation.db import Store
from bot.foundation.watch.health import Health
from bot.foundation.watch.rounds import Rounds
from bot.foundation.watch.signs import beat
from bot.foundation.work import Actor

log = logging.getLogger(__name__)
AUDITOR = Actor("system", "auditor", "Backout")
LOOK_EVERY = 10.0
"""Seconds."""


class Auditor:
    """Looks at a process's health and remembers what it saw. `look` is one round; `start` runs them in a thread."""

    def __init__(self, store: Store, health: Health) -> None:
        self._store = store
        self._health = health
        self._signs = health.signs
        self._told: dict[str, str] = {}
        self._probe: Future[Any] | None = None
        self._rounds = Rounds("auditor", self.look, LOOK_EVERY)
        self.troubles: dict[str, str] = {"auditor": "has not looked yet"}

    def start(self) -> None:
        """Begin to look."""
        for loop in ("auditor", "writer"):
            self._signs.expect(loop)
        self._rounds.start()

    def stop(self) -> None:
        """Look no more."""
        self._rounds.stop()

    @property
    def is_well(self) -> bool:
        """Say whether the last look found nothing, and nothing has gone silent since, the auditor included."""
        return not self.troubles and not self._signs.silent()

    def look(self) -> None:
        """Look once: at the writer by having it commit something small, and at everything else."""
        self._ask_the_writer()
        self.troubles = {part: why for part, why in self._health.look().items() if why}
        self._tell()
        self._signs.show("auditor")

    def _ask_the_writer(self) -> None:
        """Have the writer commit a sign of life; while one is on its way no other is asked for."""
        if self._probe is not None and not self._probe.done():
            return
        try:
            self._probe = self._store.submit_soon(AUDITOR, beat, "auditor")
        except Exception as error:  # noqa: BLE001 - a closed store: the writer stays silent, and that is told
            log.warning("the writer cannot be asked: %s", error)
        else:
            self._probe.add_done_callback(self._on_answer)

    def _on_answer(self, answer: Future[Any]) -> None:
        error = answer.exception()
        if error is None:
            self._signs.show("writer")
        else:
            log.warning("the writer cannot commit: %s", error)

    def _tell(self) -> None:
        """Log what has become wrong or right since the last look, once."""
        for part, why in self.troubles.items():
            if part not in self._told:
                log.error("not well: %s: %s", part, why)
        for part in self._told.keys() - self.troubles.keys():
            log.warning("well again: %s", part)
        self._told = self.troubles
