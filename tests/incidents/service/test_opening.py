"""An incident begins, or what came in belongs to one that is open."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.escalation import service as escalation
from bot.foundation.errors import Refusal
from bot.foundation.ids import RandomIds
from bot.foundation.work import Reading
from bot.incidents import service
from bot.incidents.models import Incident
from tests.incidents.organisation import Organisation, organisation


def count(reading: Reading) -> int:
    return len(reading.session.exec(select(Incident)).all())


@pytest.mark.parametrize(
    ("system", "version", "families", "harm", "severity"),
    [
        ("shop-recommender", "8", ["business"], False, "medium"),
        ("credit-scoring", "2026.11", ["model_quality"], False, "high"),
        ("triage-assistant", "3.2", ["safety"], True, "high"),
        ("support-bot", "42", ["model_quality"], False, "low"),
        ("support-bot", "42", ["safety"], True, "high"),
    ],
)
def test_the_example_systems_get_the_severity_they_should(
    meridian: Organisation, system: str, version: str, families: list[str], harm: bool, severity: str
) -> None:
    """R040 R041 R052 R053 R168: by the configuration as shipped."""
    name = meridian.opens(system, version, families=families, harm=harm)
    assert meridian.incident(name).severity == severity


def test_a_new_incident_is_classified_recorded_shown_briefed_and_escalated(meridian: Organisation) -> None:
    """R013 R041 R042 R049 R050 R103 R169 R170."""
    name = meridian.opens()
    incident = meridian.incident(name)
    assert (incident.name, incident.state, incident.severity) == ("INC-1", "open", "medium")
    assert incident.impact["compliance"].startswith("No compliance issue")
    assert incident.impact["good_version"] == "7"
    assert incident.next_update_at == incident.opened_at + timedelta(hours=4)
    (entry,) = meridian.trail(name, "incident.opened")
    assert entry.why == "conversion_rate is 2.1 %."
    assert entry.facts["severity_path"] == incident.severity_path
    assert [row.kind for row in meridian.outbox("card:INC-1")] == ["incidents.card"]
    climb = meridian.reads(escalation.state_of, name)
    assert climb is not None
    assert (climb.tier, climb.severity, climb.channel) == (1, "medium", incident.channel)
    assert meridian.notes()[0] == "Opened by Backout. conversion_rate is 2.1 %."


def test_more_about_the_same_version_joins(meridian: Organisation) -> None:
    """R013 R103."""
    assert meridian.opens() == meridian.opens(version="v8", system="Shop-Recommender", title="Other words") == "INC-1"
    assert meridian.reads(count) == 1
    assert meridian.incident().title == "Visitors buy less"
    (joined,) = meridian.trail(action="incident.signal_joined")
    assert joined.why == "conversion_rate is 2.1 %."
    assert len(meridian.notes()) >= 2


def test_another_version_or_system_is_another_incident(meridian: Organisation) -> None:
    assert [meridian.opens(), meridian.opens(version="9"), meridian.opens("support-bot", "42")] == [
        "INC-1",
        "INC-2",
        "INC-3",
    ]
    assert meridian.incident("INC-2").impact["version_listed"] is False


def test_after_closing_the_same_version_opens_a_new_one(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("maya", service.close, "INC-1", "Version 7 serves again.")
    assert meridian.opens() == "INC-2"
    assert meridian.incident("INC-1").state == "closed"


def test_what_joins_can_make_it_worse(meridian: Organisation) -> None:
    """R041 R043 R168."""
    meridian.opens()
    meridian.opens(families=["safety"], harm=True, reason="Somebody was hurt.")
    incident = meridian.incident()
    assert incident.severity == "high"
    assert incident.severity_path[0]["answer"] == "yes"
    (changed,) = meridian.trail(action="incident.severity_changed")
    assert (changed.facts["before"], changed.facts["after"]) == ("medium", "high")
    climb = meridian.reads(escalation.state_of, "INC-1")
    assert climb is not None
    assert climb.severity == "high"


def test_more_of_the_same_does_not_overrule_a_person_who_lowered_it(meridian: Organisation) -> None:
    """R043."""
    meridian.opens()
    meridian.lowers("maya", "low", "Only a test market.", confirmed_by="priya")
    meridian.opens()
    assert meridian.incident().severity == "low"
    meridian.opens(families=["safety"], harm=True)
    assert meridian.incident().severity == "high"


def test_the_committee_is_told_once_and_only_when_a_criterion_is_met(meridian: Organisation) -> None:
    """R046."""
    meridian.opens()
    assert meridian.incident().committee is None
    meridian.opens(families=["safety"], harm=True)
    meridian.opens(families=["safety"], harm=True)
    (told,) = meridian.trail(action="incident.committee_told")
    assert told.facts["people"] == ["U0ELENA010", "U0GRACE008", "U0NINA0015"]
    (note,) = [text for text in meridian.notes() if "committee" in text]
    assert "AI governance committee: <@U0ELENA010>, <@U0GRACE008>, <@U0NINA0015>" in note
    assert "May somebody be harmed by a system of high severity? Yes." in note


def test_nothing_that_joins_makes_it_milder(meridian: Organisation) -> None:
    meridian.opens(families=["safety"], harm=True)
    meridian.opens()
    assert meridian.incident().severity == "high"


def test_a_person_can_open_one_without_any_signal(meridian: Organisation) -> None:
    name = meridian.opens("support-bot", "42", by="sam", families=[], reason="Customers show me wrong answers.")
    assert meridian.incident(name).opened_by == "U0SAM00019"
    assert meridian.notes()[0] == "Opened by Sam Taylor. Customers show me wrong answers."


@pytest.mark.parametrize(
    ("system", "hint"), [("shop-recomender", "Did you mean shop-recommender?"), ("zzz", "There are: credit-scoring")]
)
def test_a_system_that_nobody_knows_is_refused_with_a_hint(meridian: Organisation, system: str, hint: str) -> None:
    with pytest.raises(Refusal) as refused:
        meridian.opens(system)
    assert hint in refused.value.message
    assert refused.value.field == "system"
    assert meridian.reads(count) == 0


def test_hostile_words_stay_words(meridian: Organisation) -> None:
    meridian.opens(title="<!channel>\n" + "x" * 500, reason="<@U0EVIL>")
    assert len(meridian.incident().title) == 200
    assert "<@U0EVIL>" not in meridian.notes()[0]


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_two_processes_at_once_open_one_incident(prepared_postgres_url: str) -> None:
    """R013: the schema lets only one through; the other joins it."""
    both = [organisation(prepared_postgres_url, RandomIds()) for _ in range(2)]
    barrier = threading.Barrier(8)

    def opens(number: int) -> str:
        barrier.wait()
        return both[number % 2].opens(version=str(8 + number // 4))

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(opens, range(8)))
    try:
        assert len(set(names[:4])) == len(set(names[4:])) == 1
        assert set(names) == {"INC-1", "INC-2"}
        assert both[0].reads(count) == 2
    finally:
        for one in both:
            one.store.close()
