"""What is wrong with this process, in words: database, Slack, worker, loops, overdue work, parts of capabilities."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlmodel import text

from bot.foundation import metrics
from bot.foundation.db import Store
from bot.foundation.models import Beat
from bot.foundation.outbox import Kinds
from bot.foundation.watch import overdue
from bot.foundation.watch.signs import Signs, ago, since
from bot.foundation.work import Reading

WORKER_SILENT = 60.0
ASKS_WITHIN = 5.0
"""Seconds. A database that does not answer a look in this time is in trouble."""
Trouble = Callable[[Reading], str]


@dataclass
class Health:
    """Everything that must work, looked at in one go. Any thread may look.

    Attributes:
        kinds: What can be overdue.
        readiness: More parts that must work, by name: each says what its trouble is, '' when there is none.
        slack: Why Slack cannot be used right now, empty when it can.
        clock: What is odd about our clock, though it can be worked with: as it was when we connected to Slack.
    """

    store: Store
    signs: Signs
    kinds: Kinds = field(default_factory=Kinds)
    readiness: Mapping[str, Trouble] = field(default_factory=dict)
    slack: str = "not connected to Slack yet"
    clock: str = ""

    async def ask(self) -> dict[str, str]:
        """Look without holding up the event loop; a database that does not answer in time is in trouble."""
        try:
            inside = await asyncio.wait_for(self.store.read(self._inside), ASKS_WITHIN)
        except Exception as error:  # noqa: BLE001 - whatever it is, this is the place that says so
            inside = _no_database(error)
        return inside | self._outside()

    def look(self) -> dict[str, str]:
        """Do what `ask` does, and wait for it: for a thread that has nothing else to do."""
        try:
            inside = self.store.read_now(self._inside)
        except Exception as error:  # noqa: BLE001 - whatever it is, this is the place that says so
            inside = _no_database(error)
        return inside | self._outside()

    def _inside(self, reading: Reading) -> dict[str, str]:
        """Look at what the database tells."""
        reading.session.connection().execute(text("SELECT 1"))
        late = overdue.find(reading, self.kinds.sweeps, self.kinds.messages)
        metrics.show_overdue({one.kind: one.seconds for one in late})
        return {
            "database": "",
            "worker": _worker_trouble(reading),
            **{name: trouble(reading) for name, trouble in self.readiness.items()},
            "overdue": "; ".join(str(one) for one in late),
        }

    def _outside(self) -> dict[str, str]:
        """Look at what needs no database."""
        silent = "; ".join(f"{loop} {words}" for loop, words in self.signs.silent().items())
        return {"slack": self.slack, "loops": silent}


def _worker_trouble(reading: Reading) -> str:
    """Say whether any worker, in whichever process, has shown that it is alive."""
    beat = reading.session.get(Beat, "worker")
    if beat is None:
        return "has not run yet"
    silent = ago(reading.now, beat.at)
    return f"silent {since(beat.at, silent)}" if silent > WORKER_SILENT else ""


def _no_database(error: Exception) -> dict[str, str]:
    return {"database": type(error).__name__}
