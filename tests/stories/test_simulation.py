"""A living organisation for a day, again and again, each day decided by one seed (tests/support/simulation/)."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlmodel import Session, col

from bot.alerts.models import InboxItem
from bot.approvals.models import Vote
from bot.escalation.models import Escalation
from bot.foundation.models import OutboxRow, OutboxState, TrailEntry
from bot.incidents.models import IncidentState
from tests.support.simulation import arrows, promises
from tests.support.simulation.day import Stage, play
from tests.support.soak import SOAKING

SEEDS = 1_000 if SOAKING else 50
TOGETHER = 50 if SOAKING else 5
SAME = 0
"""A seed that is played again, and in another process: two nodes."""
DECIDED = 6
"""A seed on whose day people vote, and a target is changed."""
pytestmark = pytest.mark.timeout(3_600 if SOAKING else 120)


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_whatever_happens_no_promise_is_broken(first: int) -> None:
    """F14, P15, P22, T26: faults, crashes, wrong clocks, two nodes, summer time, leap days, the right and wrong people.

    `python -m benchmarks.simulation --seed N` tells what happened on a day.
    """
    days = [play(seed) for seed in range(first, first + TOGETHER)]
    assert not [(day.seed, day.broken) for day in days if day.broken]


def test_the_same_seed_is_the_same_day() -> None:
    """F14: the same trail, the same messages, the same history, also where sets are ordered otherwise."""
    here, again = play(SAME), play(SAME)
    assert (here.head, here.history) == (again.head, again.history)
    assert here.history
    assert _elsewhere(SAME) == here.head


Spoil = Callable[[Stage, Session], None]


def post_again(stage: Stage, _session: Session) -> None:
    posts = [one for one in stage.workspace.happenings if one.kind == "post" and getattr(one.message, "metadata", None)]
    stage.workspace.happenings.append(posts[-1])


def post_too_fast(stage: Stage, _session: Session) -> None:
    posts = [one for one in stage.workspace.calls if one.method == "chat.postMessage" and one.result.get("ok")]
    channel = next(one for one in posts if not one.args["channel"].startswith("D"))
    stage.workspace.calls.extend([channel] * (10 * len(stage.nodes) + 1))


def send_something_malformed(stage: Stage, _session: Session) -> None:
    stage.workspace.calls.append(replace(stage.workspace.calls[-1], result={"ok": False, "error": "invalid_blocks"}))


def leave_something_undone(stage: Stage, session: Session) -> None:
    values = {"state": OutboxState.WAITING, "due_at": stage.day.start}
    session.execute(update(OutboxRow).where(col(OutboxRow.kind) == "foundation.note").values(values))


def give_something_up(_stage: Stage, session: Session) -> None:
    session.execute(update(OutboxRow).where(col(OutboxRow.kind) == "foundation.note").values(state=OutboxState.PARKED))


def change_the_trail(_stage: Stage, session: Session) -> None:
    session.execute(update(TrailEntry).where(col(TrailEntry.seq) == 3).values(mac=b"another one of thirty-two bytes!"))


def lose_an_alert(_stage: Stage, session: Session) -> None:
    session.execute(delete(InboxItem))


def lose_a_vote(_stage: Stage, session: Session) -> None:
    session.execute(delete(Vote))


def change_a_target_twice(stage: Stage, _session: Session) -> None:
    stage.servers.written.append(stage.servers.written[-1])


def leave_a_tier_unpaged(stage: Stage, session: Session) -> None:
    session.execute(update(Escalation).values(next_tier_at=stage.day.start))


def break_at_a_click(stage: Stage, _session: Session) -> None:
    stage.workspace.deliveries.append(replace(stage.workspace.deliveries[-1], status=500))


SPOILT: Mapping[Spoil, str] = {
    post_again: "was posted 2 times",
    post_too_fast: "posts within ten seconds",
    send_something_malformed: "Slack refused",
    leave_something_undone: "still waits",
    give_something_up: "was given up",
    change_the_trail: "the trail does not verify",
    lose_an_alert: "alerts were accepted, 0 are kept",
    lose_a_vote: "the trail and the votes differ",
    change_a_target_twice: "the target was changed 2 times",
    leave_a_tier_unpaged: "the next tier was due",
    break_at_a_click: "a gesture broke",
}


def test_each_broken_promise_is_seen() -> None:
    """F14: what the checks say about a day on which exactly one thing went wrong."""
    said: dict[Spoil, list[str]] = {}

    def look(stage: Stage, session: Session) -> None:
        workspace = stage.workspace
        seen: list[list[Any]] = [workspace.happenings, workspace.calls, workspace.deliveries, stage.servers.written]
        kept = [list(one) for one in seen]
        for spoil in SPOILT:
            spoil(stage, session)
            said[spoil] = promises.broken(session, stage)
            session.rollback()
            for now, before in zip(seen, kept, strict=True):
                now[:] = before

    assert play(DECIDED, look=look).broken == []
    assert [spoil.__name__ for spoil, words in SPOILT.items() if not any(words in one for one in said[spoil])] == []


def test_arrows_are_read_as_they_are_drawn() -> None:
    assert arrows.drawn(IncidentState) == {("open", "acknowledged"), ("open", "closed"), ("acknowledged", "closed")}
    assert all(arrows.drawn(states) for states in arrows.MACHINES.values())


def _elsewhere(seed: int) -> str:
    """Play a seed in another process, whose sets are ordered otherwise; returns the head."""
    program = f"from tests.support.simulation.day import play; print(play({seed}).head)"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
