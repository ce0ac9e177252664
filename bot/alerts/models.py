"""What came in, the signals in it, and the triggers that say whether it matters."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import JSON, Index, LargeBinary, text
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from bot.foundation.config import Settings


class Family(StrEnum):
    """What does this signal tell about? The first three are the families of the signal taxonomy (R026)."""

    USER_EXPERIENCE = "user_experience"
    MODEL_QUALITY = "model_quality"
    OPERATIONAL = "operational"
    SAFETY = "safety"
    DATA = "data"
    BUSINESS = "business"


class Trigger(Settings):
    """A measurable condition on one metric. One breach opens a documented case (R013).

    Attributes:
        metric: The signal's metric.
        above: Breached when the value is greater (in `unit`).
        below: Breached when the value is smaller (in `unit`).
        harm: True when a breach means harm to a person, whatever the numbers (R168).
        protects: Which user impact, safety or business risk it guards (R005).
        source: Where the limit comes from.
    """

    title: str
    metric: str
    systems: list[str] = []
    above: float | None = None
    below: float | None = None
    unit: str
    window: str
    family: Family
    harm: bool = False
    protects: str
    source: str


class LabelMapping(Settings):
    """Which labels and annotations say what; the first that is there counts."""

    system: list[str] = ["system", "model", "service"]
    version: list[str] = ["version", "model_version"]
    metric: list[str] = ["metric", "signal", "alertname"]
    value: list[str] = ["value"]


class Rate(Settings):
    """How many requests a source may send: so many a second on average, and so many at once after a pause."""

    per_second: Annotated[float, Field(gt=0)] = 200.0
    at_once: Annotated[int, Field(ge=1)] = 2_000


class Triggers(Settings):
    """`config/triggers.yaml`: the alert sources, how to read them, and the triggers by name.

    Attributes:
        rate: How much each source may send; `rates` says so for single sources.
        keep_bodies: How long what came in is kept, once it has been read and nobody needs to look at it any more.
    """

    sources: dict[str, Literal["alertmanager"]]
    rate: Rate = Rate()
    rates: dict[str, Rate] = {}
    mapping: LabelMapping = LabelMapping()
    keep_bodies: Annotated[timedelta, Field(ge=timedelta(days=1))] = timedelta(days=90)
    triggers: Annotated[dict[str, Trigger], Field(min_length=1)]


class InboxState(StrEnum):
    """Has this body been read?

    new -> read              its signals are stored
    new -> not_understood    authentic, but of no shape we know, or reading it failed five times: kept, shown to people
    """

    NEW = "new"
    READ = "read"
    NOT_UNDERSTOOD = "not_understood"


class InboxItem(SQLModel, table=True):
    """One authentic body: evidence, whatever becomes of it.

    Attributes:
        body: As it came, byte for byte, until it has been read; from then on without what looks like a secret.
        digest: The SHA-256 of the bytes as they came, in hex; None until they have been read.
        note: What people should know about it: why it was not understood, or what in it could not be read.
        attempts: How often reading it has failed.
        due_at: Not read before this moment; later than `received_at` only after a failure.
        seen_at: When a person said that they had looked at it.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("inbox_due", "state", "due_at"),
        Index(
            "inbox_to_look_at",
            "sequence",
            sqlite_where=text("note != '' AND seen_at IS NULL"),
            postgresql_where=text("note != '' AND seen_at IS NULL"),
        ),
    )

    sequence: int | None = Column(default=None, primary_key=True)
    source: str
    body: bytes = Column(sa_column=Stored(LargeBinary, nullable=False))
    received_at: datetime
    state: str = InboxState.NEW
    note: str = ""
    attempts: int = 0
    due_at: datetime
    seen_at: datetime | None = None
    digest: str | None = None


class SignalState(StrEnum):
    """Is it still so?

    firing -> resolved    the source says that it is over; the incident stays until a person closes it
    """

    FIRING = "firing"
    RESOLVED = "resolved"


class Finding(StrEnum):
    """What was made of a signal?

    breached         a trigger's limit is crossed; `trigger` and `incident` say which, `note` if without a number
    within_limit     there is a trigger, and the value keeps to its limit
    no_trigger       no trigger watches this metric of this system
    needs_context    the system is not known, or the version is missing; `note` says which
    over             it was resolved before we ever heard of it: nothing to open

    While it fires, a signal that was not breached is judged again when its source repeats it (with another value, or
    after `config/` was mended). One that was breached stays so.
    """

    BREACHED = "breached"
    WITHIN_LIMIT = "within_limit"
    NO_TRIGGER = "no_trigger"
    NEEDS_CONTEXT = "needs_context"
    OVER = "over"


class Signal(SQLModel, table=True):
    """One thing that one source reported. `dedup_key` makes a redelivery change nothing.

    Attributes:
        dedup_key: `source|fingerprint|start`.
        value: The measured value in the unit of `trigger`; as it was written if there is no trigger.
        finding: What was made of it, see Finding.
        labels: As they came, shortened, with what looks like a secret taken out. So are the annotations.
        seen_at: When a person said that they had looked at it (for those that need a look).
    """

    __tablename__ = "signal"
    __table_args__ = (
        Index("signal_of_incident", "incident", "state", "starts_at", "id"),
        Index(
            "signal_to_look_at",
            "finding",
            "inbox_sequence",
            sqlite_where=text("state = 'firing' AND seen_at IS NULL"),
            postgresql_where=text("state = 'firing' AND seen_at IS NULL"),
        ),
    )

    id: str = Column(primary_key=True)
    dedup_key: str = Column(unique=True)
    source: str
    inbox_sequence: int
    system: str | None = Column(default=None, index=True)
    version: str | None = None
    metric: str
    value: float | None = None
    summary: str
    state: str
    finding: str
    trigger: str | None = None
    incident: str | None = None
    note: str = ""
    labels: dict[str, Any] = Column(sa_column=Stored(JSON, nullable=False))
    annotations: dict[str, Any] = Column(sa_column=Stored(JSON, nullable=False))
    starts_at: datetime
    ends_at: datetime | None = None
    received_at: datetime
    seen_at: datetime | None = None
