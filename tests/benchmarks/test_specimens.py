"""A seeded database is one that the product made: its trail is whole, and its incidents can be worked with."""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from benchmarks.specimens import Mix, fill, mix_of
from bot.approvals import service as approvals
from bot.foundation import trail
from bot.foundation.db import Store, open_store
from bot.foundation.sender import waiting
from bot.foundation.work import Actor
from bot.incidents.models import Incident
from bot.rollback import service as rollback
from bot.rollback.models import Execution
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[Store]:
    url, clock = f"sqlite:///{tmp_path / 'seeded.db'}", VirtualClock()
    fill(url, example_config(), Mix(paged=2, led=1, asked=2, watched=1, closed=1), clock)
    store = open_store(url, clock=clock, ids=CountedIds(), config=example_config(), trail_key=TRAIL_KEY)
    yield store
    store.close()


def test_all_kinds_are_there_settled_and_with_a_whole_trail(seeded: Store) -> None:
    states = select(Incident.state, func.count()).group_by(col(Incident.state))
    assert dict(seeded.read_now(lambda r: r.session.exec(states).all())) == {"open": 2, "acknowledged": 4, "closed": 1}
    assert seeded.read_now(waiting) == 0
    count, damage = seeded.read_now(lambda reading: trail.verify(reading.session, TRAIL_KEY))
    assert damage is None
    assert count > 7


def test_what_was_copied_can_be_approved_and_is_then_carried_out(seeded: Store) -> None:
    request = seeded.read_now(approvals.latest, "INC-4")
    assert request is not None
    for slot in request.slots:
        approver = Actor("person", slot["people"][0], "An approver")
        assert seeded.submit_now(approver, approvals.approve, request.id, request.round, "Go back") is None
    about = {"plan_id": request.then_payload["plan"], "request_id": request.id}
    started = seeded.submit_now(Actor("system", "test", "test"), rollback.start, round_number=1, **about)
    assert isinstance(started, Execution)
    assert started.incident == "INC-4"


def test_a_mix_has_as_many_as_asked_for() -> None:
    mix = mix_of(1_000, open_ones=100)
    assert (mix.total, sum(astuple(mix)[:3])) == (1_000, 100)
