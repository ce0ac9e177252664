"""How long `backout serve` takes until it is ready (`python -m benchmarks.start`).

Starts the real process beside a workspace, several times, on an empty database and on one with 100,000 incidents, and
measures from the start of the process until `/readyz` answers 200 (database, Slack, worker and accounts all work).
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure, report
from benchmarks.specimens import fill, mix_of
from bot.foundation.clock import SystemClock
from tests.support.running import Running, running_backout
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

RUNS = 5
INCIDENTS = 100_000
OPEN = 100
GOAL_EMPTY_SECONDS = 2.0
GOAL_FULL_SECONDS = 10.0


def main() -> int:
    """Report both medians; exit status 1 when one misses its goal."""
    empty, full = (statistics.median(asyncio.run(starts(incidents))) for incidents in (0, INCIDENTS))
    return report(
        "start",
        [
            Figure("ready on an empty database after", empty, "s", at_most=GOAL_EMPTY_SECONDS),
            Figure(f"ready with {INCIDENTS:,} incidents after", full, "s", at_most=GOAL_FULL_SECONDS),
        ],
    )


async def starts(incidents: int) -> list[float]:
    """Start several times on a database with so many incidents; returns the seconds of each start."""
    with tempfile.TemporaryDirectory() as directory:
        async with running_backout(Path(directory), start=False) as running:
            if incidents:
                running.environment["BACKOUT_TRAIL_KEY"] = TRAIL_KEY.decode()
                fill(running.database, example_config(), mix_of(incidents, open_ones=OPEN), SystemClock())
            return [await once(running) for _ in range(RUNS)]


async def once(running: Running) -> float:
    """Start and stop one process; returns the seconds until it was ready."""
    began = time.monotonic()
    await running.start()
    seconds = time.monotonic() - began
    await running.terminate()
    return seconds


if __name__ == "__main__":
    sys.exit(main())
