"""How a round begins and ends, whoever or whatever brings it about."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import select

from bot.approvals import rules
from bot.approvals.models import Request, RoundState
from bot.approvals.service import queries
from bot.approvals.service.informing import inform
from bot.comms import service as comms
from bot.foundation import outbox
from bot.foundation.blocks import Markup, Text, join, mention, moment, mrkdwn
from bot.foundation.work import Lane, Work


def locked(work: Work, request_id: str) -> Request:
    """Return a request as it stands now, locked against other processes until the end of this Work (or Refusal)."""
    query = select(Request).where(Request.id == request_id).with_for_update()
    request = work.session.exec(query.execution_options(populate_existing=True)).first()
    return request or queries.request_of(work, request_id)


def open_round(work: Work, request: Request) -> None:
    """Ask those whose approval is missing: one message that mentions each of them once, the card, their Homes."""
    given = queries.votes(work, request.id, request.round)
    asked = rules.asked(rules.round_of(request), given, queries.standing_of(work))
    work.record(
        "approval.asked", request.subject, why=request.reason, policy=request.policy,
        **request.trail_facts, activity=request.activity, summary=request.summary, slots=request.slots,
        excluded=request.excluded, requester=request.requester, expires_at=_iso(request),
    )  # fmt: skip
    payload: dict[str, Any] = {
        "request": request.id,
        "round": request.round,
        "channel": request.channel,
        "text": _asking(work, request, asked),
    }
    key = f"ask:{request.id}:{request.round}"
    work.enqueue("approvals.ask", key, payload, lane=Lane.DECISION)
    _must_reach(work, request, key, [one.person for one in asked], payload["text"])
    refresh(work, request)


def finish(work: Work, request: Request, state: RoundState, outcome: str) -> bool:
    """End the round of a locked request, once; False when it had ended already."""
    if request.state != RoundState.ASKED:
        return False
    request.state, request.outcome, request.decided_at, request.deputies_called_at = state, outcome, work.now, None
    work.session.add(request)
    refresh(work, request)
    if state in (RoundState.APPROVED, RoundState.REJECTED):  # else nothing was decided, and all is as it was
        inform(work, request)
    return True


def tell(work: Work, request: Request, text: Text, *, key: str | None = None) -> None:
    """Say something in the thread of the incident's card, once under a key if there is one.

    How a round ended, and what has a key, must reach people even without Slack.
    """
    noted = outbox.note(work, request.channel, request.subject, text, key=key)
    if key or request.state != RoundState.ASKED:
        _must_reach(work, request, noted, rules.concerned(rules.round_of(request)), text)


def refresh(work: Work, request: Request) -> None:
    """Bring the card up to date, and the Homes of those who are concerned."""
    outbox.refresh_card(work, request.subject)
    outbox.refresh_home(work, *rules.concerned(rules.round_of(request)))


def call(work: Work, asked: Sequence[rules.Asked]) -> Markup:
    """Mention people, each once, with the role they are asked in and for whom."""
    words: dict[str, Markup] = {}
    for one in asked:
        deputy = mrkdwn(", for {who}", who=queries.name_of(work, one.on_behalf_of)) if one.on_behalf_of else ""
        text = mrkdwn("{who} ({title}{deputy})", who=mention(one.person), title=one.slot.title, deputy=deputy)
        words.setdefault(one.person, text)
    return join(", ", list(words.values()))


def _must_reach(work: Work, request: Request, key: str, people: Sequence[str], text: Text) -> None:
    comms.must_reach(work, key, subject=request.subject, channel=request.channel, people=people, text=text)


def _iso(request: Request) -> str | None:
    return request.expires_at.isoformat() if request.expires_at else None


def _asking(work: Work, request: Request, asked: Sequence[rules.Asked]) -> Markup:
    return mrkdwn(
        "✋ *Approval needed for {subject}:* {summary}\n"
        "{called}: please approve or reject on the card of {subject} by {expires}. "
        "{needed} If it is not complete by then, it expires and {otherwise}.",
        subject=request.subject,
        summary=request.summary,
        called=call(work, asked),
        expires=moment(request.expires_at or request.asked_at),
        needed=_needed(len({one.slot.name for one in asked})),
        otherwise=queries.otherwise(work, request),
    )


def _needed(slots: int) -> str:
    return "One approval is needed." if slots == 1 else f"{slots} approvals are needed, from different people."
