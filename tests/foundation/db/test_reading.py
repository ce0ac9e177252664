"""Readings change nothing, see one moment and wait for nobody."""

import asyncio

import pytest
import sqlalchemy

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import Nonce
from bot.foundation.work import Reading
from tests.foundation.db.acts import MAYA, held, take, taken


def test_a_reading_changes_nothing(store: Store) -> None:
    def write(reading: Reading) -> None:
        reading.session.add(Nonce(value="a", seen_at=reading.now))
        reading.session.flush()

    with pytest.raises((sqlalchemy.exc.DBAPIError, StoreUnavailableError)):
        store.read_now(write)
    assert store.read_now(taken) == []


def test_a_reading_sees_one_moment_whatever_is_committed_meanwhile(store: Store) -> None:
    store.submit_now(MAYA, take, "a")

    def query(reading: Reading) -> tuple[list[str], list[str]]:
        first = taken(reading)
        store.submit_now(MAYA, take, "b")
        return first, taken(reading)

    assert store.read_now(query) == (["a"], ["a"])
    assert store.read_now(taken) == ["a", "b"]


async def test_readers_do_not_wait_for_a_writer(sqlite_store: Store) -> None:
    sqlite_store.submit_now(MAYA, take, "a")
    with held(sqlite_store):
        assert await asyncio.wait_for(sqlite_store.read(taken), 10) == ["a"]
