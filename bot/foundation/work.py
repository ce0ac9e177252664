"""Work: one transaction, one moment, one actor.

A door opens a Work and hands it to one verb. State, trail entries and outbox rows of that Work commit together or not
at all; nothing below a door commits.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, CursorResult, update
from sqlmodel import Session, SQLModel, col, select

from bot.foundation import trail, wishes
from bot.foundation.config import Config, Settings, SettingsT, canonical, digest
from bot.foundation.ids import Ids
from bot.foundation.models import Policy, Sequence
from bot.foundation.wishes import Wish

ModelT = TypeVar("ModelT", bound=SQLModel)
LOT = 50
"""So many due rows a Work takes at once: enough to share what it asks for all of them, few enough to be done soon."""
_PINNED: dict[tuple[type[Settings], str], Settings] = {}
"""Policies by model and digest: few, because each is one state of a file that people write."""


class Lane(IntEnum):
    """Which message goes first when Slack lets only one through?"""

    DECISION = 0
    PAGE = 1
    CARD = 2
    NOTE = 3


@dataclass(frozen=True)
class Actor:
    """Who is doing this: a person in Slack, an alert source, or Backout itself.

    Attributes:
        kind: `person`, `source` or `system`.
        id: A person's Slack user id, a source's name, or what part of Backout acts.
        name: What people call them.
        zone: IANA time zone for words addressed to this person.
    """

    kind: Literal["person", "source", "system"]
    id: str
    name: str
    zone: str = "UTC"

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass
class Reading:
    """A consistent look at the database at one moment. Every query takes one; a Work is one, too.

    `memory` holds what was found out in it and need not be asked again; whoever changes that takes it out.
    """

    session: Session
    now: datetime
    config: Config
    memory: dict[str, Any] = field(default_factory=dict, kw_only=True, repr=False)


@dataclass
class Work(Reading):
    """One transaction, one moment (`now`), one actor. Made by the store for a door; never committed below it."""

    actor: Actor
    ids: Ids
    trail_key: trail.Keyring = field(repr=False)
    _records: list[trail.Record] = field(default_factory=list)
    _wishes: dict[str, Wish] = field(default_factory=dict)
    _late_rows: list[SQLModel] = field(default_factory=list)

    def take_due(self, model: type[ModelT], due: Any, then: Any, *where: ColumnElement[bool]) -> list[ModelT]:
        """Return the rows whose time has come, the earliest first, one lot at most; claimed until this Work ends.

        Those that another process has claimed are left to it. This is how every sweep begins; then it asks what all of
        its rows need to know, once, and changes one row after the other in memory: the end of the Work writes them
        together. So a lot costs a few statements, however many rows are in it.

        Args:
            model: The table.
            due: The column that says when.
            then: The column that decides between rows due at the same moment.
            where: What else must be true of them.
        """
        query = select(model).where(due <= self.now, *where).order_by(due, then).limit(LOT)
        claimed = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
        return list(self.session.exec(claimed))

    def record(
        self,
        action: str,
        subject: str,
        *,
        why: str = "",
        on_behalf_of: str | None = None,
        policy: str | None = None,
        **facts: Any,
    ) -> None:
        """Note in the trail that the actor did `action` (`incident.acknowledged`) to `subject` (`INC-42`)."""
        canonical(facts)  # refuse now what could not be stored later
        self._records.append(
            trail.Record(
                action, subject, str(self.actor), self.actor.name, self.now, why, on_behalf_of, policy, dict(facts)
            )
        )

    def enqueue(
        self,
        kind: str,
        key: str,
        payload: Mapping[str, Any] | None = None,
        *,
        lane: Lane = Lane.CARD,
        due_at: datetime | None = None,
        if_posted: bool = False,
    ) -> None:
        """Ask for something to leave, or to happen, after this Work commits.

        The same key wanted again while it waits is one row, brought up to date; wanted again after it was done, it is
        done again. `kind` names the builder, step or effect listed in `app.py`. With `if_posted` it is wanted only if
        something stands in Slack under its key.
        """
        canonical(payload or {})  # refuse now what could not be stored later
        wish = Wish(key, kind, dict(payload or {}), int(lane), due_at or self.now, if_posted)
        before = self._wishes.get(key)
        self._wishes[key] = before.again(wish) if before else wish

    def add_once(self, row: SQLModel) -> bool:
        """Add a row unless one with the same key is there already; says whether it was added.

        Two processes adding at once wait for each other, and one of them gets False.
        """
        self.session.flush()
        connection = self.session.connection()
        insert = wishes.INSERT[connection.dialect.name]
        values = row.model_dump(exclude_none=True)
        statement = insert(type(row)).values(**values).on_conflict_do_nothing()
        return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1

    def put(self, model: type[ModelT], rows: Collection[ModelT]) -> None:
        """Add rows of one table, each in the place of the one with the same key if there is one."""
        if not rows:
            return
        self.session.flush()
        connection, table = self.session.connection(), SQLModel.metadata.tables[str(model.__tablename__)]
        insert = wishes.INSERT[connection.dialect.name](model)
        others = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        statement = insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
        connection.execute(statement, [row.model_dump() for row in rows])
        self._forget(model)

    def add_late(self, row: SQLModel) -> None:
        """Add a row, unless one with the same key is there; all such rows go in at the end, unseen by this Work."""
        self._late_rows.append(row)

    def change(
        self,
        model: type[SQLModel],
        *where: ColumnElement[bool],
        **values: Any,
    ) -> bool:
        """Change rows by compare-and-set; False when there was none left to change (somebody else was first)."""
        self.session.flush()
        result = self.session.connection().execute(update(model).where(*where).values(**values))
        assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE returns
        self._forget(model)
        return result.rowcount > 0

    def new_id(self, prefix: str) -> str:
        """Return an id nobody has used, like `inc_3f9c…`."""
        return self.ids.new(prefix)

    def next_number(self, name: str) -> int:
        """Return the next number of a gapless sequence, for ids that people read aloud."""
        row = self._locked(Sequence, col(Sequence.name) == name)
        if row is None:
            self.add_once(Sequence(name=name, value=0))
            row = self._locked(Sequence, col(Sequence.name) == name)
            assert row is not None  # noqa: S101 - it is there now, whoever added it
        row.value += 1
        self.session.add(row)
        self.session.flush()
        return row.value

    def pin(self, model: type[Settings]) -> str:
        """Keep a section of the configuration as it stands now; returns the digest that decisions refer to."""
        body = self.config[model].model_dump(mode="json")
        key = digest(body)
        if self.session.get(Policy, key) is None:
            self.add_once(Policy(digest=key, kind=model.__name__, body=body, first_seen_at=self.now))
        return key

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Do a part that may fail alone: all it changed, enqueued and recorded goes with it, the rest stays."""
        kept, wanted, late = len(self._records), dict(self._wishes), len(self._late_rows)
        try:
            with self.session.begin_nested():
                yield
        except BaseException:
            del self._records[kept:]
            del self._late_rows[late:]
            self._wishes = wanted
            raise

    def finish(self) -> int | None:
        """Write the outbox and the trail; returns the epoch of its key. Called by the store, last before the commit."""
        self.session.flush()
        self._write_late_rows()
        wishes.write(self.session, self.ids, self.now, self._wishes.values())
        return trail.append(self.session, self.trail_key, self.ids, self._records)

    def _forget(self, model: type[SQLModel]) -> None:
        """Let what was read of a table be read again."""
        for row in list(self.session.identity_map.values()):
            if isinstance(row, model):
                self.session.expire(row)

    def _write_late_rows(self) -> None:
        connection = self.session.connection()
        for model in dict.fromkeys(map(type, self._late_rows)):
            rows = [row.model_dump() for row in self._late_rows if type(row) is model]
            connection.execute(wishes.INSERT[connection.dialect.name](model).on_conflict_do_nothing(), rows)

    def _locked(self, model: type[ModelT], where: ColumnElement[bool]) -> ModelT | None:
        """Return a row as it is now, and let no other transaction change it before this one ends."""
        query = select(model).where(where).with_for_update().execution_options(populate_existing=True)
        return self.session.exec(query).first()


def pinned(reading: Reading, model: type[SettingsT], key: str) -> SettingsT:
    """Return a section of the configuration as it stood when something began under it (KeyError if never pinned)."""
    found = _PINNED.get((model, key))  # a digest names one text for ever, so what was read once need not be read again
    if found is None:
        row = reading.session.exec(select(Policy).where(col(Policy.digest) == key)).first()
        if row is None:
            raise KeyError(key)
        found = _PINNED.setdefault((model, key), model.model_validate(row.body))
    assert isinstance(found, model)  # noqa: S101 - kept under its own model
    return found


def moments_later(reading: Reading, seconds: float) -> datetime:
    """Return the moment so many seconds from now."""
    return reading.now + timedelta(seconds=seconds)
