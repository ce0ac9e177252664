"""The database of one day after another, and which of its tables have changed.

One file and one pair of engines serve all days of a process: SQLAlchemy compiles each statement once and not again for
every day. The worker asks every sweep twice a round when it is due; that is nothing for a server and most of a
simulated day, so such an answer is kept as long as no table that it was read from has changed.
"""

import functools
import re
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.foundation.db import open_engine
from bot.foundation.migrations import migrate
from bot.foundation.outbox import Sweep
from bot.foundation.work import Reading
from tests.support.simulation import arrows

MEMORY = Path("/dev/shm")
CHANGED = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')
READ = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)')


class Database:
    """An SQLite file in memory, if the machine offers that as a directory. `renew` begins a day."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(
            dir=MEMORY if MEMORY.is_dir() else None, prefix="backout-days-", ignore_cleanup_errors=True
        )
        self._file = Path(self._directory.name, "backout.db")
        self.url = f"sqlite:///{self._file}"
        self.writer, self.reader = open_engine(self.url), open_engine(self.url, reading=True)
        self.tables = Tables()
        for engine in (self.writer, self.reader):
            event.listen(engine, "before_cursor_execute", self._executes)
            event.listen(engine, "connect", _careless)
        migrate(self.url)
        arrows.watch(self.writer)
        with self.writer.connect() as connection:
            connection.connection.dbapi_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        self.writer.dispose()
        self._prepared = self._file.read_bytes()

    def renew(self) -> None:
        """Put an empty database in the place of yesterday's."""
        self.close()
        for path in self._file.parent.iterdir():
            path.unlink()
        self._file.write_bytes(self._prepared)
        self.tables = Tables()

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()

    def _executes(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.tables.executes(statement)


class Tables:
    """Counts the changes of each table; keeps answers until then."""

    def __init__(self) -> None:
        self._changes: Counter[str] = Counter()
        self._answers: dict[str, tuple[dict[str, int], datetime | None]] = {}
        self._reading: set[str] | None = None

    @property
    def state(self) -> int:
        """A number that is the same as long as nothing has changed but heartbeats and whose turn it is."""
        return self._changes.total() - self._changes["beat"] - self._changes["lease"]

    def remembering(self, sweep: Sweep) -> Sweep:
        """Return a sweep that reads when it is due only after a change of what it reads."""

        def next_due(reading: Reading) -> datetime | None:
            kept = self._answers.get(sweep.name)
            if kept is None or any(self._changes[table] != count for table, count in kept[0].items()):
                self._reading = set()
                answer = sweep.next_due(reading)
                kept = self._answers[sweep.name] = {table: self._changes[table] for table in self._reading}, answer
                self._reading = None
            return kept[1]

        return replace(sweep, next_due=next_due)

    def executes(self, statement: str) -> None:
        """Note what a statement changes or reads."""
        changed, read = _named(statement)
        if changed:
            self._changes[changed] += 1
        elif self._reading is not None:
            self._reading |= read


@functools.cache
def shared() -> Database:
    """The database of this process."""
    return Database()


@cache
def _named(statement: str) -> tuple[str, frozenset[str]]:
    found = CHANGED.match(statement)
    return (found.group(1), frozenset()) if found else ("", frozenset(READ.findall(statement)))


def _careless(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug of a simulation
