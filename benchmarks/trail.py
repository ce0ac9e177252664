"""The trail at size (F10): how fast it is written durably and checked, and whether every mutation is noticed.

    python -m benchmarks.trail [--seed N]

Writes by real Works through a store, many submitters at once, then by four processes on one file; checks a million
entries with the first key (chain, payloads, checkpoints); mutates an anchored trail ten thousand times; erases the
words of three incidents in ten, purges the older half, and checks again.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, select

from benchmarks.report import Figure, report
from bot.foundation import keeping, trail
from bot.foundation.clock import SystemClock
from bot.foundation.config import Config
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.errors import Refusal
from bot.foundation.ids import RandomIds
from bot.foundation.migrations import migrate
from bot.foundation.models import TrailCheckpoint
from bot.foundation.work import Actor, Work
from tests.foundation.trail.mutants import Trial

KEY = b"a trail key for a benchmark, 32 b"
MAYA = Actor("person", "U0MAYA0001", "Maya Lindqvist")
WHY = "Conversion fell since version 8."
ENTRIES = 1_000_000
SEALED_EVERY = 100
APPENDS = 10_000
SUBMITTERS = 32
WRITERS, EACH = 4, 500
MUTATIONS = 10_000


def note(work: Work, number: int) -> None:
    """One decision's entry, of a usual length."""
    work.record("approval.vote", f"INC-{number % 1000}", why=WHY, round=1, vote="approve")


@contextmanager
def store_on(url: str) -> Iterator[Store]:
    """A store that writes as the product does: write-ahead log, `synchronous=FULL`."""
    store = open_store(url, clock=SystemClock(), ids=RandomIds(), config=Config({}, {}), trail_key=KEY)
    try:
        yield store
    finally:
        store.close()


def new_database(folder: Path, name: str) -> str:
    """A migrated, empty database."""
    url = f"sqlite:///{folder / name}"
    migrate(url)
    return url


def appends_per_second(url: str) -> float:
    """Works that each record one entry, durably, by many submitters at once."""

    async def submit(store: Store, start: int) -> None:
        for number in range(start, APPENDS, SUBMITTERS):
            await store.submit(MAYA, note, number)

    async def all_of_them(store: Store) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(submit(store, start) for start in range(SUBMITTERS)))
        return APPENDS / (time.perf_counter() - began)

    with store_on(url) as store:
        return asyncio.run(all_of_them(store))


def write_alone(url: str, count: int) -> None:
    """What one of several processes does."""
    with store_on(url) as store:
        for number in range(count):
            store.submit_now(MAYA, note, number)


def several_writers(url: str) -> tuple[int, int]:
    """Four processes on one file; returns how many forks there are and how many entries are lost."""
    command = [sys.executable, "-m", "benchmarks.trail", "--writer", url]
    started = [subprocess.Popen(command) for _ in range(WRITERS)]
    failed = sum(process.wait() != 0 for process in started)
    with store_on(url) as store:
        found = store.read_now(lambda reading: trail.check(trail.DatabaseSource(reading.session), trail.Keyring(KEY)))
    return int(found.damage is not None), WRITERS * EACH - found.whole + failed


def fill(url: str, entries: int) -> None:
    """Write a long trail in big Works, sealed as often as in real life, over many days."""
    engine, ids, keys = open_engine(url), RandomIds(), trail.Keyring(KEY)
    start = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
    with Session(engine) as session:
        for first in range(0, entries, SEALED_EVERY):
            now = datetime.fromtimestamp(start + first * 60, UTC)
            facts = {"round": 1, "vote": "approve"}
            records = [
                trail.Record("approval.vote", f"INC-{number % 1000}", str(MAYA), MAYA.name, now, WHY, facts=facts)
                for number in range(first, first + SEALED_EVERY)
            ]
            trail.append(session, keys, ids, records)
            trail.seal(session, keys, now)
            if first % 10_000 == 0:
                session.commit()
        session.commit()
    engine.dispose()


def seconds_to_verify(url: str) -> float:
    """Check every entry, payload and checkpoint, as `backout verify` does with the first key."""
    with store_on(url) as store:
        began = time.perf_counter()
        found = store.read_now(lambda reading: trail.check(trail.DatabaseSource(reading.session), trail.Keyring(KEY)))
        taken = time.perf_counter() - began
    if found.damage or found.whole != ENTRIES or found.sealed != ENTRIES:
        sys.exit(f"the trail is not what was written: {found}")
    return taken


def let_go(url: str) -> tuple[int, float]:
    """Erase the words of three incidents in ten, and purge the older half, anchored; what is on hold must stay.

    Returns how often what was promised is not so, and how long the check of what is left takes.
    """
    with store_on(url) as store:
        store.submit_now(MAYA, keeping.hold, "INC-999", "a case")
        refused = sum(_is_refused(store, verb) for verb in (_erase_held, _purge_half))
        store.submit_now(MAYA, keeping.release, "INC-999", "the case is over")
        erased = sum(store.submit_now(MAYA, keeping.erase, f"INC-{number}", "asked to") for number in range(300))
        store.submit_now(MAYA, _purge_half)
        began = time.perf_counter()
        found = store.read_now(lambda reading: trail.check(trail.DatabaseSource(reading.session), trail.Keyring(KEY)))
        taken = time.perf_counter() - began
    left = 300 * ENTRIES // 1000 // 2
    kept = (refused, erased, found.damage, found.purged, found.erased)
    wrong = [one for one, due in zip(kept, (2, 2 * left, None, ENTRIES // 2, left), strict=True) if one != due]
    return len(wrong), taken


def _is_refused(store: Store, verb: Callable[[Work], None]) -> bool:
    try:
        store.submit_now(MAYA, verb)
    except Refusal:
        return True
    return False


def _erase_held(work: Work) -> None:
    keeping.erase(work, "INC-999", "asked to")


def _purge_half(work: Work) -> None:
    middle = work.session.exec(select(TrailCheckpoint.sealed_at).where(TrailCheckpoint.seq == ENTRIES // 2)).one()
    prefix = keeping.purgeable(work, middle + timedelta(seconds=1), anchored=ENTRIES)
    keeping.purge(work, prefix, "older than we may keep it")


def missed(folder: Path, seed: int) -> int:
    """How many of so many mutations of an anchored trail nobody notices."""
    folder.mkdir()
    trial = Trial.begin(folder)
    try:
        return sum(not trial.notices(seed + number) for number in range(MUTATIONS))
    finally:
        trial.end()


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--writer", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.writer:
        write_alone(given.writer, EACH)
        return 0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        runs = [appends_per_second(new_database(folder, f"append{run}.db")) for run in range(5)]
        forks, lost = several_writers(new_database(folder, "writers.db"))
        unnoticed = missed(folder / "mutants", given.seed)
        long = new_database(folder, "long.db")
        fill(long, ENTRIES)
        taken = statistics.median(seconds_to_verify(long) for _ in range(3))
        wrong, less = let_go(long)
    figures = [
        Figure("durable appends", statistics.median(runs), "/s", at_least=1_000),
        Figure("forks by four writers", forks, at_most=0),
        Figure("lost by four writers", lost, at_most=0),
        Figure(f"of {MUTATIONS:,} mutations unnoticed", unnoticed, at_most=0),
        Figure(f"verify {ENTRIES:,} entries", taken, "s", at_most=5),
        Figure("promises broken by erasing 30 % and purging half", wrong, at_most=0),
        Figure("verify what is left", less, "s", at_most=5),
    ]
    return report("the trail", figures, seed=given.seed)


if __name__ == "__main__":
    sys.exit(main())
