"""The database's shape: what the migrations make is what the code works with, however often they are run."""

import itertools
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text
from sqlmodel import SQLModel

import bot.app  # noqa: F401 - brings every capability's tables into the metadata
from bot.foundation import trail
from bot.foundation.db import Store, open_engine, sqlite_file
from bot.foundation.migrations import SchemaError, current, migrate, newest, require_newest
from bot.foundation.work import Actor, Work
from tests.foundation.conftest import opened
from tests.support.clock import VirtualClock
from tests.support.postgres import POSTGRES
from tests.support.soak import SOAKING
from tests.support.stores import TRAIL_KEY

MAYA = Actor("person", "U0MAYA0001", "Maya")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without anything in it."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'deep' / 'backout.db'}"


def version(url: str) -> str | None:
    engine = open_engine(url, reading=True)
    try:
        return current(engine)
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    engine = open_engine(url, reading=True)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def differences(url: str) -> list[object]:
    engine = open_engine(url, reading=True)
    try:
        with engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), SQLModel.metadata))
    finally:
        engine.dispose()


def set_version(url: str, wanted: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :wanted"), {"wanted": wanted})
    engine.dispose()


def record_one(store: Store) -> tuple[int, trail.Damage | None]:
    def verb(work: Work) -> None:
        work.record("incident.noted", "INC-1")
        work.enqueue("card", "card:INC-1")

    store.submit_now(MAYA, verb)
    return store.read_now(lambda reading: trail.verify(reading.session, TRAIL_KEY))


def test_an_empty_database_comes_to_the_newest_shape_and_the_trail_begins(empty: str, clock: VirtualClock) -> None:
    assert migrate(empty) == (None, newest())
    require_newest(empty)
    store = opened(empty, clock)
    assert record_one(store) == (1, None)
    store.close()


def test_running_it_again_changes_nothing(empty: str, clock: VirtualClock) -> None:
    migrate(empty)
    store = opened(empty, clock)
    record_one(store)
    store.close()
    assert migrate(empty) == (newest(), newest())
    store = opened(empty, clock)
    assert record_one(store) == (2, None)
    store.close()


def test_what_the_migrations_make_is_what_the_code_expects(empty: str) -> None:
    """A field added to a table without a migration is found here."""
    migrate(empty)
    assert differences(empty) == []


def test_a_newer_database_is_refused_and_left_alone(empty: str) -> None:
    """P25: old code does not touch a new shape."""
    migrate(empty)
    set_version(empty, "9999 <future>")
    for refuse in (migrate, require_newest):
        with pytest.raises(SchemaError, match=r"is at 9999\?\?future\?, which this older program does not know"):
            refuse(empty)
    assert version(empty) == "9999 <future>"


def test_a_database_that_was_not_migrated_is_refused(empty: str) -> None:
    if (path := sqlite_file(empty)) is not None:
        path.parent.mkdir()
        path.touch()
    with pytest.raises(SchemaError, match=r"is at no version, this program needs .*Run: backout migrate"):
        require_newest(empty)


def test_asking_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="There is no database at"):
        require_newest(f"sqlite:///{tmp_path}/mistyped.db")
    assert list(tmp_path.iterdir()) == []


class Died(BaseException):
    """The process is gone; nothing catches this."""


def dying(url: str, survived: int) -> Engine:
    """An engine that dies before the statement after so many; the commit counts as one, too."""
    engine, left = open_engine(url), iter(range(survived))

    def die(*_given: object) -> None:
        if next(left, None) is None:
            raise Died

    event.listen(engine, "before_cursor_execute", die)
    event.listen(engine, "commit", die)
    return engine


def migrate_and_die(url: str, survived: int, patch: pytest.MonkeyPatch) -> bool:
    """Migrate with an engine that dies; says whether it did."""
    with patch.context() as patched:
        patched.setattr("bot.foundation.migrations.open_engine", lambda _url: dying(url, survived))
        try:
            migrate(url)
        except Died:
            return True
    return False


@pytest.mark.parametrize("first", [0, 1])
def test_a_migration_may_die_at_every_statement_and_can_be_run_again(
    empty: str, first: int, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P25: nothing of it stays, whichever statement was the last; then it runs through. All in `make soak`."""
    points = itertools.count(first, step=2 if SOAKING else 8 if empty.startswith("sqlite") else 20)
    died = list(itertools.takewhile(lambda survived: migrate_and_die(empty, survived, monkeypatch), points))
    assert len(died) > 1
    assert migrate(empty) == (newest(), newest()), "the last one ran through"
    store = opened(empty, clock)
    assert record_one(store) == (1, None)
    store.close()
    assert differences(empty) == []


@pytest.mark.parametrize("survived", [3, 25])
def test_of_an_interrupted_migration_nothing_stays(empty: str, survived: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """P25: old code finds what it knew before."""
    assert migrate_and_die(empty, survived, monkeypatch)
    assert tables(empty) == set()
    assert version(empty) is None


@pytest.mark.parametrize("empty", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
def test_several_processes_may_migrate_at_once(empty: str) -> None:
    program = f"from bot.foundation.migrations import migrate; migrate({empty!r})"
    running = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in running] == [(b"", 0)] * 3
    assert version(empty) == newest()
    assert differences(empty) == []


def test_an_sqlite_file_is_private_and_write_ahead_logged(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "backout.db"
    migrate(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_both_databases_have_the_same_tables(empty: str) -> None:
    migrate(empty)
    assert tables(empty) == {*SQLModel.metadata.tables, "alembic_version"}
