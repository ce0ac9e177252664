"""A trail of several days, with checkpoints, for tests that read it and for those that attack it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.foundation.db import Store
from tests.foundation.conftest import opened, prepared_sqlite
from tests.foundation.trail.days import live_through
from tests.support.clock import VirtualClock


@pytest.fixture
def lived_anywhere(store: Store, clock: VirtualClock) -> Store:
    """Three days, ten entries each, sealed twice a day; the last two entries are open. On either database."""
    live_through(store, clock)
    return store


@pytest.fixture(scope="session")
def lived_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in one SQLite file, made once; copy it before changing it."""
    folder, clock = tmp_path_factory.mktemp("trail"), VirtualClock()
    store = opened(prepared_sqlite(folder), clock)
    live_through(store, clock)
    store.close()
    return folder / "backout.db"


@pytest.fixture
def lived(lived_file: Path, tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    """A store on a copy of that file, two days later, as when it was written."""
    clock.pass_time(days=2, hours=1)
    with closing(sqlite3.connect(lived_file)) as original, closing(sqlite3.connect(tmp_path / "lived.db")) as copy:
        original.backup(copy)
    store = opened(f"sqlite:///{tmp_path / 'lived.db'}", clock)
    yield store
    store.close()
