"""What may be said about an incident is kept current."""

from bot.comms.models import Briefing
from bot.incidents import service
from tests.incidents.organisation import Organisation


def test_the_briefing_has_every_fact_that_templates_may_use(meridian: Organisation) -> None:
    """R049 R050 R170."""
    meridian.opens()
    briefing = meridian.reads(lambda reading: reading.session.get_one(Briefing, "INC-1"))
    assert briefing.is_open
    assert (briefing.title, briefing.incident_type) == ("Visitors buy less", "recommendation")
    facts = briefing.facts
    assert set(facts) >= {
        *("incident", "system", "system_title", "system_does", "severity", "state", "version", "good_version"),
        *("summary", "opened_at", "users", "downstream", "impact_data", "impact_compliance", "impact_customers"),
        *("lead", "containment", "next_update", "owner"),
    }
    assert all(isinstance(value, str) and value for value in facts.values())
    assert facts["users"] == "about 240,000 users"
    assert facts["opened_at"] == "2026-11-21 09:00 UTC"
    assert facts["next_update"] == "2026-11-21 13:00 UTC"
    assert (facts["owner"], facts["lead"]) == ("Maya Lindqvist", "nobody yet")


def test_what_was_done_so_far_reaches_the_briefing(meridian: Organisation) -> None:
    """R170."""
    meridian.opens()
    assert meridian.facts()["containment"] == "Nothing has been changed yet."
    meridian.does("backout", service.set_containment, "INC-1", "Rolled back to 7.", busy=False)
    assert meridian.facts()["containment"] == "Rolled back to 7."
