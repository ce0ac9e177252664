"""How the database's shape changes, one numbered file a step (Alembic). Steps can be interrupted and run again."""

import contextlib
import re
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from bot.foundation.db import open_engine, sqlite_file
from bot.foundation.errors import BackoutError


class SchemaError(BackoutError):
    """The database's shape is not the one this version works with; the message says what to do."""


def migrate(url: str) -> tuple[str | None, str]:
    """Bring a database to the newest shape; returns the versions before and after. Safe to run again."""
    prepare_file(url)
    engine = open_engine(url)
    try:
        before = current(engine)
        _refuse_newer(before)
        command.upgrade(alembic_config(engine), "head")
        return before, newest()
    finally:
        engine.dispose()


def require_newest(url: str) -> None:
    """Refuse to work on a database of another shape (SchemaError). Looks, and changes nothing."""
    path = sqlite_file(url)
    if path is not None and not path.exists():
        raise SchemaError(f"There is no database at {path}. Run: backout migrate")
    engine = open_engine(url, reading=True)
    try:
        found = current(engine)
    finally:
        engine.dispose()
    _refuse_newer(found)
    if found != newest():
        raise SchemaError(
            f"The database is at {found or 'no version'}, this program needs {newest()}. Run: backout migrate"
        )


def current(engine: Engine) -> str | None:
    """Return the version a database is at, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """Return the newest version this program knows."""
    head = _scripts().get_current_head()
    assert head is not None  # noqa: S101 - there is at least one migration
    return head


def alembic_config(engine: Engine) -> AlembicConfig:
    """Return Alembic's configuration for an engine of ours."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def prepare_file(url: str) -> None:
    """Make an SQLite file private and write-ahead logged before anybody else opens it."""
    path = sqlite_file(url)
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _scripts() -> ScriptDirectory:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return ScriptDirectory.from_config(config)


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        shown = re.sub(r"[^\w.-]", "?", found)[:40]
        raise SchemaError(f"The database is at {shown}, which this older program does not know. Run the newer Backout.")
