"""How long bodies are kept: `keep_bodies` of `triggers.yaml`, then they go, in small portions.

Never before a person has looked at what nobody understood; and never the newest, so that no number is given out twice.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete
from sqlmodel import and_, col, func, or_, select

from bot.alerts.models import InboxItem, InboxState, Triggers
from bot.foundation.work import Reading, Work

PORTION = 500


def body_due(reading: Reading) -> datetime | None:
    """Return when the oldest body may go."""
    query = select(InboxItem.received_at).where(_may_go()).order_by(col(InboxItem.sequence)).limit(1)
    oldest = reading.session.exec(query).first()
    return oldest + reading.config[Triggers].keep_bodies if oldest else None


def let_go(work: Work) -> int:
    """Delete a portion of the bodies whose time has come; returns how many went."""
    old = col(InboxItem.received_at) <= work.now - work.config[Triggers].keep_bodies
    portion = select(InboxItem.sequence).where(_may_go(), old).order_by(col(InboxItem.sequence)).limit(PORTION)
    statement = delete(InboxItem).where(col(InboxItem.sequence).in_(portion))
    result = work.session.connection().execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - what a DELETE returns
    if result.rowcount:
        work.record("alerts.let_go", "alerts", why="Kept as long as triggers.yaml says.", bodies=result.rowcount)
    return result.rowcount


def _may_go() -> ColumnElement[bool]:
    newest = select(func.max(InboxItem.sequence)).scalar_subquery()
    return and_(
        col(InboxItem.state).in_([InboxState.READ, InboxState.NOT_UNDERSTOOD]),
        or_(col(InboxItem.note) == "", col(InboxItem.seen_at).is_not(None)),
        col(InboxItem.sequence) < newest,
    )
