"""The RACI matrix, rounds of approval, and votes."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import JSON
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings
from bot.people.models import RoleKey


class Cell(Settings):
    """Who does what for one activity at one severity.

    Attributes:
        quorum: One role per approval that is needed; each is given by a different person. Empty: nobody is asked.
        deputies_after: From when on deputies may decide although those they stand in for could.
        expires_after: When a request that is not complete by then ends without effect.
    """

    accountable: RoleKey
    responsible: Annotated[list[RoleKey], Field(min_length=1)]
    consulted: list[RoleKey] = []
    informed: list[RoleKey] = []
    quorum: list[RoleKey] = []
    deputies_after: timedelta = timedelta(minutes=5)
    expires_after: timedelta = timedelta(hours=4)


class Activity(Settings):
    """One row of the matrix.

    Attributes:
        otherwise: What is said to happen without approval ("nothing is rolled back").
        with_tag: By tag, then by severity: cells that hold instead for systems with that tag. The first tag in the
            order of the file that a system carries and that has a cell for the severity counts.
    """

    title: str
    otherwise: str = "nothing is done"
    low: Cell
    medium: Cell
    high: Cell
    with_tag: dict[str, dict[str, Cell]] = {}


class Matrix(Settings):
    """`config/raci.yaml`: activities by severity, with a version and the day by which it is reviewed."""

    version: str
    review_by: date
    activities: dict[str, Activity]


class RoundState(StrEnum):
    """Has this round of approval been decided?

    asked -> approved    every slot of the quorum is filled by a different person
    asked -> rejected    an approver said no: one no closes the round
    asked -> void        what was to be approved has changed, or the incident was closed
    asked -> expired     nobody completed the quorum in time; nothing happens without it
    asked -> asked       the severity changed: the next round asks under the new quorum, earlier answers do not count
    """

    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOID = "void"
    EXPIRED = "expired"


class Choice(StrEnum):
    """What did an approver say?"""

    APPROVE = "approve"
    REJECT = "reject"


class Request(SQLModel, table=True):
    """Something that needs a yes. Policy, slots and plan are pinned as they were when the round was opened.

    `slots` is a list of `{"role", "title", "people": [Slack ids], "deputies": [{"id", "for"}]}`; `number` counts the
    requests about a subject; `outcome` says in words why the round ended; `deputies_called_at` is when those deputies
    are to be told who may decide from then on.
    """

    __tablename__ = "approval_request"

    id: str = Column(primary_key=True)
    subject: str = Column(index=True)
    number: int
    activity: str
    system: str
    severity: str
    tags: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    round: int = 1
    state: str = Column(default=RoundState.ASKED, index=True)
    slots: list[dict[str, Any]] = Column(sa_column=Stored(JSON, nullable=False))
    excluded: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    policy: str
    plan_digest: str
    summary: str
    requester: str
    reason: str
    channel: str
    asked_at: datetime
    deputies_from: datetime
    deputies_called_at: datetime | None = Column(default=None, index=True)
    expires_at: datetime | None = Column(default=None, index=True)
    decided_at: datetime | None = None
    outcome: str = ""
    then: str
    then_payload: dict[str, Any] = Column(default_factory=dict, sa_column=Stored(JSON, nullable=False))

    @property
    def trail_facts(self) -> dict[str, Any]:
        """What every trail entry says about this request."""
        return {
            "request": self.id,
            "round": self.round,
            "plan_digest": self.plan_digest,
            "severity": self.severity,
        }


class Vote(SQLModel, table=True):
    """One person's answer in one round; the key makes a second one impossible."""

    __tablename__ = "vote"

    request_id: str = Column(primary_key=True, foreign_key="approval_request.id")
    round: int = Column(primary_key=True)
    person: str = Column(primary_key=True)
    choice: str
    on_behalf_of: str | None = None
    reason: str
    at: datetime


class Question(SQLModel, table=True):
    """An approver wants to know more before deciding."""

    __tablename__ = "question"

    id: str = Column(primary_key=True)
    request_id: str = Column(foreign_key="approval_request.id", index=True)
    round: int
    person: str
    text: str
    at: datetime
