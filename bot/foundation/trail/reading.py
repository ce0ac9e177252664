"""Reading the trail out of a database: for people, and byte for byte for the verifier."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any, cast

import sqlalchemy
from sqlalchemy import LargeBinary
from sqlalchemy.orm import outerjoin
from sqlmodel import Session, col, select

from bot.foundation.models import TrailCheckpoint, TrailEntry, TrailHead, TrailPayload
from bot.foundation.trail.verifier import ERASED, ITSELF, Head, Row, Sealed, Stored

ERASED_WORDS = "(erased)"
"""What stands where somebody's words stood, if no record says when and by whom they were erased."""


@dataclass(frozen=True)
class Entry:
    """One entry read back. Of an entry whose words were erased, name and reason say so, and there are no facts."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    action: str
    subject: str
    on_behalf_of: str | None
    why: str
    facts: dict[str, Any]
    mac: str
    policy: str | None = None


def read(session: Session, subject: str) -> list[Entry]:
    """Return every entry about a subject (`INC-42`), oldest first."""
    rows = session.exec(
        select(TrailEntry, TrailPayload)
        .join(TrailPayload, col(TrailPayload.seq) == col(TrailEntry.seq))
        .where(TrailPayload.subject == subject)
        .order_by(col(TrailEntry.seq))
    ).all()
    gone = [entry.seq for entry, payload in rows if not payload.body]
    said = _erased(session, gone) if gone and subject != ITSELF else {}
    return [_entry(entry, payload, said.get(entry.seq, ERASED_WORDS)) for entry, payload in rows]


def _erased(session: Session, gone: Sequence[int]) -> dict[int, str]:
    """Return, for entries whose words are gone (in order), who erased them and when, as far as it is recorded."""
    said = dict[int, str]()
    for record in read(session, ITSELF):
        if record.action == ERASED:
            words = f"(erased on {record.at:%Y-%m-%d} by {record.actor_name})"
            for first, last in record.facts["entries"]:
                said |= dict.fromkeys(gone[bisect_left(gone, first) : bisect_right(gone, last)], words)
    return said


def has_begun(session: Session) -> bool:
    """Say whether the trail has any entry."""
    return session.exec(select(TrailEntry.seq).limit(1)).first() is not None


class DatabaseSource:
    """A trail in a database, as the verifier reads it: columns as the bytes they are."""

    def __init__(self, session: Session, *, batch: int = 5_000) -> None:
        self._session = session
        self._batch = batch

    def head(self) -> Head | None:
        """Return what the head row says, None if it is gone."""
        head = TrailHead
        columns = [self._raw(column) for column in (head.seq, head.mac, head.key_id, head.sealed)]
        row = self._session.connection().execute(sqlalchemy.select(*columns).where(col(head.id) == 1)).first()
        return Head(*row) if row else None

    def checkpoints(self) -> Iterable[Sealed]:
        """Return all checkpoints in order."""
        made = TrailCheckpoint
        columns = [self._raw(column) for column in (made.seq, made.number, made.body, made.signature)]
        return starmap(Sealed, self._rows(sqlalchemy.select(*columns), made.seq))

    def about_itself(self) -> Iterable[Stored]:
        """Return the entries whose subject is the trail itself, in order."""
        about = self._everything().where(col(TrailPayload.subject) == ITSELF)
        return starmap(Stored, self._rows(about, TrailEntry.seq))

    def entries(self) -> Iterator[Row]:
        """Return every entry in order."""
        return self._rows(self._everything(), TrailEntry.seq)

    def _rows(self, query: sqlalchemy.Select[Any], seq: Any) -> Iterator[Any]:
        """Return what a query finds in the order of `seq`, its first column, so many rows at a time.

        As the driver returns them, one by one: to make an object of a row takes longer than to check it.
        """
        page, row = query, None
        while True:
            with self._session.connection().execute(page.order_by(seq).limit(self._batch)) as found:
                for row in cast("Iterable[Any]", found.cursor):
                    yield row
            if row is None:
                return
            page, row = query.where(seq > row[0]), None

    def _everything(self) -> sqlalchemy.Select[Any]:
        entry, payload = TrailEntry, TrailPayload
        columns = (entry.seq, entry.body, entry.mac, entry.key_id, payload.salt, payload.body, payload.subject)
        pairs = outerjoin(entry, payload, col(payload.seq) == col(entry.seq))
        return sqlalchemy.select(*(self._raw(column) for column in columns)).select_from(pairs)

    def _raw(self, column: Any) -> Any:
        """Return a column as the bytes it holds: SQLite keeps any type in any column, and text in any encoding."""
        if isinstance(column.type, sqlalchemy.Integer):
            return column
        if self._session.get_bind().dialect.name == "sqlite":
            return sqlalchemy.cast(column, LargeBinary)
        return column if isinstance(column.type, LargeBinary) else sqlalchemy.func.convert_to(column, "UTF8")


def _entry(row: TrailEntry, payload: TrailPayload, gone: str = ERASED_WORDS) -> Entry:
    body = json.loads(row.body)
    erased = {"name": body["actor"], "why": gone, "facts": {}}
    words = json.loads(payload.body) if payload.body else erased
    return Entry(
        seq=row.seq,
        at=datetime.fromisoformat(body["ts"]),
        actor=body["actor"],
        actor_name=words["name"],
        action=body["action"],
        subject=body["object"],
        on_behalf_of=body["for"],
        why=words["why"],
        facts=words["facts"],
        mac=row.mac.hex(),
        policy=body["policy"],
    )
