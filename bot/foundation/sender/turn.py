"""Whose turn it is to send: of several workers on one database, one at a time talks to Slack.

    nobody's ──take──▶ ours ──renewed every few seconds──▶ ours ──handed back, or not renewed──▶ nobody's

So pace and Retry-After need to be known to one process only. Whoever is stopped for longer than its turn lasts finds,
before it calls Slack, that the turn is over. One process on SQLite is always alone: there it is always its turn.
"""

import os
import platform
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col

from bot.foundation.db import Store
from bot.foundation.models import Lease
from bot.foundation.work import Actor, Reading, Work

SENDER = Actor("system", "sender", "Backout")
NAME = "sender"
LASTS = timedelta(seconds=10)
RENEWED_BEFORE = timedelta(seconds=6)
"""What is left of a turn when it is renewed."""
ENOUGH = timedelta(seconds=2)
"""No call begins when less than this is left: it may take a moment to leave."""


@dataclass
class Turn:
    """Whether it is this process's turn, and which one.

    Attributes:
        number: Of the last turn that was ours. No number is ever given twice.
        theirs_until: When another process's turn ends unless it renews it; None while it is ours or nobody's.
    """

    store: Store
    number: int = 0
    _holder: str = ""
    _until: datetime | None = None
    theirs_until: datetime | None = None

    @property
    def is_shared(self) -> bool:
        """Say whether there can be another process."""
        return self.store.is_shared

    def is_still(self, number: int) -> bool:
        """Say whether the turn of this number is on, and for long enough to call Slack."""
        if not self.is_shared:
            return True
        return self.number == number and self._left() >= ENOUGH

    async def take(self) -> bool:
        """Take the turn if nobody has it, keep it if it is ours; says whether it is."""
        if not self.is_shared or self._left() > RENEWED_BEFORE:
            return True
        self.theirs_until = await self.store.read(self._somebody_elses)
        lease = None if self.theirs_until else await self.store.submit(SENDER, self._take)
        self.number, self._until = (lease.number, lease.until) if lease else (self.number, None)
        return lease is not None

    async def hand_back(self, quiet_until: datetime | None) -> None:
        """Let another process have its turn, once Slack may be called again."""
        if self._until is not None:
            self._until = None
            await self.store.submit(SENDER, self._hand_back, quiet_until)

    def _left(self) -> timedelta:
        return self._until - self.store.clock.now() if self._until else timedelta()

    def _somebody_elses(self, reading: Reading) -> datetime | None:
        lease = reading.session.get(Lease, NAME)
        return lease.until if lease and lease.holder != self._holder and lease.until > reading.now else None

    def _take(self, work: Work) -> Lease | None:
        """Renew our turn, or begin a new one where the last is over: by compare-and-set, whoever else tries it."""
        self._holder = self._holder or f"{platform.node()}:{os.getpid()}:{work.new_id('worker')}"
        until = work.now + LASTS
        ours = col(Lease.holder) == self._holder, col(Lease.number) == self.number
        is_ours = col(Lease.name) == NAME
        taken = (
            work.change(Lease, is_ours, *ours, col(Lease.until) > work.now, until=until)
            or work.change(
                Lease,
                is_ours,
                col(Lease.until) <= work.now,
                holder=self._holder,
                number=col(Lease.number) + 1,
                until=until,
            )
            or work.add_once(Lease(name=NAME, holder=self._holder, number=1, until=until))
        )
        return work.session.get(Lease, NAME) if taken else None

    def _hand_back(self, work: Work, quiet_until: datetime | None) -> None:
        ours = col(Lease.holder) == self._holder, col(Lease.number) == self.number
        work.change(Lease, col(Lease.name) == NAME, *ours, until=max(work.now, quiet_until or work.now))
