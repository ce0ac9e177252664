"""What a Work promises, on SQLite and on PostgreSQL."""

import contextlib
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from bot.foundation import trail
from bot.foundation.config import Settings
from bot.foundation.db import Store
from bot.foundation.models import Beat, Nonce, OutboxRow, OutboxState, Policy
from bot.foundation.work import LOT, Actor, Lane, Reading, Work, moments_later, pinned
from tests.support.clock import MORNING, VirtualClock
from tests.support.stores import config_of

MAYA = Actor("person", "U0MAYA0001", "Maya", "Europe/Stockholm")


class Limits(Settings):
    """A policy for tests."""

    most: int = 3


def rows(reading: Reading) -> list[OutboxRow]:
    return list(reading.session.exec(select(OutboxRow).order_by(col(OutboxRow.sequence))))


def only(store: Store) -> OutboxRow:
    (row,) = store.read_now(rows)
    return row


def want(work: Work, /, key: str = "card:INC-1", **options: Any) -> None:
    work.enqueue("card", key, options.pop("payload", {"n": 1}), **options)


def finish(work: Work, /, state: str, *, served: int, attempts: int = 0) -> None:
    assert work.change(OutboxRow, col(OutboxRow.key) == "card:INC-1", state=state, served=served, attempts=attempts)


# --- the outbox -------------------------------------------------------------------------------------------------------


def test_something_wanted_waits_in_its_lane_from_now_on(store: Store) -> None:
    store.submit_now(MAYA, want, lane=Lane.PAGE, payload={"deep": {"list": [1, "ä"]}})
    row = only(store)
    assert (row.kind, row.key, row.lane, row.state) == ("card", "card:INC-1", Lane.PAGE, OutboxState.WAITING)
    assert (row.wanted, row.served, row.attempts, row.unclear) == (1, 0, 0, False)
    assert row.due_at == row.created_at == MORNING
    assert row.payload == {"deep": {"list": [1, "ä"]}}


def test_the_same_key_wanted_while_it_waits_is_one_row_with_the_newest_words(store: Store, clock: VirtualClock) -> None:
    for n in range(100):
        clock.pass_time(seconds=1)
        store.submit_now(MAYA, want, payload={"n": n})
    row = only(store)
    assert (row.wanted, row.payload, row.due_at) == (100, {"n": 99}, MORNING + timedelta(seconds=1))


def test_twice_in_one_work_is_one_wish_the_newest_words_at_the_more_urgent_time(store: Store) -> None:
    def verb(work: Work) -> None:
        want(work, lane=Lane.PAGE)
        want(work, payload={"n": 2}, due_at=MORNING + timedelta(hours=1))

    store.submit_now(MAYA, verb)
    row = only(store)
    assert (row.wanted, row.payload, row.lane, row.due_at) == (1, {"n": 2}, Lane.PAGE, MORNING)


def test_an_urgent_wish_pulls_a_waiting_row_forward_and_never_pushes_it_back(store: Store) -> None:
    store.submit_now(MAYA, want, lane=Lane.NOTE, due_at=MORNING + timedelta(hours=1))
    store.submit_now(MAYA, want, lane=Lane.DECISION, due_at=MORNING + timedelta(minutes=1))
    assert (only(store).lane, only(store).due_at) == (Lane.DECISION, MORNING + timedelta(minutes=1))
    store.submit_now(MAYA, want, lane=Lane.CARD, due_at=MORNING + timedelta(hours=2))
    assert (only(store).lane, only(store).due_at) == (Lane.DECISION, MORNING + timedelta(minutes=1))


def test_a_row_that_backs_off_is_not_hurried_by_another_wish(store: Store, clock: VirtualClock) -> None:
    store.submit_now(MAYA, want, due_at=MORNING + timedelta(seconds=30))
    store.submit_now(MAYA, finish, OutboxState.WAITING, served=0, attempts=2)
    clock.pass_time(seconds=1)
    store.submit_now(MAYA, want)
    assert (only(store).due_at, only(store).attempts) == (MORNING + timedelta(seconds=30), 2)


@pytest.mark.parametrize("state", [OutboxState.DONE, OutboxState.PARKED])
def test_wanted_again_after_the_end_it_is_done_again(store: Store, clock: VirtualClock, state: OutboxState) -> None:
    store.submit_now(MAYA, want)
    store.submit_now(MAYA, finish, state, served=1, attempts=5)
    clock.pass_time(minutes=5)
    store.submit_now(MAYA, want)
    row = only(store)
    assert (row.state, row.wanted, row.served, row.attempts) == (OutboxState.WAITING, 2, 1, 0)
    assert row.due_at == clock.now()


