"""Opening and closing: durable from the first answer, and finishing what was taken."""

import asyncio
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy

from bot.foundation.db import Store, open_engine, sqlite_file
from bot.foundation.errors import StoreUnavailableError
from tests.foundation.conftest import opened
from tests.foundation.db.acts import MAYA, count_up, take
from tests.support.clock import VirtualClock


def test_sqlite_is_opened_so_that_an_answer_is_durable(sqlite_store: Store) -> None:
    """P14: `synchronous=FULL` (2), foreign keys, deleted is overwritten (T17), and a reader that cannot write."""

    def settings(engine: sqlalchemy.Engine) -> list[int]:
        names = ("synchronous", "foreign_keys", "query_only", "busy_timeout", "secure_delete")
        with engine.connect() as connection:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert settings(sqlite_store.writer) == [2, 1, 0, 5_000, 1]
    assert settings(sqlite_store.reader) == [2, 1, 1, 5_000, 1]


def test_an_error_names_no_value(store: Store) -> None:
    """T17: what stands in a statement may be somebody's secret."""
    with store.writer.connect() as connection, pytest.raises(sqlalchemy.exc.SQLAlchemyError) as failed:
        connection.execute(sqlalchemy.text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "hunter2"})
    assert "hunter2" not in str(failed.value)


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
