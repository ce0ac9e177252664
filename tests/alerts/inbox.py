"""Put bodies into the inbox and let it be read, as the two doors would."""

from sqlmodel import col, select

from bot.alerts import service
from bot.alerts.models import InboxItem, Signal
from bot.foundation.work import Work
from tests.incidents.organisation import Organisation


def receive(meridian: Organisation, *bodies: bytes, source: str = "alertmanager") -> None:
    """Store bodies, then read everything that is due."""
    store(meridian, *bodies, source=source)
    sweep(meridian)


def store(meridian: Organisation, *bodies: bytes, source: str = "alertmanager") -> None:
    """Store bodies, as the door for machines does."""
    meridian.does("backout", _store, bodies, source)


def sweep(meridian: Organisation) -> int:
    """Read the inbox until nothing is due; returns how many bodies were taken."""
    taken = 0
    while count := meridian.does("backout", service.read_inbox):
        taken += count
    return taken


def items(meridian: Organisation) -> list[InboxItem]:
    """Everything that ever came in, oldest first."""
    query = select(InboxItem).order_by(col(InboxItem.sequence))
    return list(meridian.reads(lambda reading: reading.session.exec(query).all()))


def signals(meridian: Organisation) -> list[Signal]:
    """Every signal, oldest first."""
    query = select(Signal).order_by(col(Signal.id))
    return list(meridian.reads(lambda reading: reading.session.exec(query).all()))


def _store(work: Work, bodies: tuple[bytes, ...], source: str) -> None:
    for body in bodies:
        work.session.add(InboxItem(source=source, body=body, received_at=work.now, due_at=work.now))
        work.session.flush()
