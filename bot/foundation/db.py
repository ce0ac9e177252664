"""The store: where Works run and commit. SQLite for one process, PostgreSQL for several, the same code above it.

On SQLite one writer thread takes the waiting Works into one `BEGIN IMMEDIATE` transaction, a savepoint each, and
answers them together after the commit: one fsync for many. Those of people and those of our own loops take turns
(`jobs.py`). On PostgreSQL each Work has its own transaction in a thread pool, where batching does not help.

    submit(actor, verb) ──▶ jobs ──▶ BEGIN IMMEDIATE ─ savepoint: verb(work), trail ─ savepoint: … ─ COMMIT ──▶ answers
    append(table, rows)  ──▶   ╰──────────────────────── one INSERT for all of them ────────╯
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy import URL, Engine, Table, event, make_url
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel

from bot.foundation.appending import AppendJob, Row, add, table_of, wake
from bot.foundation.clock import Clock
from bot.foundation.config import Config
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.ids import Ids
from bot.foundation.jobs import Job, Jobs, WorkJob
from bot.foundation.trail import Keyring, keyring
from bot.foundation.work import Actor, Reading, Work

T = TypeVar("T")
P = ParamSpec("P")
Answer = Callable[[], None]
BUSY_TIMEOUT_MS = 5_000
STATEMENTS = 512
"""Prepared statements that a connection keeps: those for appending are one for each number of rows."""
LULL_SECONDS = 0.002
RUSH = 1_000
"""Rows a second. One source of alerts may send 200 (`config/triggers.yaml`)."""
NOBODY_WAITS_FOR_EVER = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=5s"
"""PostgreSQL: who is stopped in the middle of a transaction loses it, and lets go of what others wait for."""
CONFLICT_TRIES = 3
CONFLICTS = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock
IDLE_TOO_LONG = "25P03"  # PostgreSQL: idle_in_transaction_session_timeout


# SQLite's primary result codes (sqlite.org/rescode.html) that say that the database, not the statement, is the trouble.
SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


class Store:
    """Runs verbs as Works and answers reads. Made by `open_store`; close it to finish what is waiting.

    Attributes:
        after_commit: Called from a worker thread after each commit; the worker loop hangs its alarm clock here.
        commits: How often this process has committed something.
        is_shared: Other processes may be working on this database at the same time.
        trail_key: What the trail is written with; it forgets each day's key when the next day's is in use.
    """

    def __init__(
        self, writer: Engine, reader: Engine, clock: Clock, ids: Ids, config: Config, trail_key: Keyring
    ) -> None:
        self.writer = writer
        self.reader = reader
        self.clock = clock
        self.config = config
        self.after_commit: Callable[[], None] = lambda: None
        self.commits = 0
        self._ids = ids
        self.trail_key = trail_key
        self._jobs = Jobs()
        self.is_shared = writer.dialect.name != "sqlite"
        self._closed = False
        self._gate = threading.Lock()  # nothing is put behind the last job, or into one that the writer has taken
        self._filling: dict[tuple[Table, asyncio.AbstractEventLoop], AppendJob] = {}
        self._appending = 0
        self._appended = 0
        self._appended_at = float("-inf")
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

    def submit_soon(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        """Do what `submit` does for a thread without an event loop; the answer comes when the commit is through."""
        return self._enqueue_work(actor, verb, *args, **kwargs)

    def submit_now(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do what `submit` does and wait for it: for the command line and for tests."""
        return self._enqueue_work(actor, verb, *args, **kwargs).result()

    async def append(self, model: type[SQLModel], row: Mapping[str, Any]) -> None:
        """Add a row as it is, durably, many callers in one statement. No trail, no outbox: for the alert inbox."""
        loop, table = asyncio.get_running_loop(), table_of(model)
        waiting = Row(row, loop.create_future())
        with self._gate:
            job = self._filling.get((table, loop))
            if job is None:
                job = self._filling[table, loop] = AppendJob(table, loop)
                self._queue(job)
            job.rows.append(waiting)
        self._appending += 1
        try:
            await waiting.future
        finally:
            self._appending, self._appended_at = self._appending - 1, loop.time()
            self._appended += 1

    async def lull(self, *, at_most: float, in_a_rush: float) -> bool:
        """Wait until nothing has been appended for a moment; says whether that came.

        What can wait gives way by this to those who are waiting for an answer: for so many seconds at most, or for
        `in_a_rush` seconds while more comes in than anybody could read meanwhile.
        """
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self._appended
        while self._appending or loop.time() - self._appended_at < LULL_SECONDS:
            waited = loop.time() - began
            if waited >= (in_a_rush if is_rush(self._appended - before, waited) else at_most):
                return False
            await asyncio.sleep(LULL_SECONDS)
        return True

    async def read(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query at one moment, off the event loop, without waiting for writers."""
        return await asyncio.wrap_future(self._readers.submit(self.read_now, query, *args, **kwargs))

    def read_now(self, query: Callable[Concatenate[Reading, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do what `read` does and wait for it (StoreUnavailableError if the database cannot be read)."""
        try:
            with Session(self.reader, expire_on_commit=False) as session:
                return query(Reading(session, self.clock.now(), self.config), *args, **kwargs)
        except sqlalchemy.exc.SQLAlchemyError as error:
            if not _is_away(error):
                raise
            raise _unavailable(error) from error

    def close(self) -> None:
        """Finish what is waiting, take nothing more, and let go of the database."""
        with self._gate:
            self._closed = True
            self._jobs.close()
        if self._thread:
            self._thread.join()
        if self._pool:
            self._pool.shutdown()
        self._readers.shutdown()
        self.writer.dispose()
        self.reader.dispose()

    def _enqueue_work(
        self, actor: Actor, verb: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> "Future[T]":
        job = WorkJob(actor, lambda work: verb(work, *args, **kwargs))
        job.future.set_running_or_notify_cancel()  # from here on nobody can cancel what may already be durable
        with self._gate:
            self._queue(job)
        return job.future

    def _queue(self, job: Job) -> None:
        """Hand a job to the writer; the caller holds the gate."""
        if self._closed:
            raise StoreUnavailableError("The store is closed.")
        if self._pool:
            self._pool.submit(self._commit, [job])
        else:
            self._jobs.put(job)

    def _write_for_ever(self) -> None:
        while jobs := self._jobs.take():
            self._commit(jobs)

    def _commit(self, jobs: list[Job]) -> None:
        """Run jobs in one transaction and answer each of them, whatever happens."""
        self._stop_filling(jobs)
        try:
            answers = self._transact(jobs)
        except Exception as error:  # noqa: BLE001 - handed to all who wait; the writer goes on
            failure = _unavailable(error) if _is_away(error) else error
            _all(_failing(job, failure) for job in jobs)
        else:
            self.commits += 1
            _all(answers)
            self.after_commit()

    def _stop_filling(self, jobs: Iterable[Job]) -> None:
        with self._gate:
            for job in jobs:
                if isinstance(job, AppendJob):
                    self._filling.pop((job.table, job.loop), None)

    def _transact(self, jobs: list[Job]) -> list[Answer]:
        """Run jobs in one transaction, again if PostgreSQL chose it to give way to another one."""
        for _ in range(CONFLICT_TRIES - 1):
            try:
                return self._transact_once(jobs)
            except sqlalchemy.exc.DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in CONFLICTS:
                    raise
        return self._transact_once(jobs)

    def _transact_once(self, jobs: list[Job]) -> list[Answer]:
        with self.writer.begin() as connection:
            return [
                self._attempt(connection, job) if isinstance(job, WorkJob) else self._append(connection, job)
                for job in jobs
            ]

    def _attempt(self, connection: Connection, job: WorkJob) -> Answer:
        """Run one verb in a savepoint: an error in it leaves its neighbours unharmed."""
        session = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        try:
            with session:
                work = Work(session, self.clock.now(), self.config, job.actor, self._ids, self.trail_key)
                answer = job.verb(work)
                epoch = work.finish()
                session.commit()
        except Exception as error:  # noqa: BLE001 - handed to the caller, who is waiting for it
            _give_up_if_away(connection, error)
            return partial(job.future.set_exception, error)
        return partial(self._answer, job.future, answer, epoch)

    def _answer(self, future: Future[Any], answer: Any, epoch: int | None) -> None:
        """Answer a Work that is committed: only now is the key before its own of no more use."""
        if epoch is not None:
            self.trail_key.reached(epoch)
        future.set_result(answer)

    def _append(self, connection: Connection, job: AppendJob) -> Answer:
        """Insert all rows in one statement; if the database refuses one of them, each has its own statement."""
        try:
            add(connection, job.table, [row.values for row in job.rows])
        except sqlalchemy.exc.SQLAlchemyError as error:
            _give_up_if_away(connection, error)
            if len(job.rows) == 1:
                return _failing(job, error)
            alone = [self._append(connection, replace(job, rows=[row])) for row in job.rows]
            return partial(_all, alone)
        return partial(wake, job, None)


def is_rush(rows: int, seconds: float) -> bool:
    """Say whether rows come in faster than what they ask for could be done beside it."""
    return rows > RUSH * seconds


def _failing(job: Job, error: Exception) -> Answer:
    """Return what tells everybody who waits for a job that it failed."""
    return partial(wake, job, error) if isinstance(job, AppendJob) else partial(job.future.set_exception, error)


def _all(answers: Iterable[Answer]) -> None:
    for answer in answers:
        answer()


def open_store(url: str, *, clock: Clock, ids: Ids, config: Config, trail_key: bytes | Keyring) -> Store:
    """Open the database that a migration has prepared.

    Raises:
        ValueError: for a database that Backout does not run on, or an SQLite database in memory.
    """
    return Store(open_engine(url), open_engine(url, reading=True), clock, ids, config, keyring(trail_key))


def open_engine(url: str, *, reading: bool = False) -> Engine:
    """Make an engine with the settings each database needs to lose nothing (see `docs/guarantees.md`).

    Its errors name the statement, never the values in it: those may be somebody's secrets.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return _postgresql(parsed, reading=reading)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f"DATABASE_URL starts with {parsed.drivername}://; Backout runs on sqlite:/// or postgresql://."
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("Backout needs a database file: sqlite:///backout.db")
    given = {"check_same_thread": False, "cached_statements": STATEMENTS}
    engine = sqlalchemy.create_engine(parsed, connect_args=given, hide_parameters=True)
    event.listen(engine, "connect", _sqlite_settings(query_only=reading))
    event.listen(engine, "begin", _begin_to_read if reading else _begin_to_write)
    return engine


def sqlite_file(url: str) -> Path | None:
    """Return the file behind an SQLite URL, None for any other database."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _postgresql(url: URL, *, reading: bool) -> Engine:
    given = url.query.get("options", "")
    options = f"{given if isinstance(given, str) else ' '.join(given)} {NOBODY_WAITS_FOR_EVER}".strip()
    url = url.set(drivername="postgresql+psycopg").update_query_dict({"options": options})
    if not reading:
        return sqlalchemy.create_engine(url, pool_size=10, pool_pre_ping=True, hide_parameters=True)
    snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return sqlalchemy.create_engine(
        url, pool_size=5, pool_pre_ping=True, execution_options=snapshot, hide_parameters=True
    )


def _sqlite_settings(*, query_only: bool) -> Callable[[Any, Any], None]:
    def settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is a deferred one, which loses updates
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, not only forgotten
        cursor.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")
        cursor.close()

    return settings


def _begin_to_write(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_to_read(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")  # all queries of one Reading see one moment


def _is_away(error: Exception) -> bool:
    """Say whether an error means that the database cannot work now, rather than that a statement is wrong."""
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        return isinstance(error, sqlalchemy.exc.TimeoutError)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_AWAY
    lost = getattr(error.orig, "sqlstate", None) == IDLE_TOO_LONG
    return lost or error.connection_invalidated or isinstance(error, sqlalchemy.exc.OperationalError)


def _unavailable(error: Exception) -> StoreUnavailableError:
    cause = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
    failure = StoreUnavailableError(f"The database cannot do this now: {type(cause).__name__}")
    failure.__cause__ = error
    return failure


def _give_up_if_away(connection: Connection, error: Exception) -> None:
    """Abandon the whole transaction if it cannot be committed: SQLite ends it by itself when the disk is full."""
    if _is_away(error):
        raise error
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        raise _unavailable(error)
