"""Alerts that need a person's look: the one message that shows them, and somebody saying “I have looked”."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, func, select

from bot.alerts.models import Finding, InboxItem, InboxState, Signal, SignalState
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
    """Bodies that were not understood, wholly or in part, and that nobody has looked at."""
    odd = or_(col(InboxItem.state) == InboxState.NOT_UNDERSTOOD, col(InboxItem.note) != "")
    return and_(odd, col(InboxItem.state) != InboxState.NEW, col(InboxItem.seen_at).is_(None))


def _unseen_signals(*findings: Finding) -> ColumnElement[bool]:
    """Signals of these findings that still fire and that nobody has looked at."""
    return and_(
        col(Signal.finding).in_(findings), col(Signal.state) == SignalState.FIRING, col(Signal.seen_at).is_(None)
    )


def _items(reading: Reading) -> Pile[InboxItem]:
    newest = select(InboxItem).where(_unseen_items()).order_by(col(InboxItem.sequence).desc()).limit(SHOWN)
    return Pile(list(reading.session.exec(newest)), _count(reading, InboxItem, _unseen_items()))


def _signals(reading: Reading, finding: Finding) -> Pile[Signal]:
    where = _unseen_signals(finding)
    newest = select(Signal).where(where).order_by(col(Signal.inbox_sequence).desc(), col(Signal.id)).limit(SHOWN)
    return Pile(list(reading.session.exec(newest)), _count(reading, Signal, where))


def _count(reading: Reading, model: Any, where: ColumnElement[bool]) -> int:
    return int(reading.session.exec(select(func.count()).select_from(model).where(where)).one())
