"""Die at a boundary, start again, let people try again: nothing is lost, nothing doubled.

In `make test` a sample of all boundaries; `make soak` and `python -m benchmarks.crash_points` take every one.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.stories.dying import PATIENCE, Point, die, rehearse, standing
from tests.stories.plays import PLAYS, Play
from tests.support.lives import Stage, staged
from tests.support.seams import Life
from tests.support.soak import SOAKING
from tests.support.world import World

LIVES = 150
START_SECONDS = 2
ONE_IN = 1 if SOAKING else 60


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path / "stage") as stage:
        yield stage


@pytest.mark.timeout(3_600 if SOAKING else 120)
@pytest.mark.parametrize("number", range(len(PLAYS)), ids=[play.name for play in PLAYS])
async def test_dying_once_anywhere_loses_and_doubles_nothing(stage: Stage, number: int) -> None:
    """F1, P1-P4, P20: acknowledged means present; one vote, one execution, one of each post; nothing is left undone."""
    scenes = await rehearse(stage, PLAYS[number])
    points = [Point(scene, passing) for scene in scenes for passing in range(1, len(scene.boundaries) + 1)]
    wrong = [what for point in points[number::ONE_IN] for what in await die(stage, point)]
    assert not wrong, "\n".join(wrong)


async def play_through(stage: Stage, play: Play, every: int) -> tuple[World, int]:
    """Play a story in lives of so many boundaries each; returns its world, and how many ended early."""
    world, deaths = stage.restore(stage.beginning()), 0
    async with stage.living(world, Life()):
        await world.settle()  # it knows everybody's account by now
    for act in play.acts:
        acknowledged = False
        while not act.is_done(world):
            assert deaths < LIVES, f"{act.name} is not done after {deaths} lives"
            life = Life(every)
            try:
                async with stage.living(world, life):
                    await world.settle(PATIENCE)
                    while not act.is_done(world):
                        acknowledged = acknowledged or await act.do(world)
                        life.breathe()
                        await world.settle(PATIENCE)
            except Exception:
                if not life.is_over:
                    raise
                deaths += 1
                world.clock.pass_time(seconds=START_SECONDS)
    return world, deaths


@pytest.mark.parametrize("every", [25, 20, 16] if SOAKING else [20])
async def test_dying_again_and_again_comes_to_the_same_end(stage: Stage, every: int) -> None:
    """F1, P1-P4, P20: a process that dies every few boundaries, also while it recovers, still gets everything done."""
    play = PLAYS[0]
    rehearsed = (await rehearse(stage, play))[-1].after
    world, deaths = await play_through(stage, play, every)
    assert deaths > 0
    async with stage.living(world, Life()):
        await world.settle(PATIENCE)
        assert (await standing(world)).differences(rehearsed) == []
