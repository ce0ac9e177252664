"""A house whose loops come round when the test says so, on a clock that the test moves."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.foundation.db import Store
from bot.foundation.outbox import Effect, Kinds, Payload, Sweep
from bot.foundation.sender import Sender
from bot.foundation.watch import Auditor, Health, Signs
from bot.foundation.work import Actor, Reading, Work
from bot.foundation.worker_loop import WorkerLoop
from tests.support.clock import MORNING, VirtualClock
from tests.support.slack import FakeSlack

MAYA = Actor("person", "U0MAYA0001", "Maya")
WORKER = Actor("system", "worker", "Backout")


@dataclass
class House:
    """A store with a worker, and what watches them. `due` says what a sweep of that name waits for."""

    store: Store
    clock: VirtualClock
    due: dict[str, datetime | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signs = Signs(self.clock, self.steady)
        self.kinds = Kinds(
            {"card": lambda _reading, _payload: None},
            {"step": lambda _work, _payload: None},
            {"effect": Effect(_act, _settle)},
            tuple(self._sweep(name) for name in self.due),
        )
        self.health = Health(self.store, self.signs, self.kinds, slack="")
        self.auditor = Auditor(self.store, self.health)
        sender = Sender(self.store, self.kinds, FakeSlack(self.clock), "C1")
        self.worker = WorkerLoop(self.store, sender, self.kinds.sweeps, self.signs)

    def steady(self) -> float:
        return (self.clock.now() - MORNING).total_seconds()

    def want(self, kind: str, due_at: datetime | None = None) -> None:
        self.store.submit_now(MAYA, lambda work: work.enqueue(kind, f"{kind}:1", due_at=due_at))

    def look(self) -> dict[str, str]:
        """One round of the auditor, with the writer's answer; returns what is wrong."""
        self.auditor.look()
        self.store.submit_now(WORKER, lambda work: None)  # behind what the auditor asked of the writer
        return self.auditor.troubles

    def _sweep(self, name: str) -> Sweep:
        def next_due(_reading: Reading) -> datetime | None:
            return self.due[name]

        return Sweep(name, next_due, lambda work: 0)


async def _act(_payload: Payload, _key: str) -> Payload:
    return {}


def _settle(_work: Work, _payload: Payload, _outcome: Payload) -> None:
    return None


@pytest.fixture
def house(sqlite_store: Store, clock: VirtualClock) -> House:
    return House(sqlite_store, clock, {"escalation.climb": None, "alerts.inbox": None})
