"""What tests of the store do with it: change something, look, and keep its writer busy."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from sqlmodel import col, select

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import Nonce
from bot.foundation.work import Actor, Reading, Work
from tests.support.stores import TRAIL_KEY

MAYA = Actor("person", "U0MAYA0001", "Maya")


def take(work: Work, value: str) -> str:
    work.session.add(Nonce(value=value, seen_at=work.now))
    work.record("nonce.taken", value)
    return value


def taken(reading: Reading) -> list[str]:
    return list(reading.session.exec(select(Nonce.value).order_by(col(Nonce.value))))


def refuse(work: Work, value: str) -> None:
    take(work, value)
    raise Refusal("No.")


def count_up(work: Work) -> int:
    return work.next_number("count")


def trail_length(store: Store) -> int:
    count, damage = store.read_now(lambda reading: trail.verify(reading.session, TRAIL_KEY))
    assert damage is None
    return count


@contextmanager
def held(store: Store) -> Iterator[None]:
    """Keep the writer thread of an SQLite store busy, so that what is submitted meanwhile becomes one batch."""
    begun, go_on = Event(), Event()

    def wait(_work: Work) -> None:
        begun.set()
        assert go_on.wait(30)

    waiting = Thread(target=store.submit_now, args=(MAYA, wait))
    waiting.start()
    assert begun.wait(30)
    yield
    go_on.set()
    waiting.join(30)
