"""What may be asked, and what asking does."""

from typing import Any

import pytest

from bot.approvals import service as approvals
from bot.foundation.errors import Refusal
from bot.incidents import service as incidents
from bot.rollback import rules
from bot.rollback.models import ExecutionState
from tests.rollback.rehearsal import SHOP, Rehearsal, ScriptedTarget


def test_asking_writes_the_plan_out_and_asks_for_approval(played: Rehearsal) -> None:
    """R088, R103, R106: plan, digest, versions and steps are kept and recorded; nothing is changed yet."""
    plan = played.ask()
    assert (plan.incident, plan.system, plan.from_version, plan.to_version) == ("INC-1", SHOP, "8", "7")
    assert plan.digest == rules.plan_digest(plan)
    asked = played.people.reads(approvals.open_request, "INC-1")
    assert asked is not None
    assert (asked.plan_digest, asked.id, asked.requester) == (plan.digest, plan.request_id, "U0MAYA0001")
    assert (asked.then, asked.then_payload) == ("rollback.start", {"plan": plan.id})
    proposed = played.people.trail(action="plan.proposed")[0]
    assert (proposed.why, proposed.actor) == ("conversion fell", "person:U0MAYA0001")
    assert proposed.facts["digest"] == plan.digest
    assert proposed.facts["steps"] == plan.steps
    assert proposed.facts["options"] == ["7"]
    assert played.executions() == []
    assert "nothing has been changed" in played.people.incident().containment


def test_asking_without_an_incident_opens_one(played: Rehearsal) -> None:
    played.ask()
    incident = played.people.incident()
    assert (incident.system, incident.version, incident.opened_by) == (SHOP, "8", "U0MAYA0001")


def test_asking_joins_the_open_incident_about_that_version(played: Rehearsal) -> None:
    played.people.opens()
    assert played.ask().incident == "INC-1"
    assert len(played.people.reads(incidents.open_incidents)) == 1


def test_asking_in_an_incident_leaves_it_as_it_is(played: Rehearsal) -> None:
    played.people.opens()
    assert played.ask(incident="inc-1").incident == "INC-1"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"system": "shop-recomender"}, "system", "Did you mean shop-recommender?"),
        ({"from_version": "99"}, "from_version", "There are: 7, 8."),
        ({"from_version": ""}, "from_version", "There are: 7, 8."),
        ({"to_version": "99"}, "to_version", "There are: 7, 8."),
        ({"to_version": ""}, "to_version", "There are: 7, 8."),
        ({"to_version": "8"}, "to_version", "both times"),
        ({"to_version": "v8"}, "to_version", "both times"),
        ({"reason": " \n"}, "reason", "Please say why"),
        ({"incident": "INC-9"}, None, "There is no INC-9"),
    ],
)
def test_a_question_that_cannot_be_asked(
    played: Rehearsal, changed: dict[str, Any], field: str | None, words: str
) -> None:
    """R163: the refusal stands under its field, says what to do instead, and leaves no trace."""
    with pytest.raises(Refusal) as refused:
        played.ask(**changed)
    assert (refused.value.field, words in refused.value.message) == (field, True)
    assert played.people.reads(incidents.open_incidents) == []


def test_asking_in_a_closed_incident_or_one_about_another_system(played: Rehearsal) -> None:
    played.people.opens()
    with pytest.raises(Refusal, match="is about shop-recommender, not about support-bot"):
        played.ask(system="support-bot", from_version="42", to_version="41", incident="INC-1")
    played.people.does("maya", incidents.acknowledge, "INC-1")
    played.people.does("maya", incidents.close, "INC-1", "false alarm")
    with pytest.raises(Refusal, match="INC-1 is closed"):
        played.ask(incident="INC-1")


def test_the_version_of_the_incident_need_not_be_listed(played: Rehearsal) -> None:
    played.people.opens(version="9")
    assert played.ask(from_version="9", to_version="8", incident="INC-1").from_version == "9"


def test_strangers_and_machines_cannot_ask(played: Rehearsal) -> None:
    """R087, R067."""
    with pytest.raises(Refusal, match="not in Backout's directory"):
        played.ask(by="U0STRANGER")
    with pytest.raises(Refusal, match="Bots decide nothing"):
        played.ask(by="backout")


def test_the_same_plan_is_not_asked_twice_while_it_is_decided(played: Rehearsal) -> None:
    played.ask()
    with pytest.raises(Refusal, match="Maya Lindqvist has asked for exactly this in INC-1") as refused:
        played.ask(by="jonas", reason="me too")
    assert refused.value.field == "to_version"


async def test_nothing_is_asked_while_a_rollback_of_the_system_runs(played: Rehearsal, target: ScriptedTarget) -> None:
    target.answers = [[None]]
    await played.carry_out()
    assert played.execution().state == ExecutionState.VALIDATING
    with pytest.raises(Refusal, match="is being carried out right now") as refused:
        played.ask(by="jonas")
    assert refused.value.field == "system"