def test_wanted_while_it_is_being_sent_it_stays_with_its_sender_but_is_owed_again(store: Store) -> None:
    store.submit_now(MAYA, want)
    store.submit_now(MAYA, finish, OutboxState.SENDING, served=0, attempts=1)
    store.submit_now(MAYA, want, payload={"n": 2})
    row = only(store)
    assert (row.state, row.wanted, row.served, row.payload) == (OutboxState.SENDING, 2, 0, {"n": 2})


def test_two_processes_may_want_the_same_new_key_at_once(store: Store) -> None:
    """On PostgreSQL both find no row; the second one has to wait for the first, not fail."""
    both = Barrier(2)
    errors: list[Exception] = []

    def verb(work: Work) -> None:
        if store.writer.dialect.name == "postgresql":
            work.session.exec(select(OutboxRow)).all()
            both.wait(timeout=20)
        want(work)

    def run() -> None:
        try:
            store.submit_now(MAYA, verb)
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert only(store).wanted == 2


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_row_is_added_once(store: Store) -> None:
    def verb(work: Work) -> bool:
        return work.add_once(Nonce(value="abc", seen_at=work.now))

    assert [store.submit_now(MAYA, verb) for _ in range(3)] == [True, False, False]
    assert store.read_now(lambda reading: len(reading.session.exec(select(Nonce)).all())) == 1


def test_a_row_is_put_in_the_place_of_the_one_with_its_key(store: Store) -> None:
    def put(work: Work, *names: str) -> datetime | None:
        before = work.session.get(Nonce, "a")
        work.put(Nonce, [Nonce(value=name, seen_at=work.now + timedelta(hours=len(names))) for name in names])
        return before.seen_at if before else None

    assert store.submit_now(MAYA, put, "a") is None
    assert store.submit_now(MAYA, put, "a", "b") == MORNING + timedelta(hours=2)
    assert store.submit_now(MAYA, put) == MORNING + timedelta(hours=2)
    assert store.read_now(lambda r: {row.value for row in r.session.exec(select(Nonce))}) == {"a", "b"}


def test_late_rows_go_in_at_the_end_each_key_once_and_with_the_part_that_added_them(store: Store) -> None:
    def verb(work: Work) -> int:
        before = work.session.exec(select(Nonce)).all()
        work.add_late(Nonce(value="a", seen_at=MORNING))
        with contextlib.suppress(ZeroDivisionError), work.savepoint():
            work.add_late(Nonce(value="b", seen_at=MORNING))
            raise ZeroDivisionError
        assert work.session.exec(select(Nonce)).all() == before
        return len(before)

    assert [store.submit_now(MAYA, verb) for _ in range(2)] == [0, 1]
    assert store.read_now(lambda r: r.session.exec(select(Nonce.value)).all()) == ["a"]


def test_what_is_due_is_claimed_the_earliest_first_a_lot_at_a_time(store: Store, clock: VirtualClock) -> None:
    """P16: what one process has claimed another one leaves to it."""

    def take(work: Work, inside: bool = False) -> list[str]:
        mine = [row.value for row in work.take_due(Nonce, col(Nonce.seen_at), col(Nonce.value))]
        if store.is_shared and not inside:
            assert store.submit_now(MAYA, take, inside=True) == ["last"]
        return mine

    def add(work: Work) -> None:
        hours = dict.fromkeys(lot, 0) | {"first": -1, "last": 1, "not due": 24}
        work.session.add_all(Nonce(value=name, seen_at=MORNING + timedelta(hours=hour)) for name, hour in hours.items())

    lot = [f"{number:02}" for number in range(LOT - 1)]
    store.submit_now(MAYA, add)
    clock.pass_time(hours=2)
    assert store.submit_now(MAYA, take) == ["first", *lot]


def test_change_answers_whether_it_was_first(store: Store) -> None:
    store.submit_now(MAYA, want)

    def claim(work: Work) -> bool:
        where = (col(OutboxRow.key) == "card:INC-1", col(OutboxRow.state) == OutboxState.WAITING)
        return work.change(OutboxRow, *where, state=OutboxState.SENDING)

    assert [store.submit_now(MAYA, claim) for _ in range(2)] == [True, False]


def test_change_sees_what_was_added_before_and_shows_what_it_did(store: Store) -> None:
    def verb(work: Work) -> str:
        beat = Beat(name="worker", at=work.now)
        work.session.add(beat)
        assert work.change(Beat, col(Beat.name) == "worker", name="loop")
        return work.session.exec(select(Beat)).one().name

    assert store.submit_now(MAYA, verb) == "loop"


