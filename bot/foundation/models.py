"""The tables that everything stands on: the outbox, what was posted, the trail, used nonces, frozen policies."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel


class OutboxState(StrEnum):
    """Where is this row on its way out?

    waiting -> sending         the sender claims it (compare-and-set) and notes until when
    sending -> done            the other side confirmed what was wanted
    sending -> waiting         it must be tried again: not confirmed, told to wait, or wanted anew meanwhile
    sending -> parked          the other side refused for good, or it failed too often; a person is told
    waiting -> done            a step: ran inside the transaction that ended it
    done | parked -> waiting   it is wanted anew
    """

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    PARKED = "parked"


class OutboxRow(SQLModel, table=True):
    """One thing that must leave this transaction: a message to bring up to date, a step to run, an effect to have.

    `key` says what it is about (`card:INC-42`); a row is wanted again by raising `wanted`, and is done when `served`
    has caught up. Lane 0 goes before lane 3; within a lane the lower `sequence` goes first.

    Attributes:
        place: In which line a message waits: where it goes as it was last wanted. Empty until that is known, and for
            what is no message.
        thread: The key of the message in whose thread it goes, if it does.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "due_at", "state"),
        Index("outbox_line", "state", "place", "lane", "sequence", "due_at"),
    )

    sequence: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    key: str = Field(unique=True)
    kind: str
    lane: int
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = OutboxState.WAITING
    wanted: int = 1
    served: int = 0
    due_at: datetime
    claimed_until: datetime | None = None
    attempts: int = 0
    unclear: bool = False
    error: str = ""
    created_at: datetime
    place: str = ""
    thread: str = ""


class Posted(SQLModel, table=True):
    """Where a message stands in Slack, so that the next version updates it instead of posting again."""

    __tablename__ = "posted"

    key: str = Field(primary_key=True)
    channel: str
    ts: str
    content: str = ""


class SlackLine(SQLModel, table=True):
    """Whether Slack takes what we send. One row.

    Attributes:
        away_since: When it first did not, None while it does.
        why: What was wrong, for people.
        lost_at: When the outage began that is over and has not been taken up.
        back_at: When that one ended.
    """

    __tablename__ = "slack_line"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    away_since: datetime | None = None
    why: str = ""
    lost_at: datetime | None = None
    back_at: datetime | None = None


class Nonce(SQLModel, table=True):
    """A request that has been taken. The same request again has no effect (threat T2)."""

    __tablename__ = "nonce"

    value: str = Field(primary_key=True)
    seen_at: datetime = Field(index=True)


class Sequence(SQLModel, table=True):
    """The last number given out under a name, for ids that people read aloud (INC-42)."""

    __tablename__ = "sequence"

    name: str = Field(primary_key=True)
    value: int


class Policy(SQLModel, table=True):
    """A policy as it stood when something began under it, kept by the digest of its bytes."""

    __tablename__ = "policy"

    digest: str = Field(primary_key=True)
    kind: str
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    first_seen_at: datetime


class Beat(SQLModel, table=True):
    """When a loop last finished a round, so that another process can tell whether it is alive."""

    __tablename__ = "beat"

    name: str = Field(primary_key=True)
    at: datetime


class Lease(SQLModel, table=True):
    """Whose turn it is to do what one process at a time may do. `number` counts the turns and is never repeated."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    number: int
    until: datetime


class TrailEntry(SQLModel, table=True):
    """One link of the trail. `body` is stored text and is hashed as stored; never parsed to be verified."""

    __tablename__ = "trail_entry"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    body: str
    mac: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    key_id: int


class TrailPayload(SQLModel, table=True):
    """What an entry said in words. The only part of the trail that may be erased; its digest stays in the chain."""

    __tablename__ = "trail_payload"

    seq: int = Field(primary_key=True, foreign_key="trail_entry.seq")
    salt: bytes = Field(sa_column=Column(LargeBinary(16), nullable=False))
    body: str
    subject: str = Field(index=True)


class TrailHead(SQLModel, table=True):
    """The last link. Every writer locks this one row, so the chain never forks.

    `day` is the UTC day of the last entry: the first entry on another day begins a new key. `sealed` is the last entry
    under a checkpoint, `seal_at` when the next one is due.
    """

    __tablename__ = "trail_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int
    mac: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    key_id: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    day: str | None = None
    sealed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    seal_at: datetime | None = None


class TrailCheckpoint(SQLModel, table=True):
    """A signed statement about all entries up to `seq`. It survives a purge; `body` is signed as stored."""

    __tablename__ = "trail_checkpoint"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(unique=True)
    body: str
    signature: bytes = Field(sa_column=Column(LargeBinary(64), nullable=False))
    sealed_at: datetime


class TrailAnchor(SQLModel, table=True):
    """The newest checkpoint that a route outside the database has confirmed to hold."""

    __tablename__ = "trail_anchor"

    route: str = Field(primary_key=True)
    seq: int
    at: datetime


class LegalHold(SQLModel, table=True):
    """What may be neither erased nor purged, until somebody releases it."""

    __tablename__ = "legal_hold"

    subject: str = Field(primary_key=True)
    why: str
    by: str
    since: datetime
