"""The store: nothing that was answered is lost, and nothing that failed is half done."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event, Thread

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlmodel import col, select

from bot.foundation import db, trail
from bot.foundation.clock import Clock
from bot.foundation.config import Settings
from bot.foundation.db import Store, open_engine, open_store, sqlite_file
from bot.foundation.errors import Refusal, StoreUnavailableError
from bot.foundation.models import Beat, Nonce, Policy, Sequence
from bot.foundation.work import Actor, Reading, Work
from tests.foundation.conftest import opened
from tests.support.clock import MORNING, VirtualClock
from tests.support.ids import CountedIds
from tests.support.postgres import POSTGRES
from tests.support.stores import TRAIL_KEY, config_of

MAYA = Actor("person", "U0MAYA0001", "Maya")


class Greeting(Settings):
    """A section for tests."""

    word: str = "hello"


def take(work: Work, value: str) -> str:
    work.session.add(Nonce(value=value, seen_at=work.now))
    work.record("nonce.taken", value)
    return value


def taken(reading: Reading) -> list[str]:
    return list(reading.session.exec(select(Nonce.value).order_by(col(Nonce.value))))


def refuse(work: Work, value: str) -> None:
    take(work, value)
    raise Refusal("No.")


def count_up(work: Work) -> int:
    return work.next_number("count")


def trail_length(store: Store) -> int:
    count, damage = store.read_now(lambda reading: trail.verify(reading.session, TRAIL_KEY))
    assert damage is None
    return count


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Keep the writer thread of an SQLite store busy, so that what is submitted meanwhile becomes one batch."""
    begun, go_on = Event(), Event()

    def wait(_work: Work) -> None:
        begun.set()
        assert go_on.wait(30)

    waiting = Thread(target=store.submit_now, args=(MAYA, wait))
    waiting.start()
    assert begun.wait(30)
    yield
    go_on.set()
    waiting.join(30)


# --- one Work ---------------------------------------------------------------------------------------------------------


def test_a_verb_has_the_moment_the_actor_and_the_configuration(store: Store, clock: VirtualClock) -> None:
    store.config = config_of(Greeting())
    clock.pass_time(minutes=3)

    def verb(work: Work, name: str, *, mark: str) -> str:
        return f"{work.config[Greeting].word} {name}{mark} {work.actor.name} {work.now:%H:%M}"

    assert store.submit_now(MAYA, verb, "you", mark="!") == "hello you! Maya 09:03"


async def test_what_was_answered_can_be_read(store: Store) -> None:
    assert await store.submit(MAYA, take, "a") == "a"
    assert await store.read(taken) == ["a"]
    assert trail_length(store) == 1


@pytest.mark.parametrize("error", [Refusal("No."), ZeroDivisionError(), KeyError("x")])
def test_what_a_verb_raises_comes_back_and_nothing_was_changed(store: Store, error: Exception) -> None:
    def verb(work: Work) -> None:
        take(work, "a")
        work.enqueue("card", "card:INC-1")
        raise error

    with pytest.raises(type(error)):
        store.submit_now(MAYA, verb)
    assert store.read_now(taken) == []
    assert trail_length(store) == 0


def test_rows_may_be_used_after_the_commit(store: Store) -> None:
    def verb(work: Work) -> Beat:
        beat = Beat(name="worker", at=work.now)
        work.session.add(beat)
        return beat

    beat = store.submit_now(MAYA, verb)
    assert (beat.name, beat.at) == ("worker", MORNING)


def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    store.submit_now(MAYA, lambda work: work.session.add(Beat(name="worker", at=work.now)))
    beat = store.read_now(lambda reading: reading.session.exec(select(Beat)).one())
    assert beat.at == MORNING
    assert str(beat.at.tzinfo) == "UTC"


# --- many at once -----------------------------------------------------------------------------------------------------


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


# --- the inbox --------------------------------------------------------------------------------------------------------


async def test_appending_is_one_statement_for_many_callers(sqlite_store: Store) -> None:
    statements: list[str] = []
    sqlalchemy.event.listen(
        sqlite_store.writer, "before_cursor_execute", lambda *given: statements.append(given[2]), named=False
    )
    with held(sqlite_store):
        answers = [
            asyncio.ensure_future(sqlite_store.append(Nonce, [{"value": f"{n:02}", "seen_at": MORNING}]))
            for n in range(50)
        ]
        await asyncio.sleep(0)
    await asyncio.gather(*answers)
    assert len([one for one in statements if one.startswith("INSERT INTO nonce")]) == 1
    assert sqlite_store.read_now(taken) == [f"{n:02}" for n in range(50)]


