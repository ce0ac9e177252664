"""What is asked about requests: which is open, who may answer, what is called what, whether it may be carried out."""

import pytest

from bot.approvals import service
from bot.approvals.models import Request
from bot.foundation.errors import Refusal
from tests.approvals.committee import PLAN, Committee, config, slack


def seat(committee: Committee, request: Request, who: str) -> tuple[str, str | None] | None:
    """In which role, and for whom, somebody may approve."""
    found = committee.reads(service.seat_of, committee.now(request), slack(who))
    return (found.slot.name, found.on_behalf_of) if found else None


def why_not_carried_out(committee: Committee, request: Request, round_: int = 1, plan: str = PLAN) -> str | None:
    return committee.reads(service.still_approved, request.id, round_, plan)


def test_a_request_that_is_not_there_is_refused_in_words(committee: Committee) -> None:
    with pytest.raises(Refusal, match="does not exist any more"):
        committee.reads(service.request_of, "req_none")


def test_the_open_request_and_the_latest_one(committee: Committee) -> None:
    assert committee.reads(service.open_request, "INC-1") is None
    assert committee.reads(service.latest, "INC-1") is None
    first = committee.ask()
    second = committee.ask(reason="Now it is worse.")
    open_now = committee.reads(service.open_request, "INC-1")
    assert open_now is not None
    assert open_now.id == second.id != first.id
    committee.reject("tom", second)
    assert committee.reads(service.open_request, "INC-1") is None
    latest = committee.reads(service.latest, "INC-1")
    assert latest is not None
    assert (latest.id, latest.state) == (second.id, "rejected")


def test_votes_and_questions_stand_in_the_order_in_which_they_came(committee: Committee) -> None:
    request = committee.ask(severity="high")
    for who, text in (("gra", "Which customers?"), ("ann", "Since when?")):
        committee.does(who, service.ask_information, request.id, 1, text)
        committee.clock.pass_time(minutes=1)
        committee.approve(who, request)
    assert [vote.person for vote in committee.votes(request)] == [slack("gra"), slack("ann")]
    asked = committee.reads(service.questions, committee.now(request))
    assert [(one.person, one.text) for one in asked] == [
        (slack("gra"), "Which customers?"),
        (slack("ann"), "Since when?"),
    ]
    assert committee.reads(service.votes, request.id, 2) == []


@pytest.mark.parametrize(
    ("who", "minutes", "expected"),
    [
        ("tom", 0, ("engineering", None)),
        ("ann", 0, ("product", None)),
        ("pri", 9, None),
        ("pri", 10, ("engineering", slack("tom"))),
        ("leo", 10, ("product", slack("ann"))),
        ("may", 30, None),
        ("zoe", 30, None),
        ("tom", 59, ("engineering", None)),
        ("tom", 60, None),
    ],
)
def test_a_seat_is_a_role_of_one_s_own_or_after_a_wait_a_holder_s(
    committee: Committee, who: str, minutes: int, expected: tuple[str, str | None] | None
) -> None:
    """R066 R072 R074: the requester has none, nobody has one once it has expired."""
    request = committee.ask()
    committee.clock.pass_time(minutes=minutes)
    assert seat(committee, request, who) == expected
    waits = [one.id for one in committee.reads(service.waiting_for, slack(who))]
    assert waits == ([request.id] if expected else [])


def test_whoever_has_answered_has_no_seat_and_is_not_asked(committee: Committee) -> None:
    request = committee.ask()
    committee.approve("tom", request)
    assert seat(committee, request, "tom") is None
    asked = committee.reads(service.asked_now, committee.now(request))
    assert [(one.person, one.slot.name) for one in asked] == [(slack("ann"), "product")]


def test_what_waits_for_somebody_has_what_expires_first_in_front(committee: Committee) -> None:
    first = committee.ask(subject="INC-1")
    committee.clock.pass_time(minutes=5)
    second = committee.ask(subject="INC-2")
    assert [one.id for one in committee.reads(service.waiting_for, slack("tom"))] == [first.id, second.id]


def test_of_many_only_the_first_to_expire_are_looked_at(committee: Committee) -> None:
    """R164: App Home costs the same with ten thousand open requests."""
    for number in range(1, 5):
        committee.ask(subject=f"INC-{number}")
        committee.clock.pass_time(minutes=1)
    assert committee.reads(service.count_naming, slack("tom")) == 4
    assert committee.reads(service.count_naming, slack("zoe")) == 0
    found = committee.reads(service.seats_of, slack("tom"), 2)
    assert [request.subject for request, _ in found] == ["INC-1", "INC-2"]


def test_everybody_concerned_has_a_name(committee: Committee) -> None:
    names = committee.reads(service.names, committee.ask())
    assert names == {slack(key): key.title() for key in ("tom", "pri", "ann", "leo", "may")}


def test_what_happens_otherwise_is_said_in_the_words_of_the_matrix_that_was_pinned(committee: Committee) -> None:
    assert committee.reads(service.otherwise, committee.ask()) == "nothing is rolled back"


def test_an_approved_plan_may_be_carried_out(committee: Committee) -> None:
    """R084."""
    request = committee.ask()
    assert why_not_carried_out(committee, request) == "the request is not decided yet"
    for who in ("tom", "ann"):
        committee.approve(who, request)
    assert why_not_carried_out(committee, request) is None
    assert why_not_carried_out(committee, request, round_=2) == "this was round 2, and round 1 has been asked since"
    assert why_not_carried_out(committee, request, plan=PLAN[:-1]) == "the plan is not the one that was approved"
    assert committee.reads(service.still_approved, "req_none", 1, PLAN) == "there is no such request for approval"


@pytest.mark.parametrize("lost", ["account", "role"])
def test_an_approval_by_somebody_who_may_not_any_more_is_missing(committee: Committee, lost: str) -> None:
    request = committee.ask()
    for who in ("tom", "ann"):
        committee.approve(who, request)
    if lost == "account":
        committee.deactivate("tom")
    else:
        committee.store.config = config(engineering=["zoe"])
    why = "Tom approved it but may not any more, so an approval is missing"
    assert why_not_carried_out(committee, request) == why


def test_an_approval_that_is_too_old_allows_nothing(committee: Committee) -> None:
    """R063 R079: `valid_for` of the matrix, looked at when it is carried out."""
    request = committee.ask(activity="lapsing")
    committee.approve("ann", request)
    assert committee.reads(service.still_approved, request.id, 1, PLAN) is None
    committee.clock.pass_time(minutes=90)
    why = committee.reads(service.still_approved, request.id, 1, PLAN)
    assert why == "Ann approved it too long ago (config/raci.yaml, valid_for), so it has to be asked again"
