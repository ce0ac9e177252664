"""Systems, severity policy and incidents."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import JSON, Index, text
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings
from bot.people.models import ChannelId, RoleKey


class Severity(StrEnum):
    """How bad is it?"""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


NodeKind = Literal["impact_scope", "risk", "regulatory_exposure", "safety"]


class Target(Settings):
    """What a rollback of this system changes, and whom to ask which version is really being served.

    Attributes:
        kind: The kind of target; `flag_file` is a flagd JSON file.
        file: Path of the flag file, relative to the working directory or absolute.
        flag: The flag's name in the file.
        serving_url: Answers `{"version": …}` from the serving process itself.
        answers: How many answers the check after a rollback asks for.
    """

    kind: Literal["flag_file"]
    file: str
    flag: str
    serving_url: str
    answers: Annotated[int, Field(ge=1, le=100)] = 5


class System(Settings):
    """An AI system in production: whose it is, whom it touches, what depends on it, how it is rolled back."""

    title: str
    incident_type: str
    does: str
    channel: ChannelId
    owner: RoleKey = "model_owner"
    users: Annotated[int, Field(ge=0)]
    share_of_users: Annotated[float, Field(ge=0, le=1)]
    downstream: list[str] = []
    versions: Annotated[list[str], Field(min_length=1)]
    tags: list[str] = []
    data_integrity: str
    compliance: str
    customers: str
    target: Target


class Systems(Settings):
    """`config/systems.yaml`: systems by the name that alerts use, and the channel for what belongs to none."""

    default_channel: ChannelId
    systems: dict[str, System]


class Conditions(Settings):
    """What a question asks about. All conditions that are given must hold; without any the answer is always yes.

    Attributes:
        any_tag: The system carries at least one of these tags.
        any_downstream: At least one of these stands among what depends on the system.
        families: A signal of at least one of these families has come in.
        harm: Somebody may be harmed, as a signal's trigger says (true), or nobody so far (false).
        share_of_users_at_least: The system reaches at least this share of all users (0 to 1).
    """

    any_tag: list[str] = []
    any_downstream: list[str] = []
    families: list[str] = []
    harm: bool | None = None
    share_of_users_at_least: Annotated[float, Field(ge=0, le=1)] | None = None


class Node(Conditions):
    """One question on the way to a severity; the first that is answered yes decides.

    `kind` says what sort of question it is: how far it reaches, how risky it is, what regulators say, or safety.
    """

    name: str
    question: str
    kind: NodeKind | None = None
    then: Severity


class Criterion(Conditions):
    """One reason to bring an incident to the governance committee, from this severity on (None: at any)."""

    name: str
    question: str
    severity_at_least: Severity | None = None


class Committee(Settings):
    """Who is brought in beside the tiers, once, and only when one of these criteria is met."""

    title: str
    roles: Annotated[list[RoleKey], Field(min_length=1)]
    when: Annotated[list[Criterion], Field(min_length=1)]


class SeverityPolicy(Settings):
    """`config/severity.yaml`: decision nodes in order, the severity when every answer is no, and how often we speak.

    `update_every` says for each severity how long people wait at most for the next word from us. `review_by` is when
    the questions are to be gone through again.
    """

    review_by: date | None = None
    nodes: list[Node]
    otherwise: Severity
    update_every: dict[Severity, Annotated[timedelta, Field(ge=timedelta(minutes=1))]] = {
        Severity.LOW: timedelta(hours=24),
        Severity.MEDIUM: timedelta(hours=4),
        Severity.HIGH: timedelta(hours=1),
    }
    committee: Committee | None = None


class IncidentState(StrEnum):
    """Where does this incident stand?

    open -> acknowledged      somebody takes it
    open -> closed            somebody with the right to do so closes it, with a reason
    acknowledged -> closed    the same
    """

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Incident(SQLModel, table=True):
    """Something is wrong with one version of one system. `name` is what people say: INC-42.

    Attributes:
        severity_path: A list of `{"node", "question", "kind", "answer": "yes"|"no", "then"}`: the questions that were
            asked, then one entry (node `changed`, with the severity `before`) for each change by a person.
        lowering: A lower severity that somebody proposed and a second person has to confirm, because an approval would
            not be needed any more: `{"to", "by", "reason", "drops": [role titles], "at"}`; None while there is none.
        committee: Why and when the governance committee was brought in: `{"question", "people", "at"}`; None: not.
        impact: The words and numbers of the system as they were when it was opened; see `rules.impact_of`.
        families: The families of all signals so far.
        harm: True once a signal meant that somebody may be harmed.
        containment: What has been done against it so far, in words; empty if nothing.
        containing: True while a rollback is being carried out.
        next_update_at: By when people are told how it goes; None once it is closed.
        policies: Digests of what it was judged by: `systems` and `severity`.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "one_open_incident",
            "system",
            "version",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
    )

    name: str = Column(primary_key=True)
    number: int = Column(unique=True)
    system: str = Column(index=True)
    version: str
    state: str = Column(default=IncidentState.OPEN, index=True)
    severity: str
    severity_path: list[dict[str, Any]] = Column(sa_column=Stored(JSON, nullable=False))
    lowering: dict[str, Any] | None = Column(default=None, sa_column=Stored(JSON(none_as_null=True)))
    committee: dict[str, Any] | None = Column(default=None, sa_column=Stored(JSON(none_as_null=True)))
    impact: dict[str, Any] = Column(sa_column=Stored(JSON, nullable=False))
    title: str
    channel: str
    opened_at: datetime
    opened_by: str
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closing_reason: str = ""
    families: list[str] = Column(default_factory=list, sa_column=Stored(JSON, nullable=False))
    harm: bool = False
    containment: str = ""
    containing: bool = False
    next_update_at: datetime | None = Column(default=None, index=True)
    policies: dict[str, str] = Column(default_factory=dict, sa_column=Stored(JSON, nullable=False))
