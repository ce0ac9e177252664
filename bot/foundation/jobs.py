"""What waits for the writer, and who has the next turn: people and alert sources, or our own loops.

    doors: rows to append, Works of people ──▶ urgent  ─╮ in turn, a transaction each
    loops: sweeps, the sender, signs of life ──▶ patient ─╯

So nobody who waits for an answer waits for more than one transaction of our own, and ours still come forward.
"""

import queue
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from bot.foundation.appending import AppendJob
from bot.foundation.work import Actor, Work

BATCH = 256


@dataclass
class WorkJob:
    """A verb to run as a Work, and who waits for its answer."""

    actor: Actor
    verb: Callable[[Work], Any]
    future: Future[Any] = field(default_factory=Future)


Job = WorkJob | AppendJob


class Jobs:
    """A queue that any thread puts jobs into, and one thread takes them out of."""

    def __init__(self) -> None:
        self._came: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lanes = (deque[Job](), deque[Job]())
        self._turn = 1
        self._is_closed = False

    def __len__(self) -> int:
        return self._came.qsize() + sum(map(len, self._lanes))

    def put(self, job: Job) -> None:
        """Let a job wait for its turn."""
        self._came.put(job)

    def close(self) -> None:
        """Put nothing more: `take` ends when all is taken."""
        self._came.put(None)

    def take(self) -> list[Job]:
        """Wait until there are jobs, and return those whose turn it is, for one transaction; empty: there are no more.

        Rows to append come first: a statement is enough for them.
        """
        self._sort(wait=not any(self._lanes) and not self._is_closed)
        self._turn = 1 - self._turn if self._lanes[1 - self._turn] else self._turn
        lane = self._lanes[self._turn]
        jobs = [lane.popleft() for _ in range(min(BATCH, len(lane)))]
        return sorted(jobs, key=lambda job: isinstance(job, WorkJob))

    def _sort(self, *, wait: bool) -> None:
        while True:
            try:
                job = self._came.get(block=wait)
            except queue.Empty:
                return
            wait = False
            if job is None:
                self._is_closed = True
            else:
                self._lanes[_is_patient(job)].append(job)


def _is_patient(job: Job) -> bool:
    return isinstance(job, WorkJob) and job.actor.kind == "system"
