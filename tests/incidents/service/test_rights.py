"""Who may change what; every no says who may, and what to do instead."""

from pathlib import Path

import pytest

from bot.escalation import service as escalation
from bot.incidents import service
from bot.people import service as people
from bot.people.models import Directory
from tests.incidents.organisation import Organisation, ask_for_rollback, organisation, shipped_config
from tests.support.stores import prepare


@pytest.mark.parametrize("who", ["U0STRANGER", "backout"])
def test_only_people_of_the_directory_act(meridian: Organisation, who: str) -> None:
    meridian.opens()
    for verb, arguments in (
        (service.acknowledge, ()),
        (service.change_severity, ("high", "because")),
        (service.close, ("over",)),
    ):
        meridian.refusal(who, verb, "INC-1", *arguments)
    assert meridian.incident().state == "open"


@pytest.mark.parametrize(
    ("who", "severity", "allowed"),
    [
        ("sam", "high", True),
        ("carla", "high", True),
        ("maya", "low", True),
        ("priya", "low", True),
        ("sam", "low", False),
        ("aisha", "low", False),
        ("carla", "low", False),
    ],
)
def test_anybody_may_raise_it_and_few_may_lower_it(
    meridian: Organisation, who: str, severity: str, allowed: bool
) -> None:
    """R043: neither overreaction nor delay; the reason is kept."""
    meridian.opens()
    if not allowed:
        refused = meridian.refusal(who, service.change_severity, "INC-1", severity, "I think so.")
        assert "but not lower it. Ask Maya Lindqvist, who owns the system" in refused.message
        assert refused.field == "severity"
        assert meridian.incident().severity == "medium"
        return
    meridian.does(who, service.change_severity, "INC-1", severity, "I think so.")
    if severity == "low":
        meridian.does("priya" if who == "maya" else "maya", service.confirm_lowering, "INC-1")
    assert meridian.incident().severity == severity
    (entry,) = meridian.trail(action="incident.severity_changed")
    assert (entry.why, entry.facts["before"], entry.facts["after"]) == ("I think so.", "medium", severity)


def test_the_lead_may_lower_it(meridian: Organisation) -> None:
    """R043."""
    meridian.opens()
    meridian.does("carla", service.acknowledge, "INC-1")
    meridian.lowers("carla", "low", "One market only.", confirmed_by="maya")
    asked = meridian.incident().severity_path[-1]["question"]
    assert asked == "Carla Rossi, confirmed by Maya Lindqvist: One market only."


def test_whoever_asked_for_a_rollback_cannot_lower_the_severity_meanwhile(meridian: Organisation) -> None:
    """R043: nobody drops an approval of their own request."""
    meridian.opens()
    meridian.does("maya", ask_for_rollback)
    refused = meridian.refusal("maya", service.change_severity, "INC-1", "low", "Not so bad.")
    assert "Ask somebody else to lower the severity" in refused.message
    meridian.does("priya", service.change_severity, "INC-1", "low", "Not so bad.")
    assert "You have asked for the rollback" in meridian.refusal("maya", service.confirm_lowering, "INC-1").message
    meridian.does("sam", escalation.acknowledge, "INC-1")
    meridian.does("sam", service.confirm_lowering, "INC-1")
    assert meridian.incident().severity == "low"


def test_a_second_account_is_no_second_person(tmp_path: Path) -> None:
    """R043 R071: nobody confirms with another account what they proposed, or lowers what they asked for with one."""
    found = _with_accounts(tmp_path, maya="U0MAYA00X2", priya="U0PRIYA0X2")
    found.opens()
    found.does("maya", ask_for_rollback)
    found.does("priya", service.change_severity, "INC-1", "low", "Not so bad.")
    assert "You proposed it" in found.refusal("U0PRIYA0X2", service.confirm_lowering, "INC-1").message
    assert "You have asked for the rollback" in found.refusal("U0MAYA00X2", service.confirm_lowering, "INC-1").message
    found.store.close()


def _with_accounts(tmp_path: Path, **others: str) -> Organisation:
    directory = shipped_config()[Directory]
    linked = {key: directory.people[key].model_copy(update={"accounts": [one]}) for key, one in others.items()}
    config = shipped_config().replace(directory.model_copy(update={"people": {**directory.people, **linked}}))
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    found = organisation(url, config=config)
    for one in others.values():
        user = {"id": one, "team_id": directory.team.slack, "real_name": one, "tz": "UTC"}
        found.does("backout", people.remember, one, user)
    return found


def test_others_are_told_whom_to_ask(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("priya", service.acknowledge, "INC-1")
    assert meridian.refusal("sam", service.close, "INC-1", "It is fine.").message == (
        "You cannot close INC-1. Ask Priya Raman, who leads it, or Maya Lindqvist, who owns the system, "
        "or the product owner."
    )


def test_a_second_person_is_told_who_has_it_since_when_and_how_to_take_it_over(meridian: Organisation) -> None:
    """R103."""
    meridian.opens()
    meridian.does("priya", service.acknowledge, "INC-1")
    assert meridian.refusal("maya", service.acknowledge, "INC-1").message == (
        "Priya Raman acknowledged INC-1 at 10:00 CET on 21 November. "
        "To take it over, ask Priya Raman to hand over the lead to you."
    )
    assert meridian.refusal("priya", service.acknowledge, "INC-1").message.startswith("You have acknowledged INC-1")
    assert meridian.incident().acknowledged_by == "U0PRIYA003"
    assert len(meridian.trail(action="incident.acknowledged")) == 1


def test_after_a_hand_over_the_new_lead_is_named(meridian: Organisation) -> None:
    meridian.opens()
    meridian.does("priya", service.acknowledge, "INC-1")
    meridian.does("priya", escalation.hand_over, "INC-1", to="U0JONAS002", reason="My shift ends.")
    meridian.does("jonas", escalation.accept, "INC-1")
    assert "ask Jonas Weber to hand over" in meridian.refusal("maya", service.acknowledge, "INC-1").message
    assert "You lead INC-1 already" in meridian.refusal("jonas", service.acknowledge, "INC-1").message
    meridian.does("backout", lambda work: service.refresh_briefing(work, service.get(work, "INC-1")))
    assert meridian.facts()["lead"] == "Jonas Weber"
