"""One way for a severity to change, and everything that hangs on it."""

from datetime import UTC, datetime, timedelta

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
