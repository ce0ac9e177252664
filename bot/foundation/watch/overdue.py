"""What should have been done by now: found the same way for every kind of work, so that a new kind is covered at once.

Every deadline is a column that a sweep answers for with its `next_due`, and everything that leaves is a row of the
outbox. There is no third place where work could wait.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.foundation.outbox import Sweep
from bot.foundation.sender import rows
from bot.foundation.watch.signs import ago, since
from bot.foundation.work import Reading

log = logging.getLogger(__name__)
LATE = timedelta(seconds=30)
LATE_MESSAGE = timedelta(minutes=5)
"""A message may wait for Slack, and for its turn in a channel that takes one post a second."""


@dataclass(frozen=True)
class Overdue:
    """One kind of work whose oldest piece should have been done by now.

    Attributes:
        kind: A sweep's name, or the kind of an outbox row.
        due: When the oldest piece was due; None if the sweep cannot say.
        seconds: How long ago that was.
    """

    kind: str
    due: datetime | None
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {since(self.due, self.seconds) if self.due else 'cannot say what is due'}"


def find(reading: Reading, sweeps: Sequence[Sweep], messages: Collection[str]) -> list[Overdue]:
    """Return every kind of work that is late.

    Args:
        reading: The moment to look at.
        sweeps: All that time brings.
        messages: Kinds of outbox rows that go to Slack.
    """
    return [*_late_sweeps(reading, sweeps), *_late_rows(reading, messages)]


def _late_sweeps(reading: Reading, sweeps: Sequence[Sweep]) -> list[Overdue]:
    found = []
    for sweep in sweeps:
        try:
            due = sweep.next_due(reading)
        except Exception:
            log.exception("sweep %s cannot say when it is due", sweep.name)
            found.append(Overdue(sweep.name, None))
        else:
            found += _late(reading, sweep.name, due, LATE)
    return found


def _late_rows(reading: Reading, messages: Collection[str]) -> list[Overdue]:
    oldest = rows.oldest(reading)
    return [
        late
        for kind, due in oldest.items()
        for late in _late(reading, kind, due, LATE_MESSAGE if kind in messages else LATE)
    ]


def _late(reading: Reading, kind: str, due: datetime | None, limit: timedelta) -> list[Overdue]:
    if due is None or reading.now - due <= limit:
        return []
    return [Overdue(kind, due, ago(reading.now, due))]
