"""Whoever is consulted is asked before others decide, and answers if they can: silence never holds anything up."""

from bot.approvals import rules
from bot.approvals.models import Consultation, Request
from bot.approvals.service import queries, rounds
from bot.approvals.service.deciding import why_closed
from bot.foundation.blocks import mrkdwn, quote
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Work
from bot.people import service as people
from bot.people.models import Directory, RoleKey


def consult(work: Work, request: Request) -> None:
    """Ask whoever is consulted about an open request, each role once, by a direct message with a time to answer by.

    In a later round only roles that were not asked yet are asked: the plan is the same, and so are their answers.
    """
    cell = queries.cell_of(work, request)
    known = {one.role for one in queries.consultations(work, request)}
    until = min(one for one in (work.now + cell.consult_within, request.expires_at) if one)
    for role in dict.fromkeys(cell.consulted):
        if role not in known:
            title = work.config[Directory].roles[role].title
            to = _whom(work, request, role)
            _ask(work, request, Consultation(
                request_id=request.id, role=role, title=title, people=to, asked_at=work.now, until=until
            ))  # fmt: skip


def advise(work: Work, request_id: str, role: RoleKey, text: str) -> None:
    """Answer for a role that is consulted: kept, said in the thread, and shown to those who decide.

    Args:
        work: The actor is one of those who were asked.
        request_id: Which request.
        role: For which of the roles that are consulted.
        text: At least three visible characters.

    Raises:
        Refusal: for whoever was not asked, when the role has answered or it is decided, and without words (`text`).
    """
    request, found = may_advise(work, request_id, role)
    said = rules.need_reason(text, "text")
    found.answer, found.answered_by, found.answered_at = said, work.actor.id, work.now
    work.session.add(found)
    work.session.flush()
    work.record("approval.advised", request.subject, why=said, **request.trail_facts, role=role)
    words = mrkdwn(
        "💬 {who} ({title}) was consulted:\n{said}", who=work.actor.name, title=found.title, said=quote(said)
    )
    rounds.tell(work, request, words)
    rounds.refresh(work, request)


def may_advise(work: Work, request_id: str, role: RoleKey) -> tuple[Request, Consultation]:
    """Return an open request and what somebody is asked about it (Refusal like `advise`)."""
    why = people.why_not_active(work, work.actor.id)
    if why:
        raise Refusal(why)
    request = rounds.locked(work, request_id)
    found = work.session.get(Consultation, (request_id, role), populate_existing=True)
    if found is None or work.config[Directory].main_account(work.actor.id) not in found.people:
        raise Refusal("You were not asked about this. If those who decide should know something, say it in the thread.")
    closed = why_closed(work, request)
    if closed:
        raise Refusal(f"{closed} Your answer is not needed any more.")
    if found.answered_by:
        raise Refusal(
            f"{queries.name_of(work, found.answered_by)} has answered for {found.title} already. "
            "To add something, say it in the thread."
        )
    return request, found


def _whom(work: Work, request: Request, role: RoleKey) -> list[str]:
    """Return whom to ask for a role: not whoever asked for it, whose opinion is known."""
    asks = work.config[Directory].main_account(request.requester)
    return [person for person in people.reach(work, role, request.system) if person != asks]


def _ask(work: Work, request: Request, asked: Consultation) -> None:
    work.session.add(asked)
    work.session.flush()
    work.record(
        "approval.consulted", request.subject, **request.trail_facts,
        role=asked.role, people=asked.people, until=asked.until.isoformat(),
    )  # fmt: skip
    for person in asked.people:
        payload = {"request": request.id, "role": asked.role, "person": person}
        work.enqueue("approvals.consult", f"consult:{request.id}:{asked.role}:{person}", payload, lane=Lane.PAGE)
