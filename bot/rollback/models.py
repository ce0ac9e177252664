"""Plans, executions and their stages."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, text
from sqlalchemy import Column as Stored
from sqlmodel import Field as Column
from sqlmodel import SQLModel


class Plan(SQLModel, table=True):
    """What a rollback would do, word for word.

    Attributes:
        target: What is changed and whom to ask afterwards, as configured when it was asked for.
        steps: `{"number", "kind", "words", …}` in order; what changes something carries its inverse under `undo`.
        digest: Covers system, versions, target and steps: change one and it is another plan.
        request_id: The approval it needs; the last one, if it was asked for again.
    """

    __tablename__ = "plan"

    id: str = Column(primary_key=True)
    incident: str = Column(index=True)
    system: str
    from_version: str
    to_version: str
    target: dict[str, Any] = Column(sa_column=Stored(JSON, nullable=False))
    steps: list[dict[str, Any]] = Column(sa_column=Stored(JSON, nullable=False))
    digest: str
    requested_by: str
    reason: str
    request_id: str | None = Column(default=None, index=True)
    created_at: datetime


class ExecutionState(StrEnum):
    """What came of it?

    running -> validating     the target was changed (or stood there already) and read back
    running -> failed         the target was not what the plan expected, or refused: nothing was changed
    running -> unknown        nobody can say whether the target was changed; a person looks
    validating -> done        every answer of the serving process is from the wanted version
    validating -> partial     some answers are
    validating -> failed      none is
    validating -> unknown     the serving process gave no answer that could be read, or the target says otherwise
    done -> partial | failed | unknown     so it turned out while it was watched afterwards
    partial | failed | unknown -> validating     a person asked to check again
    """

    RUNNING = "running"
    VALIDATING = "validating"
    DONE = "done"
    FAILED = "failed"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


RUNNING = text("execution.state IN ('running', 'validating')")
"""Word for word what the index below is for, so that it finds the few that run among all that ever did."""
_RUNNING = text("state IN ('running', 'validating')")


class Execution(SQLModel, table=True):
    """One rollback being carried out: at most one per approved round, by its key, and one per system at a time.

    Attributes:
        detail: What came of it, in words.
        changed: The target was changed, or stood at the wanted version already; None: nobody can say.
        due_at: When time has something to do next: the next check of the watch, or giving up waiting for an outcome.
        watches: How many checks of the watch after it was done have passed.
    """

    __tablename__ = "execution"
    __table_args__ = (
        Index("execution_of_system", "system", "started_at"),
        Index("one_running_execution", "system", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )

    request_id: str = Column(primary_key=True)
    round: int = Column(primary_key=True)
    plan_id: str = Column(foreign_key="plan.id", index=True)
    incident: str = Column(index=True)
    system: str
    state: str = ExecutionState.RUNNING
    detail: str = ""
    changed: bool | None = False
    started_at: datetime
    finished_at: datetime | None = None
    due_at: datetime | None = Column(default=None, index=True)
    watches: int = 0


class StageOutcome(StrEnum):
    """How did this stage end?"""

    DONE = "done"
    ALREADY_THERE = "already there"
    FAILED = "failed"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    NOT_RUN = "not run"


class StageResult(SQLModel, table=True):
    """What one stage did and what was observed after it. Each check of the serving process is a stage of its own.

    `outcome` is empty while it runs, else a StageOutcome.
    """

    __tablename__ = "stage_result"

    request_id: str = Column(primary_key=True)
    round: int = Column(primary_key=True)
    number: int = Column(primary_key=True)
    title: str
    outcome: str = ""
    observed: dict[str, Any] = Column(default_factory=dict, sa_column=Stored(JSON, nullable=False))
    started_at: datetime
    finished_at: datetime | None = None
