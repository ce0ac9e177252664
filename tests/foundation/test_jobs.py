"""Whose turn it is with the writer: who waits for an answer never waits for more than one transaction of our loops."""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.appending import AppendJob, table_of
from bot.foundation.db import Store
from bot.foundation.jobs import BATCH, Job, Jobs, WorkJob
from bot.foundation.models import Nonce
from bot.foundation.work import Actor, Work
from tests.foundation.db.acts import MAYA, held
from tests.support.clock import MORNING

WORKER = Actor("system", "worker", "Backout")


def work(actor: Actor = MAYA) -> WorkJob:
    return WorkJob(actor, lambda _work: None)


def is_urgent(job: Job) -> bool:
    return isinstance(job, AppendJob) or job.actor.kind != "system"


def all_of(jobs: Jobs) -> list[list[Job]]:
    jobs.close()
    taken = []
    while found := jobs.take():
        taken.append(found)
    return taken


@given(st.lists(st.booleans(), max_size=3 * BATCH))
def test_everything_is_taken_once_in_its_order_and_both_kinds_in_turn(kinds: list[bool]) -> None:
    jobs, put = Jobs(), [work(MAYA if urgent else WORKER) for urgent in kinds]
    for job in put:
        jobs.put(job)
    assert len(jobs) == len(put)
    taken = all_of(jobs)
    for urgent in (True, False):
        assert [job for lot in taken for job in lot if is_urgent(job) == urgent] == [
            job for job in put if is_urgent(job) == urgent
        ]
    turns = [is_urgent(lot[0]) for lot in taken]
    for lot, turn in zip(taken, turns, strict=True):
        assert len(lot) <= BATCH
        assert {is_urgent(job) for job in lot} == {turn}
    both = 2 * min(turns.count(True), turns.count(False))
    assert all(one != other for one, other in pairwise(turns[:both]))


def test_rows_to_append_are_first_in_their_transaction() -> None:
    loop = asyncio.new_event_loop()
    jobs, click, rows = Jobs(), work(), AppendJob(table_of(Nonce), loop)
    jobs.put(click)
    jobs.put(rows)
    assert all_of(jobs) == [[rows, click]]
    loop.close()


async def test_a_sweep_shares_no_transaction_with_whoever_waits_for_an_answer(sqlite_store: Store) -> None:
    """P18: what held the writer here was the doors' turn, so the sweeps are next, and then the doors again."""
    done: list[str] = []

    def note(_work: Work, what: str) -> None:
        done.append(what)

    with held(sqlite_store):
        waiting = [
            asyncio.ensure_future(sqlite_store.submit(WORKER, note, "sweep 1")),
            asyncio.ensure_future(sqlite_store.submit(WORKER, note, "sweep 2")),
            asyncio.ensure_future(sqlite_store.submit(MAYA, note, "click")),
            asyncio.ensure_future(sqlite_store.append(Nonce, {"value": "alert", "seen_at": MORNING})),
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert sqlite_store.commits == 3
    assert done == ["sweep 1", "sweep 2", "click"]
