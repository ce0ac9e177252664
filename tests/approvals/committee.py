"""A small committee for tests: who holds what, a matrix, a store in which people ask and answer."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from sqlmodel import col, select

from bot.approvals import service
from bot.approvals.models import Activity, Cell, Matrix, NamedSlot, Request, Vote
from bot.comms.models import FallbackPolicy
from bot.foundation import trail
from bot.foundation.config import Config
from bot.foundation.db import Store, open_store
from bot.foundation.errors import Refusal
from bot.foundation.ids import RandomIds
from bot.foundation.models import OutboxRow
from bot.foundation.work import Actor, Reading, Work
from bot.people import service as people
from bot.people.models import Directory, Person, Role, Team
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY, config_of, fresh_store

P = ParamSpec("P")
T = TypeVar("T")
TEAM = "T0OFFICE"
BACKOUT = Actor("system", "approvals.expire", "Backout")
PLAN = "sha256:" + "ab12" * 16
LINKED = ("tom", "may", "pri")
"""Who has another account, too: U0TOM2, and so on."""
DEPUTIES = {"tom": "pri", "ann": "leo", "gra": "sam", "leo": "ann", "may": "tom"}


def slack(key: str) -> str:
    """The Slack id of somebody: U0TOM."""
    return f"U0{key.upper()}"


@functools.cache
def person(key: str) -> Person:
    """Somebody in Lisbon, which is on UTC in November."""
    return Person(
        slack=slack(key), name=key.title(), title=f"{key.title()}'s job", zone="Europe/Lisbon",
        deputy=DEPUTIES.get(key), accounts=[slack(f"{key}2")] if key in LINKED else [],
    )  # fmt: skip


def directory(**roles: list[str]) -> Directory:
    """Tom leads engineering, Ann product, Gra compliance, Ines medicine; May asks; Zoe is nobody's deputy."""
    held = {"engineering": ["tom"], "product": ["ann"], "compliance": ["gra"], "medical": ["ines"], **roles}
    everybody = ("tom", "pri", "ann", "leo", "gra", "sam", "ines", "may", "zoe")
    return Directory(
        team=Team(slack=TEAM, name="Office"),
        people={key: person(key) for key in everybody},
        roles={role: Role(title=role.title(), people=keys) for role, keys in held.items()},
    )


def cell(*quorum: str | NamedSlot, **changes: Any) -> Cell:
    """A cell with this quorum; deputies after ten minutes, expiry after an hour."""
    values = {"accountable": "product", "responsible": ["engineering"], "quorum": quorum}
    return Cell.model_validate({"deputies_after": "PT10M", "expires_after": "PT1H", **values, **changes})


def matrix(**changes: Any) -> Matrix:
    """One person for low, two for medium, three for high; medicine instead of product for medical systems."""
    rollback = Activity(
        title="Approve a rollback",
        otherwise="nothing is rolled back",
        low=cell("product"),
        medium=cell("engineering", "product"),
        high=cell("engineering", "product", "compliance"),
        with_tag={"medical": {"high": cell("engineering", "medical", "compliance")}},
    )
    strict = cell("product", excludes=["plan_author", "executor"])
    lapsing = cell("product", valid_for="PT90M")
    ends = {end: cell("product", at_end=end) for end in ("remind", "climb")}
    activities = {
        "approve_rollback": rollback,
        "lapsing": Activity(title="Lapsing", low=lapsing, medium=lapsing, high=lapsing),
        "reminding": Activity(title="Reminding", low=ends["remind"], medium=ends["remind"], high=ends["remind"]),
        "climbing": Activity(title="Climbing", low=ends["climb"], medium=ends["climb"], high=ends["climb"]),
        "strict": Activity(title="Strict", low=strict, medium=strict, high=strict),
        "advised": Activity(
            title="Advised",
            otherwise="nothing is rolled back",
            low=cell("product", consulted=["compliance"], informed=["medical", "product"]),
            medium=cell("product", consulted=["compliance"], informed=["medical"], consult_within="PT2H"),
            high=cell("engineering", "product", consulted=["compliance", "medical"]),
        ),
        "close": Activity(title="Close", low=cell(), medium=cell(), high=cell()),
    }
    return Matrix(version="1", review_by=date(2027, 5, 1), activities={**activities, **changes})


