"""Something needs a yes; or what was asked is not what is needed any more."""

from datetime import timedelta

import pytest

from bot.approvals import service
from bot.approvals.models import Matrix
from bot.foundation.work import Actor, Lane, pinned
from tests.approvals.committee import PLAN, Committee, ask, slack
from tests.support.clock import MORNING


def test_a_round_is_pinned_and_those_who_may_decide_are_asked_once(committee: Committee) -> None:
    """R063 R071 R072 R171 R178."""
    request = committee.ask()
    assert (request.state, request.round, request.requester) == ("asked", 1, slack("may"))
    assert [slot["name"] for slot in request.slots] == ["engineering", "product"]
    assert request.deputies_from == MORNING + timedelta(minutes=10)
    assert request.expires_at == MORNING + timedelta(hours=1)
    assert committee.reads(pinned, Matrix, request.policy) == committee.store.config[Matrix]
    (row,) = committee.outbox("ask:")
    assert (row.key, row.kind, row.lane) == (f"ask:{request.id}:1", "approvals.ask", Lane.DECISION)
    text = row.payload["text"]
    assert [text.count(f"<@{slack(key)}>") for key in ("tom", "ann", "pri", "leo", "may")] == [1, 1, 0, 0, 0]
    assert "Roll back shop from 8 to 7" in text
    assert "2026-11-21 10:00 UTC" in text
    assert "2 approvals are needed, from different people." in text
    assert "If it is not complete by then, it expires and nothing is rolled back." in text
    assert committee.outbox("card:INC-1")


def test_what_was_asked_is_recorded_with_its_policy(committee: Committee) -> None:
    """R103 R104."""
    request = committee.ask()
    (entry,) = committee.trail("approval.asked")
    assert entry.why == "Visitors buy less."
    assert entry.facts["plan_digest"] == PLAN
    assert entry.facts["slots"] == request.slots
    assert entry.actor == f"person:{slack('may')}"


def test_a_deputy_is_asked_at_once_where_the_holder_cannot(committee: Committee) -> None:
    """R084."""
    committee.deactivate("tom")
    committee.ask(by="ann")
    text = committee.outbox("ask:")[0].payload["text"]
    assert f"<@{slack('pri')}> (Engineering, for Tom)" in text
    assert f"<@{slack('leo')}> (Product, for Ann)" in text
    assert f"<@{slack('tom')}>" not in text
    assert f"<@{slack('ann')}>" not in text


@pytest.mark.parametrize(
    ("by", "away", "changes", "says"),
    [
        ("ines", [], {"severity": "high", "tags": ["medical"]}, "Nobody can approve as Medical: Ines asked for this."),
        ("ann", ["leo"], {"severity": "low"}, "Nobody can approve as Product: Ann asked for this; Leo's Slack account"),
        (
            "may",
            ["ann"],
            {"plan_author": slack("leo"), "activity": "strict"},
            "Nobody can approve as Product: Ann's Slack account is not act",
        ),
        ("may", [], {"activity": "close"}, "raci.yaml names nobody who could approve close at severity medium."),
        ("may", [], {"activity": "dance"}, "There is no activity “dance”"),
        ("may", ["may"], {}, "Your Slack account is deactivated"),
    ],
)
def test_what_nobody_could_approve_is_not_asked(
    committee: Committee, by: str, away: list[str], changes: dict[str, object], says: str
) -> None:
    """R072 R112: who would be needed is said, and nothing is opened."""
    committee.deactivate(*away)
    assert committee.refusal(by, ask, **changes).message.startswith(says)
    assert committee.reads(service.latest, "INC-1") is None


def test_backout_itself_may_ask(committee: Committee) -> None:
    """R074."""
    request = committee.store.submit_now(Actor("system", "triggers", "Backout"), ask)
    assert request.requester == "triggers"
    assert committee.reads(service.open_request, "INC-1") == request


def test_a_new_request_replaces_the_open_one(committee: Committee) -> None:
    """R067: threat T11."""
    first = committee.ask()
    committee.approve("tom", first)
    second = committee.ask(plan_digest="sha256:" + "cd" * 32)
    assert committee.now(first).state == "void"
    assert committee.reads(service.open_request, "INC-1") == committee.now(second)
    assert committee.reads(service.latest, "INC-1") == committee.now(second)
    assert [vote.person for vote in committee.votes(first)] == [slack("tom")]
    assert committee.votes(second) == []
    assert any("replaced by a new request" in note for note in committee.notes())


def test_requests_of_other_incidents_and_activities_are_left_alone(committee: Committee) -> None:
    first = committee.ask()
    other = committee.ask(subject="INC-2")
    committee.does("backout", service.void, "INC-2", "INC-2 was closed.")
    assert (committee.now(first).state, committee.now(other).state) == ("asked", "void")


