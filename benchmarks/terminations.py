"""Ask a real process under load to stop, again and again: `python -m benchmarks.terminations` (figure F13).

The same load as in `benchmarks/kills.py`; the process is ended with SIGTERM fifty times (`--times N`). It must end by
itself within ten seconds with exit status 0, and nothing may be lost or doubled.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.endings import Found, Load, check, end_again_and_again, quiet, start
from benchmarks.report import Figure, percentile, report
from tests.support.running import running_backout

SEED = 13
GOAL_SECONDS = 10.0


def main() -> int:
    """Report how it ended, and what was lost or doubled; exit status 1 when a goal is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=50)
    times = options.parse_args().times
    endings = list[tuple[int, float]]()
    found, load, left = asyncio.run(measure(times, endings))
    seconds = [taken for _, taken in endings]
    figures = [
        Figure("terminations", times),
        Figure("exit status not 0", sum(status != 0 for status, _ in endings), at_most=0),
        Figure("slowest end", max(seconds), "s", at_most=GOAL_SECONDS),
        Figure("median end", percentile(seconds, 50), "s"),
        Figure("alerts acknowledged", len(load.alerts)),
        Figure("decisions acknowledged", len(load.reasons) + len(load.votes)),
        *(Figure(name.replace("_", " "), value, at_most=0) for name, value in vars(found).items()),
        Figure("left in the outbox", left, at_most=0),
    ]
    return report("terminations", figures, seed=SEED)


async def measure(times: int, endings: list[tuple[int, float]]) -> tuple[Found, Load, int]:
    """Stop it so many times, and note each exit status and how long it took."""
    with tempfile.TemporaryDirectory() as directory:
        async with running_backout(Path(directory), start=False) as backout:

            async def stop() -> None:
                began = time.monotonic()
                endings.append((await backout.terminate(), time.monotonic() - began))

            await start(backout)
            load = Load(backout)
            async with load.running():
                await end_again_and_again(backout, load, times, random.Random(SEED), stop)
            left = await quiet(backout)
            await backout.terminate()
            return check(load), load, left


if __name__ == "__main__":
    sys.exit(main())
