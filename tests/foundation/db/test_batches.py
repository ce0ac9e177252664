"""Many at once: nothing is lost, and nobody harms a neighbour in the batch."""

import asyncio
import contextlib
from collections.abc import Callable
from threading import Barrier, Thread

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlmodel import select

from bot.foundation.db import RUSH, Store, is_rush
from bot.foundation.errors import Refusal
from bot.foundation.models import Nonce, Sequence
from bot.foundation.work import Work
from tests.foundation.db.acts import MAYA, count_up, held, refuse, take, taken, trail_length
from tests.support.clock import MORNING
from tests.support.postgres import POSTGRES


def test_twelve_hundred_increments_by_eight_threads_lose_nothing(store: Store) -> None:
    """SQLite's default transactions lost 1,025 of these."""
    given: list[int] = []

    def run() -> None:
        given.extend(store.submit_now(MAYA, count_up) for _ in range(150))

    threads = [Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(given) == list(range(1, 1201))
    assert store.read_now(lambda reading: reading.session.exec(select(Sequence)).one().value) == 1200


async def test_a_failing_work_leaves_its_neighbours_in_the_batch_unharmed(sqlite_store: Store) -> None:
    def bad_statement(work: Work, value: str) -> None:
        take(work, value)
        work.session.connection().execute(text("SELECT * FROM no_such_table"))

    with held(sqlite_store):
        verbs: list[tuple[Callable[[Work, str], object], str]] = [
            (take, "a0"),
            (refuse, "never 1"),
            (take, "a0"),
            (take, "b"),
            (bad_statement, "never 2"),
            (take, "c"),
        ]
        answers = [asyncio.ensure_future(sqlite_store.submit(MAYA, verb, value)) for verb, value in verbs]
        await asyncio.sleep(0)
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert [results[0], results[3], results[5]] == ["a0", "b", "c"]
    assert isinstance(results[1], Refusal)
    assert isinstance(results[2], sqlalchemy.exc.IntegrityError)
    assert isinstance(results[4], sqlalchemy.exc.OperationalError)
    assert sqlite_store.read_now(taken) == ["a0", "b", "c"]
    assert trail_length(sqlite_store) == 3


async def test_a_batch_is_one_transaction(sqlite_store: Store) -> None:
    commits: list[object] = []
    sqlalchemy.event.listen(sqlite_store.writer, "commit", commits.append)
    with held(sqlite_store):
        answers = [asyncio.ensure_future(sqlite_store.submit(MAYA, count_up)) for _ in range(100)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*answers) == list(range(1, 101))
    assert len(commits) == 2  # the one that held the writer, and the hundred


async def test_a_cancelled_caller_harms_nobody(store: Store) -> None:
    answer = asyncio.ensure_future(store.submit(MAYA, take, "a"))
    await asyncio.sleep(0)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    assert await store.submit(MAYA, take, "b") == "b"
    assert "b" in await store.read(taken)


def test_after_each_commit_somebody_is_told_and_after_a_failure_nobody_is(store: Store) -> None:
    told: list[int] = []
    store.after_commit = lambda: told.append(1)
    store.submit_now(MAYA, take, "a")
    store.close()
    assert told == [1]


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
async def test_a_work_that_had_to_give_way_to_another_is_done_again(store: Store) -> None:
    """Two Works that lock the same rows in opposite order: PostgreSQL ends one of them; nobody is told."""
    meeting = Barrier(2)
    tries: list[str] = []

    def count_once(work: Work, name: str) -> None:
        work.next_number(name)

    def count_both(work: Work, first: str, second: str) -> None:
        tries.append(first)
        again = len(tries) > 2
        work.next_number(first)
        if not again:
            meeting.wait(timeout=20)
        work.next_number(second)

    store.submit_now(MAYA, count_once, "x")
    store.submit_now(MAYA, count_once, "y")
    await asyncio.gather(store.submit(MAYA, count_both, "x", "y"), store.submit(MAYA, count_both, "y", "x"))
    assert len(tries) == 3
    numbers = store.read_now(lambda reading: [row.value for row in reading.session.exec(select(Sequence))])
    assert numbers == [3, 3]


async def test_appending_is_one_statement_for_many_callers(sqlite_store: Store) -> None:
    statements: list[str] = []
    sqlalchemy.event.listen(
        sqlite_store.writer, "before_cursor_execute", lambda *given: statements.append(given[2]), named=False
    )
    with held(sqlite_store):
        answers = [
            asyncio.ensure_future(sqlite_store.append(Nonce, {"value": f"{n:02}", "seen_at": MORNING}))
            for n in range(50)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*answers)
    assert len([one for one in statements if one.startswith("INSERT INTO nonce")]) == 1
    assert sqlite_store.read_now(taken) == [f"{n:02}" for n in range(50)]


async def test_a_bad_row_harms_only_its_own_caller(store: Store) -> None:
    with held(store) if store.writer.dialect.name == "sqlite" else contextlib.nullcontext():
        answers = [
            asyncio.ensure_future(store.append(Nonce, row))
            for row in (
                {"value": "a", "seen_at": MORNING},
                {"value": "b", "seen_at": None},
                {"value": "c"},
                {"value": "d", "seen_at": MORNING},
            )
        ]
        await asyncio.sleep(0)
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert [results[0], results[3]] == [None, None]
    assert isinstance(results[1], sqlalchemy.exc.IntegrityError)
    assert isinstance(results[2], sqlalchemy.exc.IntegrityError)
    assert store.read_now(taken) == ["a", "d"]


async def test_a_lull_comes_when_nobody_waits_for_a_row(sqlite_store: Store) -> None:
    """P18: whoever gives way to the door waits until it is quiet, and not for ever."""
    assert await sqlite_store.lull(at_most=60, in_a_rush=60)
    with held(sqlite_store):
        waiting = asyncio.ensure_future(sqlite_store.append(Nonce, {"value": "a", "seen_at": MORNING}))
        await asyncio.sleep(0)
        assert not await sqlite_store.lull(at_most=0.01, in_a_rush=60)
    await waiting
    assert await sqlite_store.lull(at_most=60, in_a_rush=60)


@pytest.mark.parametrize(
    ("rows", "seconds", "is_one"),
    [(0, 0.0, False), (1, 0.0, True), (RUSH, 1.0, False), (RUSH + 1, 1.0, True), (200, 0.25, False), (300, 0.25, True)],
)
def test_a_rush_is_more_than_sources_may_send(rows: int, seconds: float, is_one: bool) -> None:
    assert is_rush(rows, seconds) == is_one