def test_closing_voids_what_is_open_and_nothing_else(committee: Committee) -> None:
    """R105."""
    decided = committee.ask()
    committee.reject("tom", decided)
    request = committee.ask()
    committee.does("backout", service.void, "INC-1", "INC-1 was closed.")
    committee.does("backout", service.void, "INC-1", "INC-1 was closed.")
    assert (committee.now(decided).state, committee.now(request).state) == ("rejected", "void")
    assert committee.now(request).outcome == "INC-1 was closed."
    assert len(committee.trail("approval.voided")) == 1


def test_a_raised_severity_asks_only_for_what_is_missing(committee: Committee) -> None:
    """R042 R063: the requester stays, answers in slots that remain stay valid, the deadlines begin again."""
    request = committee.ask()
    committee.approve("tom", request)
    committee.clock.pass_time(minutes=5)
    committee.does("zoe", service.severity_changed, "INC-1", "high")
    again = committee.now(request)
    assert (again.state, again.round, again.severity, again.requester) == ("asked", 2, "high", slack("may"))
    assert [slot["name"] for slot in again.slots] == ["engineering", "product", "compliance"]
    assert again.expires_at == MORNING + timedelta(minutes=65)
    assert [(vote.person, vote.at, vote.reason) for vote in committee.votes(again)] == [
        (slack("tom"), MORNING, "It is right.")
    ]
    (carried,) = committee.trail("approval.carried")
    assert (carried.facts["person"], carried.facts["round"]) == (slack("tom"), 2)
    assert [row.key for row in committee.outbox("ask:")] == [f"ask:{request.id}:1", f"ask:{request.id}:2"]
    assert "These stay valid: Engineering (Tom). Needed: Product, Compliance." in committee.notes()[-1]
    asking = committee.outbox("ask:")[1].payload["text"]
    assert slack("tom") not in asking
    assert "2 approvals are needed" in asking
    assert committee.refusal("ann", service.approve, request.id, 1, "Fine.").message.startswith(
        "This belongs to round 1."
    )
    assert committee.refusal("tom", service.approve, request.id, 2, "Fine.").message.startswith("You have answered")
    for key in ("ann", "gra"):
        assert committee.now(request).state == "asked"
        assert committee.approve(key, again) is None
    assert committee.now(request).state == "approved"
    assert committee.reads(service.still_approved, request.id, 2, PLAN) is None


def test_a_lowered_severity_asks_everybody_anew(committee: Committee) -> None:
    """R043: a change of severity alone never completes a quorum."""
    request = committee.ask(severity="high")
    for key in ("tom", "ann"):
        committee.approve(key, request)
    committee.does("zoe", service.severity_changed, "INC-1", "low")
    assert committee.now(request).state == "asked"
    assert committee.votes(request) == []
    assert "Answers given so far do not count. Needed: Product." in committee.notes()[-1]


def test_a_medical_system_keeps_what_both_quorums_need(committee: Committee) -> None:
    """R063 R069: at high severity medicine decides in place of the product lead, whose yes is not needed any more."""
    request = committee.ask(tags=["medical"])
    committee.approve("ann", request)
    committee.does("zoe", service.severity_changed, "INC-1", "high")
    assert committee.votes(request) == []


def test_the_tags_of_the_system_count_when_it_is_asked_anew(committee: Committee) -> None:
    """R069."""
    request = committee.ask(tags=["medical"])
    committee.does("zoe", service.severity_changed, "INC-1", "high")
    assert [slot["name"] for slot in committee.now(request).slots] == ["engineering", "medical", "compliance"]


def test_the_same_severity_changes_nothing(committee: Committee) -> None:
    request = committee.ask()
    committee.does("zoe", service.severity_changed, "INC-1", "medium")
    assert committee.now(request) == request


def test_a_new_quorum_that_nobody_can_complete_voids_the_request(committee: Committee) -> None:
    """R043: the severity changes all the same, and who is missing is said."""
    committee.deactivate("gra", "sam")
    request = committee.ask()
    committee.does("zoe", service.severity_changed, "INC-1", "high")
    assert committee.now(request).state == "void"
    assert "Nobody can approve as Compliance: Gra's Slack account" in committee.notes()[-1]
    assert len(committee.outbox("ask:")) == 1


def test_who_wrote_and_who_carries_out_may_be_kept_from_approving(committee: Committee) -> None:
    """R063: only where the cell says so, and pinned with the round."""
    request = committee.ask(plan_author=slack("tom"), executors=[slack("leo")])
    assert request.excluded == {}
    strict = committee.ask(activity="strict", plan_author=slack("tom"), executors=[slack("leo")])
    assert strict.excluded == {slack("tom"): "plan_author", slack("leo"): "executor"}
    committee.clock.pass_time(minutes=11)
    assert committee.refusal("leo", service.approve, strict.id, 1, "Fine.").message.startswith("You would carry out")
