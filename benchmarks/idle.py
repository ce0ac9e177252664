"""What `backout serve` costs while nothing happens (`python -m benchmarks.idle`).

Starts the real process beside a workspace, lets it come to rest, then watches it for half a minute: how much of one
core it used, and how much memory it keeps. Both figures come from /proc, so this runs on Linux.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Figure, report
from tests.support.running import running_backout

REST_SECONDS = 5.0
WATCH_SECONDS = 30.0
GOAL_PERCENT = 1.0
GOAL_MIB = 150.0


def main() -> int:
    """Report both figures; exit status 1 when one misses its goal."""
    with tempfile.TemporaryDirectory() as directory:
        percent, mebibytes = asyncio.run(watch(Path(directory)))
    return report(
        "idle",
        [
            Figure("of one core", percent, "%", at_most=GOAL_PERCENT),
            Figure("resident", mebibytes, "MiB", at_most=GOAL_MIB),
        ],
    )


async def watch(directory: Path) -> tuple[float, float]:
    """Return the share of one core in percent, and the resident memory in MiB, of a process at rest."""
    async with running_backout(directory) as running:
        assert running.process is not None
        await asyncio.sleep(REST_SECONDS)
        before = processor_seconds(running.process.pid)
        await asyncio.sleep(WATCH_SECONDS)
        used = processor_seconds(running.process.pid) - before
        return 100 * used / WATCH_SECONDS, resident_mebibytes(running.process.pid)


def processor_seconds(process: int) -> float:
    """Return how long a process has computed, in the system's name and its own."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mebibytes(process: int) -> float:
    """Return how much memory a process keeps."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
