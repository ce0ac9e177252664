"""The example organisation as shipped, everybody's account checked, and verbs run as one of its people."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from sqlmodel import col, select

from bot.alerts.models import Triggers
from bot.approvals import service as approvals
from bot.approvals.models import Matrix
from bot.comms import service as comms
from bot.comms.models import Briefing, CommsPolicy, FallbackPolicy
from bot.escalation.models import EscalationPolicy
from bot.foundation import trail
from bot.foundation.config import Config, File, load
from bot.foundation.db import Store, open_store
from bot.foundation.errors import Refusal
from bot.foundation.ids import Ids
from bot.foundation.models import OutboxRow
from bot.foundation.work import Actor, Reading, Work
from bot.incidents import service
from bot.incidents.models import Incident, SeverityPolicy, Systems
from bot.people import service as people
from bot.people.models import Directory
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.stores import TRAIL_KEY

P = ParamSpec("P")
T = TypeVar("T")
FILES = (
    File("people.yaml", Directory),
    File("comms.yaml", CommsPolicy),
    File("fallback.yaml", FallbackPolicy),
    File("escalation.yaml", EscalationPolicy),
    File("raci.yaml", Matrix),
    File("systems.yaml", Systems),
    File("severity.yaml", SeverityPolicy),
    File("triggers.yaml", Triggers),
)
BACKOUT = Actor("system", "alerts.inbox", "Backout")


@functools.cache
def shipped_config() -> Config:
    """`config/` and `messages/` as they ship."""
    return load(Path("config"), FILES, [], [lambda: comms.read_library(Path("messages"))])


@dataclass
class Organisation:
    """A store in which people act."""

    store: Store
    clock: VirtualClock

    def actor(self, key: str) -> Actor:
        """Somebody by key; `backout` is Backout itself, an unknown key a stranger."""
        if key == "backout":
            return BACKOUT
        person = self.store.config[Directory].people.get(key)
        return Actor("person", person.slack, person.name, person.zone) if person else Actor("person", key, key)

    def does(self, key: str, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb as one of the people."""
        return self.store.submit_now(self.actor(key), verb, *args, **kwargs)

    def opens(self, system: str = "shop-recommender", version: str = "8", *, by: str = "backout", **more: Any) -> str:
        """Open or join an incident; returns its name."""
        said: dict[str, Any] = {
            "title": "Visitors buy less",
            "families": ["business"],
            "harm": False,
            "reason": "conversion_rate is 2.1 %.",
        }
        return self.does(by, _open, system, version, said | more)

    def lowers(self, key: str, severity: str, reason: str, *, confirmed_by: str) -> None:
        """Lower the severity of INC-1, as two people."""
        self.does(key, service.change_severity, "INC-1", severity, reason)
        self.does(confirmed_by, service.confirm_lowering, "INC-1")

    def incident(self, name: str = "INC-1") -> Incident:
        """An incident as it stands."""
        return self.store.read_now(service.get, name)

    def trail(self, subject: str = "INC-1", action: str = "") -> list[trail.Entry]:
        """What was recorded about a subject, oldest first."""
        entries = self.store.read_now(lambda reading: trail.read(reading.session, subject))
        return [entry for entry in entries if entry.action.startswith(action)]

    def facts(self, subject: str = "INC-1") -> dict[str, str]:
        """What may be said about a subject now."""
        return self.reads(lambda reading: reading.session.get_one(Briefing, subject)).facts

    def refusal(self, key: str, verb: Callable[..., Any], /, *args: Any) -> Refusal:
        """Run a verb that has to be refused; returns the refusal."""
        with pytest.raises(Refusal) as refused:
            self.does(key, verb, *args)
        return refused.value

    def outbox(self, key: str = "") -> list[OutboxRow]:
        """Rows of the outbox whose key begins so, in order."""
        query = select(OutboxRow).where(col(OutboxRow.key).startswith(key)).order_by(col(OutboxRow.sequence))
        return list(self.store.read_now(lambda reading: reading.session.exec(query).all()))

    def notes(self, subject: str = "INC-1") -> list[str]:
        """What was said in a thread, oldest first."""
        return [row.payload["text"] for row in self.outbox("note:") if row.payload["subject"] == subject]

    def reads(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query."""
        return self.store.read_now(query, *args, **kwargs)


def organisation(url: str, ids: Ids | None = None, config: Config | None = None) -> Organisation:
    """The organisation on a prepared database. Close its store when done."""
    clock, config = VirtualClock(), config or shipped_config()
    store = open_store(url, clock=clock, ids=ids or CountedIds(), config=config, trail_key=TRAIL_KEY)
    store.submit_now(BACKOUT, _arrive)
    return Organisation(store, clock)


def ask_for_rollback(work: Work) -> None:
    """Ask for approval of a rollback in INC-1, about the shop recommender."""
    approvals.ask(
        work,
        subject="INC-1",
        activity="approve_rollback",
        system="shop-recommender",
        tags=[],
        severity=service.get(work, "INC-1").severity,
        plan_digest="sha256:" + "0" * 64,
        summary="Shop recommender from 8 to 7",
        reason="Visitors buy less.",
        channel="C0SHOPREC1",
        then="rollback.start",
        then_payload={},
    )


def _arrive(work: Work) -> None:
    directory = work.config[Directory]
    for person in directory.people.values():
        user = {"id": person.slack, "team_id": directory.team.slack, "real_name": person.name, "tz": person.zone}
        people.remember(work, person.slack, user)


def _open(work: Work, system: str, version: str, said: dict[str, Any]) -> str:
    return service.open_or_join(work, system=system, version=version, **said).name
