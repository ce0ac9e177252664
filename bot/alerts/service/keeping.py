"""How long bodies are kept: `keep_bodies` of `triggers.yaml`, then they go, in small portions.

Never before a person has looked at what nobody understood; and never the newest, so that no number is given out twice.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, delete
from sqlmodel import col, func, or_, select

from bot.alerts.models import InboxItem, InboxState, Triggers
from bot.foundation.work import Reading, Work

PORTION = 500
DONE_WITH = (InboxState.READ, InboxState.NOT_UNDERSTOOD)


def body_due(reading: Reading) -> datetime | None:
    """Return when the oldest body may go."""
    oldest = (reading.session.exec(_may_go(state, InboxItem.received_at).limit(1)).first() for state in DONE_WITH)
    oldest_of_all = min((moment for moment in oldest if moment is not None), default=None)
    return oldest_of_all + reading.config[Triggers].keep_bodies if oldest_of_all else None


def let_go(work: Work) -> int:
    """Delete a portion of the bodies whose time has come; returns how many went."""
    old = col(InboxItem.received_at) <= work.now - work.config[Triggers].keep_bodies
    bodies = 0
    for state in DONE_WITH:
        portion = _may_go(state, InboxItem.sequence).where(old).limit(PORTION - bodies)
        statement = delete(InboxItem).where(col(InboxItem.sequence).in_(portion))
        result = work.session.connection().execute(statement)
        assert isinstance(result, CursorResult)  # noqa: S101 - what a DELETE returns
        bodies += result.rowcount
    if bodies:
        work.record("alerts.let_go", "alerts", why="Kept as long as triggers.yaml says.", bodies=bodies)
    return bodies


def _may_go(state: InboxState, what: Any) -> Any:
    """Select of the bodies in a state that may go in time, the oldest first: the order of the index `inbox_due`."""
    newest = select(func.max(InboxItem.sequence)).scalar_subquery()
    looked_at = or_(col(InboxItem.note) == "", col(InboxItem.seen_at).is_not(None))
    query = select(what).where(col(InboxItem.state) == state, looked_at, col(InboxItem.sequence) < newest)
    return query.order_by(col(InboxItem.due_at))
