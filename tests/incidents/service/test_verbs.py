"""Acknowledge, change the severity, close; containment and promised times for news."""

from datetime import timedelta

import pytest

from bot.approvals import service as approvals
from bot.comms.models import Briefing
from bot.escalation import service as escalation
from bot.escalation.models import EscalationState
from bot.incidents import service
from tests.incidents.organisation import Organisation, ask_for_rollback


def test_whoever_acknowledges_leads(meridian: Organisation) -> None:
    """R103: who acknowledged, and when."""
    meridian.opens()
    meridian.clock.pass_time(minutes=3)
    meridian.does("priya", service.acknowledge, "inc-1")
    incident = meridian.incident()
    assert (incident.state, incident.acknowledged_by) == ("acknowledged", "U0PRIYA003")
    assert meridian.reads(service.lead_of, "INC-1") == "U0PRIYA003"
    (entry,) = meridian.trail(action="incident.acknowledged")
    assert (entry.actor, entry.facts["seconds_since_opened"]) == ("person:U0PRIYA003", 180)
    assert meridian.facts()["lead"] == "Priya Raman"
    assert "Priya Raman acknowledged and leads." in meridian.notes()


def test_an_incident_that_is_not_there(meridian: Organisation) -> None:
    assert meridian.refusal("maya", service.acknowledge, "inc-9").message.startswith("There is no INC-9.")


@pytest.mark.parametrize(
    ("severity", "reason", "field"),
    [
        ("medium", "because", "severity"),
        ("urgent", "because", "severity"),
        ("", "because", "severity"),
        ("high", " ", "reason"),
    ],
)
def test_a_change_needs_another_severity_and_a_reason(
    meridian: Organisation, severity: str, reason: str, field: str
) -> None:
    """R043."""
    meridian.opens()
    assert meridian.refusal("maya", service.change_severity, "INC-1", severity, reason).field == field
    assert meridian.trail(action="incident.severity_changed") == []


@pytest.mark.parametrize("who", ["maya", "aisha", "carla"])
def test_the_owner_the_product_owner_and_the_lead_may_close_it(meridian: Organisation, who: str) -> None:
    """R103."""
    meridian.opens()
    if who == "carla":
        meridian.does(who, service.acknowledge, "INC-1")
    meridian.does(who, ask_for_rollback)
    meridian.does(who, service.close, "INC-1", "Version 7 serves again.")
    incident = meridian.incident()
    assert (incident.state, incident.closed_by, incident.closing_reason) == (
        "closed",
        meridian.actor(who).id,
        "Version 7 serves again.",
    )
    assert incident.next_update_at is None
    assert meridian.reads(approvals.open_request, "INC-1") is None
    climb = meridian.reads(escalation.state_of, "INC-1")
    assert climb is not None
    assert climb.state == EscalationState.ENDED
    assert meridian.trail(action="incident.closed")[0].why == "Version 7 serves again."
    assert meridian.reads(lambda reading: reading.session.get_one(Briefing, "INC-1")).is_open is False
    assert meridian.facts()["next_update"] == "none: the incident is closed"


def test_it_is_not_closed_while_a_rollback_runs(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("backout", service.set_containment, "INC-1", "Rolling back to 7.", busy=True)
    for verb, arguments in ((service.may_close, ()), (service.close, ("over",))):
        assert "is being rolled back right now" in meridian.refusal("maya", verb, "INC-1", *arguments).message
    meridian.does("backout", service.set_containment, "INC-1", "Rolled back to 7.", busy=False)
    meridian.does("maya", service.close, "INC-1", "over")
    assert meridian.trail(action="incident.closed")[0].facts["containment"] == "Rolled back to 7."


def test_closing_needs_a_reason(meridian: Organisation) -> None:
    meridian.opens()
    assert meridian.refusal("maya", service.close, "INC-1", "\n").field == "reason"


def test_what_is_closed_stays_closed(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("maya", service.close, "INC-1", "over")
    for verb, arguments in (
        (service.acknowledge, ()),
        (service.change_severity, ("high", "because")),
        (service.close, ("again",)),
        (service.may_change, ()),
    ):
        message = meridian.refusal("aisha", verb, "INC-1", *arguments).message
        assert message == "INC-1 is closed: Maya Lindqvist closed it at 09:00 GMT on 21 November."


def test_a_promised_time_for_news_that_has_passed_moves_on(meridian: Organisation) -> None:
    meridian.opens()
    due = meridian.reads(service.next_update_due)
    assert due == meridian.clock.now() + timedelta(hours=4)
    assert meridian.does("backout", service.move_updates_due) == 0
    meridian.clock.pass_time(hours=9)
    assert meridian.does("backout", service.move_updates_due) == 1
    assert meridian.facts()["next_update"] == "2026-11-21 21:00 UTC"
    assert meridian.does("backout", service.move_updates_due) == 0
    meridian.does("maya", service.close, "INC-1", "over")
    assert meridian.reads(service.next_update_due) is None
