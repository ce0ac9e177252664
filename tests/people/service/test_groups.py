"""Who is in a user group: read again in time, and empty when it could not be read for too long."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.foundation.db import Store
from bot.people import service
from bot.people.models import Role
from tests.people.office import SYSTEM, config, know, rows
from tests.support.clock import VirtualClock
from tests.support.stores import fresh_store

GROUP = "S0CREW"


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = fresh_store(tmp_path, config(crew=Role(title="Crew", group=GROUP)), VirtualClock())
    found.submit_now(SYSTEM, know, "ann", "bob", "cy", "dee", "eve")
    yield found
    found.close()


def holders(store: Store) -> list[str]:
    return store.read_now(lambda one: service.reach(one, "crew", None))


def test_a_group_is_asked_for_at_once_and_again_long_before_it_is_too_old(store: Any) -> None:
    now = store.clock.now()
    assert store.read_now(service.groups_due) == now
    assert store.submit_now(SYSTEM, service.ask_for_groups) == 1
    assert store.read_now(service.groups_due) is None  # it is being asked
    assert holders(store) == []


def test_members_count_until_the_answer_is_too_old(store: Any) -> None:
    """Fail closed: nobody decides on old news."""
    store.submit_now(SYSTEM, service.settle_groups, {GROUP: ["U0BOB", "U0STRANGER"]})
    assert holders(store) == ["U0BOB"]
    assert store.read_now(service.groups_due) == store.clock.now() + timedelta(minutes=5)
    store.clock.pass_time(minutes=15)
    assert holders(store) == ["U0BOB"]
    store.clock.pass_time(seconds=1)
    assert holders(store) == []


def test_who_left_is_looked_for_in_open_requests(store: Any) -> None:
    store.submit_now(SYSTEM, service.settle_groups, {GROUP: ["U0BOB", "U0ANN"]})
    store.submit_now(SYSTEM, service.settle_groups, {GROUP: ["U0ANN"]})
    (look,) = store.read_now(lambda one: rows(one, "approvals.check_reach"))
    assert look.payload == {"person": "U0BOB"}


def test_a_group_that_cannot_be_read_for_too_long_is_said_once(store: Any) -> None:
    store.submit_now(SYSTEM, service.settle_groups, {GROUP: ["U0BOB"]})
    for minutes in (5, 5, 6, 5):
        store.clock.pass_time(minutes=minutes)
        store.submit_now(SYSTEM, service.settle_groups, {}, "slack is away")
    assert len(store.read_now(lambda one: rows(one, "approvals.check_reach"))) == 1
    store.submit_now(SYSTEM, service.settle_groups, {GROUP: ["U0BOB"]})
    assert holders(store) == ["U0BOB"]
