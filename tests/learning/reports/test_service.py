"""One incident, played through, as its record has it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.models import Signal
from bot.approvals import service as approvals
from bot.comms import service as comms
from bot.foundation import keeping, policies, trail
from bot.foundation.errors import Refusal
from bot.foundation.work import Actor, Work
from bot.incidents import service as incidents
from bot.learning.reports import service, views
from tests.rollback.rehearsal import Rehearsal, ScriptedTarget, rehearsal
from tests.support.stores import TRAIL_KEY


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Rehearsal]:
    found = rehearsal(tmp_path, lambda _approved: ScriptedTarget())
    yield found
    found.people.store.close()


async def play(played: Rehearsal) -> dict[str, Any]:
    """Open, acknowledge, ask, be asked, approve, carry out, tell customers, close; return the record."""
    people = played.people
    people.opens()
    people.clock.pass_time(minutes=2)
    people.does("maya", incidents.acknowledge, "INC-1")
    played.ask(incident="INC-1")
    asked = people.reads(approvals.latest, "INC-1")
    assert asked is not None
    people.does("tomas", approvals.ask_information, asked.id, asked.round, "Is 7 still warm?")
    people.clock.pass_time(minutes=15)
    people.does("priya", approvals.approve, asked.id, asked.round, "safe to undo")
    people.does("aisha", approvals.approve, asked.id, asked.round, "customers first")
    await played.tick()
    people.does("carla", comms.post, "INC-1", "customers/initial")
    people.clock.pass_time(hours=1)
    people.does("maya", incidents.close, "INC-1", "version 7 serves again")
    return people.reads(service.export, "inc-1")


async def test_the_record_is_complete(played: Rehearsal) -> None:
    """R103, R104, R106, R109, R110: signals to statements, with who, when and why; the trail as it stands."""
    record = await play(played)
    assert record["incident"]["name"] == "INC-1"
    assert record["severity"]["now"] == "medium"
    assert record["severity"]["path"]
    assert record["impact"]["compliance"].startswith("No compliance issue")
    plan = record["plans"][0]
    assert (plan["from_version"], plan["to_version"], len(plan["steps"])) == ("8", "7", 4)
    execution = plan["executions"][0]
    assert (execution["state"], [stage["outcome"] for stage in execution["stages"]]) == ("done", ["done"] * 4)
    assert execution["stages"][3]["observed"]["answers"] == {"7": 5}
    request = record["approvals"][0]
    votes = {vote["person"]: vote for vote in request["rounds"][0]["votes"]}
    assert (votes["U0PRIYA003"]["on_behalf_of"], votes["U0PRIYA003"]["reason"]) == ("U0TOMAS004", "safe to undo")
    assert request["rounds"][0]["questions"][0]["text"] == "Is 7 still warm?"
    assert request["plan_digest"] == plan["digest"]
    assert [slot["name"] for slot in request["slots"]] == ["engineering_lead", "product_lead"]
    assert "incident.acknowledged" in [event["action"] for event in record["escalation"]["events"]]
    assert record["escalation"]["now"]["lead"] == "U0MAYA0001"
    assert {policy["kind"] for policy in record["policies"]} >= {
        "Matrix",
        "Systems",
        "SeverityPolicy",
        "EscalationPolicy",
    }
    assert record["people"]["U0PRIYA003"] == "Priya Raman"


async def test_a_record_whose_words_were_erased_says_when_and_by_whom(played: Rehearsal) -> None:
    """R111: that something was decided stays; why, and by what name, is gone."""
    before = await play(played)
    played.people.store.submit_now(Actor("system", "command-line", "ops"), keeping.erase, "INC-1", "asked to")
    record = played.people.reads(service.export, "INC-1")
    assert [one["action"] for one in record["trail"]] == [one["action"] for one in before["trail"]]
    day = played.people.clock.now().date()
    assert {one["why"] for one in record["trail"]} == {f"(erased on {day} by ops)"}
    assert f"erased on {day} by ops" in views.markdown(record)


async def test_each_decision_names_its_policy_and_the_entry_that_recorded_it(played: Rehearsal) -> None:
    played.people.store.submit_now(Actor("system", "process", "ops"), policies.record)
    record = await play(played)
    (vote, *_) = [entry for entry in record["trail"] if entry["action"] == "approval.approved"]
    (policy,) = [one for one in record["policies"] if one["digest"] == vote["policy"]]
    assert (policy["kind"], policy["recorded_in"]) == ("Matrix", 1)
    (configuration,) = record["configurations"]
    assert (configuration["seq"], configuration["by"]) == (1, "ops")
    assert vote["policy"] in configuration["files"].values()


async def test_the_record_holds_the_whole_trail_of_the_incident(played: Rehearsal) -> None:
    """R104, R109: every entry with its number and MAC, so that it can be checked against the chain."""
    record = await play(played)
    entries = played.people.reads(lambda reading: trail.read(reading.session, "INC-1"))
    assert [(one["seq"], one["mac"]) for one in record["trail"]] == [(entry.seq, entry.mac) for entry in entries]
    count, damage = played.people.reads(lambda reading: trail.verify(reading.session, TRAIL_KEY))
    assert (damage, count >= len(entries)) == (None, True)


async def test_milestones_tell_how_long_everything_took(played: Rehearsal) -> None:
    record = await play(played)
    found = {one["what"]: one["seconds_since_previous"] for one in record["milestones"]}
    assert list(found) == [
        "opened", "acknowledged", "requested", "decided: approved", "executed", "validated: done", "closed",
    ]  # fmt: skip
    assert (found["acknowledged"], found["decided: approved"], found["closed"]) == (120, 900, 3600)


async def test_what_was_said_stands_word_for_word(played: Rehearsal) -> None:
    """R106: statements with the digest of the approved version."""
    statement = (await play(played))["statements"][0]
    assert statement["text"]
    assert statement["template_digest"].startswith("sha256:")
    assert statement["posted_by"] == "U0CARLA016"


async def test_signals_of_the_incident_are_in_the_record(played: Rehearsal) -> None:
    """R103: which signals fired."""
    await play(played)

    def fire(work: Work) -> None:
        for number, incident in enumerate(("INC-1", None)):
            work.session.add(
                Signal(
                    id=f"sig_{number}",
                    dedup_key=str(number),
                    source="alertmanager",
                    inbox_sequence=number,
                    metric="conversion_rate",
                    value=1.9,
                    summary="1.9 %",
                    state="firing",
                    finding="breached",
                    incident=incident,
                    labels={},
                    annotations={},
                    starts_at=work.now,
                    received_at=work.now,
                )
            )

    played.people.does("backout", fire)
    signals = played.people.reads(service.export, "INC-1")["signals"]
    assert [(one["id"], one["metric"], one["value"]) for one in signals] == [("sig_0", "conversion_rate", 1.9)]


async def test_the_record_is_json_and_the_same_each_time(played: Rehearsal) -> None:
    record = await play(played)
    again = played.people.reads(service.export, "INC-1")
    assert json.dumps(record) == json.dumps(again)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


async def test_the_record_becomes_a_document(played: Rehearsal) -> None:
    """R110."""
    text = views.markdown(await play(played))
    for title in (
        "# INC-1: Visitors buy less",
        "## Impact",
        "## Signals",
        "## Milestones",
        "## Acknowledgements, hand-overs and climbs",
        "## Decisions",
        "## Plans and what came of them",
        "## What was said, word for word",
        "## Policies it was decided under",
        "## Trail",
    ):
        assert f"\n{title}\n" in f"\n{text}"
    assert "| Priya Raman | Tomás Ferreira | approve | safe to undo |" in text


def test_an_incident_that_there_is_not(played: Rehearsal) -> None:
    with pytest.raises(Refusal, match="There is no INC-9"):
        played.people.reads(service.export, "INC-9")


def test_an_incident_that_has_just_begun(played: Rehearsal) -> None:
    played.people.opens()
    record = played.people.reads(service.export, "INC-1")
    assert (record["plans"], record["approvals"], record["statements"]) == ([], [], [])
    assert [one["what"] for one in record["milestones"]] == ["opened"]
    assert views.markdown(record)
