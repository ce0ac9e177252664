"""What tests of the foundation stand on: a prepared store on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.foundation.db import Store, open_store
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.postgres import POSTGRES, postgres, postgres_url, prepared_postgres_url
from tests.support.stores import TRAIL_KEY, config_of, prepare

__all__ = ["postgres", "postgres_url", "prepared_postgres_url"]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with all tables: SQLite in a file, and PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("prepared_postgres_url"))
    return prepared_sqlite(tmp_path)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return prepared_sqlite(tmp_path)


def prepared_sqlite(directory: Path) -> str:
    url = f"sqlite:///{directory / 'backout.db'}"
    prepare(url)
    return url


def opened(url: str, clock: VirtualClock) -> Store:
    return open_store(url, clock=clock, ids=CountedIds(), config=config_of(), trail_key=TRAIL_KEY)


@pytest.fixture
def store(url: str, clock: VirtualClock) -> Iterator[Store]:
    """A store on either database."""
    found = opened(url, clock)
    yield found
    found.close()


@pytest.fixture
def sqlite_store(sqlite_url: str, clock: VirtualClock) -> Iterator[Store]:
    found = opened(sqlite_url, clock)
    yield found
    found.close()
