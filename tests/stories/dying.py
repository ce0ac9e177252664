"""Die in one boundary of a story, come back, try again: what must hold then, and what does not.

rehearse the play once ──▶ scenes: the world before each act, its boundaries, what stands after it
for each boundary k of each scene: put the world up, act, die in k ──▶ a new process on the same database and the
same Slack, recover ──▶ acknowledged? then it is there : people try again ──▶ exactly what stood in the rehearsal
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import select

from bot.approvals.models import Vote
from bot.foundation import trail
from bot.foundation.models import OutboxRow, OutboxState, TrailEntry
from bot.foundation.work import Reading
from bot.incidents.models import Systems
from bot.rollback.models import Execution
from tests.stories.plays import Act, Play
from tests.support.lives import Snapshot, Stage
from tests.support.seams import EFFECTS, Boundary, Life
from tests.support.stores import TRAIL_KEY
from tests.support.world import World

PATIENCE = timedelta(minutes=3)
TRIES = 3
HOW_IT_WENT = {"rollback.target_not_changed": "rollback.target_changed"}
"""Whoever looks after a death finds the change made already: nothing is written then, and the trail says so."""


@dataclass(frozen=True)
class Standing:
    """What stands when everything is quiet: it must be the same whether or not somebody died on the way."""

    posts: Counter[tuple[str, bool]]
    votes: tuple[tuple[str, str], ...]
    executions: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    recorded: Counter[str]
    left: Counter[str]
    damage: str

    def differences(self, other: "Standing") -> list[str]:
        """Say in which parts two differ."""
        mine, theirs = vars(self), vars(other)
        return [f"{part}: {mine[part]} instead of {theirs[part]}" for part in mine if mine[part] != theirs[part]]


@dataclass(frozen=True)
class Scene:
    """One act of a play, rehearsed without a death."""

    play: str
    act: Act
    before: Snapshot
    after: Standing
    boundaries: tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """One boundary of one scene, the first is 1."""

    scene: Scene
    number: int

    def __str__(self) -> str:
        return f"{self.scene.play} / {self.scene.act.name} / {self.number}. {self.scene.boundaries[self.number - 1]}"


async def rehearse(stage: Stage, play: Play, counted: Collection[Boundary] = EFFECTS) -> list[Scene]:
    """Play once without a death; returns the scenes."""
    scenes, world, life = list[Scene](), stage.restore(stage.beginning()), Life(counted=counted)
    async with stage.living(world, life):
        await world.settle()
        for act in play.acts:
            before = stage.keep(world)
            life.begin_again(None)
            await act.do(world)
            await until(world, world.clock.now() + timedelta(minutes=act.minutes))
            assert act.is_done(world), f"{play.name}: {act.name}"
            scenes.append(Scene(play.name, act, before, await standing(world), tuple(life.passed)))
    return scenes


async def die(stage: Stage, point: Point, counted: Collection[Boundary] = EFFECTS) -> list[str]:
    """Die in one boundary, come back and try again; returns what does not hold then."""
    act, world, life = point.scene.act, stage.restore(point.scene.before), Life(counted=counted)
    end, acknowledged = world.clock.now() + timedelta(minutes=act.minutes), False
    try:
        async with stage.living(world, life):
            life.begin_again(point.number)
            acknowledged = await act.do(world)
            await until(world, end)
    except Exception:
        if not life.is_over:
            raise
    async with stage.living(world, Life()):
        await until(world, end)
        if acknowledged and not act.is_done(world):
            return [f"{point}: acknowledged, and not there"]
        await try_again(world, act)
        wrong = (await standing(world)).differences(point.scene.after)
        return [f"{point}: {what}" for what in wrong]


async def try_again(world: World, act: Act) -> None:
    """Let people do an act until they see that it is done."""
    for _ in range(TRIES):
        if act.is_done(world):
            return
        await act.do(world)
        await world.settle(PATIENCE)
    assert act.is_done(world), f"{act.name} is not done after {TRIES} more tries"


async def until(world: World, end: datetime) -> None:
    """Let time pass to a moment, and everything that is due by then happen."""
    if end > world.clock.now():
        await world.pass_time(seconds=(end - world.clock.now()).total_seconds())
    await world.settle(PATIENCE)


async def standing(world: World) -> Standing:
    """Look at everything that counts."""
    posts = [one.message for one in world.workspace.happenings if one.kind == "post" and one.message]
    counted = Counter((one.channel, bool(one.thread_ts)) for one in posts)
    versions = tuple((name, str(world.models.versions(name))) for name in sorted(world.config[Systems].systems))
    return await world.process.store.read(_look, counted, versions)


def _look(reading: Reading, posts: Counter[tuple[str, bool]], versions: tuple[tuple[str, str], ...]) -> Standing:
    session = reading.session
    _count, damage = trail.verify(session, TRAIL_KEY)
    actions = Counter(_action(entry) for entry in session.exec(select(TrailEntry)))
    del actions["gesture.refused"]  # whoever tries again may be told that it is done
    undone = session.exec(select(OutboxRow).where(OutboxRow.state != OutboxState.DONE))
    return Standing(
        posts,
        tuple(sorted((vote.person, vote.choice) for vote in session.exec(select(Vote)))),
        tuple(sorted(one.state for one in session.exec(select(Execution)))),
        versions,
        actions,
        Counter(f"{row.kind} {row.state} {row.error}" for row in undone),
        str(damage or ""),
    )


def _action(entry: TrailEntry) -> str:
    action = str(json.loads(entry.body)["action"])
    return HOW_IT_WENT.get(action, action)
