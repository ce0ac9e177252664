"""What time brings after a rollback: close watching, and giving up without an outcome."""

from dataclasses import replace

import pytest

from bot.approvals import service as approvals
from bot.foundation.errors import Refusal
from bot.rollback import service
from tests.rollback.rehearsal import Rehearsal, ScriptedTarget

RIGHT: list[str | None] = ["7"] * 5
WRONG: list[str | None] = ["8"] * 5
MIXED: list[str | None] = ["7", "7", "7", "8", "8"]
SILENT: list[str | None] = [None] * 5


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
