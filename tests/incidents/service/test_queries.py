"""What is asked about incidents and systems."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.escalation import service as escalation
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.incidents import service
from bot.incidents.models import Incident
from bot.incidents.slack import home_section
from tests.incidents.organisation import Organisation
from tests.support.statements import statements_of


def test_an_incident_is_found_by_the_name_people_say(meridian: Organisation) -> None:
    meridian.opens()
    assert meridian.reads(service.get, " inc-1 ").name == "INC-1"
    with pytest.raises(Refusal, match="There is no INC-2"):
        meridian.reads(service.get, "inc-2")


def test_open_incidents_come_in_the_order_in_which_they_need_us(meridian: Organisation) -> None:
    """R044."""
    meridian.opens("support-bot", "42", families=[])
    meridian.opens("triage-assistant", "3.2", families=[])
    meridian.opens("credit-scoring", "2026.11", families=[])
    meridian.opens("shop-recommender", "8")
    assert [one.system for one in meridian.reads(service.open_incidents)] == [
        "credit-scoring",
        "triage-assistant",
        "shop-recommender",
        "support-bot",
    ]
    meridian.does("maya", service.close, "INC-4", "over")
    assert len(meridian.reads(service.open_incidents)) == meridian.reads(service.count_open) == 3


def test_they_are_ranked_by_severity_then_exposure_then_people_then_age(meridian: Organisation) -> None:
    """R044."""
    for version in ("medium", "few", "many", "regulated", "many and older"):
        meridian.opens("shop-recommender", version)

    def spread(work: Work) -> None:
        one, few, many, regulated, older = work.session.exec(select(Incident).order_by(col(Incident.number))).all()
        for incident in (few, many, regulated, older):
            incident.severity = "high"
        few.impact = {**few.impact, "users": 5}
        regulated.impact = {**regulated.impact, "users": 10, "tags": ["lending", "regulated"]}
        older.opened_at -= timedelta(hours=1)
        work.session.add_all([one, few, many, regulated, older])

    meridian.does("maya", spread)
    ranked = [one.version for one in meridian.reads(service.open_incidents)]
    assert ranked == ["regulated", "many and older", "many", "few", "medium"]
    assert [one.version for one in meridian.reads(service.open_incidents, at_most=2)] == ranked[:2]


def test_of_equals_the_one_whose_clock_runs_out_first_stands_first(meridian: Organisation) -> None:
    """R044."""
    meridian.opens("shop-recommender", "7")
    meridian.clock.pass_time(minutes=1)
    meridian.opens("shop-recommender", "8")
    meridian.does("maya", escalation.acknowledge, "INC-1")  # an hour for a decision; INC-2 has a quarter
    assert [one.name for one in meridian.reads(service.open_incidents)] == ["INC-2", "INC-1"]
    assert "next tier <!date" in str(meridian.reads(service.status_text))


def test_what_somebody_leads_is_theirs_alone_and_ends_with_the_incident(meridian: Organisation) -> None:
    meridian.opens("shop-recommender", "7")
    meridian.opens("shop-recommender", "8")
    meridian.does("maya", escalation.acknowledge, "INC-2")
    led = [one.name for one in meridian.reads(service.led_by, "U0MAYA0001", 5)]
    assert (led, meridian.reads(service.led_by, "U0PRIYA003", 5)) == (["INC-2"], [])
    meridian.does("maya", service.close, "INC-2", "over")
    assert meridian.reads(service.led_by, "U0MAYA0001", 5) == []


def test_a_status_of_many_incidents_stays_short(meridian: Organisation) -> None:
    for number in range(22):
        meridian.opens("shop-recommender", str(number))
    assert str(meridian.reads(service.status_text)).endswith("\nand 2 more, on their cards")


def test_of_ten_thousand_the_home_reads_ten_rows(meridian: Organisation) -> None:
    """Nothing that Home shows grows with what it does not show."""
    counts = []
    for number in range(40):
        meridian.opens("shop-recommender", str(number))
        if number in (10, 39):
            with statements_of(meridian.store.reader) as said:
                meridian.reads(home_section, meridian.actor("maya").id)
            counts.append(len(said))
    assert counts[0] == counts[1]


def test_systems_by_name(meridian: Organisation) -> None:
    found = meridian.reads(service.known_system, "Support-Bot")
    assert found is not None
    assert found.title == "Support bot"
    assert meridian.reads(service.known_system, "nothing") is None
    assert meridian.reads(service.system_named, "SUPPORT-BOT")[0] == "support-bot"


def test_the_names_of_people_in_an_incident(meridian: Organisation) -> None:
    meridian.opens()
    names = meridian.reads(service.names_in, meridian.incident())
    assert (names.lead, names.closed_by, names.owners) == (None, None, "Maya Lindqvist")
    meridian.does("priya", service.acknowledge, "INC-1")
    meridian.does("aisha", service.close, "INC-1", "over")
    names = meridian.reads(service.names_in, meridian.incident())
    assert (names.lead, names.closed_by) == ("Priya Raman", "Aisha Bello")


def test_the_status_lists_what_is_open_a_line_each(meridian: Organisation) -> None:
    """R044."""
    assert meridian.reads(service.status_text) == "No incident is open."
    meridian.opens(title="<!here> Visitors buy less")
    meridian.opens("triage-assistant", "3.2", families=[])
    meridian.does("priya", service.acknowledge, "INC-1")
    lines = meridian.reads(service.status_text).splitlines()
    assert lines[0].startswith("*INC-2* · Triage assistant 3.2 · high · nobody leads it yet · since <!date^")
    assert "*INC-1* · Shop recommender 8 · medium · led by Priya Raman" in lines[2]
    assert lines[3] == ">&lt;!here&gt; Visitors buy less"
    assert "<#C0SHOPREC1>" in lines[2]
