"""The store: where Works run and commit. SQLite for one process, PostgreSQL for several, the same code above it.

On SQLite one writer thread takes every waiting Work into one `BEGIN IMMEDIATE` transaction, a savepoint each, and
answers them together after the commit: one fsync for many. On PostgreSQL each Work has its own transaction in a thread
pool, where batching does not help.

    submit(actor, verb) ──▶ queue ──▶ BEGIN IMMEDIATE ─ savepoint: verb(work), trail ─ savepoint: … ─ COMMIT ──▶ answers
    append(table, rows)  ──▶   ╰──────────────────────── one INSERT for all of them ────────╯
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy import Engine, Table, event, insert, make_url
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel

from bot.foundation.clock import Clock
from bot.foundation.config import Config
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.ids import Ids
from bot.foundation.work import Actor, Reading, Work

T = TypeVar("T")
P = ParamSpec("P")
BATCH = 256
BUSY_TIMEOUT_MS = 5_000


@dataclass
class _WorkJob:
    actor: Actor
    verb: Callable[[Work], Any]
    future: Future[Any] = field(default_factory=Future)


@dataclass
class _AppendJob:
    table: Table
    rows: Sequence[Mapping[str, Any]]
    future: Future[Any] = field(default_factory=Future)


class Store:
    """Runs verbs as Works and answers reads. Made by `open_store`; close it to finish what is waiting.

    Attributes:
        after_commit: Called from a worker thread after each commit; the worker loop hangs its alarm clock here.
    """

    def __init__(
        self, writer: Engine, reader: Engine, clock: Clock, ids: Ids, config: Config, trail_key: bytes
    ) -> None:
        self.writer = writer
        self.reader = reader
        self.clock = clock
        self.config = config
        self.after_commit: Callable[[], None] = lambda: None
        self._ids = ids
        self._trail_key = trail_key
        self._jobs: queue.SimpleQueue[_WorkJob | _AppendJob | None] = queue.SimpleQueue()
        self._closed = False
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="reader")
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None
        if writer.dialect.name == "sqlite":
            self._thread = threading.Thread(target=self._write_for_ever, name="writer", daemon=True)
            self._thread.start()
        else:
            self._pool = ThreadPoolExecutor(8, thread_name_prefix="writer")

    async def submit(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one verb as one Work and return its answer after the commit.

        Raises:
            StoreUnavailableError: if the database could not commit; nothing was changed.
            Exception: whatever the verb raised; nothing was changed.
        """
        return await asyncio.wrap_future(self._enqueue_work(actor, verb, *args, **kwargs))

    def submit_now(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do what `submit` does and wait for it: for the command line and for tests."""
        return self._enqueue_work(actor, verb, *args, **kwargs).result()

    async def append(self, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows as they are, durably, many callers in one statement. No trail, no outbox: for the alert inbox."""
        job = _AppendJob(_table(model), rows)
        self._put(job)
        await asyncio.wrap_future(job.future)

    async def read(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query at one moment, off the event loop, without waiting for writers."""
        return await asyncio.wrap_future(self._readers.submit(self.read_now, query, *args, **kwargs))

    def read_now(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what `read` does and wait for it."""
        with Session(self.reader, expire_on_commit=False) as session:
            return query(Reading(session, self.clock.now(), self.config), *args, **kwargs)

    def close(self) -> None:
        """Finish what is waiting, take nothing more, and let go of the database."""
        self._closed = True
        if self._thread:
            self._jobs.put(None)
            self._thread.join()
        if self._pool:
            self._pool.shutdown()
        self._readers.shutdown()
        self.writer.dispose()
        self.reader.dispose()

    def _enqueue_work(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        job = _WorkJob(actor, lambda work: verb(work, *args, **kwargs))
        self._put(job)
        return job.future

    def _put(self, job: _WorkJob | _AppendJob) -> None:
        if self._closed:
            raise StoreUnavailableError("The store is closed.")
        job.future.set_running_or_notify_cancel()  # from here on nobody can cancel what may already be durable
        if self._pool:
            self._pool.submit(self._commit, [job])
        else:
            self._jobs.put(job)

    def _write_for_ever(self) -> None:
        last = False
        while not last:
            jobs, last = self._take()
            if jobs:
                self._commit(jobs)

    def _take(self) -> tuple[list[_WorkJob | _AppendJob], bool]:
        jobs: list[_WorkJob | _AppendJob] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == BATCH:
                return jobs, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, jobs: list[_WorkJob | _AppendJob]) -> None:
        """Run jobs in one transaction; an error in one leaves its neighbours unharmed."""
        answers: list[Callable[[], None]] = []
        try:
            with self.writer.begin() as connection:
                self._append_all(connection, [job for job in jobs if isinstance(job, _AppendJob)], answers)
                answers += [self._attempt(connection, job) for job in jobs if isinstance(job, _WorkJob)]
        except sqlalchemy.exc.DBAPIError as error:
            unavailable = StoreUnavailableError(f"The database could not commit: {type(error.orig).__name__}")
            unavailable.__cause__ = error
            answers = [partial(job.future.set_exception, unavailable) for job in jobs]
        for answer in answers:
            answer()
        self.after_commit()

    def _attempt(self, connection: Connection, job: _WorkJob) -> Callable[[], None]:
        session = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        try:
            with session:
                work = Work(session, self.clock.now(), self.config, job.actor, self._ids, self._trail_key)
                answer = job.verb(work)
                work.finish()
                session.commit()
        except sqlalchemy.exc.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - handed to the caller, who is waiting for it
            return partial(job.future.set_exception, error)
        return partial(job.future.set_result, answer)

    def _append_all(self, connection: Connection, jobs: list[_AppendJob], answers: list[Callable[[], None]]) -> None:
        for table in {job.table for job in jobs}:
            mine = [job for job in jobs if job.table is table]
            connection.execute(insert(table), [dict(row) for job in mine for row in job.rows])
            answers += [partial(job.future.set_result, None) for job in mine]


def open_store(url: str, *, clock: Clock, ids: Ids, config: Config, trail_key: bytes) -> Store:
    """Open the database that a migration has prepared.

    Raises:
        ValueError: for a database that Backout does not run on, or an SQLite database in memory.
    """
    return Store(open_engine(url), open_engine(url, reading=True), clock, ids, config, trail_key)


def open_engine(url: str, *, reading: bool = False) -> Engine:
    """Make an engine with the settings each database needs to lose nothing (see `docs/guarantees.md`)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sqlalchemy.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=10, pool_pre_ping=True)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f"DATABASE_URL starts with {parsed.drivername}://; Backout runs on sqlite:/// or postgresql://."
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("Backout needs a database file: sqlite:///backout.db")
    engine = sqlalchemy.create_engine(parsed, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _sqlite_settings(query_only=reading))
    if not reading:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def sqlite_file(url: str) -> Path | None:
    """Return the file behind an SQLite URL, None for any other database."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _sqlite_settings(*, query_only: bool) -> Callable[[Any, Any], None]:
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is a deferred one, which loses updates
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")
        cursor.close()

    return settings


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _table(model: type[SQLModel]) -> Table:
    table = model.__dict__["__table__"]
    assert isinstance(table, Table)  # noqa: S101 - every table model has one
    return table
