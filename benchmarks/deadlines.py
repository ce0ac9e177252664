"""How late deadlines count (`python -m benchmarks.deadlines`).

10,000 tiers come due over one minute, evenly spread, in the product's own worker loop on a real clock and a real
SQLite file; Slack is one that answers at once. Lateness is the time from a deadline to the commit of what came of it:
the moment at which the trail, the page and the next deadline are durable.
"""

import asyncio
import json
import sys
import tempfile
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from benchmarks.overdue import loop_on, set_dues, settle_in
from benchmarks.report import Figure, percentile, report
from benchmarks.specimens import Mix, fill
from bot.escalation.models import Escalation
from bot.foundation.clock import SystemClock
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.ids import RandomIds
from bot.foundation.models import TrailEntry
from bot.foundation.work import Actor, Reading
from tests.support.slack import FakeSlack
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

COUNT = 10_000
SPREAD = timedelta(seconds=60)
LEAD = timedelta(seconds=3)
GOAL_MILLISECONDS = 250.0


def main() -> int:
    """Report lateness and doubles; exit status 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/backout.db"
        fill(url, example_config(), Mix(paged=COUNT), SystemClock())
        late, doubles, missed = asyncio.run(run(url))
    return report(
        "deadlines",
        [
            Figure("late, p50", percentile(late, 50), "ms"),
            Figure("late, p99", percentile(late, 99), "ms", at_most=GOAL_MILLISECONDS),
            Figure("counted twice", doubles, at_most=0),
            Figure("missed", missed, at_most=0),
        ],
    )


async def run(url: str) -> tuple[list[float], int, int]:
    """Let the deadlines pass; returns how late each counted in milliseconds, how many twice, and how many not."""
    clock = SystemClock()
    store = open_store(url, clock=clock, ids=RandomIds(), config=example_config(), trail_key=TRAIL_KEY)
    loop, stop = loop_on(store, FakeSlack(clock)), asyncio.Event()  # type: ignore[arg-type]
    committed = committed_by(store)
    settle_in()
    dues = spread(url, clock.now() + LEAD)
    running = asyncio.create_task(loop.run(stop))
    await asyncio.sleep((LEAD + SPREAD + timedelta(seconds=5)).total_seconds())
    stop.set()
    await running
    fired = store.read_now(paged)
    store.close()
    counts = Counter(name for name, _ in fired)
    durable = [(name, committed[bisect_left(committed, seen)]) for name, seen in fired]
    late = [1000 * (at - dues[name]).total_seconds() for name, at in durable]
    return late, sum(count > 1 for count in counts.values()), len(set(dues) - set(counts))


def spread(url: str, start: datetime) -> dict[str, datetime]:
    """Give every incident a deadline of its own within the minute."""
    dues = {f"INC-{number + 1}": start + SPREAD * (number / COUNT) for number in range(COUNT)}
    engine = open_engine(url)
    with Session(engine) as session:
        set_dues(session, Escalation, "subject", "next_tier_at", dues)
        session.commit()
    engine.dispose()
    return dues


def paged(reading: Reading) -> list[tuple[str, datetime]]:
    """Return which incidents' second tier was paged, in order, and the moment that its Work saw."""
    said = [json.loads(body) for body in reading.session.exec(select(TrailEntry.body).order_by(col(TrailEntry.seq)))]
    tiers = [entry for entry in said if entry["action"] == "escalation.tier_paged"]
    return [(entry["object"], datetime.fromisoformat(entry["ts"])) for entry in tiers[COUNT:]]


def committed_by(store: Store) -> list[datetime]:
    """Note from now on when each sweep over tiers has been committed."""
    moments, submit = list[datetime](), store.submit

    async def noting(actor: Actor, verb: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        answer = await submit(actor, verb, *args, **kwargs)
        if actor.id == "escalation.climb":
            moments.append(store.clock.now())
        return answer

    store.submit = noting  # type: ignore[method-assign]
    return moments


if __name__ == "__main__":
    sys.exit(main())
