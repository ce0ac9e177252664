"""Somebody who could approve cannot any more: what nobody can decide is said at once, and others are brought in."""

from sqlmodel import col, select

from bot.approvals import rules
from bot.approvals.models import Request, RoundState
from bot.approvals.service import queries, rounds
from bot.escalation import service as escalation
from bot.foundation.blocks import moment, mrkdwn
from bot.foundation.models import OutboxRow
from bot.foundation.work import Work


def check_reach(work: Work, person: str) -> int:
    """Look at every open request that somebody is concerned with; returns how many cannot be approved any more."""
    found = work.session.exec(select(Request).where(Request.state == RoundState.ASKED).order_by(col(Request.id))).all()
    return sum(say_if_unreachable(work, one) for one in found if person in rules.concerned(rules.round_of(one)))


def say_if_unreachable(work: Work, request: Request) -> bool:
    """Say, once in a round, that an open request cannot be approved as things stand; the next tier is brought in."""
    given = queries.votes(work, request.id, request.round)
    why = rules.why_unreachable(rules.round_of(request), queries.standing_of(work), given)
    key = f"unreachable:{request.id}:{request.round}"
    if why is None or work.session.exec(select(OutboxRow.id).where(OutboxRow.key == key)).first():
        return False
    work.record("approval.unreachable", request.subject, why=why, **request.trail_facts)
    text = mrkdwn(
        "⛔ *{summary}* cannot be approved as things stand. {why} The next tier is brought in now. The request stays "
        "open until {expires}: name a deputy in config/people.yaml, or let somebody else ask.",
        summary=request.summary,
        why=why,
        expires=moment(request.expires_at or work.now),
    )
    rounds.tell(work, request, text, key=key)
    rounds.refresh(work, request)
    escalation.hasten(work, request.subject, f"An approval that is needed cannot be given. {why}")
    return True
