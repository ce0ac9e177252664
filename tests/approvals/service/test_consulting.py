"""Whoever is consulted is asked once, with a time to answer by; silence never holds anything up."""

from datetime import timedelta

from bot.approvals import service
from bot.approvals.models import Consultation, Request
from tests.approvals.committee import Committee, slack
from tests.support.clock import MORNING


def ask(committee: Committee, by: str = "may", severity: str = "low") -> Request:
    return committee.ask(by=by, activity="advised", severity=severity)


def consulted(committee: Committee, request: Request) -> list[Consultation]:
    return committee.reads(service.consultations, request)


def test_a_role_is_asked_by_a_direct_message(committee: Committee) -> None:
    """R063: with a time to answer by."""
    request = ask(committee)
    (one,) = consulted(committee, request)
    assert (one.title, one.people, one.until) == ("Compliance", [slack("gra")], MORNING + timedelta(minutes=10))
    (row,) = committee.outbox("consult:")
    assert row.payload == {"request": request.id, "role": "compliance", "person": slack("gra")}
    facts = committee.trail("approval.consulted")[0].facts
    assert (facts["role"], facts["people"], facts["until"]) == ("compliance", [slack("gra")], one.until.isoformat())


def test_nobody_is_asked_longer_than_the_request_stays_open(committee: Committee) -> None:
    request = ask(committee, severity="medium")
    assert consulted(committee, request)[0].until == request.expires_at


def test_an_answer_is_kept_said_and_shown(committee: Committee) -> None:
    """R063: under the name of whoever gave it; the time to answer by may have passed while it is open."""
    request = ask(committee)
    committee.clock.pass_time(minutes=20)
    committee.does("gra", service.advise, request.id, "compliance", "  Tell the auditor first. ")
    (one,) = consulted(committee, request)
    when = MORNING + timedelta(minutes=20)
    assert (one.answer, one.answered_by, one.answered_at) == ("Tell the auditor first.", slack("gra"), when)
    assert committee.notes()[-1].endswith("Gra (Compliance) was consulted:\n>Tell the auditor first.")
    entry = committee.trail("approval.advised")[0]
    assert (entry.why, entry.facts["role"]) == ("Tell the auditor first.", "compliance")


def test_silence_holds_nothing_up(committee: Committee) -> None:
    """R063."""
    request = ask(committee)
    committee.approve("ann", request)
    assert committee.now(request).state == "approved"


def test_each_refusal_to_advise_has_words_of_its_own(committee: Committee) -> None:
    request = ask(committee)
    arguments = (service.advise, request.id, "compliance")
    assert committee.refusal("tom", *arguments, "I know.").message.startswith("You were not asked about this.")
    assert committee.refusal("gra", service.advise, request.id, "medical", "I know.").message.startswith("You were not")
    assert committee.refusal("gra", *arguments, " . ").field == "text"
    committee.does("gra", service.advise, request.id, "compliance", "It is fine.")
    assert committee.refusal("gra", *arguments, "No.").message.startswith("Gra has answered for Compliance already.")
    other = ask(committee)
    committee.approve("ann", other)
    late = committee.refusal("gra", service.advise, other.id, "compliance", "Wait!").message
    assert late.startswith("This was approved already")
    assert late.endswith("Your answer is not needed any more.")
    committee.deactivate("gra")
    assert "deactivated" in committee.refusal("gra", *arguments, "No.").message


def test_whoever_asked_is_not_consulted_about_it(committee: Committee) -> None:
    request = ask(committee, by="gra")
    assert [one.people for one in consulted(committee, request)] == [[]]
    assert committee.outbox("consult:") == []


def test_a_deputy_is_consulted_when_nobody_else_can_be(committee: Committee) -> None:
    """R084."""
    committee.deactivate("gra")
    request = ask(committee)
    assert consulted(committee, request)[0].people == [slack("sam")]


def test_a_later_round_asks_only_roles_that_were_not_asked(committee: Committee) -> None:
    """R063: the plan is the same, and so are the answers."""
    request = ask(committee)
    committee.does("gra", service.advise, request.id, "compliance", "It is fine.")
    committee.does("backout", service.severity_changed, "INC-1", "high")
    assert [(one.role, one.answer) for one in consulted(committee, request)] == [
        ("compliance", "It is fine."),
        ("medical", ""),
    ]
    assert len(committee.outbox("consult:")) == 2
