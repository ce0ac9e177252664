"""One Work: what a verb gets, and that all of it happens or nothing."""

import pytest
from sqlmodel import select

from bot.foundation.config import Settings
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import Beat
from bot.foundation.work import Work
from tests.foundation.db.acts import MAYA, take, taken, trail_length
from tests.support.clock import MORNING, VirtualClock
from tests.support.stores import config_of


class Greeting(Settings):
    """A section for tests."""

    word: str = "hello"


def test_a_verb_has_the_moment_the_actor_and_the_configuration(store: Store, clock: VirtualClock) -> None:
    store.config = config_of(Greeting())
    clock.pass_time(minutes=3)

    def verb(work: Work, name: str, *, mark: str) -> str:
        return f"{work.config[Greeting].word} {name}{mark} {work.actor.name} {work.now:%H:%M}"

    assert store.submit_now(MAYA, verb, "you", mark="!") == "hello you! Maya 09:03"


async def test_what_was_answered_can_be_read(store: Store) -> None:
    assert await store.submit(MAYA, take, "a") == "a"
    assert await store.read(taken) == ["a"]
    assert trail_length(store) == 1


@pytest.mark.parametrize("error", [Refusal("No."), ZeroDivisionError(), KeyError("x")])
def test_what_a_verb_raises_comes_back_and_nothing_was_changed(store: Store, error: Exception) -> None:
    def verb(work: Work) -> None:
        take(work, "a")
        work.enqueue("card", "card:INC-1")
        raise error

    with pytest.raises(type(error)):
        store.submit_now(MAYA, verb)
    assert store.read_now(taken) == []
    assert trail_length(store) == 0


def test_rows_may_be_used_after_the_commit(store: Store) -> None:
    def verb(work: Work) -> Beat:
        beat = Beat(name="worker", at=work.now)
        work.session.add(beat)
        return beat

    beat = store.submit_now(MAYA, verb)
    assert (beat.name, beat.at) == ("worker", MORNING)


def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    store.submit_now(MAYA, lambda work: work.session.add(Beat(name="worker", at=work.now)))
    beat = store.read_now(lambda reading: reading.session.exec(select(Beat)).one())
    assert beat.at == MORNING
    assert str(beat.at.tzinfo) == "UTC"
