"""A person's word opens a documented case."""

import pytest

from bot.foundation.errors import Refusal
from bot.incidents import service
from tests.incidents.organisation import Organisation


def test_a_report_opens_an_incident_about_the_newest_version(meridian: Organisation) -> None:
    """R013, R014, R025: human judgement is enough for a case."""
    incident = meridian.does(
        "jonas",
        lambda work: service.report(
            work, system="support-bot", version="", what="It promises refunds.\nSeen twice today.", harm=False
        ),
    )
    assert (incident.system, incident.version, incident.title) == ("support-bot", "42", "It promises refunds.")


def test_somebody_may_be_harmed_is_high_whatever_the_system(meridian: Organisation) -> None:
    """R168: harm is an entry condition of its own."""
    incident = meridian.does(
        "jonas",
        lambda work: service.report(work, system="support-bot", version="41", what="It gave dosages.", harm=True),
    )
    assert (incident.severity, incident.version) == ("high", "41")


def test_a_version_that_no_form_could_show_is_refused(meridian: Organisation) -> None:
    def report(version: str) -> None:
        meridian.does(
            "sam", lambda work: service.report(work, system="support-bot", version=version, what="It lies.", harm=False)
        )

    with pytest.raises(Refusal, match="at most 120") as refused:
        report("x" * 121)
    assert refused.value.field == "version"
    report("x" * 120)


def test_a_second_report_joins_the_first(meridian: Organisation) -> None:
    """R048."""

    def says(who: str, what: str) -> None:
        meridian.does(who, lambda work: service.report(work, system="support-bot", version="", what=what, harm=False))

    says("jonas", "It promises refunds.")
    says("sam", "Refunds again. " + "x" * 5000)
    assert meridian.incident().title == "It promises refunds."


@pytest.mark.parametrize(
    ("system", "what", "field"), [("support-bot", " ?? ", "what"), ("nonsense", "It is wrong.", "system")]
)
def test_what_is_no_report_is_refused(meridian: Organisation, system: str, what: str, field: str) -> None:
    with pytest.raises(Refusal) as refused:
        meridian.does("jonas", lambda work: service.report(work, system=system, version="", what=what, harm=False))
    assert refused.value.field == field
