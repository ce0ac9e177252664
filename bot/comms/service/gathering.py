"""Many notes wait for the same thread: they are told together, so that people read one message instead of a stream."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, select

from bot.comms import rules
from bot.foundation import line
from bot.foundation.blocks import Markup
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.outbox import withdraw
from bot.foundation.work import Lane, Reading, Work

NOTE = "foundation.note"
GATHERED = "comms.gathered"
CROWD = 50
"""So many notes of one thread may wait. Slack takes one message a second in a channel, so they are a minute old."""
AT_ONCE = "Much happened at once:"
_SUBJECT = col(OutboxRow.payload)["subject"].as_string()


@dataclass(frozen=True)
class Note:
    """A note that waits."""

    key: str
    channel: str
    subject: str
    text: Markup
    created_at: datetime


def crowded(reading: Reading) -> datetime | None:
    """Return since when more than a crowd of notes waits for one thread; None while Slack is away: then all do."""
    if line.away_since(reading) is not None:
        return None
    oldest = select(func.min(OutboxRow.created_at)).where(_waiting_notes()).group_by(_SUBJECT)
    return reading.session.exec(oldest.having(func.count() > CROWD).limit(1)).first()


def thin_out(work: Work) -> int:
    """Tell the notes of every crowded thread together; returns how many went into others."""
    crowds = select(_SUBJECT).where(_waiting_notes()).group_by(_SUBJECT).having(func.count() > CROWD)
    theirs = _SUBJECT.in_(work.session.exec(crowds).all())
    rows = work.session.exec(select(OutboxRow).where(_waiting_notes(), theirs).order_by(col(OutboxRow.sequence)))
    return sum(tell_together(work, notes, AT_ONCE) for notes in _threads(rows) if len(notes) > CROWD)


def gather(work: Work, rows: Iterable[OutboxRow], why: str) -> int:
    """Make one note of those among the rows that wait for the same thread; returns how many went into others."""
    threads = _threads(row for row in rows if row.kind == NOTE)
    return sum(tell_together(work, each, why) for each in threads if len(each) > 1)


def tell_together(work: Work, notes: Sequence[Note], why: str) -> int:
    """Put one note in the place of several of one thread; returns how many there were."""
    withdraw(work, *(note.key for note in notes))
    channel, subject = notes[0].channel, notes[0].subject
    text = rules.gathered(subject, [(note.created_at, note.text) for note in notes], why)
    payload = {"channel": channel, "subject": subject, "text": text}
    work.enqueue(GATHERED, f"gathered:{work.new_id('note')}", payload, lane=Lane.NOTE)
    return len(notes)


def _waiting_notes() -> ColumnElement[bool]:
    """Say in SQL which notes wait, without those that may have been sent already."""
    waits = col(OutboxRow.state) == OutboxState.WAITING
    return and_(waits, col(OutboxRow.kind) == NOTE, col(OutboxRow.unclear).is_(False))


def _threads(rows: Iterable[OutboxRow]) -> list[list[Note]]:
    """Return notes by thread, as they are now: what is withdrawn meanwhile need not be read again."""
    threads: dict[tuple[str, str], list[Note]] = defaultdict(list)
    for row in rows:
        channel, subject = row.payload["channel"], row.payload["subject"]
        note = Note(row.key, channel, subject, Markup(row.payload["text"]), row.created_at)
        threads[channel, subject].append(note)
    return list(threads.values())
