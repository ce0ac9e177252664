"""When the database cannot: it is said, nothing half done stays, and it passes."""

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest
import sqlalchemy
from sqlalchemy import text

from bot.foundation import db
from bot.foundation.clock import Clock
from bot.foundation.db import Store, open_store, sqlite_file
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import Policy
from bot.foundation.work import Work
from tests.foundation.conftest import opened
from tests.foundation.db.acts import MAYA, held, take, taken, trail_length
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.postgres import POSTGRES
from tests.support.stores import TRAIL_KEY, config_of


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


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
def test_a_process_that_is_stopped_in_a_transaction_does_not_hold_up_the_others(
    url: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P16: it holds the lock on the trail's head; the database ends its transaction, and what it changed is undone."""
    monkeypatch.setattr(
        db, "NOBODY_WAITS_FOR_EVER", "-c lock_timeout=50ms -c idle_in_transaction_session_timeout=500ms"
    )
    stopped, other = opened(url, clock), opened(url, clock)
    holds, go_on = threading.Event(), threading.Event()

    def stop_in_the_middle(work: Work) -> None:
        take(work, "stopped")
        work.finish()
        holds.set()
        go_on.wait()
        work.session.connection().execute(text("SELECT 1"))

    try:
        late = stopped.submit_soon(MAYA, stop_in_the_middle)
        holds.wait()
        with pytest.raises(StoreUnavailableError):
            other.submit_now(MAYA, take, "too soon")
        _until_it_works(other, "in time")
    finally:
        go_on.set()
    with pytest.raises(StoreUnavailableError):
        late.result()
    assert other.read_now(taken) == ["in time"]
    stopped.submit_now(MAYA, take, "again")
    assert trail_length(other) == 2
    stopped.close()
    other.close()


def _until_it_works(store: Store, value: str) -> None:
    while True:
        try:
            store.submit_now(MAYA, take, value)
        except StoreUnavailableError:
            continue
        return
