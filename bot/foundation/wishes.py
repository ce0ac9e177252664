"""What a Work wants to leave or to happen after it: gathered while it runs, written to the outbox in one go at its end.

A key that is new becomes a row. A key that is there is brought up to date: done or given up, it waits anew; waiting,
it comes no later than it would have; being sent, it is owed once more.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import and_, case, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select

from bot.foundation.ids import Ids
from bot.foundation.models import OutboxRow, OutboxState, Posted

AT_ONCE = 500
"""So many keys one question may name."""
INSERT: Mapping[str, Callable[[type[SQLModel]], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@dataclass(frozen=True)
class Wish:
    """One thing that is wanted, by the key that says what it is about.

    With `if_posted` only what stands in Slack is brought up to date; without, it may be posted for the first time.
    """

    key: str
    kind: str
    payload: Mapping[str, Any]
    lane: int
    due_at: datetime
    if_posted: bool = False

    def again(self, newer: "Wish") -> "Wish":
        """Return what is wanted when the same key is wanted twice: the newest words, the more urgent of both."""
        lane, due_at = min(self.lane, newer.lane), min(self.due_at, newer.due_at)
        return Wish(self.key, newer.kind, newer.payload, lane, due_at, self.if_posted and newer.if_posted)


def write(session: Session, ids: Ids, now: datetime, wishes: Collection[Wish]) -> None:
    """Write wishes to the outbox inside the caller's transaction, in the order in which they were made."""
    posted = _posted(session, [wish.key for wish in wishes if wish.if_posted])
    wanted = [wish for wish in wishes if not wish.if_posted or wish.key in posted]
    if not wanted:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":  # one order for all, so that no two wait for each other
        keys = col(OutboxRow.key).in_([wish.key for wish in wanted])
        session.exec(select(OutboxRow.key).where(keys).order_by(OutboxRow.key).with_for_update()).all()
    rows = [{"id": ids.new("out"), **_row(wish, now)} for wish in wanted]
    connection.execute(_upsert(connection.dialect.name), rows)


def _posted(session: Session, keys: Sequence[str]) -> set[str]:
    """Return those of the keys under which something stands in Slack."""
    found = set[str]()
    for start in range(0, len(keys), AT_ONCE):
        some = col(Posted.key).in_(keys[start : start + AT_ONCE])
        found |= set(session.exec(select(Posted.key).where(some)))
    return found


def _row(wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "key": wish.key,
        "kind": wish.kind,
        "lane": wish.lane,
        "payload": dict(wish.payload),
        "state": OutboxState.WAITING,
        "wanted": 1,
        "served": 0,
        "due_at": wish.due_at,
        "attempts": 0,
        "unclear": False,
        "error": "",
        "created_at": now,
        "place": "",
        "thread": "",
    }


@cache
def _upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = INSERT[dialect](OutboxRow)
    new, row = statement.excluded, OutboxRow
    ended = or_(col(row.state) == OutboxState.DONE, col(row.state) == OutboxState.PARKED)
    sooner = and_(col(row.state) == OutboxState.WAITING, col(row.attempts) == 0, new.due_at < col(row.due_at))
    return statement.on_conflict_do_update(
        index_elements=[col(row.key)],
        set_={
            "kind": new.kind,
            "payload": new.payload,
            "lane": case((or_(ended, new.lane < col(row.lane)), new.lane), else_=col(row.lane)),
            "state": case((ended, OutboxState.WAITING), else_=col(row.state)),
            "due_at": case((or_(ended, sooner), new.due_at), else_=col(row.due_at)),
            "attempts": case((ended, 0), else_=col(row.attempts)),
            "error": case((ended, ""), else_=col(row.error)),
            "wanted": col(row.wanted) + 1,
            "place": "",
        },
    )
