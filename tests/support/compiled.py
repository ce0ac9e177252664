"""Statements compiled once for all databases of a test process.

SQLAlchemy keeps what it has compiled for each engine, and every test has an engine of its own: a third of a story was
spent on compiling the same statements again. This dialect keeps them for the process. That is what the execution
option `compiled_cache` is for; the dialect is part of the cache's key, so all of ours count as one: they are made with
the same options, for the same library.
"""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_compiled: dict[Any, Any] = {}


class SharingSqlite(SQLiteDialect_pysqlite):
    """SQLite, with one cache of compiled statements for all engines."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharingSqlite)

    def __hash__(self) -> int:
        return hash(SharingSqlite)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


def share() -> None:
    """Let every engine for `sqlite:///` that is made from now on use it."""
    registry.register("sqlite", __name__, SharingSqlite.__name__)
