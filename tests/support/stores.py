"""Stores on a fresh database, at a chosen moment, for tests of services."""

from pathlib import Path

from sqlmodel import Session, SQLModel

from bot.foundation.config import Config, Document, Settings
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.migrations import prepare_file
from bot.foundation.models import TrailHead
from bot.foundation.trail import GENESIS
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds

TRAIL_KEY = b"a trail key for tests, 32 bytes!"


def config_of(*sections: Settings) -> Config:
    """A configuration made of these sections, as if read from files."""
    documents = {type(section): Document(Path(f"{type(section).__name__}.yaml"), {}, {(): 1}) for section in sections}
    return Config({type(section): section for section in sections}, documents)


def prepare(url: str) -> None:
    """Make the tables."""
    prepare_file(url)
    engine = open_engine(url)
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(TrailHead(id=1, seq=0, mac=GENESIS))
        session.commit()
    engine.dispose()


def fresh_store(tmp_path: Path, config: Config | None = None, clock: VirtualClock | None = None) -> Store:
    """A store on a new SQLite file. Close it when done."""
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    return open_store(
        url, clock=clock or VirtualClock(), ids=CountedIds(), config=config or config_of(), trail_key=TRAIL_KEY
    )