def test_numbers_are_gapless_and_each_name_counts_for_itself(store: Store) -> None:
    def fail(work: Work) -> None:
        work.next_number("INC")
        raise RuntimeError

    given = [store.submit_now(MAYA, lambda work: work.next_number("INC")) for _ in range(3)]
    with pytest.raises(RuntimeError):
        store.submit_now(MAYA, fail)
    given.append(store.submit_now(MAYA, lambda work: work.next_number("INC")))
    assert given == [1, 2, 3, 4]
    assert store.submit_now(MAYA, lambda work: work.next_number("PLAN")) == 1


def test_many_threads_never_get_the_same_number(store: Store) -> None:
    given: list[int] = []

    def take() -> None:
        given.extend(store.submit_now(MAYA, lambda work: work.next_number("INC")) for _ in range(10))

    threads = [Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(given) == list(range(1, 61))


# --- policies ---------------------------------------------------------------------------------------------------------


def test_a_policy_is_kept_as_it_stood(store: Store) -> None:
    """R105: a decision refers to the policy it was made under, word for word."""
    store.config = config_of(Limits(most=3))
    first = store.submit_now(MAYA, lambda work: work.pin(Limits))
    assert store.submit_now(MAYA, lambda work: work.pin(Limits)) == first
    store.config = config_of(Limits(most=4))
    second = store.submit_now(MAYA, lambda work: work.pin(Limits))
    assert second != first
    assert store.read_now(pinned, Limits, first) == Limits(most=3)
    assert store.read_now(pinned, Limits, second) == Limits(most=4)
    assert store.read_now(lambda reading: len(reading.session.exec(select(Policy)).all())) == 2


def test_what_was_never_pinned_is_not_made_up(store: Store) -> None:
    with pytest.raises(KeyError, match="sha256:none"):
        store.read_now(pinned, Limits, "sha256:none")


# --- the trail, and parts that fail alone -----------------------------------------------------------------------------


def test_a_record_says_who_what_when_and_why(store: Store) -> None:
    """R104: who did what, when, why."""

    def verb(work: Work) -> None:
        work.record("incident.acknowledged", "INC-1", why="I am on duty", on_behalf_of="U0JONAS002", severity="high")

    store.submit_now(MAYA, verb)
    (entry,) = store.read_now(lambda reading: trail.read(reading.session, "INC-1"))
    assert (entry.actor, entry.actor_name, entry.on_behalf_of) == ("person:U0MAYA0001", "Maya", "U0JONAS002")
    assert (entry.action, entry.subject, entry.why, entry.at) == (
        "incident.acknowledged",
        "INC-1",
        "I am on duty",
        MORNING,
    )
    assert entry.facts == {"severity": "high"}


@pytest.mark.parametrize("bad", [float("nan"), object(), MORNING])
def test_a_fact_that_could_not_be_stored_is_refused_at_once(store: Store, bad: object) -> None:
    def verb(work: Work) -> None:
        work.record("incident.acknowledged", "INC-1", fact=bad)
        raise AssertionError("too late")

    with pytest.raises((TypeError, ValueError)):
        store.submit_now(MAYA, verb)


def test_a_part_that_fails_takes_only_its_own_with_it(store: Store) -> None:
    def verb(work: Work) -> None:
        want(work, "before")
        work.record("before", "INC-1")
        with contextlib.suppress(ZeroDivisionError), work.savepoint():
            want(work, "inside")
            work.record("inside", "INC-1")
            raise ZeroDivisionError
        with work.savepoint():
            want(work, "after")
            work.record("after", "INC-1")

    store.submit_now(MAYA, verb)
    assert [row.key for row in store.read_now(rows)] == ["before", "after"]
    entries = store.read_now(lambda reading: trail.read(reading.session, "INC-1"))
    assert [entry.action for entry in entries] == ["before", "after"]


def test_a_part_that_breaks_a_constraint_leaves_the_work_usable(store: Store) -> None:
    def verb(work: Work) -> None:
        work.session.add(Beat(name="worker", at=work.now))
        work.session.flush()
        with pytest.raises(IntegrityError), work.savepoint():
            work.session.connection().execute(insert(Beat), {"name": "worker", "at": work.now})
        want(work)

    store.submit_now(MAYA, verb)
    assert only(store).key == "card:INC-1"


def test_a_moment_later_counts_from_the_works_own_moment(store: Store) -> None:
    assert store.read_now(lambda reading: moments_later(reading, 90)) == MORNING + timedelta(seconds=90)


def test_an_actor_reads_as_kind_and_id() -> None:
    assert str(Actor("source", "alertmanager", "Alertmanager")) == "source:alertmanager"