def config(**roles: list[str]) -> Config:
    """The committee's configuration, with other holders for some roles."""
    return config_of(directory(**roles), matrix(), FallbackPolicy())


@dataclass
class Committee:
    """A store in which people ask and answer."""

    store: Store
    clock: VirtualClock
    late: list[str] = field(default_factory=list)

    def actor(self, key: str) -> Actor:
        """Somebody by key."""
        return BACKOUT if key == "backout" else Actor("person", slack(key), key.title(), "Europe/Lisbon")

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

    def ask(self, by: str = "may", **changes: Any) -> Request:
        """Ask for a rollback in INC-1."""
        return self.does(by, ask, **changes)

    def approve(self, who: str, request: Request, reason: str = "It is right.") -> str | None:
        """Approve the present round of a request, as the actor sees it."""
        return self.does(who, service.approve, request.id, request.round, reason)

    def reject(self, who: str, request: Request, reason: str = "It is wrong.") -> str | None:
        """Reject the present round of a request."""
        return self.does(who, service.reject, request.id, request.round, reason)

    def now(self, request: Request) -> Request:
        """A request as it stands."""
        return self.reads(service.request_of, request.id)

    def votes(self, request: Request) -> list[Vote]:
        """The votes of a request's present round."""
        return self.reads(service.votes, request.id, self.now(request).round)

    def deactivate(self, *keys: str, deleted: bool = True) -> None:
        """Let Slack say that accounts are deactivated (or active again)."""
        for key in keys:
            self.does("backout", _know, key, deleted=deleted)

    def outbox(self, key: str = "") -> list[OutboxRow]:
        """Rows of the outbox whose key begins so, in order."""
        query = select(OutboxRow).where(col(OutboxRow.key).startswith(key)).order_by(col(OutboxRow.sequence))
        return list(self.reads(lambda reading: reading.session.exec(query).all()))

    def notes(self) -> list[str]:
        """What was said in the thread, oldest first."""
        return [row.payload["text"] for row in self.outbox("note:")]

    def trail(self, action: str = "") -> list[trail.Entry]:
        """What was recorded about INC-1, oldest first."""
        entries = self.reads(lambda reading: trail.read(reading.session, "INC-1"))
        return [entry for entry in entries if entry.action.startswith(action)]


def committee(tmp_path: Path, **roles: list[str]) -> Committee:
    """A committee on a new database, every account checked."""
    clock = VirtualClock()
    return _arrived(Committee(fresh_store(tmp_path, config(**roles), clock), clock))


def committee_on(url: str) -> Committee:
    """A committee on a prepared database that other processes use, too. Close its store when done."""
    clock = VirtualClock()
    store = open_store(url, clock=clock, ids=RandomIds(), config=config(), trail_key=TRAIL_KEY)
    return _arrived(Committee(store, clock))


def ask(work: Work, /, **changes: Any) -> Request:
    """Ask for a rollback of medium severity."""
    values: dict[str, Any] = {
        "subject": "INC-1",
        "activity": "approve_rollback",
        "system": "shop",
        "tags": [],
        "severity": "medium",
        "plan_digest": PLAN,
        "summary": "Roll back shop from 8 to 7",
        "reason": "Visitors buy less.",
        "channel": "C0SHOP",
        "then": "rollback.start",
        "then_payload": {"plan": "plan_1"},
    }
    return service.ask(work, **(values | changes))


def _arrived(found: Committee) -> Committee:
    for key in (*found.store.config[Directory].people, *(f"{key}2" for key in LINKED)):
        found.does("backout", _know, key)
    return found


def _know(work: Work, key: str, *, deleted: bool = False) -> None:
    user = {"id": slack(key), "team_id": TEAM, "real_name": key.title(), "tz": "Europe/Lisbon", "deleted": deleted}
    people.remember(work, slack(key), user)
