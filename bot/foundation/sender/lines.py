"""Who waits in which line: each place (a channel, a person in a channel, a Home) has one, and serves its first.

A message that is new, or wanted anew, stands in no line: it is built once to learn where it goes, and that is noted on
its row (`place`, `thread`). So a look reads what is new and the first of each line, by index, however many wait behind.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, tuple_, update
from sqlmodel import col, func, select

from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.sender.delivery import Destination
from bot.foundation.work import Reading, Work

LOT = 50
"""So many of a line are read at once when its first cannot go, because what it waits for has not been sent."""
Placed = tuple[OutboxRow, Destination]


def order(row: OutboxRow) -> tuple[int, int]:
    """Return what decides who goes first: the more urgent lane, then the lower number."""
    return row.lane, row.sequence or 0


@dataclass(frozen=True)
class Lines:
    """The messages that wait, at one moment.

    Attributes:
        kinds: Which rows are messages.
        but_not: Ids of those that are being sent.
    """

    reading: Reading
    kinds: Collection[str]
    but_not: Collection[str]

    def new(self, limit: int) -> Sequence[OutboxRow]:
        """Return the first due messages that stand in no line yet."""
        return self._first(col(OutboxRow.place) == "", limit=limit)

    def begun(self) -> Sequence[OutboxRow]:
        """Return what a process before this one was sending: each holds its place until it may be looked up."""
        query = self._messages(select(OutboxRow)).where(col(OutboxRow.state) == OutboxState.SENDING)
        return list(self.reading.session.exec(query))

    def heads(self) -> Sequence[OutboxRow]:
        """Return the first due message of each line: the index leads from one place to the next, past all others."""
        place, waits = col(OutboxRow.place), col(OutboxRow.state) == OutboxState.WAITING
        lines = select(func.min(place).label("place")).where(waits, place > "").cte("lines", recursive=True)
        next_line = select(func.min(place)).where(waits, place > lines.c.place).scalar_subquery()
        lines = lines.union_all(select(next_line).where(lines.c.place.is_not(None)))
        head = self._due(select(col(OutboxRow.sequence))).where(place == lines.c.place).limit(1).scalar_subquery()
        numbers = self.reading.session.exec(select(head).select_from(lines)).all()
        return self.reading.session.exec(select(OutboxRow).where(col(OutboxRow.sequence).in_(numbers))).all()

    def line(self, head: OutboxRow, is_free: Callable[[str], bool]) -> Iterator[OutboxRow]:
        """Go through a line for as long as its place is free: what stands behind is read only when it is asked for."""
        lot: Sequence[OutboxRow] = [head]
        while lot:
            for row in lot:
                if not is_free(head.place):
                    return
                yield row
            if not is_free(head.place):
                return
            behind = tuple_(col(OutboxRow.lane), col(OutboxRow.sequence)) > tuple_(*order(lot[-1]))
            lot = self._first(col(OutboxRow.place) == head.place, behind, limit=LOT)

    def _first(self, *where: ColumnElement[bool], limit: int) -> Sequence[OutboxRow]:
        return list(self.reading.session.exec(self._due(select(OutboxRow)).where(*where).limit(limit)))

    def _due(self, query: Any) -> Any:
        waits = col(OutboxRow.state) == OutboxState.WAITING
        return self._messages(query).where(waits, col(OutboxRow.due_at) <= self.reading.now)

    def _messages(self, query: Any) -> Any:
        are_ours = col(OutboxRow.kind).in_(self.kinds), col(OutboxRow.id).not_in(self.but_not)
        return query.where(*are_ours).order_by(col(OutboxRow.lane), col(OutboxRow.sequence))


def standing(reading: Reading, rows: Collection[OutboxRow]) -> dict[str, Destination]:
    """Return where those messages go that stand in Slack; a Home stands in no channel, and its key is its place."""
    found = select(Posted.key, Posted.channel).where(col(Posted.key).in_([row.key for row in rows]))
    return {key: Destination(channel or key) for key, channel in reading.session.exec(found)}


def standing_in(row: OutboxRow) -> Destination | None:
    """Return where a message goes, None if it stands in no line yet."""
    return Destination(row.place, row.thread or None) if row.place else None


def stand_in(work: Work, placed: Collection[Placed]) -> None:
    """Let messages stand in line where they go; what was wanted anew meanwhile may go elsewhere, and is left alone."""
    row = OutboxRow
    same = col(row.id) == bindparam("row"), col(row.wanted) == bindparam("wish")
    statement = update(row).where(*same, col(row.state) == OutboxState.WAITING)
    values = [
        {"row": one.id, "wish": one.wanted, "at": where.place, "of": where.thread_of or ""}
        for one, where in sorted(placed, key=lambda pair: pair[0].key)  # one order for all who change many rows
    ]
    work.session.connection().execute(statement.values(place=bindparam("at"), thread=bindparam("of")), values)
