"""Several processes answer and ask at the same moment: one outcome, once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import select

from bot.approvals.models import Request
from bot.foundation.errors import Refusal
from tests.approvals.committee import Committee, committee_on
from tests.support.postgres import POSTGRES
from tests.support.stores import prepare


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=POSTGRES)])
def processes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Committee]]:
    """Two processes on one database (PostgreSQL), or two doors of the one process that SQLite allows."""
    if request.param == "postgres":
        url = request.getfixturevalue("prepared_postgres_url")
        found = [committee_on(url), committee_on(url)]
    else:
        url = f"sqlite:///{tmp_path / 'backout.db'}"
        prepare(url)
        found = [committee_on(url)] * 2
    yield found
    for store in {id(one.store): one.store for one in found}.values():
        store.close()


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do things at the same moment, each in a thread; returns what came of them, refusals too."""
    barrier = threading.Barrier(len(acts))

    def act(one: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return one()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_the_last_two_answers_at_once_begin_it_once(processes: list[Committee]) -> None:
    """R071: threat T8."""
    here, there = processes
    for _ in range(5):
        request = here.ask()
        came = at_once(partial(here.approve, "tom", request), partial(there.approve, "ann", request))
        assert came == [None, None]
        assert here.now(request).state == "approved"
        assert len(here.outbox(f"rollback.start:{request.id}")) == 1


def test_a_double_click_is_one_vote(processes: list[Committee]) -> None:
    """R071: threat T8."""
    here, there = processes
    request = here.ask()
    came = at_once(*[partial(one.approve, "tom", request) for one in (here, there, here, there)])
    assert sorted(type(one).__name__ for one in came) == ["NoneType", "Refusal", "Refusal", "Refusal"]
    assert len(here.votes(request)) == 1


def test_yes_and_no_at_once_is_one_or_the_other(processes: list[Committee]) -> None:
    """R074: threat T10; whichever is committed first, the other counts before it or is late."""
    here, there = processes
    for _ in range(5):
        request = here.ask(severity="low")
        came = at_once(
            partial(here.approve, "ann", request),
            partial(there.reject, "ann", request),
        )
        assert sum(one is None for one in came) == 1
        state = here.now(request).state
        assert state in ("approved", "rejected")
        assert len(here.outbox(f"rollback.start:{request.id}")) == (state == "approved")


def test_two_who_ask_at_once_leave_one_open_request(processes: list[Committee]) -> None:
    """R067."""
    here, there = processes
    at_once(*[one.ask for one in (here, there, here, there)])
    states = here.reads(lambda reading: [request.state for request in reading.session.exec(select(Request))])
    assert sorted(states) == ["asked", "void", "void", "void"]
