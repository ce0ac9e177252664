"""Cleaning: what has served its purpose is deleted, in small portions, so that tables do not grow for ever.

Nothing that anybody decided is ever touched here: only marks of requests that can no longer be repeated, and outbox
rows whose message stands or whose step is done.
"""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete
from sqlmodel import col, func, select

from bot.foundation.models import Nonce, OutboxRow, OutboxState
from bot.foundation.outbox import Sweep
from bot.foundation.work import Reading, Work

KEEP_NONCES = timedelta(hours=25)
"""Slack repeats a failed event for up to 24 hours (docs.slack.dev/apis/events-api, delayed events)."""
KEEP_DONE = timedelta(days=30)
PORTION = 1_000


def next_due(reading: Reading) -> datetime | None:
    """Return when the oldest mark or done row may go."""
    nonce: datetime | None = reading.session.exec(select(func.min(Nonce.seen_at))).first()
    done = select(func.min(OutboxRow.due_at)).where(OutboxRow.state == OutboxState.DONE)
    row: datetime | None = reading.session.exec(done).first()
    return min([*([nonce + KEEP_NONCES] if nonce else []), *([row + KEEP_DONE] if row else [])], default=None)


def clean(work: Work) -> int:
    """Delete a portion of what may go; returns how many rows went."""
    old = select(Nonce.value).where(col(Nonce.seen_at) <= work.now - KEEP_NONCES).limit(PORTION)
    done = (
        select(OutboxRow.sequence)
        .where(col(OutboxRow.state) == OutboxState.DONE, col(OutboxRow.due_at) <= work.now - KEEP_DONE)
        .limit(PORTION)
    )
    gone = 0
    for statement in (
        delete(Nonce).where(col(Nonce.value).in_(old)),
        delete(OutboxRow).where(col(OutboxRow.sequence).in_(done)),
    ):
        result = work.session.connection().execute(statement)
        assert isinstance(result, CursorResult)  # noqa: S101 - what a DELETE returns
        gone += result.rowcount
    return gone


SWEEP = Sweep("foundation.cleaning", next_due, clean)
