"""What time does to rounds: deputies may decide, and what is not complete in time ends without effect."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from bot.approvals import rules
from bot.approvals.models import AtEnd, Request, RoundState
from bot.approvals.service import queries, rounds
from bot.escalation import service as escalation
from bot.foundation.blocks import mention, moment, mrkdwn
from bot.foundation.work import Reading, Work


def next_expiry(reading: Reading) -> datetime | None:
    """Return when the next open request expires."""
    return reading.session.exec(select(func.min(col(Request.expires_at))).where(_is_open())).one()


def next_deputies(reading: Reading) -> datetime | None:
    """Return when deputies may decide on the next open request."""
    return reading.session.exec(select(func.min(col(Request.deputies_called_at))).where(_is_open())).one()


def expire(work: Work) -> int:
    """End open requests whose time has passed, in order; returns how many."""
    due = work.take_due(Request, col(Request.expires_at), col(Request.id), _is_open())
    end_incomplete(work, due)
    return len(due)


def end_incomplete(work: Work, requests: Sequence[Request]) -> None:
    """End locked open requests whose time has passed, without effect, and say so of each."""
    given, standing = queries.votes_in(work, requests), queries.standing_of(work)
    for request in requests:
        tally = rules.tally(rules.round_of(request), given[request.id], standing)
        at_end = queries.cell_of(work, request).at_end
        asked = rules.asked(rules.round_of(request), given[request.id], standing) if at_end == AtEnd.REMIND else []
        missing = " and ".join(line.slot.title for line in tally.lines if line.vote is None)
        rounds.finish(work, request, RoundState.EXPIRED, f"Missing: {missing}.")
        work.record("approval.round_expired", request.subject, why=request.outcome, **request.trail_facts)
        text = mrkdwn(
            "⌛ *Expired:* {summary}. By {expires} this was missing: {missing}{whose}. So {otherwise}.\n"
            "{who}: if it is still needed, ask for it again.",
            summary=request.summary,
            expires=moment(request.expires_at or work.now),
            missing=missing,
            whose=mrkdwn(" ({people})", people=rounds.call(work, asked)) if asked else "",
            otherwise=queries.otherwise(work, request),
            who=mention(request.requester),
        )
        rounds.tell(work, request, text)
        if at_end == AtEnd.CLIMB:
            escalation.hasten(work, request.subject, f"An approval was not complete in time. {request.outcome}")


def call_deputies(work: Work) -> int:
    """Tell deputies, in the thread, that they may decide from now on; returns for how many requests."""
    due = work.take_due(Request, col(Request.deputies_called_at), col(Request.id), _is_open())
    given, standing = queries.votes_in(work, due), queries.standing_of(work)
    for request in due:
        request.deputies_called_at = None
        work.session.add(request)
        asked = rules.asked(rules.round_of(request), given[request.id], standing)
        deputies = [one for one in asked if one.on_behalf_of]
        if deputies and not is_overdue(work, request):
            _call(work, request, deputies)
        rounds.refresh(work, request)
    return len(due)


def is_overdue(reading: Reading, request: Request) -> bool:
    """Has an open request's time passed, whether or not a sweep has noticed yet?"""
    return request.expires_at is not None and request.expires_at <= reading.now


def _call(work: Work, request: Request, deputies: Sequence[rules.Asked]) -> None:
    people = [one.person for one in deputies]
    work.record("approval.deputies_called", request.subject, people=people, **request.trail_facts)
    text = mrkdwn(
        "⏰ *{summary}* still waits. Deputies may decide now, on the card: {called}.",
        summary=request.summary,
        called=rounds.call(work, deputies),
    )
    rounds.tell(work, request, text)


def _is_open() -> ColumnElement[bool]:
    return col(Request.state) == RoundState.ASKED
