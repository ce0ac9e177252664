"""Alerts that need a person's look: the one message that shows them, and somebody saying “I have looked”."""

from typing import Any

from sqlalchemy import ColumnElement, and_, literal_column
from sqlmodel import col, func, select

from bot.alerts.models import Finding, InboxItem, Signal
from bot.alerts.rules.triage import Pile, Triage
from bot.foundation.errors import Refusal
from bot.foundation.models import Posted
from bot.foundation.work import Lane, Reading, Work
from bot.people import rules as people_rules
from bot.people import service as people

KEY = "alerts:triage"
SHOWN = 5


def refresh(work: Work) -> None:
    """Say that the message is out of date."""
    work.enqueue("alerts.triage", KEY, {}, lane=Lane.NOTE)


def was_posted(reading: Reading) -> bool:
    """Does the message stand in Slack, so that “nothing left” must be shown, too?"""
    return reading.session.get(Posted, KEY) is not None


def mark_seen(work: Work, through: int) -> int:
    """The actor has looked at everything up to this body; returns how much that was. What came later stays.

    Raises:
        Refusal: for strangers, and when somebody else has looked already.
    """
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)
    before = triage_of(work).count
    work.change(InboxItem, _unseen_items(), col(InboxItem.sequence) <= through, seen_at=work.now)
    unseen = _unseen_signals(Finding.NEEDS_CONTEXT, Finding.NO_TRIGGER)
    work.change(Signal, unseen, col(Signal.inbox_sequence) <= through, seen_at=work.now)
    count = before - triage_of(work).count
    if count == 0:
        raise Refusal("Somebody has looked at these already.")
    work.record("alerts.seen", "alerts", through=through, count=count)
    refresh(work)
    return count


def triage_of(reading: Reading) -> Triage:
    """Return what waits for a person to look at it."""
    return Triage(
        not_understood=_items(reading),
        needs_context=_signals(reading, Finding.NEEDS_CONTEXT),
        no_trigger=_signals(reading, Finding.NO_TRIGGER),
        through=reading.session.exec(select(func.max(InboxItem.sequence))).one() or 0,
    )


def _unseen_items() -> ColumnElement[bool]:
    """Bodies that were not understood, wholly or in part (`note` says why), and that nobody has looked at.

    In the words of the index `inbox_to_look_at`, without parameters, so that the database can use it.
    """
    return and_(col(InboxItem.note) != literal_column("''"), col(InboxItem.seen_at).is_(None))


def _unseen_signals(*findings: Finding) -> ColumnElement[bool]:
    """Signals of these findings that still fire and that nobody has looked at: the index `signal_to_look_at`."""
    firing = col(Signal.state) == literal_column("'firing'")
    return and_(col(Signal.finding).in_(findings), firing, col(Signal.seen_at).is_(None))


def _items(reading: Reading) -> Pile[InboxItem]:
    newest = select(InboxItem).where(_unseen_items()).order_by(col(InboxItem.sequence).desc()).limit(SHOWN)
    return Pile(list(reading.session.exec(newest)), _count(reading, InboxItem, _unseen_items()))


def _signals(reading: Reading, finding: Finding) -> Pile[Signal]:
    where = _unseen_signals(finding)
    newest = select(Signal).where(where).order_by(col(Signal.inbox_sequence).desc(), col(Signal.id)).limit(SHOWN)
    return Pile(list(reading.session.exec(newest)), _count(reading, Signal, where))


def _count(reading: Reading, model: Any, where: ColumnElement[bool]) -> int:
    return int(reading.session.exec(select(func.count()).select_from(model).where(where)).one())
