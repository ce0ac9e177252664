"""Read the inbox, in order: bodies become signals, signals are judged, and what matters reaches an incident."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlmodel import col, func, select

from bot.alerts.models import InboxItem, InboxState, Triggers
from bot.alerts.rules import alertmanager, evidence
from bot.alerts.rules.alertmanager import Batch, NotUnderstood
from bot.alerts.rules.evidence import Evidence
from bot.alerts.service import consequences, triage
from bot.alerts.service.signals import take_in
from bot.foundation.work import Reading, Work

log = logging.getLogger(__name__)
FORMATS = {"alertmanager": alertmanager.read}
ATTEMPTS = 5
BYTES_AT_ONCE = 16 * 1024
ITEMS_AT_ONCE = 20


def next_due(reading: Reading) -> datetime | None:
    """Return when the next body is to be read."""
    return reading.session.exec(select(func.min(InboxItem.due_at)).where(InboxItem.state == InboxState.NEW)).one()


def read_inbox(work: Work) -> int:
    """Read the bodies that are due, oldest first; returns how many. One that cannot be read does not stop the rest."""
    items = _due(work)
    for item in items:
        _read_safely(work, item)
    if items:
        triage.refresh(work)
    return len(items)


def _due(work: Work) -> Sequence[InboxItem]:
    """Return a portion that one transaction can take without making people who click wait."""
    query = select(InboxItem).where(InboxItem.state == InboxState.NEW, InboxItem.due_at <= work.now)
    query = (
        query.order_by(col(InboxItem.due_at), col(InboxItem.sequence))
        .limit(ITEMS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    portion, size = list[InboxItem](), 0
    for item in work.session.exec(query):
        size += len(item.body)
        if portion and size > BYTES_AT_ONCE:
            break
        portion.append(item)
    return portion


def _read_safely(work: Work, item: InboxItem) -> None:
    try:
        with work.savepoint():
            _read(work, item)
    except OperationalError:
        raise  # the database itself: nothing of this Work can stand, and it is tried again
    except Exception as error:
        log.exception("body %s of the inbox could not be read", item.sequence)
        _put_off(work, item, type(error).__name__)


def _put_off(work: Work, item: InboxItem, error: str) -> None:
    item.attempts += 1
    item.due_at = work.now + timedelta(seconds=2**item.attempts)
    if item.attempts >= ATTEMPTS:
        _keep(item)
        _not_understood(work, item, f"Reading it failed {item.attempts} times ({error}).")
    work.session.add(item)
    work.session.flush()


def _read(work: Work, item: InboxItem) -> None:
    batch = _batch(work, item, _keep(item))
    if isinstance(batch, NotUnderstood):
        _not_understood(work, item, batch.why)
    else:
        item.state, item.note = InboxState.READ, batch.note
        consequences.draw(work, item.source, take_in(work, item, batch))
    work.session.add(item)
    work.session.flush()


def _keep(item: InboxItem) -> Evidence:
    """Put what may be kept in the place of what came; returns what it says."""
    read = evidence.read(item.body)
    item.body, item.digest = read.kept, item.digest or read.digest
    return read


def _batch(work: Work, item: InboxItem, read: Evidence) -> Batch | NotUnderstood:
    shape = work.config[Triggers].sources.get(item.source)
    if shape is None:
        return NotUnderstood(f"“{item.source}” is no longer a source in triggers.yaml.")
    batch = NotUnderstood(read.trouble) if read.trouble else FORMATS[shape](read.value)
    if read.note and isinstance(batch, Batch):
        return replace(batch, note=f"{batch.note} {read.note}".strip())
    return batch


def _not_understood(work: Work, item: InboxItem, why: str) -> None:
    item.state, item.note = InboxState.NOT_UNDERSTOOD, why
    about = f"alerts:{item.source}"
    size = len(item.body)
    work.record("alerts.not_understood", about, why=why, body=item.sequence, bytes=size, sha256=item.digest)
