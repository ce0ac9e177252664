"""What was approved is carried out once, exactly so, or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col

from bot.approvals import service as approvals
from bot.foundation import trail
from bot.foundation.work import Work
from bot.incidents.models import Systems
from bot.people import service as people
from bot.rollback import rules, service
from bot.rollback.models import Execution, Plan, StageOutcome
from bot.rollback.targets import Applied, FlagFile, Outcome, ServingProcess
from tests.rollback.rehearsal import SHOP, Rehearsal, ScriptedTarget, rehearsal, retargeted
from tests.support.stores import TRAIL_KEY

RIGHT: list[str | None] = ["7"] * 5
WRONG: list[str | None] = ["8"] * 5
MIXED: list[str | None] = ["7", "7", "7", "8", "8"]
SILENT: list[str | None] = [None] * 5


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


async def test_two_rollbacks_of_a_system_that_start_at_the_same_moment(
    played: Rehearsal, target: ScriptedTarget, tmp_path: Path
) -> None:
    """The schema lets only one through, whatever was read before."""
    target.answers = [SILENT]
    await played.carry_out()

    def second(work: Work) -> bool:
        running = service.running(work, SHOP)
        assert running is not None
        twin = running.model_dump() | {"request_id": "req_of_a_twin"}
        return work.add_once(Execution(**twin))

    assert played.people.does("backout", second) is False
    assert len(played.executions()) == 1


async def test_an_outcome_that_comes_after_something_else_was_done_changes_nothing(
    played: Rehearsal, target: ScriptedTarget
) -> None:
    """R100: it is recorded, but what was done since counts."""
    plan = played.ask()
    played.approve("tomas", "aisha")
    asked = played.people.reads(approvals.latest, "INC-1")
    assert asked is not None
    played.people.does("backout", service.start, plan_id=plan.id, request_id=asked.id, round_number=asked.round)
    played.people.clock.pass_time(minutes=10)
    played.people.does("backout", service.run_due)
    later = played.ask(by="jonas", from_version="7", to_version="8", incident="INC-1")
    played.approve("tomas", "aisha")
    asked = played.people.reads(approvals.latest, "INC-1")
    assert asked is not None
    played.people.clock.pass_time(seconds=1)
    played.people.does("backout", service.start, plan_id=later.id, request_id=asked.id, round_number=asked.round)
    await played.tick()
    assert played.execution(plan).state == "unknown"
    assert len(played.people.trail(action="rollback.target_changed")) == 2


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
