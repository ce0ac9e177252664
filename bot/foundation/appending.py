"""Rows that are added as they are, by the thousand: many callers, one statement, one wake-up."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

AT_ONCE = 2_000
"""Values in one statement; SQLite takes 32,766 (sqlite.org/limits.html)."""


Processor = Callable[[Any], Any]


@dataclass(slots=True)
class Row:
    """One row to append, and who waits for it."""

    values: Mapping[str, Any]
    future: asyncio.Future[None]


@dataclass
class AppendJob:
    """Rows of one event loop for one table. It takes more of them until the writer takes it."""

    table: Table
    loop: asyncio.AbstractEventLoop
    rows: list[Row] = field(default_factory=list)


def table_of(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    table = model.__dict__["__table__"]
    assert isinstance(table, Table)  # noqa: S101 - every table model has one
    return table


def add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows. On SQLite each step of a statement lets another thread run first, so there is one for all."""
    if connection.dialect.name != "sqlite":
        with connection.begin_nested():
            connection.execute(insert(table), rows)
        return
    columns = tuple(rows[0])
    width = AT_ONCE // len(columns)
    processors = _processors(connection.dialect, table, columns)
    for start in range(0, len(rows), width):
        some = rows[start : start + width]
        given = zip(*[_values(some, column, processors[column]) for column in columns], strict=True)
        connection.exec_driver_sql(_insertion(table, columns, len(some)), tuple(chain.from_iterable(given)))


def wake(job: AppendJob, error: Exception | None) -> None:
    """Wake everybody who waits for these rows, in one step: waking an event loop costs more than adding a row."""
    with contextlib.suppress(RuntimeError):  # the event loop has ended: there is nobody left to wake
        job.loop.call_soon_threadsafe(_settle, job.rows, error)


def _settle(rows: Iterable[Row], error: Exception | None) -> None:
    for row in rows:
        if row.future.done():  # whoever waited has gone
            continue
        if error is None:
            row.future.set_result(None)
        else:
            row.future.set_exception(error)


def _values(rows: Sequence[Mapping[str, Any]], column: str, process: Processor | None) -> list[Any]:
    """Return what the driver takes for a column, row by row."""
    values = [row.get(column) for row in rows]
    return [process(value) for value in values] if process else values


@lru_cache(maxsize=64)
def _processors(dialect: Dialect, table: Table, columns: Sequence[str]) -> Mapping[str, Processor | None]:
    """Return for each column what turns its values into what the driver takes; None where it takes them as they are."""
    return {column: table.c[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns}


@lru_cache(maxsize=AT_ONCE)
def _insertion(table: Table, columns: Sequence[str], rows: int) -> str:
    row = f"({', '.join('?' for _ in columns)})"
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - our names
