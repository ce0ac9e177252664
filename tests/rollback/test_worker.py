"""What leaves and what comes due: the alarm, the effects, the sweep."""

from collections.abc import Mapping
from typing import Any

from bot.foundation.outbox import Post
from bot.rollback import worker
from bot.rollback.targets import Applied, Outcome, Target
from tests.rollback.rehearsal import CHANGED, Rehearsal, ScriptedTarget

TARGET = {"kind": "flag_file", "file": "f", "flag": "a", "serving_url": "http://127.0.0.1:9/", "answers": 5}


async def test_the_effect_changes_the_target_of_the_plan() -> None:
    made: list[Mapping[str, Any]] = []
    target = ScriptedTarget()

    def make(approved: Mapping[str, Any]) -> Target:
        made.append(approved)
        return target

    effects = worker.effects(make)
    payload = {"target": TARGET, "expected": "8", "desired": "7"}
    outcome = await effects["rollback.apply"].act(payload, "key 1")
    assert made == [TARGET]
    assert target.keys == ["key 1"]
    assert outcome == {
        "outcome": "changed",
        "before": "8",
        "after": "7",
        "words": CHANGED.words,
        "evidence": {"rest_unchanged": True},
    }


async def test_the_proof_asks_the_serving_process_and_reads_the_target() -> None:
    """R099, R102."""
    target = ScriptedTarget(answers=[["7", None]], standing=["8"])
    outcome = await worker.effects(lambda _approved: target)["rollback.validate"].act(
        {"target": TARGET, "times": 2}, "k"
    )
    assert outcome == {"answers": ["7", None], "standing": "8"}


async def test_a_secret_in_what_a_target_says_goes_no_further() -> None:
    """T17: but the plan's own versions are taken at their word, whatever they look like."""
    token, odd = "xox" + "b-1234567890-abcdefghij", "aB3" * 12
    target = ScriptedTarget(
        Applied(Outcome.DRIFT, token, odd, f"it selects {token}", {"password": "hunter2"}), [[token, odd]], [token]
    )
    effects = worker.effects(lambda _approved: target)
    changed = await effects["rollback.apply"].act({"target": TARGET, "expected": "8", "desired": odd}, "k")
    proved = await effects["rollback.validate"].act({"target": TARGET, "times": 2, "desired": odd}, "k")
    assert token not in str((changed, proved))
    assert changed["evidence"] == {"password": "•••"}
    assert proved == {"answers": ["•••", odd], "standing": "•••"}


def test_effects_have_time_for_their_slowest_target() -> None:
    """A hundred answers, ten at a time, three seconds each, then thirty seconds for the disk."""
    for effect in worker.effects(lambda _approved: ScriptedTarget()).values():
        assert effect.lease > 100 / 10 * 3 + 30


async def test_an_alarm_is_posted_once_in_the_incident_s_channel(played: Rehearsal, target: ScriptedTarget) -> None:
    """R100: word for word as it was known when it was raised."""
    target.answers = [["8"] * 5]
    await played.carry_out()
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    payload = played.alarms()[0]
    post = played.people.reads(worker.build_alarm, payload)
    assert isinstance(post, Post)
    assert (post.channel, post.frozen, post.thread_of) == ("C0SHOPREC1", True, None)
    assert "0 of 5 answers from version 7" in str(post.message.blocks[0].to_dict())


async def test_the_sweep_is_due_when_an_execution_is(played: Rehearsal) -> None:
    sweep = worker.SWEEPS[0]
    assert played.people.reads(sweep.next_due) is None
    await played.carry_out()
    assert played.people.reads(sweep.next_due) == played.execution().due_at
    assert played.people.does("backout", sweep.run) == 0


async def test_time_acts_in_backout_s_own_name(played: Rehearsal) -> None:
    """R104."""
    await played.carry_out()
    assert {entry.actor for entry in played.people.trail(action="rollback.")} == {"system:rollback"}
