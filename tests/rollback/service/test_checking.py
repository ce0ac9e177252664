"""What the serving process's answers prove, and what people hear of it."""

import pytest

from tests.rollback.rehearsal import Rehearsal, ScriptedTarget

RIGHT: list[str | None] = ["7"] * 5
WRONG: list[str | None] = ["8"] * 5
MIXED: list[str | None] = ["7", "7", "7", "8", "8"]
SILENT: list[str | None] = [None] * 5


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
