"""Stores on a fresh database, at a chosen moment, for tests of services."""

import tempfile
from functools import cache
from pathlib import Path

from bot.foundation.config import Config, Document, Settings
from bot.foundation.db import Store, open_store, sqlite_file
from bot.foundation.migrations import migrate
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds

TRAIL_KEY = b"a trail key for tests, 32 bytes!"


def config_of(*sections: Settings) -> Config:
    """A configuration made of these sections, as if read from files."""
    documents = {type(section): _document(section) for section in sections}
    return Config({type(section): section for section in sections}, documents)


def _document(section: Settings) -> Document:
    return Document(Path(f"{type(section).__name__}.yaml"), section.model_dump(mode="json"), {(): 1})


def prepare(url: str) -> None:
    """Bring a new database to the newest shape: the same as `migrate`, only faster for SQLite."""
    path = sqlite_file(url)
    if path is None:
        migrate(url)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    """An SQLite file with all tables, empty, made once in a process."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "backout.db")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def fresh_store(tmp_path: Path, config: Config | None = None, clock: VirtualClock | None = None) -> Store:
    """A store on a new SQLite file. Close it when done."""
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    return open_store(
        url, clock=clock or VirtualClock(), ids=CountedIds(), config=config or config_of(), trail_key=TRAIL_KEY
    )
