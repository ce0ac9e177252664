"""A rollback played through on the example organisation: real services, a real sender, targets as tests want them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot.approvals import service as approvals
from bot.approvals.models import Request
from bot.foundation.models import OutboxRow
from bot.foundation.outbox import Kinds
from bot.foundation.sender import Sender
from bot.foundation.slack_port import SlackClient
from bot.foundation.work import Reading, Work
from bot.foundation.worker_loop import WorkerLoop
from bot.incidents.models import Systems
from bot.rollback import rules, service, worker
from bot.rollback.models import Execution, Plan, StageResult
from bot.rollback.rules import Capabilities
from bot.rollback.targets import Applied, Outcome, TargetFactory
from tests.incidents.organisation import Organisation, organisation, shipped_config
from tests.support.clock import VirtualClock
from tests.support.stores import prepare

SHOP = "shop-recommender"
CHANGED = Applied(Outcome.CHANGED, "8", "7", "the flag selects version 7 now", {"rest_unchanged": True})


@dataclass
class ScriptedTarget:
    """A target that does as it is told. The last of `answers` and `standing` is given again and again."""

    applied: Applied = CHANGED
    answers: list[list[str | None]] = field(default_factory=lambda: [["7"] * 5])
    standing: list[str | None] = field(default_factory=lambda: ["7"])
    keys: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return rules.CAPABILITIES["flag_file"]

    async def read(self) -> str | None:
        return self.standing.pop(0) if len(self.standing) > 1 else self.standing[0]

    async def apply(self, expected: str, desired: str, key: str) -> Applied:
        self.keys.append(key)
        return self.applied

    async def ask_serving(self, times: int) -> Sequence[str | None]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Rehearsal:
    """The example organisation with something to roll back."""

    people: Organisation
    loop: WorkerLoop
    sender: Sender

    def ask(self, by: str = "maya", **changed: Any) -> Plan:
        """Ask for the rollback of the shop's version 8."""
        said: dict[str, Any] = {
            "system": SHOP,
            "from_version": "8",
            "to_version": "7",
            "reason": "conversion fell",
            "incident": None,
        }
        return self.people.does(by, _request, said | changed)

    def approve(self, *keys: str, subject: str = "INC-1") -> Request:
        """Let people approve the open request, one after the other; returns it."""
        asked = self.people.reads(approvals.latest, subject)
        assert asked is not None
        for key in keys:
            self.people.does(key, _approve, asked.id, asked.round)
        found = self.people.reads(approvals.latest, subject)
        assert found is not None
        return found

    async def tick(self, **passed: float) -> None:
        """Let time pass, then do everything that is due."""
        if passed:
            self.people.clock.pass_time(**passed)
        for _ in range(6):  # a step wakes an effect, which wakes another
            await self.loop.tick()
            await self.sender.idle()

    async def carry_out(self, by: str = "maya", **changed: Any) -> Plan:
        """Ask, approve, and let it run until it waits for time to pass."""
        plan = self.ask(by, **changed)
        self.approve("tomas", "aisha", subject=plan.incident)
        await self.tick()
        return plan

    def execution(self, plan: Plan | None = None) -> Execution:
        """The execution of a plan, or the only one."""
        found = self.people.reads(_executions)
        return next(one for one in found if plan is None or one.plan_id == plan.id)

    def executions(self) -> list[Execution]:
        """Every execution."""
        return self.people.reads(_executions)

    def stages(self) -> list[StageResult]:
        """Every stage, in order."""
        return self.people.reads(_stages)

    def alarms(self) -> list[Mapping[str, Any]]:
        """What people were alarmed about."""
        return [row.payload for row in self.people.outbox("rollback.alarm:")]

    def recorded(self, action: str = "rollback.") -> list[str]:
        """The actions in the trail of the incident."""
        return [entry.action for entry in self.people.trail(action=action)]


def rehearsal(tmp_path: Path, targets: TargetFactory, *, target: Mapping[str, Any] | None = None) -> Rehearsal:
    """Build it on a fresh database; close `people.store` when done."""
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    config = shipped_config()
    if target:
        config = config.replace(retargeted(config[Systems], target))
    people = organisation(url, config=config)
    kinds = Kinds(steps=worker.STEPS, effects=worker.effects(targets), sweeps=worker.SWEEPS)
    slack = SlackClient("xoxb-nobody", "http://127.0.0.1:9/api/", VirtualClock())
    sender = Sender(people.store, kinds, slack, fallback_channel="C0ALERTS05")
    return Rehearsal(people, WorkerLoop(people.store, sender, worker.SWEEPS), sender)


def retargeted(systems: Systems, changed: Mapping[str, Any]) -> Systems:
    """The systems with another target for the shop."""
    shop = systems.systems[SHOP]
    moved = shop.model_copy(update={"target": shop.target.model_copy(update=dict(changed))})
    return systems.model_copy(update={"systems": {**systems.systems, SHOP: moved}})


def _request(work: Work, said: Mapping[str, Any]) -> Plan:
    return service.request(work, **said)


def _approve(work: Work, request_id: str, round_number: int) -> None:
    approvals.approve(work, request_id, round_number, "safe to undo")


def _executions(reading: Reading) -> list[Execution]:
    return list(reading.session.exec(select(Execution).order_by(col(Execution.started_at))).all())


def _stages(reading: Reading) -> list[StageResult]:
    query = select(StageResult).order_by(col(StageResult.request_id), col(StageResult.number))
    return list(reading.session.exec(query).all())


def rows(reading: Reading, kind: str) -> list[OutboxRow]:
    """Rows of one kind in the outbox."""
    return list(reading.session.exec(select(OutboxRow).where(OutboxRow.kind == kind)).all())
