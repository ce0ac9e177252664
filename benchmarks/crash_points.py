"""Die at every boundary of every play, come back, try again: `python -m benchmarks.crash_points` (figure F1).

Each point is one boundary (before or after a commit, a call to Slack, a call to a target, a touch of its disk, a
request or an answer at our door) of one act of `tests/stories/plays.py`. `--every 20` also dies in every 20th of the
statements inside transactions; `--every 1` in all of them, which takes an hour. `--play one` plays only what begins so,
and `--one-in 10` dies only in every tenth point. Prints how many points there were, and every violation.
"""

import argparse
import asyncio
import concurrent.futures
import logging
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Figure, report
from tests.stories.dying import Point, Scene, die, rehearse
from tests.stories.plays import PLAYS
from tests.support.lives import Stage, staged
from tests.support.seams import EFFECTS, EVERYTHING

GOAL_POINTS = 800
FAST = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
"""In memory: this counts what is lost, not how long a disk takes."""


@dataclass(frozen=True)
class Share:
    """What one of several processes does: every `of`-th point, from its own number on."""

    number: int
    of: int
    every: int
    plays: str
    one_in: int


def main() -> int:
    """Report points and violations; exit status 1 when there is a violation or there are too few points."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", type=int, default=0, help="die in every so-manieth statement, too")
    options.add_argument("--play", default="", help="only plays whose name begins so")
    options.add_argument("--one-in", type=int, default=1, help="only every so-manieth point")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given, began = options.parse_args(), time.monotonic()
    numbers = range(given.processes)
    shares = [Share(number, given.processes, given.every, given.play, given.one_in) for number in numbers]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(given.processes, mp_context=context) as pool:
        results = list(pool.map(take, shares))
    points, wrong = sum(count for count, _ in results), [line for _, lines in results for line in lines]
    figures = [
        Figure("points", points, at_least=None if given.play or given.one_in > 1 else GOAL_POINTS),
        Figure("violations", len(wrong), at_most=0),
        Figure("took", time.monotonic() - began, "s"),
    ]
    return report("crash_points", figures)


def take(share: Share) -> tuple[int, list[str]]:
    """Die in one share of all points; returns how many there were, and what did not hold."""
    logging.disable(logging.CRITICAL)
    return asyncio.run(_take(share))


async def _take(share: Share) -> tuple[int, list[str]]:
    count, wrong = 0, list[str]()
    with tempfile.TemporaryDirectory(dir=FAST) as directory:
        async with staged(Path(directory) / "stage") as stage:
            for play in (play for play in PLAYS if play.name.startswith(share.plays)):
                scenes = await rehearse(stage, play, EVERYTHING if share.every else EFFECTS)
                points = [point for scene in scenes for point in _points(scene, share.every)]
                for point in points[share.number * share.one_in :: share.of * share.one_in]:
                    wrong += await _die(stage, point, share)
                    count += 1
    return count, wrong


async def _die(stage: Stage, point: Point, share: Share) -> Sequence[str]:
    try:
        wrong = await die(stage, point, EVERYTHING if share.every else EFFECTS)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no recovery
        wrong = [f"{point}: {type(error).__name__}: {error}"]
    for line in wrong:
        print(line, flush=True)
    return wrong


def _points(scene: Scene, every: int) -> Iterator[Point]:
    """Number the points of a scene; of the statements only every so-manieth."""
    for number, passed in enumerate(scene.boundaries, 1):
        if " statement " not in passed or (every and number % every == 0):
            yield Point(scene, number)


if __name__ == "__main__":
    sys.exit(main())
