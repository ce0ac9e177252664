"""Read the inbox, in order: bodies become signals, signals are judged, and what matters reaches an incident."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlalchemy.exc import OperationalError
from sqlmodel import col, func, select

from bot.alerts.models import InboxItem, InboxState, Triggers
from bot.alerts.rules import alertmanager, evidence
from bot.alerts.rules.alertmanager import Batch, NotUnderstood
from bot.alerts.rules.episodes import Body
from bot.alerts.rules.evidence import Evidence
from bot.alerts.service import triage
from bot.alerts.service.signals import take_in, told
from bot.foundation.work import Reading, Work

log = logging.getLogger(__name__)
FORMATS = {"alertmanager": alertmanager.read}
ATTEMPTS = 5
BYTES_AT_ONCE = 128 * 1024
ITEMS_AT_ONCE = 150
"""A portion is what one transaction reads without making those wait who click: about a tenth of a second."""
READ = (
    update(InboxItem)
    .where(col(InboxItem.sequence) == bindparam("of"))
    .values({name: bindparam(name) for name in ("state", "note", "body", "digest")})
)


@dataclass(frozen=True)
class Item:
    """A body of the inbox that is due."""

    sequence: int
    source: str
    body: bytes
    received_at: datetime
    attempts: int
    digest: str | None


@dataclass(frozen=True)
class Outcome:
    """What became of a body: what is kept of it, and what it says."""

    item: Item
    found: Evidence
    says: Batch | NotUnderstood

    @property
    def state(self) -> InboxState:
        """Its state from now on."""
        return InboxState.READ if isinstance(self.says, Batch) else InboxState.NOT_UNDERSTOOD

    @property
    def note(self) -> str:
        """What people should know about it, see `InboxItem.note`."""
        return self.says.note if isinstance(self.says, Batch) else self.says.why

    @property
    def digest(self) -> str:
        """The SHA-256 of what came, in hex."""
        return self.item.digest or self.found.digest


def next_due(reading: Reading) -> datetime | None:
    """Return when the next body is to be read."""
    return reading.session.exec(select(func.min(InboxItem.due_at)).where(InboxItem.state == InboxState.NEW)).one()


def read_inbox(work: Work) -> int:
    """Read a portion of the bodies that are due, oldest first; returns how many were taken.

    What comes of them is what would come of each by itself. One that cannot be read does not stop the rest.
    """
    portion = _due(work)
    if portion:
        _read_safely(work, portion)
    return len(portion)


def _due(work: Work) -> list[Item]:
    connection = work.session.connection()
    due = select(col(InboxItem.sequence), func.length(InboxItem.body)).where(
        InboxItem.state == InboxState.NEW, InboxItem.due_at <= work.now
    )
    due = due.order_by(col(InboxItem.due_at), col(InboxItem.sequence)).limit(ITEMS_AT_ONCE)
    chosen, size = list[int](), 0
    for sequence, length in connection.execute(due.with_for_update(skip_locked=True)):
        size += length
        if chosen and size > BYTES_AT_ONCE:
            break
        chosen.append(sequence)
    return _items(work, chosen)


def _items(work: Work, chosen: Sequence[int]) -> list[Item]:
    columns = [col(getattr(InboxItem, field.name)) for field in fields(Item)]
    bodies = select(*columns).where(col(InboxItem.sequence).in_(chosen))
    found = {row["sequence"]: Item(**row) for row in work.session.connection().execute(bodies).mappings()}
    return [found[sequence] for sequence in chosen]


def _read_safely(work: Work, portion: Sequence[Item]) -> None:
    """Read a portion as one; where something in it fails, each half of it, down to the one body that is to blame."""
    try:
        with work.savepoint():
            _read(work, portion)
    except OperationalError:
        raise  # the database itself: nothing of this Work can stand, and it is tried again
    except Exception as error:
        if len(portion) == 1:
            log.exception("body %s of the inbox could not be read", portion[0].sequence)
            _put_off(work, portion[0], type(error).__name__)
            return
        middle = len(portion) // 2
        _read_safely(work, portion[:middle])
        _read_safely(work, portion[middle:])


def _put_off(work: Work, item: Item, error: str) -> None:
    attempts = item.attempts + 1
    due_at = work.now + timedelta(seconds=2**attempts)
    work.change(InboxItem, col(InboxItem.sequence) == item.sequence, attempts=attempts, due_at=due_at)
    if attempts >= ATTEMPTS:
        read = evidence.read(item.body)
        why = NotUnderstood(f"Reading it failed {attempts} times ({error}).")
        _settle(work, [Outcome(item, read, why)])


def _read(work: Work, portion: Sequence[Item]) -> None:
    read = [_understand(work, item) for item in portion]
    take_in(work, [_body(work, one.item, one.says) for one in read if isinstance(one.says, Batch)])
    _settle(work, read)


def _understand(work: Work, item: Item) -> Outcome:
    found = evidence.read(item.body)
    return Outcome(item, found, _batch(work, item, found))


def _batch(work: Work, item: Item, read: Evidence) -> Batch | NotUnderstood:
    shape = work.config[Triggers].sources.get(item.source)
    if shape is None:
        return NotUnderstood(f"“{item.source}” is no longer a source in triggers.yaml.")
    batch = NotUnderstood(read.trouble) if read.trouble else FORMATS[shape](read.value)
    if read.note and isinstance(batch, Batch):
        return replace(batch, note=f"{batch.note} {read.note}".strip())
    return batch


def _body(work: Work, item: Item, batch: Batch) -> Body:
    alerts = [told(work, item.source, alert) for alert in batch.alerts]
    return Body(item.sequence, item.source, item.received_at, alerts)


def _settle(work: Work, read: Sequence[Outcome]) -> None:
    """Put what may be kept in the place of what came, and say of each body what became of it."""
    rows = [
        {"of": one.item.sequence, "state": one.state, "note": one.note, "body": one.found.kept, "digest": one.digest}
        for one in read
    ]
    work.session.connection().execute(READ, rows)
    for one in read:
        if one.state == InboxState.NOT_UNDERSTOOD:
            about, size = f"alerts:{one.item.source}", len(one.found.kept)
            number, digest = one.item.sequence, one.digest
            work.record("alerts.not_understood", about, why=one.note, body=number, bytes=size, sha256=digest)
    if any(one.note for one in read):
        triage.refresh(work)
