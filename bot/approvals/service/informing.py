"""Whoever is informed is told once, when it is decided: one summary, not a stream."""

from bot.approvals.models import Request
from bot.approvals.service import queries
from bot.foundation.work import Lane, Work
from bot.people import service as people
from bot.people.models import Directory


def inform(work: Work, request: Request) -> None:
    """Send everybody who is informed one direct message about a request that has ended; whoever took part knows it."""
    main = work.config[Directory].main_account
    took_part = {main(request.requester), *(vote.person for vote in queries.votes(work, request.id, request.round))}
    roles = queries.cell_of(work, request).informed
    reached = dict.fromkeys(person for role in roles for person in people.reach(work, role, request.system))
    to = [person for person in reached if person not in took_part]
    if not to:
        return
    work.record("approval.informed", request.subject, people=to, **request.trail_facts)
    for person in to:
        payload = {"request": request.id, "person": person}
        work.enqueue("approvals.inform", f"inform:{request.id}:{person}", payload, lane=Lane.NOTE)
