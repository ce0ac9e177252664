"""One way for a severity to change, and everything that hangs on it."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.approvals import service as approvals
from bot.escalation import service as escalation
from bot.incidents import service
from tests.incidents.organisation import Organisation, ask_for_rollback


def test_a_new_severity_changes_deadlines_quorum_and_the_next_update(meridian: Organisation) -> None:
    """R042 R043."""
    meridian.opens()
    meridian.does("maya", ask_for_rollback)
    before = meridian.reads(approvals.open_request, "INC-1")
    meridian.clock.pass_time(minutes=2)
    meridian.does("sam", service.change_severity, "INC-1", "high", "It is everywhere.")
    climb = meridian.reads(escalation.state_of, "INC-1")
    assert climb is not None
    assert climb.next_tier_at is not None
    assert climb.next_tier_at <= meridian.clock.now() + timedelta(minutes=5)
    after = meridian.reads(approvals.open_request, "INC-1")
    assert before is not None
    assert after is not None
    assert (before.severity, len(before.slots)) == ("medium", 2)
    assert (after.severity, len(after.slots)) == ("high", 4)
    assert after.round > before.round or after.id != before.id
    assert meridian.incident().next_update_at == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert meridian.facts()["severity"] == "high"


def test_an_approval_is_dropped_only_by_two_people(meridian: Organisation) -> None:
    """R043: until a second person who may lower it confirms, the severity and the quorum stay as they are."""
    meridian.opens()
    meridian.does("maya", service.change_severity, "INC-1", "low", "Only a test market.")
    assert meridian.incident().severity == "medium"
    (proposed,) = meridian.trail(action="incident.lowering_proposed")
    assert (proposed.why, proposed.facts["drops"]) == ("Only a test market.", ["Engineering lead", "Product lead"])
    assert "You proposed it" in meridian.refusal("maya", service.confirm_lowering, "INC-1").message
    assert "but not lower it" in meridian.refusal("carla", service.confirm_lowering, "INC-1").message
    meridian.does("priya", service.confirm_lowering, "INC-1")
    assert (meridian.incident().severity, meridian.incident().lowering) == ("low", None)
    assert "Nobody proposes" in meridian.refusal("priya", service.confirm_lowering, "INC-1").message


def test_raising_needs_one_person_whoever_is_asked_then(meridian: Organisation) -> None:
    """R043: at medium other people approve a rollback of the support bot than at low; that is no lowering."""
    meridian.opens("support-bot", "42", families=["quality"])
    assert meridian.incident().severity == "low"
    meridian.does("sam", service.change_severity, "INC-1", "medium", "The press has called.")
    assert (meridian.incident().severity, meridian.incident().lowering) == ("medium", None)


@pytest.mark.parametrize("ends", ["declined", "raised", "closed"])
def test_a_proposal_to_lower_ends_when_it_is_declined_or_overtaken(meridian: Organisation, ends: str) -> None:
    """R043."""
    meridian.opens()
    meridian.does("maya", service.change_severity, "INC-1", "low", "Only a test market.")
    if ends == "declined":
        meridian.does("sam", service.decline_lowering, "INC-1")
    elif ends == "raised":
        meridian.does("sam", service.change_severity, "INC-1", "high", "It is everywhere.")
    else:
        meridian.does("maya", service.close, "INC-1", "It is over.")
    assert meridian.incident().lowering is None
    meridian.refusal("priya", service.confirm_lowering, "INC-1")
