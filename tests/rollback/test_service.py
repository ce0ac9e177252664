"""From the question to the proof: what is asked, refused, carried out, judged, watched and recorded."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col

from bot.approvals import service as approvals
from bot.foundation import trail
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.incidents import service as incidents
from bot.incidents.models import Systems
from bot.people import service as people
from bot.rollback import rules, service
from bot.rollback.models import ExecutionState, Plan, StageOutcome
from bot.rollback.targets import Applied, FlagFile, Outcome, ServingProcess
from tests.rollback.rehearsal import SHOP, Rehearsal, ScriptedTarget, rehearsal, retargeted
from tests.support.stores import TRAIL_KEY

RIGHT: list[str | None] = ["7"] * 5
WRONG: list[str | None] = ["8"] * 5
MIXED: list[str | None] = ["7", "7", "7", "8", "8"]
SILENT: list[str | None] = [None] * 5


# --- asking -----------------------------------------------------------------------------------------------------------


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
    target.answers = [SILENT]
    await played.carry_out()
    assert played.execution().state == ExecutionState.VALIDATING
    with pytest.raises(Refusal, match="is being carried out right now") as refused:
        played.ask(by="jonas")
    assert refused.value.field == "system"


# --- starting ---------------------------------------------------------------------------------------------------------


async def test_an_approved_plan_is_carried_out_once_and_proved(played: Rehearsal, target: ScriptedTarget) -> None:
    """R088, R098, R099, R103, R104, R109: from the question to the proof, each with who, what, when, why."""
    plan = await played.carry_out()
    run = played.execution()
    assert (run.state, run.detail, run.changed) == ("done", "5 of 5 answers from version 7", True)
    assert played.recorded() == [
        "rollback.started",
        "rollback.target_changed",
        "rollback.validated",
        "rollback.done",
    ]
    assert len(target.keys) == 1
    assert [(stage.number, stage.outcome) for stage in played.stages()] == [(n, "done") for n in (1, 2, 3, 4)]
    assert "serves version 7 again instead of version 8" in played.people.incident().containment
    assert played.people.incident().containing is False
    changed = played.people.trail(action="rollback.target_changed")[0]
    assert (changed.facts["observed"]["before"], changed.facts["observed"]["after"]) == ("8", "7")
    assert {entry.facts["digest"] for entry in played.people.trail(action="rollback.")} == {plan.digest}
    assert played.alarms() == []
    whole, damage = played.people.reads(lambda reading: trail.verify(reading.session, TRAIL_KEY))
    assert (whole > 0, damage) == (True, None)


async def test_starting_twice_carries_out_once(played: Rehearsal, target: ScriptedTarget) -> None:
    """R089: at most one execution for each approved round."""
    plan = await played.carry_out()
    again = played.people.does(
        "backout", service.start, plan_id=plan.id, request_id=str(plan.request_id), round_number=1
    )
    assert again is None
    assert (len(played.executions()), len(target.keys)) == (1, 1)


def edit_plan(played: Rehearsal, plan: Plan, **values: Any) -> None:
    def verb(work: Work) -> None:
        work.change(Plan, col(Plan.id) == plan.id, **values)

    played.people.does("backout", verb)


def edit_reason(played: Rehearsal, plan: Plan) -> None:
    edit_plan(played, plan, steps=[*plan.steps[:1], {**plan.steps[1], "desired": "6"}, *plan.steps[2:]])


def edit_version(played: Rehearsal, plan: Plan) -> None:
    edit_plan(played, plan, to_version="6")


def edit_target(played: Rehearsal, plan: Plan) -> None:
    edit_plan(played, plan, target={**plan.target, "serving_url": "http://elsewhere.example/"})


def edit_digest_too(played: Rehearsal, plan: Plan) -> None:
    forged = rules.draft(plan.system, played.people.store.config[Systems].systems[SHOP].target, "8", "6")
    edit_plan(played, plan, to_version="6", steps=forged.steps, digest=forged.digest)


def edit_configuration(played: Rehearsal, plan: Plan) -> None:
    store = played.people.store
    store.config = store.config.replace(retargeted(store.config[Systems], {"file": "elsewhere.json"}))


def lose_an_approver(played: Rehearsal, plan: Plan) -> None:
    def verb(work: Work) -> None:
        people.remember(work, "U0AISHA005", {"id": "U0AISHA005", "team_id": "T0MERIDIAN", "deleted": True})

    played.people.does("backout", verb)


@pytest.mark.parametrize(
    "meddle", [edit_reason, edit_version, edit_target, edit_digest_too, edit_configuration, lose_an_approver]
)
async def test_what_changed_after_the_approval_is_not_carried_out(
    played: Rehearsal, target: ScriptedTarget, meddle: Callable[[Rehearsal, Plan], None]
) -> None:
    """R067, R105: edit anything between the approval and the execution, and nothing is executed."""
    plan = played.ask()
    played.approve("tomas", "aisha")
    meddle(played, plan)
    await played.tick()
    assert target.keys == []
    assert played.executions() == []
    refused = played.people.trail(action="rollback.refused")[0]
    assert refused.why
    assert any("not carried out" in note for note in played.people.notes())
    assert [alarm["state"] for alarm in played.alarms()] == ["refused"]


async def test_nothing_starts_while_another_rollback_of_the_system_runs(
    played: Rehearsal, target: ScriptedTarget
) -> None:
    played.ask()
    played.people.opens(version="7")
    played.ask(by="jonas", from_version="7", to_version="8", incident="INC-2")
    target.answers = [SILENT]
    played.approve("tomas", "aisha", subject="INC-1")
    await played.tick()
    played.approve("tomas", "aisha", subject="INC-2")
    await played.tick()
    assert len(played.executions()) == 1
    assert "another rollback" in played.people.trail("INC-2", "rollback.refused")[0].why


# --- changing the target ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "state", "changed", "stages"),
    [
        (Outcome.DRIFT, "failed", False, ["done", "failed", "not run"]),
        (Outcome.FAILED, "failed", False, ["done", "failed", "not run"]),
        (Outcome.UNKNOWN, "unknown", None, ["done", "unknown", "unknown"]),
    ],
)
async def test_a_target_that_was_not_changed_for_sure(
    played: Rehearsal, target: ScriptedTarget, outcome: Outcome, state: str, changed: bool | None, stages: list[str]
) -> None:
    """R100: a failed rollback is failed, an unknown one unknown; people are alarmed, nothing is tried again."""
    target.applied = Applied(outcome, "9", "9", "somebody changed it")
    await played.carry_out()
    run = played.execution()
    assert (run.state, run.changed, run.detail, run.due_at) == (state, changed, "somebody changed it", None)
    assert [stage.outcome for stage in played.stages()] == stages
    assert (target.asked, len(target.keys)) == (0, 1)
    assert played.recorded()[-1] == f"rollback.{state}"
    assert [(alarm["state"], alarm["changed"]) for alarm in played.alarms()] == [(state, changed)]
    assert played.people.incident().containing is False
    await played.tick(hours=1)
    assert len(target.keys) == 1


async def test_a_target_that_could_not_be_read_at_all(played: Rehearsal, target: ScriptedTarget) -> None:
    target.applied = Applied(Outcome.FAILED, None, None, "flags.json cannot be read; nothing was changed")
    await played.carry_out()
    assert [stage.outcome for stage in played.stages()] == ["failed", "failed", "not run"]


async def test_a_target_that_stood_there_already_is_proved_all_the_same(
    played: Rehearsal, target: ScriptedTarget
) -> None:
    """R089: the no-op is a success, and says that it was one."""
    target.applied = Applied(Outcome.ALREADY, "7", "7", "the flag selected version 7 already; nothing was written")
    await played.carry_out()
    assert played.execution().state == "done"
    assert played.stages()[1].outcome == StageOutcome.ALREADY_THERE
    assert "rollback.target_not_changed" in played.recorded()


# --- proving it -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "state"), [(MIXED, "partial"), (WRONG, "failed"), (SILENT, "unknown"), ([], "unknown")]
)
async def test_what_is_not_proved_is_asked_three_times_then_people_are_alarmed(
    played: Rehearsal, target: ScriptedTarget, answers: list[str | None], state: str
) -> None:
    """R099, R100: partial, failed and unknown are told apart, and never called done."""
    target.answers = [answers]
    await played.carry_out()
    for _ in range(5):
        await played.tick(seconds=5)
    run = played.execution()
    assert (run.state, run.changed) == (state, True)
    assert target.asked == 3
    titles = [stage.title for stage in played.stages()[3:]]
    assert titles == [
        "Ask the serving process",
        "Ask the serving process (try 2)",
        "Ask the serving process (try 3)",
    ]
    assert played.recorded()[-2:] == ["rollback.validated", f"rollback.{state}"]
    assert [(alarm["state"], alarm["changed"]) for alarm in played.alarms()] == [(state, True)]


async def test_a_process_that_follows_a_moment_later_is_done(played: Rehearsal, target: ScriptedTarget) -> None:
    target.answers = [WRONG, MIXED, RIGHT]
    await played.carry_out()
    assert played.execution().state == "validating"
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    assert (played.execution().state, target.asked) == ("done", 3)
    assert played.alarms() == []


async def test_good_answers_from_a_target_that_says_otherwise_are_not_done(
    played: Rehearsal, target: ScriptedTarget
) -> None:
    """R067, R102: somebody changed the flag back; the process has not noticed yet."""
    target.standing = ["8"]
    await played.carry_out()
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    assert played.execution().state == "unknown"
    assert "but the target selects version 8" in played.execution().detail


async def test_an_alarm_names_who_leads(played: Rehearsal, target: ScriptedTarget) -> None:
    target.applied = Applied(Outcome.FAILED, None, None, "no such file; nothing was changed")
    played.people.opens()
    played.people.does("maya", incidents.acknowledge, "INC-1")
    await played.carry_out(by="jonas", incident="INC-1")
    assert [(alarm["lead"], alarm["requester"]) for alarm in played.alarms()] == [("U0MAYA0001", "U0JONAS002")]


# --- watching ---------------------------------------------------------------------------------------------------------


async def test_a_rollback_that_is_done_is_watched_for_half_an_hour(played: Rehearsal, target: ScriptedTarget) -> None:
    """R101: asked again after 5, 15 and 30 minutes, then left alone."""
    await played.carry_out()
    asked = []
    for minutes in (5, 10, 15, 60):
        await played.tick(minutes=minutes)
        asked.append((target.asked, played.execution().watches))
    assert asked == [(2, 1), (3, 2), (4, 3), (4, 3)]
    assert played.recorded("rollback.watched") == ["rollback.watched"] * 3
    assert any("It stayed" in note for note in played.people.notes())
    assert played.execution().due_at is None


async def test_one_bad_moment_while_it_is_watched_alarms_nobody(played: Rehearsal, target: ScriptedTarget) -> None:
    target.answers = [RIGHT, MIXED, RIGHT]
    await played.carry_out()
    await played.tick(minutes=5)
    await played.tick(seconds=5)
    assert (played.execution().state, played.execution().watches, played.alarms()) == ("done", 1, [])


async def test_a_rollback_that_did_not_stay_is_said_so(played: Rehearsal, target: ScriptedTarget) -> None:
    """R100, R101."""
    target.answers = [RIGHT, MIXED]
    await played.carry_out()
    await played.tick(minutes=5)
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    assert played.execution().state == "partial"
    assert [alarm["state"] for alarm in played.alarms()] == ["partial"]
    assert "only in part" in played.people.incident().containment


async def test_what_was_replaced_is_not_watched_any_more(played: Rehearsal, target: ScriptedTarget) -> None:
    first = await played.carry_out()
    target.applied = replace(target.applied, before="7", after="8")
    target.answers, target.standing = [["8"] * 5], ["8"]
    played.people.clock.pass_time(minutes=1)
    second = await played.carry_out(from_version="7", to_version="8", incident="INC-1", reason="mended")
    await played.tick(minutes=5)
    assert played.execution(first).due_at is None
    assert (played.execution(first).state, played.execution(second).state) == ("done", "done")
    assert "rollback.watch_ended" in played.recorded()


# --- giving up, and asking again --------------------------------------------------------------------------------------


async def test_an_outcome_that_does_not_come_is_unknown_and_counts_when_it_comes_after_all(
    played: Rehearsal, target: ScriptedTarget
) -> None:
    """R100, R109: nobody waits for ever, and nothing that was done is forgotten."""
    plan = played.ask()
    played.approve("tomas", "aisha")
    asked = played.people.reads(approvals.latest, "INC-1")
    assert asked is not None
    started = played.people.does(
        "backout", service.start, plan_id=plan.id, request_id=asked.id, round_number=asked.round
    )
    assert started is not None  # the process dies before it touches the target
    played.people.clock.pass_time(minutes=10)
    played.people.does("backout", service.run_due)
    assert (played.execution().state, played.execution().changed) == ("unknown", None)
    assert [alarm["changed"] for alarm in played.alarms()] == [None]
    await played.tick()
    assert (played.execution().state, len(target.keys)) == ("done", 1)


async def test_checking_again_after_mending(played: Rehearsal, target: ScriptedTarget) -> None:
    """R099, R100: a person with a role asks again; it is recorded, and the new result counts."""
    target.answers = [MIXED, MIXED, MIXED, RIGHT]
    await played.carry_out()
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    run = played.execution()
    assert run.state == "partial"
    played.people.does("jonas", service.check_again, run.request_id, run.round)
    assert played.execution().state == "validating"
    with pytest.raises(Refusal, match="being checked right now"):
        played.people.does("jonas", service.check_again, run.request_id, run.round)
    await played.tick()
    assert played.execution().state == "done"
    assert played.people.trail(action="rollback.check_asked")[0].actor == "person:U0JONAS002"


async def test_who_may_not_ask_to_check_again(played: Rehearsal, target: ScriptedTarget) -> None:
    target.answers = [SILENT]
    await played.carry_out()
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    run = played.execution()
    with pytest.raises(Refusal, match="You hold no role"):
        played.people.does("U0STRANGER", service.check_again, run.request_id, run.round)


async def test_nothing_to_check_again(played: Rehearsal, target: ScriptedTarget) -> None:
    await played.carry_out()
    run = played.execution()
    with pytest.raises(Refusal, match="nothing to check"):
        played.people.does("jonas", service.check_again, run.request_id, run.round)


# --- a real flag file -------------------------------------------------------------------------------------------------


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    file = tmp_path / "flags.json"
    flag = {"state": "ENABLED", "variants": {"v7": "7", "v8": "8"}, "defaultVariant": "v8"}
    file.write_text(json.dumps({"flags": {SHOP: flag}}, indent=2) + "\n")
    return file


class FollowsTheFile(ServingProcess):
    """A serving process that has read the flag file."""

    def __init__(self, flags: Path) -> None:
        super().__init__("http://127.0.0.1:9/")
        self._flags = flags

    async def ask(self, times: int) -> list[str | None]:
        flag = json.loads(self._flags.read_text())["flags"][SHOP]
        return [flag["variants"][flag["defaultVariant"]]] * times


@pytest.fixture
def filed(tmp_path: Path, flags: Path) -> Any:
    found = rehearsal(
        tmp_path, lambda _approved: FlagFile(str(flags), SHOP, FollowsTheFile(flags)), target={"file": str(flags)}
    )
    yield found
    found.people.store.close()


async def test_taking_it_back_brings_back_the_very_file_that_stood_there(filed: Rehearsal, flags: Path) -> None:
    """R089, R090, R092: the inverse plan, approved on its own, returns to the recorded state before."""
    before = flags.read_bytes()
    plan = await filed.carry_out()
    assert filed.execution().state == "done"
    assert flags.read_bytes() != before
    back, to = rules.inverse_of(plan)
    filed.people.clock.pass_time(minutes=1)
    second = await filed.carry_out(from_version=back, to_version=to, incident="INC-1", reason="8 is mended")
    assert filed.execution(second).state == "done"
    assert flags.read_bytes() == before
    observed = [entry.facts["observed"]["evidence"] for entry in filed.people.trail(action="rollback.target_changed")]
    assert observed[1]["sha256_after"] == observed[0]["sha256_before"]


async def test_dying_between_the_change_and_its_record_is_no_second_change(filed: Rehearsal, flags: Path) -> None:
    """R089: the retry finds its own change, writes nothing, and the proof goes on."""
    plan = filed.ask()
    filed.approve("tomas", "aisha")
    await FlagFile(str(flags), SHOP, FollowsTheFile(flags)).apply("8", "7", "the key of the attempt that died")
    stood = flags.stat().st_ino
    await filed.tick()
    assert (filed.execution(plan).state, flags.stat().st_ino) == ("done", stood)
    assert filed.stages()[1].outcome == StageOutcome.ALREADY_THERE


# --- what the form shows ----------------------------------------------------------------------------------------------


def test_the_form_for_an_incident(played: Rehearsal) -> None:
    """R063, R072: who has to approve follows from the incident's severity."""
    played.people.opens()
    shown = played.people.reads(lambda reading: service.form_for(reading, incident="INC-1"))
    assert (shown.system, shown.from_version, shown.to_version) == (SHOP, "8", "7")
    assert (shown.incident, shown.severity) == ("INC-1", "medium")
    assert shown.approvers == ["Engineering lead: Tomás Ferreira", "Product lead: Aisha Bello"]


