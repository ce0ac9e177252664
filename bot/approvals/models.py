"""The RACI matrix, rounds of approval, and votes."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from sqlalchemy import JSON
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings
from bot.people.models import RoleKey


class Relation(StrEnum):
    """What else, besides having asked, may keep somebody from approving?

    plan_author    wrote what is to be approved
    executor       would carry it out
    """

    PLAN_AUTHOR = "plan_author"
    EXECUTOR = "executor"


class AtEnd(StrEnum):
    """What is done besides when an approval is not complete in time? It ends without effect in any case.

    expire    whoever asked is told
    remind    those whose answer is missing are named, too
    climb     the next tier is brought in, too
    """

    EXPIRE = "expire"
    REMIND = "remind"
    CLIMB = "climb"


class NamedSlot(Settings):
    """Approvals of one kind: how many, and the roles that may give them, each by a different person.

    Attributes:
        name: What the card calls it: “Engineering”.
        count: How many are needed.
        roles: A holder of any of these may fill it; those of the first are asked first.
    """

    name: Annotated[str, Field(pattern=r"^[^#]{1,60}$")]
    count: Annotated[int, Field(ge=1, le=9)] = 1
    roles: Annotated[list[RoleKey], Field(min_length=1)]


def _one_role(named: Any) -> Any:
    if not isinstance(named, str):
        raise ValueError("exactly one role is accountable: name one, and make the others responsible or consulted")
    return named


class Cell(Settings):
    """Who does what for one activity at one severity.

    Attributes:
        quorum: The approvals that are needed, each given by a different person; a role alone is one approval by one of
            its holders. Empty: nobody is asked.
        consult_within: How long those who are consulted have to answer; nothing waits for them.
        excludes: Who may not approve besides whoever asked.
        deputies_after: From when on deputies may decide although those they stand in for could.
        expires_after: When a request that is not complete by then ends without effect.
        at_end: What is done then besides.
        valid_for: How long after it was given an approval still allows to begin; None: until it is decided otherwise.
    """

    accountable: Annotated[RoleKey, BeforeValidator(_one_role)]
    responsible: Annotated[list[RoleKey], Field(min_length=1)]
    consulted: list[RoleKey] = []
    informed: list[RoleKey] = []
    consult_within: timedelta = timedelta(minutes=10)
    quorum: list[RoleKey | NamedSlot] = []
    excludes: list[Relation] = []
    deputies_after: timedelta = timedelta(minutes=5)
    expires_after: timedelta = timedelta(hours=4)
    at_end: AtEnd = AtEnd.EXPIRE
    valid_for: timedelta | None = None


class Case(Settings):
    """Cells that hold instead, for systems of which everything holds that is asked here.

    Attributes:
        any_tag: The system carries at least one of these tags, `regulated` for example.
        share_of_users_at_least: It reaches at least this share of all users (0 to 1).
    """

    any_tag: list[str] = []
    share_of_users_at_least: Annotated[float, Field(ge=0, le=1)] | None = None
    low: Cell | None = None
    medium: Cell | None = None
    high: Cell | None = None


class Activity(Settings):
    """One row of the matrix.

    Attributes:
        otherwise: What is said to happen without approval ("nothing is rolled back").
        with_tag: By tag, then by severity: cells that hold instead for systems with that tag. The short form of `when`
            for one tag; looked at first.
        when: Cases in which other cells hold. The first that fits and has a cell for the severity counts.
    """

    title: str
    otherwise: str = "nothing is done"
    low: Cell
    medium: Cell
    high: Cell
    with_tag: dict[str, dict[str, Cell]] = {}
    when: list[Case] = []


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
    asked -> asked       the severity changed: the next round asks under the new quorum. When it was raised, approvals
                         stay valid in slots that both rounds have; when it was lowered, everybody is asked anew
    """

    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    VOID = "void"
    EXPIRED = "expired"


class Choice(StrEnum):
    """What did an approver say?

    approve    yes: one approval is given
    reject     no: the round is over
    abstain    neither: deputies and other holders may decide in their place, at once
    """

    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


class Request(SQLModel, table=True):
    """Something that needs a yes. Policy, slots and plan are pinned as they were when the round was opened.

    `slots` is a list of `{"name", "roles", "title", "people": [Slack ids], "deputies": [{"id", "for"}]}`; `related`
    says who wrote and who would carry out what is asked (`Relation`: Slack ids), `excluded` which of them may not
    decide in this round, and why (Slack id: `Relation`); `number` counts the requests about a subject; `outcome` says
    in words why the round ended; `deputies_called_at` is when those deputies are to be told who may decide from then
    on; `valid_for_seconds` is how long after it was given an approval still allows to begin.
    """

    __tablename__ = "approval_request"

    id: str = Column(primary_key=True)
    subject: str = Column(index=True)
    number: int
    activity: str
    system: str
    severity: str
    tags: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    share_of_users: float = Column(default=0.0, sa_column_kwargs={"server_default": "0"})
    round: int = 1
    state: str = Column(default=RoundState.ASKED, index=True)
    slots: list[dict[str, Any]] = Column(sa_column=Stored(JSON, nullable=False))
    related: dict[str, list[str]] = Column(
        default_factory=dict, sa_column=Stored(JSON, nullable=False, server_default="{}")
    )
    excluded: dict[str, str] = Column(default_factory=dict, sa_column=Stored(JSON, nullable=False))
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
    decided_at: datetime | None = Column(default=None, index=True)
    outcome: str = ""
    valid_for_seconds: int | None = None
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
    """One person's answer in one round; the key makes a second one impossible, from whichever account it comes.

    `person` is the main account; the actor in the trail is the account that the answer came from. An answer that is
    withdrawn goes, and stays in the trail. One that stays valid in the next round is there, too, with the time at which
    it was given.
    """

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


class Consultation(SQLModel, table=True):
    """What a role that is consulted was asked about a request, and what it answered.

    Each role is asked once about a request, whatever the round. `people` are the Slack ids of those who were asked,
    none when there was nobody besides the requester. The first of them to answer answers for the role.
    """

    __tablename__ = "consultation"

    request_id: str = Column(primary_key=True, foreign_key="approval_request.id")
    role: str = Column(primary_key=True)
    title: str
    people: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    asked_at: datetime
    until: datetime
    answer: str = ""
    answered_by: str | None = None
    answered_at: datetime | None = None
