"""What time does to a round: deputies may decide, and what is not complete in time ends without effect."""

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from bot.approvals.models import Request, RoundState
from bot.approvals.service import queries, rounds
from bot.foundation.blocks import mention, moment, mrkdwn
from bot.foundation.work import Reading, Work

BATCH = 50


def next_expiry(reading: Reading) -> datetime | None:
    """Return when the next open request expires."""
    return reading.session.exec(select(func.min(col(Request.expires_at))).where(_is_open())).one()


def next_deputies(reading: Reading) -> datetime | None:
    """Return when deputies may decide on the next open request."""
    return reading.session.exec(select(func.min(col(Request.deputies_called_at))).where(_is_open())).one()


def expire(work: Work) -> int:
    """End every open request whose time has passed; returns how many."""
    due = select(Request.id).where(_is_open(), col(Request.expires_at) <= work.now)
    ids = work.session.exec(due.order_by(col(Request.expires_at), col(Request.id)).limit(BATCH)).all()
    return sum(expire_one(work, rounds.locked(work, request_id)) for request_id in ids)


def expire_one(work: Work, request: Request) -> bool:
    """End one request whose time has passed, without effect, and say so; False when it had ended already."""
    missing = " and ".join(line.slot.title for line in queries.tally(work, request).lines if line.vote is None)
    if not rounds.finish(work, request, RoundState.EXPIRED, f"Missing: {missing}."):
        return False
    work.record("approval.round_expired", request.subject, why=request.outcome, **request.trail_facts)
    text = mrkdwn(
        "⌛ *Expired:* {summary}. By {expires} this was missing: {missing}. So {otherwise}.\n"
        "{who}: if it is still needed, ask for it again.",
        summary=request.summary,
        expires=moment(request.expires_at or work.now),
        missing=missing,
        otherwise=queries.otherwise(work, request),
        who=mention(request.requester),
    )
    rounds.tell(work, request, text)
    return True


def call_deputies(work: Work) -> int:
    """Tell deputies, in the thread, that they may decide from now on; returns for how many requests."""
    due = work.session.exec(
        select(Request.id, Request.deputies_called_at)
        .where(_is_open(), col(Request.deputies_called_at) <= work.now)
        .order_by(col(Request.deputies_called_at), col(Request.id))
        .limit(BATCH)
    ).all()
    return sum(_call(work, request_id, at) for request_id, at in due if at is not None)


def is_overdue(reading: Reading, request: Request) -> bool:
    """Has an open request's time passed, whether or not a sweep has noticed yet?"""
    return request.expires_at is not None and request.expires_at <= reading.now


def _call(work: Work, request_id: str, due: datetime) -> bool:
    mine = col(Request.id) == request_id, col(Request.deputies_called_at) == due
    if not work.change(Request, *mine, deputies_called_at=None):
        return False
    request = rounds.locked(work, request_id)
    asked = [one for one in queries.asked_now(work, request) if one.on_behalf_of]
    if asked and not is_overdue(work, request):
        work.record(
            "approval.deputies_called", request.subject, people=[one.person for one in asked], **request.trail_facts
        )
        text = mrkdwn(
            "⏰ *{summary}* still waits. Deputies may decide now, on the card: {called}.",
            summary=request.summary,
            called=rounds.call(work, asked),
        )
        rounds.tell(work, request, text)
    rounds.refresh(work, request)
    return True


def _is_open() -> ColumnElement[bool]:
    return col(Request.state) == RoundState.ASKED