def test_the_form_for_a_system_takes_its_open_incident(played: Rehearsal) -> None:
    before = played.people.reads(lambda reading: service.form_for(reading, system="Shop-Recommender"))
    assert (before.system, before.incident, before.from_version) == (SHOP, None, "8")
    played.people.opens(version="7")
    after = played.people.reads(lambda reading: service.form_for(reading, system=SHOP, reason="x"))
    assert (after.incident, after.from_version, after.to_version, after.reason) == ("INC-1", "7", None, "x")


def test_the_form_for_what_there_is_not(played: Rehearsal) -> None:
    with pytest.raises(Refusal, match="There is no INC-9"):
        played.people.reads(lambda reading: service.form_for(reading, incident="INC-9"))
    with pytest.raises(Refusal, match="I know no system"):
        played.people.reads(lambda reading: service.form_for(reading, system="nothing"))


def test_nothing_stands_where_nothing_was_asked(played: Rehearsal) -> None:
    played.people.opens()
    assert played.people.reads(service.standing, "INC-1") is None


async def test_the_newest_plan_is_what_stands(played: Rehearsal) -> None:
    await played.carry_out()
    found = played.people.reads(service.standing, "INC-1")
    assert found is not None
    assert (found.requester, found.round_state, len(found.stages)) == ("Maya Lindqvist", "approved", 4)
    assert (found.is_newest, found.is_open) == (True, True)
    assert played.people.reads(service.running_now) == []
