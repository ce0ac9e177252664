"""Who is on duty out of turn: only among people of the rota, for a while, and said by one of them."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.work import Actor, Work
from bot.people import rules, service
from bot.people.models import Role
from tests.people.office import at, config, directory, know, office
from tests.support.clock import VirtualClock
from tests.support.stores import fresh_store

MONDAY = at("2026-11-02T12:00+00:00")
AWAY = {"away_status": [":palm_tree:"]}
FOUR_HOURS = timedelta(hours=4)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = office(tmp_path, VirtualClock(MONDAY))
    yield found
    found.close()


def by(name: str) -> Actor:
    return Actor("person", f"U0{name.upper()}", name.title())


def on_duty(store: Store) -> str | None:
    return store.read_now(lambda one: rules.on_duty(service.directory_now(one).roles["on_call"], one.now))


def test_somebody_of_the_rota_takes_a_turn_and_gives_it_back(store: Any) -> None:
    assert on_duty(store) == "dee"
    assert store.submit_now(by("eve"), service.take_duty, "on_call", "eve", FOUR_HOURS) == MONDAY + FOUR_HOURS
    assert on_duty(store) == "eve"
    assert store.read_now(lambda one: service.reach(one, "on_call", None)) == ["U0EVE", "U0DEE", "U0BOB"]
    store.submit_now(by("dee"), service.end_duty, "on_call")
    assert on_duty(store) == "dee"


def test_a_status_in_slack_says_who_is_away_until_it_ends(tmp_path: Path) -> None:
    signs = config().replace(directory(crew=Role(title="Crew", people=["ann", "bob"])).model_copy(update=AWAY))
    clock = VirtualClock(MONDAY)
    with contextlib.closing(fresh_store(tmp_path, signs, clock)) as store:
        until = int((MONDAY + FOUR_HOURS).timestamp())
        profile = {"status_emoji": ":palm_tree:", "status_expiration": until}
        store.submit_now(by("ann"), know, "ann", "bob", profile={"status_emoji": ":coffee:"})
        store.submit_now(by("ann"), know, "ann", profile=profile)
        assert store.read_now(service.reach, "crew", None) == ["U0BOB", "U0ANN"]
        clock.pass_time(hours=4)
        assert store.read_now(service.reach, "crew", None) == ["U0ANN", "U0BOB"]


def test_a_stand_in_ends_by_itself(store: Any) -> None:
    store.submit_now(by("eve"), service.take_duty, "on_call", "bob", FOUR_HOURS)
    store.clock.pass_time(hours=3, minutes=59)
    assert on_duty(store) == "bob"
    store.clock.pass_time(minutes=1)
    assert on_duty(store) == "dee"


def test_a_work_sees_its_own_stand_in(store: Any) -> None:
    def take(work: Work) -> str | None:
        service.directory_now(work)
        service.take_duty(work, "on_call", "eve", FOUR_HOURS)
        return rules.on_duty(service.directory_now(work).roles["on_call"], work.now)

    assert store.submit_now(by("eve"), take) == "eve"


@pytest.mark.parametrize(
    ("who", "role", "person", "length", "words"),
    [
        ("ann", "on_call", "eve", FOUR_HOURS, "Only people of the rota On call change who is on duty: Dee, Eve, Bob."),
        ("eve", "on_call", "ann", FOUR_HOURS, "Ann is not in the rota On call. In it are: Dee, Eve, Bob."),
        ("eve", "lead", "cy", FOUR_HOURS, "There is no rota “lead”. There are: on_call."),
        ("eve", "on_call", "eve", timedelta(days=15), "at most two weeks"),
        ("eve", "on_call", "eve", timedelta(), "Say for how long"),
    ],
)
def test_a_stand_in_gives_nobody_a_right_they_did_not_have(
    store: Any, who: str, role: str, person: str, length: timedelta, words: str
) -> None:
    """R072."""
    with pytest.raises(Refusal, match=words.split("“")[0]):
        store.submit_now(by(who), service.take_duty, role, person, length)
    assert on_duty(store) == "dee"


def test_there_is_nothing_to_end_while_it_goes_by_turns(store: Any) -> None:
    with pytest.raises(Refusal, match="Nobody stands in"):
        store.submit_now(by("dee"), service.end_duty, "on_call")
