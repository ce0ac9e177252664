"""Deadlines that passed while nothing ran: each counts once, in order, and no incident gets more than one message.

F11 P22 R081, in small; `python -m benchmarks.overdue` is the full size.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.overdue import RESTART, Outcome, is_overdue, loop_on, outcome_of, prepare
from bot.foundation.db import Store, open_store
from bot.foundation.work import LOT
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.postgres import postgres, postgres_url
from tests.support.slack import FakeSlack
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

__all__ = ["postgres", "postgres_url"]
COUNT = 200


def restarted(url: str, first_id: int = 0) -> Store:
    """A process's store right after the downtime."""
    ids = CountedIds()
    for _ in range(first_id):
        ids.new("out")
    return open_store(url, clock=VirtualClock(RESTART), ids=ids, config=example_config(), trail_key=TRAIL_KEY)


async def catch_up(*stores: Store) -> None:
    """Let a worker on each store tick, all at once, until nothing is overdue."""
    loops = [loop_on(store, FakeSlack(VirtualClock(RESTART))) for store in stores]
    while await stores[0].read(is_overdue):
        await asyncio.gather(*(loop.tick() for loop in loops))


def come_of(store: Store, dues: dict[str, datetime]) -> Outcome:
    return store.read_now(outcome_of, dues)


async def test_after_a_downtime_each_deadline_counts_once_in_order_and_nobody_is_flooded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    dues = prepare(url, COUNT)
    store = restarted(url, 100_000)
    await catch_up(store)
    assert come_of(store, dues) == Outcome(0, 0, most_messages=1, out_of_turn=0, trail_is_whole=True)
    store.close()


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
async def test_two_processes_that_start_at_once_share_them(postgres_url: str) -> None:
    dues = prepare(postgres_url, COUNT)
    stores = [restarted(postgres_url, first_id) for first_id in (100_000, 200_000)]
    await catch_up(*stores)
    found = come_of(stores[0], dues)
    for store in stores:
        store.close()
    assert (found.missed, found.twice, found.most_messages, found.trail_is_whole) == (0, 0, 1, True)
    assert found.out_of_turn <= 2 * LOT
