"""The heartbeat: tells a dead man's switch outside, once a minute, that all is well. When it is not, it stays silent.

A switch of the kind of healthchecks.io waits for a request to an address of its own, and alarms people in its own way
when none comes (healthchecks.io/docs/http_api). So nothing of ours has to work for that alarm to go off. The request
says nothing but that it was made.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import aiohttp

from bot.foundation import metrics
from bot.foundation.watch.auditor import Auditor
from bot.foundation.watch.rounds import Rounds
from bot.foundation.watch.signs import Signs

log = logging.getLogger(__name__)
SEND_EVERY = 60.0
LOOK_EVERY = 5.0
ANSWERS_WITHIN = 10.0
"""All in seconds."""


class Heartbeat:
    """Sends the heartbeat from a thread of its own. `look` is one round; `start` runs them.

    Args:
        url: The switch's address. It is a secret: whoever knows it can keep the switch quiet.
        auditor: Who says whether all is well.
    """

    def __init__(self, url: str, auditor: Auditor, signs: Signs, steady: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._auditor = auditor
        self._signs = signs
        self._steady = steady
        self._sent_at: float | None = None
        self._rounds = Rounds("heartbeat", self.look, LOOK_EVERY)

    def start(self) -> None:
        """Begin to send."""
        self._signs.expect("heartbeat")
        self._rounds.start()

    def stop(self) -> None:
        """Send no more."""
        self._rounds.stop()

    def look(self) -> None:
        """Send a heartbeat if one is due and all is well."""
        self._signs.show("heartbeat")
        is_due = self._sent_at is None or self._steady() - self._sent_at >= SEND_EVERY
        if is_due and self._auditor.is_well:
            self._sent_at = self._steady()
            asyncio.run(self._send())

    async def _send(self) -> None:
        """Send one, whatever comes of it: a switch that cannot be reached will notice by itself."""
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                outcome = "taken" if answer.status < 300 else f"HTTP {answer.status}"
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            outcome = type(error).__name__
        metrics.heartbeats.labels(outcome=outcome).inc()
        if outcome != "taken":
            log.warning("the heartbeat did not arrive: %s", outcome)