async def test_a_bad_row_harms_only_its_own_caller(store: Store) -> None:
    with held(store) if store.writer.dialect.name == "sqlite" else contextlib.nullcontext():
        answers = [
            asyncio.ensure_future(store.append(Nonce, rows))
            for rows in (
                [{"value": "a", "seen_at": MORNING}],
                [{"value": "b", "seen_at": None}],
                [{"value": "c"}],
                [],
                [{"value": "d", "seen_at": MORNING}, {"value": "e", "seen_at": MORNING}],
            )
        ]
        await asyncio.sleep(0)
    results = await asyncio.gather(*answers, return_exceptions=True)
    assert [results[0], results[3], results[4]] == [None, None, None]
    assert isinstance(results[1], sqlalchemy.exc.IntegrityError)
    assert isinstance(results[2], sqlalchemy.exc.IntegrityError)
    assert store.read_now(taken) == ["a", "d", "e"]


# --- when the database cannot -----------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_leaves_nothing_and_passes(sqlite_store: Store) -> None:
    """P12: refused with the truth, and it resumes by itself."""

    def pragma(statement: str) -> None:
        with sqlite_store.writer.connect() as connection:
            connection.exec_driver_sql(statement)

    def fill(work: Work) -> None:
        body = {"much": "x" * 1_000_000}
        work.session.add(Policy(digest="big", kind="x", body=body, first_seen_at=work.now))
        work.record("policy.filled", "x")

    sqlite_store.submit_now(MAYA, take, "a")
    pragma("PRAGMA max_page_count = 1")
    told: list[int] = []
    sqlite_store.after_commit = lambda: told.append(1)
    with pytest.raises(StoreUnavailableError):
        sqlite_store.submit_now(MAYA, fill)
    assert sqlite_store.read_now(taken) == ["a"]
    assert trail_length(sqlite_store) == 1
    assert told == [], "nothing was committed, so nobody is woken to try again at once"
    pragma("PRAGMA max_page_count = 1000000")
    sqlite_store.submit_now(MAYA, fill)
    assert trail_length(sqlite_store) == 2


async def test_a_full_disk_fails_the_whole_batch_and_nothing_of_it_stays(sqlite_store: Store) -> None:
    def fill(work: Work) -> None:
        work.session.add(Policy(digest="big", kind="x", body={"much": "x" * 1_000_000}, first_seen_at=work.now))
        work.session.flush()

    with sqlite_store.writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with held(sqlite_store):
        verbs = [asyncio.ensure_future(sqlite_store.submit(MAYA, take, "a"))]
        verbs.append(asyncio.ensure_future(sqlite_store.submit(MAYA, fill)))  # type: ignore[arg-type]
        verbs.append(asyncio.ensure_future(sqlite_store.submit(MAYA, take, "b")))
        await asyncio.sleep(0)
    results = await asyncio.gather(*verbs, return_exceptions=True)
    assert [type(one) for one in results] == [StoreUnavailableError] * 3
    assert sqlite_store.read_now(taken) == []


def test_a_locked_database_is_said_and_leaves_nothing_and_passes(
    sqlite_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: never a half effect. The waiting time is shortened here."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 20)
    store = open_store(sqlite_url, clock=clock, ids=CountedIds(), config=config_of(), trail_key=TRAIL_KEY)
    path = sqlite_file(sqlite_url)
    assert path is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError):
            store.submit_now(MAYA, take, "a")
        other.execute("ROLLBACK")
    assert store.submit_now(MAYA, take, "b") == "b"
    assert store.read_now(taken) == ["b"]
    assert trail_length(store) == 1
    store.close()


def test_a_database_that_cannot_be_read_is_unavailable_too(sqlite_url: str, clock: VirtualClock) -> None:
    store = opened(sqlite_url, clock)
    path = sqlite_file(sqlite_url)
    assert path is not None
    path.write_bytes(b"this is no database" * 1_000)
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    with pytest.raises(StoreUnavailableError):
        store.read_now(taken)
    with pytest.raises(StoreUnavailableError):
        store.submit_now(MAYA, take, "a")
    store.close()


