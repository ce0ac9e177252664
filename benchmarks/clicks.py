"""How long a click takes until its decision is committed, whatever the database holds (`python -m benchmarks.clicks`).

Two processes of Backout, each beside a workspace of its own: one as it is after a week (400 open incidents, 1,000
entries in the trail), one as it is after years (10,000 and 1,000,000). Incidents are acknowledged one after the other
at a steady pace, in both at the same time, so that both figures see the same machine. Slack is another program, so what
clicks is one, too (`benchmarks/load.py`): what the workspace does with cards meanwhile is not in the figures. A click
is answered with 200 only after the decision is committed; afterwards the databases are asked whether all are there.
"""

import asyncio
import contextlib
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.gestures import acknowledgement
from benchmarks.load import Job, load
from benchmarks.report import Figure, percentile, report
from benchmarks.seeding import Size, seed
from bot.foundation.migrations import migrate
from tests.support.running import Running, running_backout

CLICKS = 300
WARM_UP = 20
A_SECOND = 7.0
"""Clicks at each place: as many as one person after the other makes who waits 50 ms between them."""
SMALL, LARGE = Size(incidents=400, trail=1_000), Size(incidents=10_000, trail=1_000_000)
TRAIL_KEY = "a trail key for benchmarks"


def main() -> int:
    """Report the figures; exit status 1 when a goal is missed."""
    small, large = asyncio.run(measure())
    p99, p99_large = percentile(small, 99), percentile(large, 99)
    p50, p50_large = percentile(small, 50), percentile(large, 50)
    figures = [
        Figure("click to committed decision: p50", p50, "ms"),
        Figure("p99", p99, "ms", at_most=50),
        Figure("with 10,000 open incidents and 1,000,000 trail entries: p50", p50_large, "ms"),
        Figure("p99", p99_large, "ms"),
        Figure("p50, ratio", p50_large / p50),
        Figure("p99, ratio", p99_large / p99, at_most=1.2),
    ]
    return report("clicks", figures)


async def measure() -> tuple[list[float], list[float]]:
    """Click at the same time in a small and in a large Backout; returns the milliseconds of each."""
    async with contextlib.AsyncExitStack() as stack:
        places = [await stack.enter_async_context(_running(size)) for size in (SMALL, LARGE)]
        small, large = await asyncio.gather(*[_click(running, size) for running, size in places])
        for running, _size in places:
            _need_all_acknowledged(running)
    return small, large


async def _click(running: Running, size: Size) -> list[float]:
    """Acknowledge incidents spread over all there are; returns the milliseconds, without the first few."""
    count = WARM_UP + CLICKS
    incidents = [f"INC-{1 + number * (size.incidents // count)}" for number in range(count)]
    requests = [acknowledgement(running, incident, "sam") for incident in incidents]
    taken = await load(Job("127.0.0.1", running.port, requests, count / A_SECOND, connections=1, rate=A_SECOND))
    assert taken.statuses == {200: count}, f"answers: {taken.statuses}"
    return taken.milliseconds[WARM_UP:]


@contextlib.asynccontextmanager
async def _running(size: Size) -> AsyncIterator[tuple[Running, Size]]:
    """Serve a workspace and a Backout whose database is of this size."""
    with tempfile.TemporaryDirectory() as directory:
        async with running_backout(Path(directory), start=False) as running:
            running.environment["BACKOUT_TRAIL_KEY"] = TRAIL_KEY
            migrate(running.database)
            seed(running.database, running.config, size, key=TRAIL_KEY.encode(), now=datetime.now(UTC))
            await running.start()
            yield running, size


def _need_all_acknowledged(running: Running) -> None:
    with contextlib.closing(sqlite3.connect(running.directory / "backout.db")) as database:
        query = "SELECT count(*) FROM incident WHERE state = 'acknowledged'"
        count = database.execute(query).fetchone()[0]
    assert count == WARM_UP + CLICKS, f"{WARM_UP + CLICKS} clicks were acknowledged, {count} are in the database"


if __name__ == "__main__":
    sys.exit(main())
