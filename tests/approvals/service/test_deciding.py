"""An approver answers: what counts, what is refused and in which words, what comes too late."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from bot.approvals import service
from bot.approvals.models import Question, Request
from bot.escalation.models import Escalation
from bot.foundation.work import Lane, Work
from tests.approvals.committee import PLAN, Committee, config, slack
from tests.approvals.committee import committee as committee_of
from tests.support.clock import MORNING


def test_the_last_missing_yes_approves_and_begins_what_was_asked(committee: Committee) -> None:
    """R071 R079 R104: threat T8."""
    request = committee.ask()
    assert committee.approve("tom", request, "  The old one is safe. ") is None
    assert committee.now(request).state == "asked"
    assert committee.outbox("rollback.start") == []
    assert committee.approve("ann", request) is None
    assert committee.now(request).state == "approved"
    assert committee.now(request).outcome == "by Tom and Ann"
    (step,) = committee.outbox("rollback.start")
    assert (step.key, step.kind, step.lane) == (f"rollback.start:{request.id}:1", "rollback.start", Lane.DECISION)
    assert step.payload == {"plan": "plan_1", "request": request.id, "round": 1}
    assert [vote.reason for vote in committee.votes(request)] == ["It is right.", "The old one is safe."]
    assert "1 of 2 approvals." in committee.notes()[0]
    assert "*Approved*" in committee.notes()[1]
    assert f"<@{slack('may')}>" in committee.notes()[1]
    entries = committee.trail("approval.")
    assert [entry.action for entry in entries[1:]] == [
        "approval.approved",
        "approval.approved",
        "approval.round_approved",
    ]
    assert entries[1].why == "The old one is safe."
    assert entries[1].facts["slot"] == "engineering"


def test_a_single_approval_is_enough_for_low(committee: Committee) -> None:
    """R070."""
    request = committee.ask(severity="low")
    committee.approve("ann", request)
    assert committee.now(request).state == "approved"


def test_one_no_closes_the_round(committee: Committee) -> None:
    """R074: threat T10."""
    request = committee.ask()
    committee.approve("ann", request)
    assert committee.reject("tom", request, "The old one is worse.") is None
    assert committee.now(request).state == "rejected"
    assert committee.outbox("rollback.start") == []
    assert "nothing is rolled back" in committee.notes()[-1]
    assert f"<@{slack('may')}>" in committee.notes()[-1]
    assert ">The old one is worse." in committee.notes()[-1]


def test_a_decision_stops_the_escalation(committee: Committee) -> None:
    """R081."""

    def climb(work: Work) -> None:
        work.session.add(
            Escalation(
                subject="INC-1", system="shop", severity="low", channel="C0SHOP", policy="p", started_at=MORNING,
                waiting_since=MORNING, next_tier_at=MORNING,
            )
        )  # fmt: skip

    committee.does("backout", climb)
    committee.reject("tom", committee.ask())
    found = committee.reads(lambda reading: reading.session.exec(select(Escalation)).one())
    assert (found.state, found.next_tier_at) == ("decided", None)
    assert "rejected by Tom" in committee.trail("escalation.decided")[0].why


def test_a_deputy_votes_on_behalf_of_the_holder(committee: Committee) -> None:
    """R084: threat T6."""
    request = committee.ask()
    assert "You may decide in place of Tom 10 minutes" in committee.refusal(*vote("pri", request)).message
    committee.clock.pass_time(minutes=10)
    committee.approve("pri", request)
    (found,) = committee.votes(request)
    assert (found.person, found.on_behalf_of) == (slack("pri"), slack("tom"))
    assert committee.trail("approval.approved")[0].on_behalf_of == slack("tom")
    assert "Pri for Tom approved as Engineering" in committee.notes()[-1]
    assert "Pri has approved as Engineering" in committee.refusal(*vote("tom", request)).message


def vote(
    key: str, request: Request, *, reason: str = "It is right.", round_: int | None = None
) -> tuple[str, Callable[..., str | None], str, int, str]:
    """The arguments of a vote that is to be refused."""
    return key, service.approve, request.id, round_ or request.round, reason


def test_each_refusal_has_words_of_its_own(committee: Committee) -> None:
    """R072 R079: threats T4, T5, T9; an unfit click changes nothing and says why."""
    request = committee.ask()
    committee.approve("tom", request)
    committee.deactivate("sam")
    said = {
        "stale": committee.refusal(*vote("ann", request, round_=7)),
        "voted": committee.refusal(*vote("tom", request)),
        "nobody": committee.refusal(*vote("zoe", request)),
        "requester": committee.refusal(*vote("may", request)),
        "deputy": committee.refusal(*vote("leo", request)),
        "inactive": committee.refusal(*vote("sam", request)),
        "stranger": committee.refusal(*vote("who", request)),
        "empty": committee.refusal(*vote("ann", request, reason=" a \n")),
        "gone": committee.refusal("ann", service.approve, "req_none", 1, "Yes, please."),
        "machine": committee.refusal("backout", service.approve, request.id, 1, "Yes, please."),
    }
    starts = {
        "stale": "This belongs to round 7. It was asked anew since (round 1)",
        "voted": "You have answered in this round already.",
        "nobody": "You are not an approver here.",
        "requester": "You asked for this, so somebody else has to decide.",
        "deputy": "You may decide in place of Ann 10 minutes after it was asked (09:10 WET)",
        "inactive": "Your Slack account is deactivated",
        "stranger": "You are not in Backout's directory",
        "empty": "Please write at least a few words",
        "gone": "This request does not exist any more.",
        "machine": "Bots decide nothing here.",
    }
    assert {name: refusal.message[: len(starts[name])] for name, refusal in said.items()} == starts
    assert said["empty"].field == "reason"
    assert len(committee.votes(request)) == 1


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("approved", "This was approved already, at 09:00 WET: by Tom and Ann."),
        ("rejected", "This was rejected at 09:00 WET: by Tom."),
        ("void", "This is void since 09:00 WET. INC-1 was closed."),
        ("expired", "This expired at 10:00 WET without the approvals it needs."),
    ],
)
def test_an_answer_after_the_end_is_recorded_as_late_and_changes_nothing(
    tmp_path: object, committee: Committee, end: str, says: str
) -> None:
    """R104: threat T9."""
    committee.store.config = config(engineering=["tom", "zoe"])
    request = committee.ask()
    match end:
        case "approved":
            committee.approve("tom", request)
            committee.approve("ann", request)
        case "rejected":
            committee.reject("tom", request)
        case "void":
            committee.does("backout", service.void, "INC-1", "INC-1 was closed.")
        case "expired":
            committee.clock.pass_time(hours=1)
            assert committee.does("backout", service.expire) == 1
    before, steps = committee.now(request), len(committee.outbox("rollback.start"))
    for verb in (service.approve, service.reject):
        late = committee.does("zoe", verb, request.id, request.round, "I agree.")
        assert late == f"{says}{' If it is still needed, ask for it again.' if end == 'expired' else ''} " + (
            "Your answer was recorded as late and changes nothing."
        )
    assert committee.now(request) == before
    assert len(committee.outbox("rollback.start")) == steps
    assert [entry.facts["choice"] for entry in committee.trail("approval.answered_late")] == ["approve", "reject"]
    assert slack("zoe") not in [found.person for found in committee.votes(request)]
    assert "not an approver" in committee.refusal(*vote("gra", request)).message
    assert "You asked for this" in committee.refusal(*vote("may", request)).message


def test_an_overdue_round_is_closed_by_the_answer_that_finds_it(committee: Committee) -> None:
    """R081: no sweep has run yet, and still nothing can be approved."""
    request = committee.ask(severity="low")
    committee.clock.pass_time(hours=1)
    late = committee.approve("ann", request)
    assert (late or "").startswith("This expired at 10:00 WET")
    assert committee.now(request).state == "expired"
    assert committee.outbox("rollback.start") == []
    assert "It has just" not in (late or "")
    assert "just expired" in committee.refusal(*may("ann", committee.ask(severity="low"), committee)).message


def may(key: str, request: Request, committee: Committee) -> tuple[str, Callable[..., Request], str, int, None]:
    """The arguments of a look at a form an hour later."""
    committee.clock.pass_time(hours=1)
    return key, service.may_answer, request.id, request.round, None


def test_a_vote_of_somebody_deactivated_since_is_not_counted(committee: Committee) -> None:
    """R072: fail closed on people, at the moment of the quorum."""
    request = committee.ask()
    committee.approve("tom", request)
    committee.deactivate("tom")
    committee.approve("ann", request)
    assert committee.now(request).state == "asked"
    committee.approve("pri", request)
    assert committee.now(request).state == "approved"


def test_whoever_got_or_lost_the_role_since_cannot_vote(committee: Committee) -> None:
    """R072: threat T7, pinned ∩ current."""
    request = committee.ask()
    committee.store.config = config(engineering=["zoe"])
    assert "only after this was asked" in committee.refusal(*vote("zoe", request)).message
    assert "but not any more" in committee.refusal(*vote("tom", request)).message


def test_asking_for_information_keeps_the_round_open(committee: Committee) -> None:
    """R178."""
    request = committee.ask()
    committee.does("tom", service.ask_information, request.id, 1, "Which orders are wrong?")
    assert committee.now(request) == request
    assert f"<@{slack('may')}>" in committee.notes()[-1]
    assert ">Which orders are wrong?" in committee.notes()[-1]
    assert [question.text for question in committee.reads(service.questions, request)] == ["Which orders are wrong?"]
    assert committee.trail("approval.information_asked")[0].why == "Which orders are wrong?"
    committee.does("pri", service.ask_information, request.id, 1, "And which customers?")
    committee.approve("tom", request)
    committee.does("tom", service.ask_information, request.id, 1, "Since when, exactly?")


@pytest.mark.parametrize(
    ("who", "text", "says", "field"),
    [
        ("tom", " ? ", "Please write at least a few words", "text"),
        ("zoe", "Which orders?", "You are not an approver here.", None),
        ("may", "Which orders?", "You asked for this", None),
    ],
)
def test_who_may_not_ask_for_information(
    committee: Committee, who: str, text: str, says: str, field: str | None
) -> None:
    request = committee.ask()
    refusal = committee.refusal(who, service.ask_information, request.id, 1, text)
    assert refusal.message.startswith(says)
    assert refusal.field == field
    assert committee.reads(lambda reading: reading.session.exec(select(Question)).all()) == []


def test_nothing_more_is_asked_about_what_is_decided(committee: Committee) -> None:
    request = committee.ask()
    committee.reject("tom", request)
    assert "was rejected" in committee.refusal("ann", service.ask_information, request.id, 1, "Which orders?").message


def test_before_it_is_carried_out_everything_is_looked_at_again(committee: Committee) -> None:
    """R105: threats T3, T7, T11."""
    request = committee.ask()

    def why(round_: int = 1, digest: str = PLAN, request_id: str = request.id) -> str | None:
        return committee.reads(service.still_approved, request_id, round_, digest)

    assert why() == "the request is not decided yet"
    committee.approve("tom", request)
    committee.approve("ann", request)
    assert why() is None
    assert why(request_id="req_none") == "there is no such request for approval"
    assert why(round_=2) == "this was round 2, and round 1 has been asked since"
    assert why(digest="sha256:" + "00" * 32) == "the plan is not the one that was approved"
    committee.deactivate("ann")
    assert why() == "Ann approved it but may not any more, so an approval is missing"
    committee.deactivate("ann", deleted=False)
    assert why() is None
    committee.store.config = config(engineering=["zoe"])
    assert why() == "Tom approved it but may not any more, so an approval is missing"


def test_the_tally_of_a_decided_round_stays_as_it_was(committee: Committee) -> None:
    """R104: who approved is shown for good."""
    request = committee.ask()
    committee.approve("tom", request)
    committee.approve("ann", request)
    committee.deactivate("tom", "ann")
    assert committee.reads(service.tally, committee.now(request)).is_complete


def test_whoever_abstains_lets_the_deputy_decide_at_once(committee: Committee) -> None:
    """R084: with a reason, in the trail and in the thread."""
    request = committee.ask()
    assert committee.does("tom", service.abstain, request.id, 1, "I wrote half of it.") is None
    assert "Tom abstains" in committee.notes()[-1]
    assert f"<@{slack('pri')}> (Engineering, for Tom)" in committee.notes()[-1]
    assert committee.trail("approval.abstained")[0].why == "I wrote half of it."
    assert committee.approve("pri", request) is None
    assert committee.approve("ann", request) is None
    assert committee.now(request).state == "approved"


def test_when_nobody_is_left_after_an_abstention_it_is_said(committee: Committee) -> None:
    """P9: and the next tier is brought in."""
    request = committee.ask(activity="approve_rollback", severity="high", tags=["medical"])
    committee.does("ines", service.abstain, request.id, 1, "I do not know it.")
    assert "cannot be approved as things stand" in committee.outbox("unreachable:")[0].payload["text"]
    assert committee.now(request).state == "asked"


def test_an_answer_can_be_taken_back_while_the_round_is_open(committee: Committee) -> None:
    """R079: the slot waits again; the same person may answer once more; the trail has both."""
    request = committee.ask()
    committee.approve("tom", request)
    assert committee.does("tom", service.withdraw, request.id, 1, "I looked at the wrong one.") is None
    assert committee.votes(request) == []
    assert "Tom takes the approval back" in committee.notes()[-1]
    assert committee.approve("ann", request) is None
    assert committee.now(request).state == "asked"
    assert committee.approve("tom", request) is None
    assert committee.now(request).state == "approved"
    actions = [entry.action for entry in committee.trail("approval.") if entry.actor == f"person:{slack('tom')}"]
    assert actions == ["approval.approved", "approval.withdrawn", "approval.approved", "approval.round_approved"]
    refusal = committee.refusal("tom", service.withdraw, request.id, 1, "Too late.")
    assert refusal.message.endswith("Nothing can be taken back any more.")


def test_a_late_abstention_is_recorded_and_changes_nothing(committee: Committee) -> None:
    request = committee.ask()
    committee.reject("ann", request)
    late = committee.does("tom", service.abstain, request.id, 1, "I wrote half of it.")
    assert late is not None
    assert "recorded as late" in late
    assert committee.now(request).state == "rejected"


def test_two_accounts_of_one_person_are_one_vote(committee: Committee) -> None:
    """R071: whichever account it comes from, one human answers once, and takes back their own answer with either."""
    request = committee.ask()
    committee.approve("tom2", request)
    (found,) = committee.votes(request)
    entry = committee.trail("approval.approved")[0]
    assert (found.person, entry.actor, entry.facts["person"]) == (slack("tom"), f"person:{slack('tom2')}", slack("tom"))
    assert committee.refusal(*vote("tom", request)).message.startswith("You have answered in this round already.")
    committee.does("tom", service.withdraw, request.id, request.round, "I looked again.")
    assert committee.votes(request) == []


def test_whoever_asked_cannot_approve_with_their_other_account(tmp_path: Path) -> None:
    """R063: neither account of the requester decides, and nobody waits for them in either."""
    found = committee_of(tmp_path, engineering=["may", "tom"])
    request = found.ask(by="may2")
    says = "You asked for this with your other account, so somebody else has to decide."
    assert found.refusal(*vote("may", request)).message == says
    assert found.refusal(*vote("may2", request)).message == "You asked for this, so somebody else has to decide."
    assert [one.id for one in found.reads(service.waiting_for, slack("tom2"))] == [request.id]
    assert found.reads(service.waiting_for, slack("may")) == []