def test_a_wrong_query_is_a_defect_and_not_an_outage(store: Store) -> None:
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        store.read_now(lambda reading: reading.session.connection().execute(text("SELECT * FROM no_such_table")))


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_reading_changes_nothing(store: Store) -> None:
    def write(reading: Reading) -> None:
        reading.session.add(Nonce(value="a", seen_at=reading.now))
        reading.session.flush()

    with pytest.raises((sqlalchemy.exc.DBAPIError, StoreUnavailableError)):
        store.read_now(write)
    assert store.read_now(taken) == []


def test_a_reading_sees_one_moment_whatever_is_committed_meanwhile(store: Store) -> None:
    store.submit_now(MAYA, take, "a")

    def query(reading: Reading) -> tuple[list[str], list[str]]:
        first = taken(reading)
        store.submit_now(MAYA, take, "b")
        return first, taken(reading)

    assert store.read_now(query) == (["a"], ["a"])
    assert store.read_now(taken) == ["a", "b"]


async def test_readers_do_not_wait_for_a_writer(sqlite_store: Store) -> None:
    sqlite_store.submit_now(MAYA, take, "a")
    with held(sqlite_store):
        assert await asyncio.wait_for(sqlite_store.read(taken), 10) == ["a"]


# --- several processes on PostgreSQL ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
async def test_a_work_that_had_to_give_way_to_another_is_done_again(store: Store) -> None:
    """Two Works that lock the same rows in opposite order: PostgreSQL ends one of them; nobody is told."""
    meeting = Barrier(2)
    tries: list[str] = []

    def count_once(work: Work, name: str) -> None:
        work.next_number(name)

    def count_both(work: Work, first: str, second: str) -> None:
        tries.append(first)
        work.next_number(first)
        with contextlib.suppress(BrokenBarrierError):
            meeting.wait(timeout=1 if len(tries) > 2 else 20)
        work.next_number(second)

    store.submit_now(MAYA, count_once, "x")
    store.submit_now(MAYA, count_once, "y")
    await asyncio.gather(store.submit(MAYA, count_both, "x", "y"), store.submit(MAYA, count_both, "y", "x"))
    assert len(tries) == 3
    numbers = store.read_now(lambda reading: [row.value for row in reading.session.exec(select(Sequence))])
    assert numbers == [3, 3]


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_closing_finishes_what_waits_and_takes_nothing_more(url: str, clock: VirtualClock) -> None:
    """P21: what was taken is finished."""
    store = opened(url, clock)
    answers = [asyncio.ensure_future(store.submit(MAYA, count_up)) for _ in range(300)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    assert sorted(await asyncio.gather(*answers)) == list(range(1, 301))
    with pytest.raises(StoreUnavailableError):
        store.submit_now(MAYA, count_up)
    store.close()


async def test_whoever_comes_while_it_closes_gets_an_answer(url: str, clock: VirtualClock) -> None:
    store = opened(url, clock)
    results: list[object] = []

    def hammer() -> None:
        while True:
            try:
                results.append(store.submit_now(MAYA, count_up))
            except StoreUnavailableError:
                return

    threads = [Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    await asyncio.to_thread(store.submit_now, MAYA, take, "a")
    await asyncio.to_thread(store.close)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert sorted(results) == list(range(1, len(results) + 1))  # type: ignore[type-var]


# --- opening ----------------------------------------------------------------------------------------------------------


def test_sqlite_is_opened_so_that_an_answer_is_durable(sqlite_store: Store) -> None:
    """P14: `synchronous=FULL` (2), foreign keys, and a reader that cannot write."""

    def settings(engine: sqlalchemy.Engine) -> list[int]:
        names = ("synchronous", "foreign_keys", "query_only", "busy_timeout")
        with engine.connect() as connection:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert settings(sqlite_store.writer) == [2, 1, 0, 5_000]
    assert settings(sqlite_store.reader) == [2, 1, 1, 5_000]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="needs a database file"):
        open_engine(url)


@pytest.mark.parametrize("url", ["mysql://localhost/backout", "oracle://localhost/x"])
def test_other_databases_are_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite:/// or postgresql://"):
        open_engine(url)


def test_the_file_behind_a_url(tmp_path: Path) -> None:
    assert sqlite_file(f"sqlite:///{tmp_path}/x.db") == tmp_path / "x.db"
    assert sqlite_file("sqlite:///backout.db") == Path("backout.db")
    assert sqlite_file("postgresql://localhost/backout") is None
