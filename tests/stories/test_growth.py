"""Nothing that happens all the time reads a table that grows from end to end: asked of the database, not of a clock."""

from collections.abc import Iterator

import pytest

from benchmarks.specimens import Mix, fill
from bot import app
from bot.approvals import service as approvals
from bot.foundation.db import Store, open_store
from bot.foundation.outbox import Sweep
from bot.foundation.sender import rows, waiting
from bot.foundation.work import Actor, Work
from bot.incidents import service as incidents
from bot.people.models import Directory
from bot.people.worker import HomeSection
from bot.rollback import service as rollback
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.statements import Statements, statements_of
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

GROWS = frozenset(
    {"inbox", "signal", "incident", "escalation", "approval_request", "plan", "execution", "stage_result", "vote"}
    | {"outbox", "posted", "briefing", "statement", "trail_entry", "trail_payload", "nonce", "question"}
)
FEW = frozenset({"inbox_to_look_at", "one_running_execution"})
"""Indexes that hold only the few rows that are asked for."""
EACH = 30
"""So many incidents of each kind have something overdue."""
SWEEPS = [pytest.param(sweep, id=sweep.name) for sweep in app.SWEEPS]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A few hundred incidents, most of them closed, a day later: everything is overdue."""
    url, clock = f"sqlite:///{tmp_path_factory.mktemp('growth')}/backout.db", VirtualClock()
    fill(url, example_config(), Mix(paged=EACH, led=EACH, asked=EACH, watched=EACH, closed=200), clock)
    clock.pass_time(days=1)
    opened = open_store(url, clock=clock, ids=CountedIds(), config=example_config(), trail_key=TRAIL_KEY)
    yield opened
    opened.close()


def scans(store: Store, said: Statements) -> list[str]:
    """Which of the statements would read a whole table that grows, and how the database means to do it."""
    found = []
    with store.reader.connect() as connection:
        for statement, parameters in said.said:
            if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                found += [f"{step[3]}: {statement}" for step in plan if is_scan(step[3])]
    return found


def is_scan(step: str) -> bool:
    """Say whether a step of a plan goes through a whole table that grows, or through a whole index of it."""
    words = step.split()
    return words[0] == "SCAN" and words[1] in GROWS and not FEW & set(words)


def test_such_a_scan_is_noticed(store: Store) -> None:
    with statements_of(store.reader) as said, store.reader.connect() as connection:
        connection.exec_driver_sql("SELECT name FROM incident WHERE title = 'x'")
    assert len(scans(store, said)) == 1


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_finds_what_is_due_without_looking_at_the_rest(store: Store, sweep: Sweep) -> None:
    with statements_of(store.reader) as read, statements_of(store.writer) as written:
        store.read_now(sweep.next_due)
        store.submit_now(Actor("system", sweep.name, "Backout"), sweep.run)
    assert [*scans(store, read), *scans(store, written)] == []
    assert len(written) < EACH, "one statement for all of them, not one for each"


def test_neither_do_the_sender_a_card_and_the_doors(store: Store) -> None:
    """What is asked for each message, each card and each click about one incident."""
    kinds = [kind for part in app.MESSAGES for kind in part]

    def click(work: Work) -> None:
        incidents.get(work, "INC-1")
        approvals.open_request(work, "INC-41")
        rollback.standing(work, "INC-41")

    with statements_of(store.reader) as read, statements_of(store.writer) as written:
        store.read_now(waiting)
        store.read_now(rows.due, kinds, (), 200)
        for section in app.CARD:
            store.read_now(section, "INC-41")
        store.submit_now(Actor("system", "test", "Backout"), click)
    assert [*scans(store, read), *scans(store, written)] == []


@pytest.mark.parametrize("section", [pytest.param(part, id=part.__module__) for part in app.HOME])
def test_a_home_shows_what_is_open_without_looking_at_what_is_closed(store: Store, section: HomeSection) -> None:
    maya = example_config()[Directory].people["maya"].slack
    with statements_of(store.reader) as read:
        store.read_now(section, maya)
    assert scans(store, read) == []
