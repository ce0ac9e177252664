"""Kill a real process under load, again and again: `python -m benchmarks.kills` (figure F2).

Starts Backout on SQLite beside the workspace, keeps it busy (`benchmarks/endings.py`), kills it with SIGKILL a hundred
times (`--kills N`), and then counts what was promised and is not there, and what is there twice.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from benchmarks.endings import Found, Load, check, end_again_and_again, quiet, start
from benchmarks.report import Figure, report
from tests.support.running import running_backout

SEED = 7


def main() -> int:
    """Report what was lost or doubled; exit status 1 if anything was."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=100)
    kills = options.parse_args().kills
    found, load, left = asyncio.run(measure(kills))
    figures = [
        Figure("kills", kills),
        Figure("alerts acknowledged", len(load.alerts)),
        Figure("decisions acknowledged", len(load.reasons) + len(load.votes)),
        *(Figure(name.replace("_", " "), value, at_most=0) for name, value in vars(found).items()),
        Figure("left in the outbox", left, at_most=0),
    ]
    return report("kills", figures, seed=SEED)


async def measure(kills: int) -> tuple[Found, Load, int]:
    """Kill so many times; returns what was found, what was promised, and what never left."""
    with tempfile.TemporaryDirectory() as directory:
        async with running_backout(Path(directory), start=False) as backout:
            await start(backout)
            load = Load(backout)
            async with load.running():
                await end_again_and_again(backout, load, kills, random.Random(SEED), backout.kill)
            left = await quiet(backout)
            await backout.terminate()
            return check(load), load, left


if __name__ == "__main__":
    sys.exit(main())
