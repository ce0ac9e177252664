"""Systems, severity policy and incidents."""

from datetime import datetime
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


class Node(Settings):
    """One question on the way to a severity; the first that is answered yes decides.

    All conditions that are given must hold: `any_tag` of the system, its `share_of_users` at least, the trigger's
    `family` or `harm`, a `downstream` system named here.
    """

    name: str
    question: str
    any_tag: list[str] = []
    families: list[str] = []
    harm: bool | None = None
    share_of_users_at_least: float | None = None
    then: Severity


class SeverityPolicy(Settings):
    """`config/severity.yaml`: decision nodes in order, and the severity when every answer is no."""

    nodes: list[Node]
    otherwise: Severity


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

    `severity_path` is a list of `{"node", "question", "answer": "yes"|"no", "then"}`; `impact` holds the words and
    numbers of the system as they were when it was opened.
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
    policies: dict[str, str] = Column(default_factory=dict, sa_column=Stored(JSON, nullable=False))
