"""The example organisation's tiers, escalated without incidents above them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from sqlmodel import col, select

from bot.comms import service as comms
from bot.comms.models import Briefing, CommsPolicy, FallbackPolicy, Library
from bot.escalation import service
from bot.escalation.models import Escalation, EscalationPolicy
from bot.foundation import trail
from bot.foundation.config import Config, fit, read
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import OutboxRow
from bot.foundation.work import Actor, Reading, Work
from bot.people import service as people
from bot.people.models import Directory
from tests.support.clock import MORNING, VirtualClock
from tests.support.stores import config_of, fresh_store

P = ParamSpec("P")
T = TypeVar("T")
BACKOUT = Actor("system", "escalation.climb", "Backout")
FACTS = {
    "incident": "INC-1",
    "system": "shop-recommender",
    "system_title": "Shop recommender",
    "version": "8",
    "severity": "medium",
    "summary": "Visitors buy less",
    "opened_at": "2026-11-21 09:00 UTC",
    "users": "about 240,000",
    "lead": "nobody yet",
    "containment": "Nothing has been changed yet.",
    "owner": "Maya Lindqvist",
    "impact_customers": "Visitors buy less.",
    "impact_compliance": "No compliance issue.",
}


@cache
def shipped(*, approved: bool = True) -> Config:
    """What escalation needs of `config/` and `messages/` as they ship; perhaps without any approval of templates."""
    library, _ = comms.read_library(Path("messages"))
    library = library if approved else Library(templates=library.templates, approvals={})
    return config_of(
        fit(read(Path("config/people.yaml")), Directory),
        fit(read(Path("config/comms.yaml")), CommsPolicy),
        FallbackPolicy(),
        fit(read(Path("config/escalation.yaml")), EscalationPolicy),
        library,
    )


@dataclass
class Ladder:
    """A store in which an incident is escalated."""

    store: Store
    clock: VirtualClock

    def actor(self, key: str) -> Actor:
        """Somebody by key."""
        person = self.store.config[Directory].people.get(key)
        return Actor("person", person.slack, person.name, person.zone) if person else BACKOUT

    def id(self, key: str) -> str:
        """Somebody's Slack id."""
        return self.actor(key).id

    def does(self, key: str, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb as one of the people."""
        return self.store.submit_now(self.actor(key), verb, *args, **kwargs)

    def refusal(self, key: str, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Refusal:
        """Run a verb that has to be refused; returns the refusal."""
        with pytest.raises(Refusal) as refused:
            self.does(key, verb, *args, **kwargs)
        return refused.value

    def reads(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query."""
        return self.store.read_now(query, *args, **kwargs)

    def start(self, severity: str = "medium", subject: str = "INC-1") -> Escalation:
        """Escalate an incident of the shop recommender."""
        return self.does(
            "backout", service.start, subject, system="shop-recommender", severity=severity, channel="C0SHOPREC1"
        )

    def climb(self, **time: float) -> int:
        """Let time pass, then sweep until nothing is due; returns how many steps were taken."""
        self.clock.pass_time(**time)
        steps = 0
        while taken := self.does("backout", service.climb):
            steps += taken
        return steps

    def now(self, subject: str = "INC-1") -> Escalation:
        """An escalation as it stands."""
        found = self.reads(service.state_of, subject)
        assert found is not None
        return found

    def waits_until(self, minutes: float) -> bool:
        """Is the next tier due so many minutes after the morning?"""
        due = self.now().next_tier_at
        return due is not None and (due - MORNING).total_seconds() == minutes * 60

    def outbox(self, key: str = "") -> list[OutboxRow]:
        """Rows of the outbox whose key begins so, in order."""
        query = select(OutboxRow).where(col(OutboxRow.key).startswith(key)).order_by(col(OutboxRow.sequence))
        return list(self.reads(lambda reading: reading.session.exec(query).all()))

    def pages(self) -> list[str]:
        """The keys of what was paged, in order."""
        return [row.key for row in self.outbox("page:")]

    def notes(self) -> list[str]:
        """What was said in the thread, oldest first."""
        return [row.payload["text"] for row in self.outbox("note:")]

    def trail(self, action: str = "escalation.") -> list[trail.Entry]:
        """What was recorded about INC-1, oldest first."""
        entries = self.reads(lambda reading: trail.read(reading.session, "INC-1"))
        return [entry for entry in entries if entry.action.startswith(action)]

    def deactivate(self, *keys: str) -> None:
        """Let Slack say that accounts are deactivated."""
        for key in keys:
            self.does("backout", know, self.id(key), deleted=True)


def ladder(tmp_path: Path, *, approved: bool = True) -> Ladder:
    """A ladder on a new database, every account checked, one incident known to comms."""
    clock = VirtualClock()
    found = Ladder(fresh_store(tmp_path, shipped(approved=approved), clock), clock)
    for person in found.store.config[Directory].people.values():
        found.does("backout", know, person.slack)
    known = Briefing(
        subject="INC-1", title="Visitors buy less", incident_type="recommendation", facts=FACTS, updated_at=clock.now()
    )
    found.does("backout", comms.brief, [known])
    return found


def know(work: Work, user_id: str, *, deleted: bool = False) -> None:
    """Let Slack describe an account."""
    team = work.config[Directory].team.slack
    people.remember(work, user_id, {"id": user_id, "team_id": team, "real_name": user_id, "deleted": deleted})
