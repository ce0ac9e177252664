"""Many notes wait for the same thread: they are told together, so that people read one message instead of a stream."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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


def crowded(reading: Reading) -> datetime | None:
    """Return since when more than a crowd of notes waits for one thread; None while Slack is away: then all do."""
    if line.away_since(reading) is not None:
        return None
    thread = col(OutboxRow.payload)["subject"].as_string()
    oldest = select(func.min(OutboxRow.created_at)).where(_waiting_notes()).group_by(thread)
    return reading.session.exec(oldest.having(func.count() > CROWD).limit(1)).first()


def thin_out(work: Work) -> int:
    """Tell the notes of every crowded thread together; returns how many went into others."""
    threads = _threads(work.session.exec(select(OutboxRow).where(_waiting_notes()).order_by(col(OutboxRow.sequence))))
    return sum(tell_together(work, rows, AT_ONCE) for rows in threads if len(rows) > CROWD)


def gather(work: Work, rows: Iterable[OutboxRow], why: str) -> int:
    """Make one note of those among the rows that wait for the same thread; returns how many went into others."""
    notes = [row for row in rows if row.kind == NOTE]
    return sum(tell_together(work, each, why) for each in _threads(notes) if len(each) > 1)


def tell_together(work: Work, notes: Sequence[OutboxRow], why: str) -> int:
    """Put one note in the place of several of one thread; returns how many there were."""
    said = [(row.created_at, Markup(row.payload["text"])) for row in notes]
    for row in notes:
        withdraw(work, row.key)
    about = {name: notes[0].payload[name] for name in ("channel", "subject")}
    text = rules.gathered(about["subject"], said, why)
    work.enqueue(GATHERED, f"gathered:{work.new_id('note')}", {**about, "text": text}, lane=Lane.NOTE)
    return len(notes)


def _waiting_notes() -> ColumnElement[bool]:
    """Say in SQL which notes wait, without those that may have been sent already."""
    waits = col(OutboxRow.state) == OutboxState.WAITING
    return and_(waits, col(OutboxRow.kind) == NOTE, col(OutboxRow.unclear).is_(False))


def _threads(notes: Iterable[OutboxRow]) -> list[list[OutboxRow]]:
    threads: dict[tuple[str, str], list[OutboxRow]] = defaultdict(list)
    for row in notes:
        threads[row.payload["channel"], row.payload["subject"]].append(row)
    return list(threads.values())
