"""Die at every boundary of every play, come back, try again: `python -m benchmarks.crash_points` (figure F1).

Each point is one boundary (before or after a commit, a call to Slack, a call to a target, a touch of its disk, a
request or an answer at our door) of one act of `tests/stories/plays.py`. `--every 20` also dies in every 20th of the
statements inside transactions; `--every 1` in all of them, which takes an hour. `--play one` plays only those whose
name begins so. Prints how many points there were, and every violation.
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


def main() -> int:
    """Report points and violations; exit status 1 when there is a violation or there are too few points."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", type=int, default=0, help="die in every so-manieth statement, too")
    options.add_argument("--play", default="", help="only plays whose name begins so")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given, began = options.parse_args(), time.monotonic()
    shares = [Share(number, given.processes, given.every, given.play) for number in range(given.processes)]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(given.processes, mp_context=context) as pool:
        results = list(pool.map(take, shares))
    points, wrong = sum(count for count, _ in results), [line for _, lines in results for line in lines]
    for line in wrong:
        print(line)
    figures = [
        Figure("points", points, at_least=None if given.play else GOAL_POINTS),
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
            for play in PLAYS:
                if play.name.startswith(share.plays):
                    for scene in await rehearse(stage, play, EVERYTHING if share.every else EFFECTS):
                        for number in _mine(scene, share):
                            wrong += await _die(stage, Point(scene, number), share)
                            count += 1
    return count, wrong


async def _die(stage: Stage, point: Point, share: Share) -> Sequence[str]:
    try:
        return await die(stage, point, EVERYTHING if share.every else EFFECTS)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no recovery
        return [f"{point}: {type(error).__name__}: {error}"]


def _mine(scene: Scene, share: Share) -> Iterator[int]:
    """Number the points of a scene that fall to one process."""
    counted = (
        number
        for number, passed in enumerate(scene.boundaries, 1)
        if " statement " not in passed or (share.every and number % share.every == 0)
    )
    return (number for place, number in enumerate(counted) if place % share.of == share.number)


if __name__ == "__main__":
    sys.exit(main())
