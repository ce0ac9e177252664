"""What the tables make impossible, and what each trail entry says about a request."""

import pytest
from sqlalchemy.exc import IntegrityError

from bot.approvals.models import Request, Vote
from bot.foundation.work import Work
from tests.approvals.committee import PLAN, Committee, slack


def test_every_trail_entry_says_which_request_round_and_plan(committee: Committee) -> None:
    request = committee.ask(severity="high")
    assert request.trail_facts == {"request": request.id, "round": 1, "plan_digest": PLAN, "severity": "high"}


def test_one_person_has_one_vote_in_a_round(committee: Committee) -> None:
    """Even if every rule above forgot to look."""

    def stuff(work: Work, request: Request, round_: int) -> None:
        work.session.add(
            Vote(
                request_id=request.id, round=round_, person=slack("tom"), choice="approve", reason="Again.", at=work.now
            )
        )
        work.session.flush()

    request = committee.ask()
    committee.approve("tom", request)
    with pytest.raises(IntegrityError):
        committee.does("backout", stuff, request, 1)
    assert len(committee.votes(request)) == 1
    committee.does("backout", stuff, request, 2)
